//! The formats of files of tensors that are read, as a table; files are told apart by their contents, not by their endings.

use crate::job::FileFormat;

/// Read by [`super::Archive`]: checkpoints, VAEs, LoRAs, embeddings and the weights of folders alike.
pub(crate) const FORMATS: [FileFormat; 5] = [
    FileFormat {
        name: "safetensors",
        endings: &["safetensors"],
        note: "F64, F32, F16, BF16, float8 (e4m3fn, e5m2; with scales as ComfyUI's `fp8_scaled` has them, one for all or one for each row), whole numbers and booleans; numbers in `__metadata__` become text; zeros behind the last tensor are left aside",
    },
    FileFormat {
        name: "PyTorch",
        endings: &["ckpt", "pt", "pth", "bin"],
        note: "the zip file of 1.6 and later, stored or deflated; any strides; the same precisions; no code in it is ever run",
    },
    FileFormat {
        name: "PyTorch before 1.6",
        endings: &["ckpt", "pt", "pth", "bin"],
        note: "five pickles and the storages behind them, views of storages too; not the tar of before 0.1.10",
    },
    FileFormat {
        name: "GGUF",
        endings: &["gguf"],
        note: "versions 2 and 3; F32, F16, BF16, Q8_0, Q4_0 to Q5_1, Q2_K to Q6_K; a language model's tokenizer of byte pairs",
    },
    FileFormat {
        name: "Folder in diffusers' layout",
        endings: &[],
        note: "with a `model_index.json`; each network's weights as safetensors, else as PyTorch's `.bin`, whole or in shards with an index; where there is no plain file, `fp16`, `bf16`, `fp32`, `ema`, then any other variant, `non_ema` last",
    },
];
