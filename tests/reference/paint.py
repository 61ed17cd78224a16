"""Inpainting and instructions by diffusers, on the pipelines of make.py: data/paint.

The 9- and 8-channel UNets are those of sd1 and sdxl with another first convolution, which alone is kept here.
"""

import json
from pathlib import Path

import diffusers
import make
import numpy as np
import sampling
import tiny
import torch
from PIL import Image
from safetensors.torch import save_file

WIDTH, HEIGHT = 48, 40
EXTRA = {"plain": 0, "mask": 5, "picture": 4}


def with_channels(unet, extra, seed):
    """The same network with a first convolution that takes so many channels more."""
    if not extra:
        return unet, None
    old = unet.conv_in
    torch.manual_seed(seed)
    new = torch.nn.Conv2d(old.in_channels + extra, old.out_channels, 3, padding=1)
    with torch.no_grad():
        new.weight[:, : old.in_channels] = old.weight
        new.weight[:, old.in_channels :].mul_(2)
        new.bias.copy_(old.bias)
    unet.conv_in = new
    unet.register_to_config(in_channels=new.in_channels)
    return unet, new.weight.detach().clone()


def mask_picture(width, height, aligned=8):
    """Aligned to the latents, where every way to shrink a mask agrees; with greys on both sides of the middle."""
    mask = np.zeros((height, width), np.uint8)
    mask[aligned : 3 * aligned, 2 * aligned : 4 * aligned] = 255
    mask[3 * aligned : 4 * aligned, aligned : 3 * aligned] = 180
    mask[:aligned, :aligned] = 100
    return Image.fromarray(mask)


def runs(kind, extra):
    """A few of everything: schedulers with and without noise of their own, of order two; strengths; guidances."""
    base = {"prompt": make.PROMPTS[0], "negative": None, "guidance": 6.0, "steps": 5}
    if extra == "picture":
        for index, scheduler in enumerate([None, "euler-a", "heun"]):
            yield {**base, "scheduler": scheduler, "image_guidance": 1.5 + index, "seed": 70 + index}
        yield {**base, "scheduler": "euler", "image_guidance": 0.5, "seed": 75}
        yield {**base, "scheduler": "euler", "guidance": 1.0, "image_guidance": 2.0, "seed": 76}
        return
    names = [None, "euler-a", "ddim", "heun", "dpm++-2m-sde", "pndm", "unipc", "lcm", "ddpm", "dpm2-a"]
    if kind != "sd1":
        names = [None, "euler-a", "heun"]
    for index, scheduler in enumerate(names):
        yield {**base, "scheduler": scheduler, "strength": [1.0, 0.6, 0.85][index % 3], "seed": 50 + index}
    yield {**base, "scheduler": "euler", "strength": 1.0, "guidance": 1.0, "negative": "grey", "seed": 65}
    yield {**base, "scheduler": "euler", "strength": 0.7, "seed": 66, "init": "odd"}


@torch.no_grad()
def case(data, kind, extra, tensors):
    folder = data / kind / "model"
    pipe = tiny.load(folder)
    unet, weight = with_channels(pipe.unet, EXTRA[extra], 99)
    if weight is not None:
        tensors[f"{kind}.{extra}.conv_in"] = weight
    name = "StableDiffusionXL" if kind == "sdxl" else "StableDiffusion"
    name += "InstructPix2PixPipeline" if extra == "picture" else "InpaintPipeline"
    done = []
    for index, request in enumerate(runs(kind, extra)):
        parts = {**pipe.components, "unet": unet}
        parts["scheduler"] = type(pipe.scheduler).from_pretrained(folder / "scheduler")
        if kind == "sdxl" and extra == "picture":
            parts = {name: part for name, part in parts.items() if part is not None}
        options = {} if kind == "sdxl" else {"requires_safety_checker": False}
        runner = getattr(diffusers, name)(**parts, **options)
        runner.set_progress_bar_config(disable=True)
        if request["scheduler"]:
            runner.scheduler = sampling.scheduler_of(request["scheduler"], runner.scheduler.config)
        init = Image.open(data / "paint" / f"{request.get('init', 'even')}.png")
        mask = Image.open(data / "paint" / f"{request.get('init', 'even')}-mask.png")
        call = {
            "prompt": request["prompt"],
            "negative_prompt": request["negative"],
            "image": init,
            "num_inference_steps": request["steps"],
            "guidance_scale": request["guidance"],
            "generator": torch.Generator().manual_seed(request["seed"]),
        }
        if extra == "picture":
            call["image_guidance_scale"] = request["image_guidance"]
            if kind == "sdxl":
                call |= {"width": WIDTH, "height": HEIGHT}
        else:
            call |= {"mask_image": mask, "strength": request["strength"], "width": WIDTH, "height": HEIGHT}
        picture = runner(**call).images[0]
        tensors[f"{kind}.{extra}.{index}"] = torch.from_numpy(np.array(picture.convert("RGB")))
        done.append(request)
    return {"kind": kind, "extra": extra, "pipeline": name, "runs": done}


def main():
    torch.set_num_threads(1)
    data = Path(__file__).resolve().parent / "data"
    folder = data / "paint"
    folder.mkdir(exist_ok=True)
    make.init_picture(WIDTH, HEIGHT, 7).save(folder / "even.png")
    mask_picture(WIDTH, HEIGHT).save(folder / "even-mask.png")
    # Twice the size: neither does it fit the latents' cells, nor is it worked on as it is.
    make.init_picture(2 * WIDTH, 2 * HEIGHT, 8).save(folder / "odd.png")
    mask_picture(2 * WIDTH, 2 * HEIGHT, 16).save(folder / "odd-mask.png")
    tensors, cases = {}, []
    for kind, extra in [
        ("sd1", "plain"),
        ("sd1", "mask"),
        ("sd1", "picture"),
        ("sd2", "plain"),
        ("sdxl", "plain"),
        ("sdxl", "mask"),
        ("sdxl", "picture"),
    ]:
        cases.append(case(data, kind, extra, tensors))
    save_file({name: value.contiguous() for name, value in tensors.items()}, folder / "reference.safetensors")
    (folder / "reference.json").write_text(json.dumps(cases, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
