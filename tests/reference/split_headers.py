"""Headers of Z-Image and FLUX.2 klein in one file, with the original code's names and scaled float8, for the readers' corpus.

Writes ../corpus/checkpoint/header-klein.json and header-z-image.json; the reader puts zeros behind them. With the package
`gguf` also klein's encoder as llama.cpp keeps it, with a tokenizer (../corpus/encoder), and blocks (../corpus/quantised).
"""

import json
from pathlib import Path

HERE = Path(__file__).parent
BYTES = {"F8_E4M3": 1, "BF16": 2, "F32": 4}


def klein():
    width, head, text, hidden = 8, 8, 8, 24
    out = {"img_in": (width, 16), "txt_in": (width, 3 * text), "time_in.in_layer": (width, 16)}
    out |= {"time_in.out_layer": (width, width), "single_stream_modulation.lin": (3 * width, width)}
    out |= {f"double_stream_modulation_{kind}.lin": (6 * width, width) for kind in ("img", "txt")}
    for kind in ("img", "txt"):
        at = f"double_blocks.0.{kind}"
        out |= {f"{at}_attn.qkv": (3 * width, width), f"{at}_attn.proj": (width, width)}
        out |= {f"{at}_mlp.0": (2 * hidden, width), f"{at}_mlp.2": (width, hidden)}
        out |= {f"{at}_attn.norm.{part}_norm.scale": (head,) for part in ("query", "key")}
    out |= {"single_blocks.0.linear1": (3 * width + 2 * hidden, width), "single_blocks.0.linear2": (width, width + hidden)}
    out |= {f"single_blocks.0.norm.{part}_norm.scale": (head,) for part in ("query", "key")}
    return out | {"final_layer.linear": (16, width), "final_layer.adaLN_modulation.1": (2 * width, width)}


def z_image():
    width, head, text = 12, 12, 8
    hidden = width * 8 // 3
    out = {"x_embedder": (width, 16), "x_pad_token": (1, width), "cap_pad_token": (1, width)}
    out |= {"cap_embedder.0": (text,), "cap_embedder.1": (width, text), "t_embedder.mlp.0": (1024, 256)}
    out |= {"t_embedder.mlp.2": (width, 1024), "final_layer.linear": (16, width), "norm_final": (width,)}
    out["final_layer.adaLN_modulation.1"] = (width, width)
    for block in ("layers.0", "noise_refiner.0", "context_refiner.0"):
        out |= {f"{block}.attention.qkv": (3 * width, width), f"{block}.attention.out": (width, width)}
        out |= {f"{block}.attention.{part}_norm": (head,) for part in "qk"}
        out |= {f"{block}.{norm}": (width,) for norm in ("attention_norm1", "attention_norm2", "ffn_norm1", "ffn_norm2")}
        out |= {f"{block}.feed_forward.w{i}": (width, hidden) if i == 2 else (hidden, width) for i in (1, 2, 3)}
        if block != "context_refiner.0":
            out[f"{block}.adaLN_modulation.0"] = (4 * width, width)
    return out


def qwen(layers, width=8, head=4):
    out = {"embed_tokens": (16, width), "norm": (width,)}
    for layer in range(layers):
        at = f"layers.{layer}"
        out |= {f"{at}.self_attn.{part}_proj": (head, width) for part in "qkv"} | {f"{at}.self_attn.o_proj": (width, head)}
        out |= {f"{at}.self_attn.{part}_norm": (head,) for part in "qk"}
        out |= {f"{at}.input_layernorm": (width,), f"{at}.post_attention_layernorm": (width,)}
        out |= {f"{at}.mlp.{part}_proj": (width, width) for part in ("gate", "up", "down")}
    return out


def header(transformer, layers):
    tensors = {}
    for name, shape in transformer.items():
        whole = name if name.endswith(("scale", "token")) else f"{name}.weight"
        is_small = len(shape) == 2 and "token" not in name
        tensors[f"model.diffusion_model.{whole}"] = ("F8_E4M3" if is_small else "BF16", shape)
        if is_small:
            tensors[f"model.diffusion_model.{name}.scale_weight"] = ("F32", ())
    for name, shape in qwen(layers).items():
        tensors[f"text_encoders.qwen3_4b.transformer.model.{name}.weight"] = ("BF16", shape)
    out, at = {}, 0
    for name, (kind, shape) in tensors.items():
        size = BYTES[kind]
        for side in shape:
            size *= side
        out[name] = {"dtype": kind, "shape": list(shape), "data_offsets": [at, at + size]}
        at += size
    return out


for name, made in {"klein": header(klein(), 27), "z-image": header(z_image(), 2)}.items():
    path = HERE.parent / "corpus/checkpoint" / f"header-{name}.json"
    path.write_text(json.dumps(made, separators=(",", ":")) + "\n")
    print(path.name, path.stat().st_size)


LLAMA = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm", "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}


def llama(name):
    if not name.startswith("layers."):
        return {"embed_tokens": "token_embd", "norm": "output_norm"}[name] + ".weight"
    _, layer, rest = name.split(".", 2)
    return f"blk.{layer}.{LLAMA[rest]}.weight"


def encoder(path):
    import gguf
    import numpy as np

    writer = gguf.GGUFWriter(path, "qwen3")
    writer.add_tokenizer_model("gpt2")
    letters = list("abcdefghij")
    writer.add_token_list([*letters, "ab", "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"])
    writer.add_token_merges(["a b"])
    for name, shape in qwen(27).items():
        writer.add_tensor(llama(name), np.full(shape, 0.1, np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def seeds():
    try:
        import gguf  # noqa: F401
    except ImportError:
        return
    corpus = HERE.parent / "corpus"
    for folder in ("encoder", "quantised"):
        (corpus / folder).mkdir(exist_ok=True)
    encoder(corpus / "encoder/klein.gguf")
    # Of each kind two rows of two blocks; the last is float8.
    sizes = [18, 20, 22, 24, 34, 144, 176, 210, 1]
    for kind, size in enumerate(sizes):
        blocks = bytes((place * 37 + 11) % 60 for place in range(4 * size))
        (corpus / f"quantised/{kind}").write_bytes(bytes([kind, 1, 1 if size == 1 else 0]) + blocks)


seeds()
