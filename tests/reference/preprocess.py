"""What OpenCV and ControlNet's published annotators make of two pictures: data/preprocess. Needs opencv-python-headless."""

import json
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


def normal(picture):
    """Of a depth map, by the rule of ControlNet's MiDaS annotator; bytes are smoothed first."""
    grey = np.array(Image.fromarray(picture).convert("L")).astype(np.float32)
    near = cv2.GaussianBlur(grey, (0, 0), 2.0)
    x = cv2.Sobel(near, cv2.CV_32F, 1, 0, ksize=3)
    y = cv2.Sobel(near, cv2.CV_32F, 0, 1, ksize=3)
    x[near < 25.5] = 0
    y[near < 25.5] = 0
    towards = np.stack([x, y, np.full_like(x, 2 * np.pi)], 2)
    towards /= np.sqrt((towards**2).sum(2, keepdims=True))
    return (towards * 127.5 + 127.5).clip(0, 255).astype(np.uint8)


LIMBS = [(1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13), (1, 0),
         (0, 14), (14, 16), (0, 15), (15, 17)]
COLOURS = [(255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0), (0, 255, 0), (0, 255, 85),
           (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255), (0, 0, 255), (85, 0, 255), (170, 0, 255),
           (255, 0, 255), (255, 0, 170), (255, 0, 85)]
STANDING = [(0, 6), (0, 19), (-10, 19), (-13, 36), (-14, 52), (10, 19), (13, 36), (14, 52), (-6, 52), (-7, 75), (-7, 97),
            (6, 52), (7, 75), (7, 97), (-2, 4), (2, 4), (-4.5, 5.5), (4.5, 5.5)]


def skeletons():
    """Two people, one of whom raises an arm and hides an ear, by OpenPose's colours as ControlNet's annotator draws them."""
    people = [[[80 + 2.5 * x, 6 + 2.5 * y] for x, y in STANDING] for _ in range(2)]
    people[1] = [[x + 95, y] for x, y in people[1]]
    people[1][6], people[1][7] = [215, 40], [205, 15]
    pose = {"size_px": [256, 256], "people": [{"points": people[0]}, {"points": people[1], "hidden": [16]}]}
    canvas = np.zeros((256, 256, 3), dtype=np.uint8)
    for person in pose["people"]:
        hidden, points = person.get("hidden", []), person["points"]
        for (a, b), colour in zip(LIMBS, COLOURS):
            if a in hidden or b in hidden:
                continue
            (ax, ay), (bx, by) = points[a], points[b]
            length, angle = np.hypot(ax - bx, ay - by), np.degrees(np.arctan2(ay - by, ax - bx))
            middle = (int((ax + bx) / 2), int((ay + by) / 2))
            polygon = cv2.ellipse2Poly(middle, (int(length / 2), 4), int(angle), 0, 360, 1)
            cv2.fillConvexPoly(canvas, polygon, [int(c * 0.6) for c in colour])
    for person in pose["people"]:
        for index, ((x, y), colour) in enumerate(zip(person["points"], COLOURS)):
            if index not in person.get("hidden", []):
                cv2.circle(canvas, (int(x), int(y)), 4, colour, thickness=-1)
    return pose, canvas


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
            "-normal-of-depth": normal(picture),
        }
        for kind, values in made.items():
            Image.fromarray(values).save(folder / f"{name}{kind}.png")
    pose, drawn = skeletons()
    (folder / "pose.json").write_text(json.dumps(pose) + "\n")
    Image.fromarray(drawn).save(folder / "pose.png")


if __name__ == "__main__":
    main()
