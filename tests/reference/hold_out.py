"""Our rehearsal: fresh pipelines that are not in the repository, and how far Inkwick is from diffusers on them.

    python hold_out.py make FOLDER SEED       writes models, pictures and cases.json with the exact command lines
    python hold_out.py compare FOLDER BINARY  runs each and prints the mean and the largest difference, of 255
    python hold_out.py table FOLDER BINARY    does the same and writes PARITY.md beside this file
"""

import itertools
import json
import random
import shlex
import subprocess
import sys
from pathlib import Path

import diffusers
import make
import numpy as np
import paint
import sampling
import tiny
import torch
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    PNDMScheduler,
    UniPCMultistepScheduler,
)
from PIL import Image

WORDS = "red blue tiny castle cat's café forest,portrait oil painting 猫 🍎 at night ((bright)) 8k don't snow!! [grey]".split(" ")


def scheduler(dice, kind, prediction):
    """What folders in the wild have: among them files that diffusers' pipeline puts right as it loads them."""
    shared = {"prediction_type": prediction, **tiny.BETAS}
    choices = [
        DDIMScheduler(clip_sample=False, set_alpha_to_one=False, steps_offset=1, **shared),
        DDIMScheduler(**shared),
        DDIMScheduler(timestep_spacing="trailing", clip_sample=False, steps_offset=1, **shared),
        EulerDiscreteScheduler(**shared),
        EulerDiscreteScheduler(timestep_spacing="leading", steps_offset=1, use_karras_sigmas=kind == "sdxl", **shared),
        EulerAncestralDiscreteScheduler(steps_offset=1, **shared),
        PNDMScheduler(skip_prk_steps=True, steps_offset=1, set_alpha_to_one=False, **shared),
        PNDMScheduler(**shared),
        DDPMScheduler(clip_sample=False, **shared),
        DPMSolverMultistepScheduler(use_karras_sigmas=True, steps_offset=1, **shared),
        DPMSolverMultistepScheduler(algorithm_type="sde-dpmsolver++", **shared),
        UniPCMultistepScheduler(timestep_spacing="leading", **shared),
    ]
    return dice.choice(choices)


def build(folder, kind, prediction, dice):
    seed = dice.randrange(1 << 30)
    options = {"layers": dice.choice([1, 2]), "scheduler": scheduler(dice, kind, prediction)}
    if kind == "sd1":
        options |= dice.choice(
            [
                {"widths": (16, 32, 48), "heads": 8, "vae": (8, 16, 16)},
                {"widths": (24, 40), "heads": 4, "vae": (4, 8, 8, 16)},
                {"widths": (16, 32, 32, 32), "heads": [2, 4, 4, 8], "vae": (8, 8, 16, 16)},
            ]
        )
    elif kind == "sd2":
        options |= dice.choice(
            [
                {"widths": (16, 32), "heads": (1, 2), "vae": (8, 8, 8, 16)},
                {"widths": (32, 32, 48), "heads": (4, 2, 6), "vae": (8, 16)},
            ]
        )
    else:
        options |= dice.choice(
            [
                {"widths": (16, 32, 48), "heads": (2, 4, 6), "depths": (1, 1, 3), "vae": (8, 8, 16)},
                {"widths": (24, 48), "heads": (3, 6), "depths": (1, 4), "vae": (4, 8, 8, 16)},
            ]
        )
    getattr(tiny, kind)(folder, seed, **options)


def prompt(dice):
    return " ".join(dice.choices(WORDS, k=dice.choice([2, 6, 12])))


def command(request, model, init):
    """Everything after the program's name, but for --out."""
    line = ["generate", "--model", str(model), "--prompt-syntax", "plain", "--device", "cpu", "--dtype", "f32"]
    flags = ("prompt", "steps", "guidance", "seed", "width", "height", "scheduler", "negative", "sigmas")
    for flag in (*flags, "guidance_rescale"):
        if request.get(flag) is not None:
            # One word each, so that a value may begin with a dash or be empty.
            line.append(f"--{flag.replace('_', '-')}={request[flag]}")
    if "init" in request:
        line += ["--init", str(init), "--strength", str(request["strength"])]
    if "mask" in request:
        # What diffusers gives: nothing pasted back.
        line += ["--mask", str(request["mask"]), "--mask-blur", "0", "--no-composite"]
    return line


@torch.no_grad()
def make_cases(root, seed):
    dice, cases = random.Random(seed), []
    for kind, prediction in itertools.product(("sd1", "sd2", "sdxl"), ("epsilon", "v_prediction")):
        folder = root / f"{kind}-{prediction}"
        folder.mkdir(parents=True, exist_ok=True)
        build(folder / "model", kind, prediction, dice)
        pipe = tiny.load(folder / "model")
        names = list(sampling.CLASSES)
        runs = [(None, None), *((name, None) for name in names), *((name, "karras") for name in sampling.WITH_SIGMAS)]
        runs += [(dice.choice(sampling.WITH_SIGMAS), "exponential"), (None, None)]
        runs += [(name, "init") for name in [None, *dice.sample(names, 7)]]
        for index, (name, extra) in enumerate(runs):
            request = {
                "scheduler": name,
                "sigmas": extra if extra in ("karras", "exponential") else None,
                "prompt": prompt(dice),
                "negative": dice.choice([None, "", prompt(dice)]),
                "steps": dice.choice([4, 5, 9, 13, 20]),
                "guidance": dice.choice([1.0, 3.5, 7.0]),
                "seed": dice.randrange(1 << 33),
                "width": 8 * dice.randint(4, 12),
                "height": 8 * dice.randint(4, 12),
            }
            # diffusers' img2img takes no rescale, and says nothing.
            if dice.random() < 0.1 and extra != "init":
                request["guidance_rescale"] = 0.7
            if extra == "init":
                request |= {"init": "init.png", "strength": dice.choice([0.3, 0.55, 0.8, 1.0])}
            init = make.init_picture(request["width"], request["height"], dice.randrange(1 << 30))
            init.save(folder / f"{index}-init.png")
            try:
                picture = make.run(pipe, request, init)
            except Exception as reason:
                print(f"{kind}-{index}: diffusers cannot do it ({str(reason)[:80]})", flush=True)
                continue
            wanted = folder / f"{index}-wanted.png"
            Image.fromarray(picture).save(wanted)
            line = command(request, folder / "model", folder / f"{index}-init.png")
            own = type(pipe.scheduler).__name__
            how = {
                "family": kind,
                "prediction": pipe.scheduler.config.get("prediction_type", "epsilon"),
                "scheduler": name or f"own ({own.removesuffix('Scheduler')})",
                "sigmas": extra if extra in ("karras", "exponential") else "default",
                "from": "picture" if "init" in request else "noise",
            }
            cases.append({"name": f"{folder.name}-{index}", "wanted": str(wanted), "command": line, "how": how})
            print(f"{kind}-{index} (own {own}, contrast {picture.std():.0f}): inkwick {shlex.join(line)}", flush=True)
        cases += make_fillings(folder, kind, dice, names)
    (root / "cases.json").write_text(json.dumps(cases, ensure_ascii=False, indent=1) + "\n")


def mask_picture(dice, width, height):
    """A rectangle on the latents' grid, where every way to shrink a mask agrees."""
    left, top = dice.randrange(width // 8), dice.randrange(height // 8)
    mask = np.zeros((height, width), np.uint8)
    mask[8 * top : 8 * dice.randint(top + 1, height // 8), 8 * left : 8 * dice.randint(left + 1, width // 8)] = 255
    return Image.fromarray(mask)


def make_fillings(folder, kind, dice, names):
    """Masked parts filled by the plain model, and by one of nine channels."""
    cases = []
    pipe = tiny.load(folder / "model")
    config = pipe.scheduler.config
    class_name = "StableDiffusionXLInpaintPipeline" if kind == "sdxl" else "StableDiffusionInpaintPipeline"
    options = {} if kind == "sdxl" else {"requires_safety_checker": False}
    for extra, model in (("plain", folder / "model"), ("mask", folder / "nine-channel-model")):
        unet, _ = paint.with_channels(pipe.unet, paint.EXTRA[extra], dice.randrange(1 << 30))
        if extra == "mask":
            pipe.save_pretrained(model)
        for index, name in enumerate([None, *names]):
            runner = getattr(diffusers, class_name)(
                **{**pipe.components, "unet": unet, "scheduler": type(pipe.scheduler).from_config(config)}, **options
            )
            runner.set_progress_bar_config(disable=True)
            if name:
                runner.scheduler = sampling.scheduler_of(name, runner.scheduler.config)
            request = {
                "scheduler": name,
                "prompt": prompt(dice),
                "steps": dice.choice([4, 7, 12]),
                "guidance": dice.choice([1.0, 3.5, 7.0]),
                "seed": dice.randrange(1 << 33),
                "width": 8 * dice.randint(4, 10),
                "height": 8 * dice.randint(4, 10),
                "init": "init.png",
                "strength": dice.choice([0.4, 0.7, 1.0]),
                "mask": folder / f"{extra}-{index}-mask.png",
            }
            init = make.init_picture(request["width"], request["height"], dice.randrange(1 << 30))
            mask = mask_picture(dice, request["width"], request["height"])
            init.save(folder / f"{extra}-{index}-init.png")
            mask.save(request["mask"])
            try:
                picture = runner(
                    prompt=request["prompt"],
                    image=init,
                    mask_image=mask,
                    width=request["width"],
                    height=request["height"],
                    strength=request["strength"],
                    num_inference_steps=request["steps"],
                    guidance_scale=request["guidance"],
                    generator=torch.Generator().manual_seed(request["seed"]),
                ).images[0]
            except Exception as reason:
                print(f"{kind}-{extra}-{index}: diffusers cannot do it ({str(reason)[:80]})", flush=True)
                continue
            wanted = folder / f"{extra}-{index}-wanted.png"
            picture.convert("RGB").save(wanted)
            own = type(pipe.scheduler).__name__.removesuffix("Scheduler")
            how = {
                "family": kind,
                "prediction": config.get("prediction_type", "epsilon"),
                "scheduler": name or f"own ({own})",
                "sigmas": "default",
                "from": "picture and mask" if extra == "plain" else "picture and mask, 9 channels",
            }
            line = command(request, model, folder / f"{extra}-{index}-init.png")
            cases.append({"name": f"{folder.name}-{extra}-{index}", "wanted": str(wanted), "command": line, "how": how})
            print(f"{kind}-{extra}-{index}: inkwick {shlex.join(line)}", flush=True)
    return cases


FAMILIES = {"sd1": "SD 1", "sd2": "SD 2", "sdxl": "SDXL"}


def write_table(rows):
    """Cases of one kind are one line: the worst of each difference."""
    lines = {}
    for how, mean, largest in rows:
        key = (FAMILIES[how["family"]], how["prediction"], how["scheduler"], how["sigmas"], how["from"])
        count, worst_mean, worst_largest = lines.get(key, (0, 0.0, 0))
        lines[key] = (count + 1, max(worst_mean, mean), max(worst_largest, largest))
    text = [
        "# Inkwick beside diffusers",
        "",
        "Whole pictures by tiny pipelines with random weights, made for this table: the same folder, words, seed and",
        "settings, Inkwick on a CPU in float32 against diffusers on a CPU in float32. Differences are of 255, over all",
        "pixels and channels; a line of several pictures shows the worst. Written by `hold_out.py table`.",
        "",
        "| family | prediction | scheduler | sigmas | from | pictures | mean | largest |",
        "| --- | --- | --- | --- | --- | ---: | ---: | ---: |",
    ]
    for key, (count, mean, largest) in sorted(lines.items()):
        text.append("| " + " | ".join([*key, str(count), f"{mean:.4f}", str(largest)]) + " |")
    file = Path(__file__).resolve().parent / "PARITY.md"
    # What other scripts write behind this table stays.
    kept = file.read_text().partition("\n## ")
    file.write_text("\n".join(text) + "\n" + kept[1] + kept[2])


def compare(root, binary, writes_table):
    """Exit status 1 when a case fails or is off by one of 255 or more in the mean."""
    worst, rows = 0.0, []
    for case in json.loads((root / "cases.json").read_text()):
        found_file = Path(case["wanted"].replace("-wanted.png", "-found.png"))
        found_file.unlink(missing_ok=True)
        done = subprocess.run([binary, *case["command"], "--out", str(found_file)], capture_output=True, text=True)
        if done.returncode or not found_file.exists():
            worst = 255.0
            print(f"{case['name']:8} FAILED ({done.returncode}): {(done.stderr.strip() or '?').splitlines()[-1]}")
            continue
        found, wanted = (np.array(Image.open(f).convert("RGB")).astype(int) for f in (found_file, case["wanted"]))
        if found.shape != wanted.shape:
            worst = 255.0
            print(f"{case['name']:8} FAILED: size {found.shape[1::-1]}, wanted {wanted.shape[1::-1]}")
            continue
        difference = np.abs(found - wanted)
        worst = max(worst, difference.mean())
        rows.append((case["how"], float(difference.mean()), int(difference.max())))
        print(f"{case['name']:8} mean {difference.mean():.4f}  max {difference.max()}")
    print(f"{len(rows)} pictures, worst mean {worst:.4f} of 255")
    if writes_table:
        write_table(rows)
    return 0 if worst < 1 else 1


if __name__ == "__main__":
    torch.set_num_threads(1)
    if len(sys.argv) != 4 or sys.argv[1] not in ("make", "compare", "table"):
        sys.exit(__doc__)
    target = Path(sys.argv[2]).resolve()
    if sys.argv[1] == "make":
        make_cases(target, int(sys.argv[3]))
    else:
        sys.exit(compare(target, sys.argv[3], sys.argv[1] == "table"))
