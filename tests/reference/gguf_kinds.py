"""One tensor of each kind that GGUF files hold, and what ggml's own Python package makes of it: data/gguf.

Needs the package `gguf`, which is not in requirements.txt: nothing else does.
"""

from pathlib import Path

import gguf
import numpy as np
import torch
from safetensors.torch import save_file

KINDS = ["F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"]
ROWS, COLUMNS = 2, 256


def blocks_of(kind, count, generator):
    """Any bytes are a block, but for the scales in half precision, which shall be numbers."""
    width = gguf.GGML_QUANT_SIZES[kind][1]
    raw = generator.integers(0, 256, (count, width), dtype=np.uint8)
    halves = {"Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "Q4_1": [0, 2], "Q5_1": [0, 2]}
    for at in halves.get(kind.name, [0]):
        scale = (generator.standard_normal(count) * 0.01).astype(np.float16)
        raw[:, at : at + 2] = scale.view(np.uint8).reshape(count, 2)
    return raw


def blocks(kind, generator):
    size = gguf.GGML_QUANT_SIZES[kind][0]
    return blocks_of(kind, ROWS * COLUMNS // size, generator).reshape(ROWS, -1)


if __name__ == "__main__":
    data = Path(__file__).resolve().parent / "data/gguf"
    data.mkdir(exist_ok=True)
    generator = np.random.default_rng(5)
    writer = gguf.GGUFWriter(data / "kinds.gguf", "sd1")
    writer.add_name("every kind")
    writer.add_array("general.tags", ["one", "two"])
    # A tensor that had to be flattened, as ComfyUI's converter tells it.
    writer.add_array("comfy.gguf.orig_shape.Q8_0", [ROWS, 4, 8, 8])
    answers = {}
    for name in KINDS:
        kind = gguf.GGMLQuantizationType[name]
        if name in ("F32", "F16"):
            values = generator.standard_normal((ROWS, COLUMNS)).astype(np.float32 if name == "F32" else np.float16)
            writer.add_tensor(name, values)
            answers[name] = torch.from_numpy(values.astype(np.float32))
            continue
        if name == "BF16":
            raw = torch.randn(ROWS, COLUMNS).bfloat16().view(torch.uint8).numpy()
        else:
            raw = blocks(kind, generator)
        writer.add_tensor(name, raw, raw_dtype=kind)
        answers[name] = torch.from_numpy(gguf.dequantize(raw, kind).reshape(ROWS, COLUMNS).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    save_file({name: value.half() if name == "F16" else value for name, value in answers.items()}, data / "kinds.safetensors")
