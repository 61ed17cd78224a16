"""Soft edges, line drawings and depth by PyTorch: data/annotate.json.

The first two networks are written here after their publications, depth is transformers' own; all are small, and their
weights are numbers that follow from each tensor's name, so that none are kept.
"""

import json
import math
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation, Dinov2Config

EVERY = 7


def numbers(name, count):
    """From -1 to 1, by splitmix64 over the place, begun with the name's FNV-1a."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 % 2**64
    with np.errstate(over="ignore"):
        state = np.uint64(seed) + (np.arange(1, count + 1, dtype=np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state = state ^ (state >> np.uint64(31))
    return ((state >> np.uint64(40)).astype(np.float64) / 2**23 - 1).astype(np.float32)


def tensor(name, shape):
    values = numbers(name, math.prod(shape)).reshape(shape)
    if name == "norm":
        return 110 + 20 * values
    if name == "head.conv3.bias":
        return np.float32(0.5) + 0 * values
    if name.endswith("bias"):
        return np.float32(0.1) * values
    if len(shape) == 1:
        return 1 + np.float32(0.25) * values
    if "token" in name or "position" in name:
        return np.float32(0.5) * values
    return np.float32(2 / math.sqrt(math.prod(shape) / shape[0])) * values


def picture(width, height):
    y, x = np.mgrid[0:height, 0:width]
    inside = (x * 2 - width) ** 2 + (y * 3 - height) ** 2 < width * height // 2
    return np.stack([(x * x // 61 + y) % 256, (y * 5 // 3 + inside * 90) % 256, (x + y * y // 37) % 256], 2).astype(np.uint8)


class Block(nn.Module):
    def __init__(self, inputs, outputs, count):
        super().__init__()
        widths = [inputs] + [outputs] * count
        self.convs = nn.Sequential(*[nn.Conv2d(a, b, 3, padding=1) for a, b in zip(widths, widths[1:])])
        self.projection = nn.Conv2d(outputs, 1, 1)

    def forward(self, x):
        for conv in self.convs:
            x = F.relu(conv(x))
        return x, self.projection(x)


class SoftEdge(nn.Module):
    """Holistically-nested edge detection as ControlNet 1.1's annotator has it."""

    def __init__(self, widths=(6, 8, 12, 16, 16)):
        super().__init__()
        self.norm = nn.Parameter(torch.zeros(1, 3, 1, 1))
        for index, (width, before, count) in enumerate(zip(widths, (3, *widths), (2, 2, 3, 3, 3)), 1):
            setattr(self, f"block{index}", Block(before, width, count))

    def forward(self, picture):
        x = torch.from_numpy(picture).float().permute(2, 0, 1)[None]
        size, x, edges = x.shape[2:], x - self.norm, []
        for index in range(1, 6):
            x = F.max_pool2d(x, 2, 2) if index > 1 else x
            x, edge = getattr(self, f"block{index}")(x)
            edges.append(F.interpolate(edge, size, mode="bilinear", align_corners=False))
        return torch.sigmoid(torch.stack(edges).mean(0))[0, 0]


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        half = [nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3), nn.InstanceNorm2d(width)]
        again = [nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3), nn.InstanceNorm2d(width)]
        self.conv_block = nn.Sequential(*half, nn.ReLU(), *again)

    def forward(self, x):
        return x + self.conv_block(x)


class LineArt(nn.Module):
    """The generator of "Learning to generate line drawings that convey geometry and semantics"."""

    def __init__(self, width=6, blocks=3):
        super().__init__()
        norm = lambda width: [nn.InstanceNorm2d(width), nn.ReLU()]
        self.model0 = nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(3, width, 7), *norm(width))
        down, up = [], []
        for inputs in (width, 2 * width):
            down += [nn.Conv2d(inputs, 2 * inputs, 3, stride=2, padding=1), *norm(2 * inputs)]
        for inputs in (4 * width, 2 * width):
            up += [nn.ConvTranspose2d(inputs, inputs // 2, 3, 2, 1, output_padding=1), *norm(inputs // 2)]
        self.model1, self.model3 = nn.Sequential(*down), nn.Sequential(*up)
        self.model2 = nn.Sequential(*[Residual(4 * width) for _ in range(blocks)])
        self.model4 = nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(width, 1, 7), nn.Sigmoid())

    def forward(self, picture):
        x = torch.from_numpy(picture).float().permute(2, 0, 1)[None] / 255
        for part in (self.model0, self.model1, self.model2, self.model3, self.model4):
            x = part(x)
        return x[0, 0]


class Depth(nn.Module):
    """transformers' network, by the names that its files have."""

    def __init__(self):
        super().__init__()
        vision = Dinov2Config(
            hidden_size=128, num_hidden_layers=4, num_attention_heads=2, mlp_ratio=2, image_size=56, patch_size=14,
            out_indices=[1, 2, 3, 4], reshape_hidden_states=False, apply_layernorm=True,
        )
        config = DepthAnythingConfig(
            backbone_config=vision, reassemble_hidden_size=128, neck_hidden_sizes=[8, 12, 16, 24],
            fusion_hidden_size=16, head_hidden_size=8, patch_size=14,
        )
        self.network = DepthAnythingForDepthEstimation(config)

    def forward(self, picture):
        mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        x = (torch.from_numpy(picture).float() / 255 - mean) / deviation
        return self.network(x.permute(2, 0, 1)[None]).predicted_depth[0]


def published(name):
    """transformers 5 calls some parts otherwise than the files that it reads and writes."""
    for own, in_files in [
        (".attention.q_proj.", ".attention.attention.query."),
        (".attention.k_proj.", ".attention.attention.key."),
        (".attention.v_proj.", ".attention.attention.value."),
        (".attention.o_proj.", ".attention.output.dense."),
    ]:
        name = name.replace(own, in_files)
    return name.removeprefix("network.")


def main():
    kinds = {
        "soft-edge": (SoftEdge(), [(64, 48), (80, 112)]),
        "lineart-realistic": (LineArt(), [(32, 48), (44, 28)]),
        "depth": (Depth(), [(56, 56), (98, 70)]),
    }
    answers = {}
    for kind, (network, sizes) in kinds.items():
        shapes, state = {}, network.state_dict()
        for name, value in state.items():
            name = published(name)
            if "mask_token" in name:
                continue
            shapes[name] = list(value.shape)
            value.copy_(torch.from_numpy(np.asarray(tensor(name, tuple(value.shape)), dtype=np.float32)))
        network.load_state_dict(state)
        network.eval()
        cases = []
        with torch.no_grad():
            for width, height in sizes:
                made = network(picture(width, height)).flatten()
                print(kind, width, height, made.min().item(), made.max().item(), made.std().item())
                values = [round(value, 6) for value in made[::EVERY].tolist()]
                cases.append({"width": width, "height": height, "values": values})
        answers[kind] = {"shapes": shapes, "cases": cases}
    file = Path(__file__).resolve().parent / "data" / "annotate.json"
    file.write_text(json.dumps({"every": EVERY, "kinds": answers}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
