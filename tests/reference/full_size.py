"""A checkpoint of Stable Diffusion 1.5's full size (2.1 GB of halves) with random numbers, to measure how it opens, and
a LoRA of rank 16 for all linear layers of its attention, with names as kohya's scripts write them.

    python full_size.py FILE.safetensors [LORA.safetensors]
"""

import json
import struct
import sys
from types import SimpleNamespace

import numpy as np
import single_file
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel


def shapes():
    """The file's names and shapes; no numbers are made for it."""
    with torch.device("meta"):
        unet = UNet2DConditionModel(cross_attention_dim=768, attention_head_dim=8)
        blocks = 4
        vae = AutoencoderKL(
            block_out_channels=(128, 256, 512, 512),
            down_block_types=("DownEncoderBlock2D",) * blocks,
            up_block_types=("UpDecoderBlock2D",) * blocks,
            layers_per_block=2,
        )
        text = CLIPTextModel(CLIPTextConfig(
            vocab_size=49408, hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12
        ))
    pipe = SimpleNamespace(unet=unet, vae=vae, text_encoder=text)
    out = single_file.convert(pipe)
    return {name: tuple(value.shape) for name, value in out.items() if value.device.type == "meta"}


def lora_shapes():
    with torch.device("meta"):
        unet = UNet2DConditionModel(cross_attention_dim=768, attention_head_dim=8)
    out = {}
    for name, module in unet.named_modules():
        if ".transformer_blocks." in name and isinstance(module, torch.nn.Linear):
            stem = f"lora_unet_{name.replace('.', '_')}"
            out[f"{stem}.lora_down.weight"] = (16, module.in_features)
            out[f"{stem}.lora_up.weight"] = (module.out_features, 16)
    return out


def write(path, names):
    header, offset = {}, 0
    for name, shape in names.items():
        length = 2 * int(np.prod(shape))
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": [offset, offset + length]}
        offset += length
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    block = (np.random.default_rng(1).standard_normal(1 << 22) * 0.02).astype(np.float16).tobytes()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        written = 0
        while written < offset:
            written += file.write(block[: offset - written])
    print(f"{len(names)} tensors, {offset / 1e9:.2f} GB: {path}")


if __name__ == "__main__":
    write(sys.argv[1], shapes())
    if len(sys.argv) > 2:
        write(sys.argv[2], lora_shapes())
