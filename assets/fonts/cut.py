"""Cuts the fonts that Inkwick ships out of the published ones.

    npm pack inter-ui@4.1.1 && npm pack @phosphor-icons/web@2.1.2     (unpack each into a folder of its own)
    pip install fonttools brotli
    python cut.py INTER_PACKAGE PHOSPHOR_PACKAGE

Inter loses the scripts that the fallback fonts carry, and its digits become the tabular ones: epaint shapes with a
font's default features only, so `tnum` could never be asked for. Phosphor keeps the icons named below, in
src/ui/icons.rs as well.
"""

import re
import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

HERE = Path(__file__).parent

LETTERS = [
    (0x0020, 0x007E),  # ASCII
    (0x00A0, 0x024F),  # Latin
    (0x02B0, 0x036F),  # modifiers, combining marks
    (0x0370, 0x03FF),  # Greek
    (0x0400, 0x052F),  # Cyrillic
    (0x1E00, 0x1EFF),  # Vietnamese and other Latin
    (0x2000, 0x206F),  # dashes, quotes, ellipsis
    (0x2070, 0x209F),  # small figures
    (0x20A0, 0x20BF),  # money
    (0x2190, 0x21FF),  # arrows, shift, tab
    (0x2300, 0x23FF),  # command, option, return, delete, escape
]
SIGNS = "™№℃℉−∞≈≠≤≥√∆"

# `calt` stays out: it turns `->` and `3x4` in a prompt into signs that were not typed.
FEATURES = ["kern", "mark", "mkmk", "ccmp", "locl"]

ICONS = """
hand paint-brush eraser lasso selection selection-inverse eye trash arrow-u-up-left arrow-u-up-right dots-three info
swap dice-five caret-down caret-right check x magnifying-glass star sort-descending images image-square folder-open
cube copy clock gear-six sidebar-simple warning-circle check-circle
plus minus lock lock-open arrow-clockwise arrow-square-out floppy-disk palette sun moon keyboard list
warning frame-corners arrows-out caret-up caret-left download-simple sliders-horizontal stop
paint-bucket paint-brush-broad polygon eyedropper magic-wand feather corners-out eye-slash circle-half-tilt scan
arrow-bend-up-left arrow-counter-clockwise arrow-left arrow-line-up arrows-left-right circle-half dots-six-vertical export
grid-nine image images-square infinity lightning mountains paperclip pause play queue scribble-loop square-split-horizontal
stack tag
""".split()


def options():
    chosen = subset.Options()
    chosen.layout_features = FEATURES
    chosen.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    chosen.notdef_outline = True
    chosen.hinting = False
    return chosen


def cut(font, characters, target):
    worker = subset.Subsetter(options())
    worker.populate(unicodes=characters)
    worker.subset(font)
    font.flavor = None
    font.save(target)
    print(f"{target.name}: {target.stat().st_size} bytes, {len(font.getBestCmap())} characters")


def cut_inter(source, target):
    font = TTFont(source)
    for table in font["cmap"].tables:
        for character in range(ord("0"), ord("9") + 1):
            name = table.cmap.get(character, "")
            if name and not name.endswith(".tf"):  # tables may share one map
                table.cmap[character] = name + ".tf"
    characters = {code for first, last in LETTERS for code in range(first, last + 1)} | {ord(sign) for sign in SIGNS}
    cut(font, characters, target)


def cut_phosphor(package, target):
    style = (package / "src/regular/style.css").read_text()
    codes = {name: int(code, 16) for name, code in re.findall(r'\.ph\.ph-([\w-]+):before {\s*content: "\\(\w+)"', style)}
    for name in sorted(ICONS):
        print(f"pub const {name.upper().replace('-', '_')}: &str = \"\\u{{{codes[name]:x}}}\";")
    cut(TTFont(package / "src/regular/Phosphor.ttf"), {codes[name] for name in ICONS}, target)


if __name__ == "__main__":
    inter, phosphor = map(Path, sys.argv[1:3])
    cut_inter(inter / "web/Inter-Regular.woff2", HERE / "Inter-Regular.ttf")
    cut_inter(inter / "web/Inter-SemiBold.woff2", HERE / "Inter-SemiBold.ttf")
    cut_phosphor(phosphor, HERE / "Phosphor.ttf")
