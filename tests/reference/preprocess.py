"""What OpenCV and ControlNet's published annotators make of two pictures: data/preprocess. Needs opencv-python-headless."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw


def scene():
    """Smooth colours with shapes on them, some with soft edges, and noise."""
    random = np.random.default_rng(5)
    small = Image.fromarray(random.integers(0, 256, (4, 5, 3), dtype=np.uint8))
    picture = small.resize((97, 71), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    draw.ellipse([10, 12, 50, 60], fill=(220, 40, 30))
    draw.polygon([(60, 8), (92, 30), (55, 50)], fill=(20, 60, 200), outline=(255, 255, 255))
    draw.line([(5, 65), (90, 40)], fill=(0, 0, 0), width=3)
    values = np.array(picture).astype(int) + random.integers(-12, 13, (71, 97, 3))
    return np.clip(values, 0, 255).astype(np.uint8)


def drawing():
    """Dark pencil strokes on white paper."""
    picture = Image.new("RGB", (80, 64), (250, 248, 240))
    draw = ImageDraw.Draw(picture)
    draw.arc([8, 8, 60, 58], 20, 320, fill=(60, 60, 70), width=2)
    draw.line([(10, 50), (70, 12)], fill=(110, 90, 90), width=1)
    draw.rectangle([40, 30, 72, 56], outline=(20, 20, 20), width=4)
    return np.array(picture)


def scribble(picture):
    near = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 0.5)
    far = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 5.0)
    left = (255 - np.min(far - near, axis=2)).clip(0, 255).astype(np.uint8)
    made = np.zeros_like(picture)
    made[2 * (255 - left.astype(int)) > 32] = 255
    return made


def lineart(picture):
    own = picture.astype(np.float32)
    far = cv2.GaussianBlur(own, (0, 0), 6.0)
    lines = np.min(far - own, axis=2).clip(0, 255)
    lines /= max(16, np.median(lines[lines > 8]))
    return np.repeat((lines * 127).clip(0, 255).astype(np.uint8)[..., None], 3, 2)


def main():
    folder = Path(__file__).resolve().parent / "data" / "preprocess"
    folder.mkdir(exist_ok=True)
    for name, picture in {"scene": scene(), "drawing": drawing()}.items():
        made = {
            "": picture,
            "-canny": np.repeat(cv2.Canny(picture, 100, 200)[..., None], 3, 2),
            "-scribble": scribble(picture),
            "-lineart": lineart(picture),
            "-blur": cv2.GaussianBlur(picture, (0, 0), 9.0),
            "-grey": np.array(Image.fromarray(picture).convert("L").convert("RGB")),
            "-invert": 255 - picture,
        }
        for kind, values in made.items():
            Image.fromarray(values).save(folder / f"{name}{kind}.png")


if __name__ == "__main__":
    main()
