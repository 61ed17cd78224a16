"""Renders inkwick.svg into what the systems want: PNG files for Linux, .ico for Windows, .icns for a Mac.

    pip install cairosvg pillow && python assets/icon/render.py
"""

import io
from pathlib import Path

import cairosvg
from PIL import Image

HERE = Path(__file__).parent
LINUX = [16, 32, 48, 128, 256, 512]
WINDOWS = [16, 24, 32, 48, 64, 256]


def picture(size: int) -> Image.Image:
    data = cairosvg.svg2png(url=str(HERE / "inkwick.svg"), output_width=size, output_height=size)
    return Image.open(io.BytesIO(data)).convert("RGBA")


for size in LINUX:
    picture(size).save(HERE / f"{size}.png", optimize=True)
# Each size is drawn for itself: small ones stay crisp.
largest = picture(WINDOWS[-1])
largest.save(
    HERE / "inkwick.ico", sizes=[(size, size) for size in WINDOWS], append_images=[picture(size) for size in WINDOWS[:-1]]
)
# 512 points at two pixels a point are the most that macOS shows.
picture(1024).save(HERE / "inkwick.icns", append_images=[picture(size) for size in [32, 64, 128, 256, 512]])
