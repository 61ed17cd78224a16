"""The sections of PARITY.md behind its first table: each script writes its own and leaves the others."""

import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.torch import load_file


def section(title, lines):
    file = Path(__file__).resolve().parent / "PARITY.md"
    first, *others = file.read_text().split("\n## ")
    kept = {other.partition("\n")[0]: other.partition("\n")[2].strip() for other in others}
    kept[title] = "\n".join(lines)
    file.write_text("\n\n".join([first.strip(), *(f"## {name}\n\n{text}" for name, text in kept.items())]) + "\n")

KINDS = {"sd1": "SD 1", "sd2": "SD 2", "sdxl": "SDXL"}
WAYS = {"text": "noise", "picture": "picture", "inpaint": "picture and mask"}


def measured(binary, folder, command_of, how):
    """The program's pictures beside the reference's of `data/FOLDER`: rows of a table, and the worst mean difference.

    `command_of(request, data)` is what follows `inkwick generate`, `how(request)` a row's second column."""
    data = Path(__file__).resolve().parent / "data"
    wanted = load_file(data / folder / "reference.safetensors")
    rows, worst = [], 0.0
    with tempfile.TemporaryDirectory() as home:
        for index, request in enumerate(json.loads((data / folder / "reference.json").read_text())):
            out = Path(home) / f"{index}.png"
            done = subprocess.run([binary, "generate", *command_of(request, data), "--out", str(out)], capture_output=True, text=True)
            if done.returncode:
                print(f"{index} FAILED: {done.stderr.strip().splitlines()[-1:]}")
                worst = 255.0
                continue
            difference = np.abs(np.array(Image.open(out).convert("RGB")).astype(int) - wanted[str(index)].numpy())
            worst = max(worst, difference.mean())
            cells = [KINDS[request["kind"]], how(request), WAYS[request["way"]], f"{difference.mean():.4f}", str(difference.max())]
            rows.append(f"| {' | '.join(cells)} |")
            print(index, rows[-1])
    return rows, worst
