"""What a ControlNet costs of a guided step: Stable Diffusion 1.5's full size with random numbers, on a processor, in turns.

    python control.py FOLDER BINARY [--rounds 2] [--side 512]

Prints the median of a step without one, with one, with one twice (the same picture: encoded once), and of the steps of a run
in which it is on for the first half, with what the step at which it goes on or off takes.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STEPS = 4


def make(folder):
    import torch
    from diffusers import ControlNetModel
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    script = ROOT / "tests/reference/full_size.py"
    subprocess.run([sys.executable, script, folder / "sd15.safetensors"], check=True)
    torch.manual_seed(1)
    ControlNetModel(cross_attention_dim=768, attention_head_dim=8).half().save_pretrained(folder / "control")
    Image.radial_gradient("L").convert("RGB").save(folder / "control.png")


def steps(binary, folder, side, controls):
    with tempfile.TemporaryDirectory() as home:
        line = [binary, "generate", "--json", "--prompt", "a red apple", "--model", folder / "sd15.safetensors", "--seed", 1,
                "--steps", STEPS, "--width", side, "--height", side, "--device", "cpu", "--out", f"{home}/out.png"]
        for control in controls:
            line += ["--control", control]
        run = subprocess.run(list(map(str, line)), capture_output=True, text=True, env={**os.environ, "INKWICK_HOME": home})
    if run.returncode:
        sys.exit(run.stderr[-2000:])
    events = [json.loads(text) for text in run.stdout.splitlines()]
    return [event["seconds"] for event in events if event["event"] == "step"]


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("binary")
    arguments.add_argument("--rounds", type=int, default=2)
    arguments.add_argument("--side", type=int, default=512)
    given = arguments.parse_args()
    if not (given.folder / "control.png").exists():
        make(given.folder)
    control = f"{given.folder / 'control'},image={given.folder / 'control.png'}"
    ways = {"none": [], "one": [control], "one, first half": [f"{control},to=0.5"], "the same twice": [control, control]}
    found = {way: [] for way in ways}
    for _ in range(given.rounds):
        for way, controls in ways.items():
            found[way].append(steps(given.binary, given.folder, given.side, controls))
            print(way, [round(seconds, 2) for seconds in found[way][-1]], file=sys.stderr, flush=True)
    # The first step waits for memory that later ones find.
    alone = statistics.median(seconds for run in found["none"] for seconds in run[1:])
    print("| | step s | of none |\n| --- | --- | --- |")
    for way in ways:
        rows = [(way, [seconds for run in found[way] for seconds in run[1:]])]
        if "half" in way:
            rows = [(f"{way}: on", [run[1] for run in found[way]]), (f"{way}: off", [seconds for run in found[way] for seconds in run[2:]])]
        for name, seconds in rows:
            print(f"| {name} | {statistics.median(seconds):.2f} | {statistics.median(seconds) / alone:.2f} |")


if __name__ == "__main__":
    main()
