"""A folder as data.py fills it, with a handful of drawn things instead of packages, so that no test waits for the network."""
import json
import os
import sys

import pytest
from PIL import Image, ImageDraw

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NAMES = ["dog", "cat", "top hat", "crown", "red apple", "house", "evergreen tree", "rose"]


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    for sub in ("fe3d/assets", "flat/assets", "ebd/en/shortcodes"):
        os.makedirs(folder / sub)
    entries = []
    for k, name in enumerate(NAMES):
        code, colour = f"1f{k:03x}", "#%02x%02x%02x" % (30 * k, 250 - 30 * k, 60 + 20 * k)
        picture = Image.new("RGBA", (256, 256))
        ImageDraw.Draw(picture).ellipse((30, 20 + 5 * k, 226, 250 - 5 * k), fill=colour)
        picture.save(folder / f"fe3d/assets/{code}.webp")
        if name != "rose":  # a few have no flat drawing
            (folder / f"flat/assets/{code}.svg").write_text(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="{14 - k}" fill="{colour}"/></svg>')
        entries.append(dict(hexcode=code.upper(), label=name, group=3, tags=[f"tag{k}"]))
    (folder / "ebd/en/data.json").write_text(json.dumps(entries))
    for book in ("emojibase", "github", "iamcal", "joypixels"):
        (folder / f"ebd/en/shortcodes/{book}.json").write_text(json.dumps({e["hexcode"]: e["label"].replace(" ", "_") for e in entries}))
    return str(folder)
