"""Selecting by clicks and boxes, by the published MobileSAM definitions in PyTorch: data/segment.json.

The network is the full one; its weights are numbers that follow from each tensor's name, so that none are kept here.
Needs, beside requirements.txt: mobilesam-mirror==1.0.0, timm and torchvision (pip install --no-deps).
"""

import json
import math
from pathlib import Path

import numpy as np
import torch
from mobile_sam import SamPredictor, sam_model_registry

PICTURES = [(613, 407), (300, 520)]
# Clicks as (x, y, belongs) and a box, in shares of the picture.
PROMPTS = [
    ([(0.3, 0.6, 1)], None),
    ([(0.7, 0.2, 1), (0.1, 0.9, 0), (0.65, 0.3, 1)], None),
    ([], (0.2, 0.1, 0.8, 0.7)),
    ([(0.5, 0.5, 0)], (0.4, 0.3, 0.9, 0.95)),
]
EVERY = 16


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
    if name.endswith("running_var"):
        return 1 + np.float32(0.5) * values
    if name.endswith(("running_mean", ".bias")):
        return np.float32(0.1) * values
    if len(shape) == 1:
        return 1 + np.float32(0.25) * values
    if name.endswith(".weight") and shape[0] > 4 and "embed" not in name.split(".")[-2]:
        return np.float32(2 / math.sqrt(math.prod(shape) / shape[0])) * values
    return values


def picture(width, height):
    y, x = np.mgrid[0:height, 0:width]
    inside = (x * 2 - width) ** 2 + (y * 3 - height) ** 2 < width * height // 2
    return np.stack([(x * x // 61 + y) % 256, (y * 5 // 3 + inside * 90) % 256, (x + y * y // 37) % 256], 2).astype(np.uint8)


def main():
    torch.manual_seed(0)
    model = sam_model_registry["vit_t"]().eval()
    state = model.state_dict()
    shapes = {}
    for name, value in state.items():
        if name.endswith("num_batches_tracked"):
            continue
        shapes[name] = list(value.shape)
        value.copy_(torch.from_numpy(tensor(name, tuple(value.shape))))
    model.load_state_dict(state)
    # The biases of the windows are spread out when training mode is left.
    model.train()
    model.eval()
    predictor = SamPredictor(model)
    cases = []
    with torch.no_grad():
        for width, height in PICTURES:
            predictor.set_image(picture(width, height))
            for clicks, box in PROMPTS:
                points = np.array([[x * width, y * height] for x, y, _ in clicks]) if clicks else None
                labels = np.array([belongs for _, _, belongs in clicks]) if clicks else None
                around = np.array([box[0] * width, box[1] * height, box[2] * width, box[3] * height]) if box else None
                answers = {"scores": [], "logits": [], "areas": []}
                for many in [False, True]:
                    masks, scores, logits = predictor.predict(points, labels, around, multimask_output=many)
                    answers["scores"] += [float(score) for score in scores]
                    answers["areas"] += [int(mask.sum()) for mask in masks]
                    answers["logits"] += [[float(f"{value:.6g}") for value in one[::EVERY, ::EVERY].ravel()] for one in logits]
                answers |= {
                    "width": width,
                    "height": height,
                    "clicks": [[float(x * width), float(y * height), bool(belongs)] for x, y, belongs in clicks],
                    "around": around.tolist() if box else None,
                }
                cases.append(answers)
                print(width, height, answers["scores"], answers["areas"], max(map(abs, answers["logits"][0])))
    data = Path(__file__).parent / "data" / "segment.json"
    data.write_text(json.dumps({"shapes": shapes, "every": EVERY, "cases": cases}))


if __name__ == "__main__":
    main()
