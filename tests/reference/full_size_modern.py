"""The transformer of FLUX.2 klein 4B or of Z-Image in its published size, with random numbers in one of several packings,
to measure a step and what it takes.

    python full_size_modern.py klein|z-image F32|BF16|F8|Q4_K|Q8_0|… FILE.safetensors|FILE.gguf

Names are diffusers'. GGUF needs the package `gguf`. Matrices whose rows are no whole blocks stay in single precision.
"""

import json
import struct
import sys

import numpy as np
import torch
from diffusers import Flux2Transformer2DModel, ZImageTransformer2DModel

KLEIN = {
    "in_channels": 128, "num_layers": 5, "num_single_layers": 20, "attention_head_dim": 128, "num_attention_heads": 24,
    "joint_attention_dim": 7680, "guidance_embeds": False,
}
BLOCK = 1 << 22


def shapes(name):
    with torch.device("meta"):
        model = Flux2Transformer2DModel(**KLEIN) if name == "klein" else ZImageTransformer2DModel()
    return {key: tuple(value.shape) for key, value in model.state_dict().items()}


def numbers(dtype):
    values = np.random.default_rng(1).standard_normal(BLOCK).astype(np.float32) * 0.02
    if dtype == "F32":
        return values
    if dtype == "BF16":
        return (values.view(np.uint32) >> 16).astype(np.uint16)
    return torch.from_numpy(values * 100).to(torch.float8_e4m3fn).view(torch.uint8).numpy()


def is_packed(shape, width=1):
    return len(shape) == 2 and shape[0] > 1 and shape[1] % width == 0


def safetensors(names, dtype, path):
    sizes = {"F32": 4, "BF16": 2, "F8_E4M3": 1}
    header, offset, plan = {}, 0, []

    def add(name, kind, shape, scale=None):
        nonlocal offset
        length = sizes[kind] * int(np.prod(shape))
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [offset, offset + length]}
        plan.append((kind, length, scale))
        offset += length

    for name, shape in names.items():
        if dtype != "F8":
            add(name, dtype, shape)
        elif is_packed(shape):
            add(name, "F8_E4M3", shape)
            add(name.replace(".weight", ".scale_weight"), "F32", [], 0.01)
        else:
            add(name, "BF16", shape)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    parts = {kind: numbers(kind).tobytes() for kind in {kind for kind, _, scale in plan if scale is None}}
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for kind, length, scale in plan:
            if scale is not None:
                file.write(struct.pack("<f", scale))
                continue
            while length > 0:
                length -= file.write(parts[kind][:length])


def gguf_file(names, dtype, path):
    import gguf
    from gguf_kinds import blocks_of

    kind = gguf.GGMLQuantizationType[dtype]
    size, width = gguf.GGML_QUANT_SIZES[kind]
    generator = np.random.default_rng(1)
    some = blocks_of(kind, 1 << 14, generator).reshape(-1)
    plain = numbers("F32")
    writer = gguf.GGUFWriter(path, "flux2")
    for name, shape in names.items():
        count = int(np.prod(shape))
        if is_packed(shape, size):
            raw = np.resize(some, count // size * width).reshape(shape[0], -1)
            writer.add_tensor(name, raw, raw_dtype=kind)
        else:
            writer.add_tensor(name, np.resize(plain, count).reshape(shape))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    model, dtype, path = sys.argv[1:]
    names = shapes(model)
    write = safetensors if dtype in ("F32", "BF16", "F8") else gguf_file
    write(names, dtype, path)
    total = sum(int(np.prod(shape)) for shape in names.values())
    print(f"{len(names)} tensors, {total / 1e9:.2f} billion numbers: {path}")
