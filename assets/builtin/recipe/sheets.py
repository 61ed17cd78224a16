"""The contact sheets of the card, and the previews' product, by diffusers on the model as it lies in the repository.

    python sheets.py fit                 # ../model/latent_rgb.json, fitted again to what the decoder makes of the card's sheet
    python sheets.py prompts             # ../prompts.webp: 100 prompts, 20 steps above and 4 steps below
    python sheets.py masks               # ../masks.webp: 20 masks on one scene, with what came of each below

One seed a picture, not chosen. Pictures are kept in --work while they are made, so that a run that was broken off goes on.
"""
import argparse
import json
import os

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, DPMSolverMultistepScheduler, LCMScheduler, StableDiffusionInpaintPipeline, StableDiffusionPipeline
from PIL import Image, ImageDraw

HERE = os.path.dirname(os.path.abspath(__file__))
BUILTIN = os.path.dirname(HERE)
MODEL, LORA = f"{BUILTIN}/model", f"{BUILTIN}/four-steps"

PLAIN = """a banana / a teapot / a strawberry / a dolphin / a lighthouse / a hamburger / a camera / a bee / a train / a snowman / a key / a sheep /
an octopus / a hot air balloon / a slice of cake / a koala / a sunflower / a trumpet / a backpack / a crab""".split("/")
COLOURED = """an owl on a blue background / a lemon on black / a rabbit on a pink background / a clock on a yellow background /
a green car / a purple mushroom / a red umbrella on a grey background / a shark on a teal background / a pineapple on white / a lion on an orange background""".split("/")
PLACED = """a horse on grass / a sailboat in the sea / a cactus in the snow / a unicorn in the forest / a taxi in the city / a robot in space /
a snail in a garden / a house in the mountains / a camel in the desert / a kite in the sky / a ghost at night / a flamingo on a beach / a cup on a table /
a sofa in a room / a bus on the road / a frog in the rain / a parrot in the jungle / a flag on the moon / a fish in the water / a windmill at sunset""".split("/")
SEVERAL = """a cow and a carrot / a mouse on the left and a cheese on the right / a star above a tree / two apples / three balloons / a small duck /
a big whale / a chicken at the bottom / a bear wearing a hat / a rocket in front of a castle""".split("/")
MORE = [words.strip() for words in PLAIN + COLOURED + PLACED + SEVERAL]


def prompts():
    text = open(f"{HERE}/evaluate.py").read()  # its imports want the training's data
    start = text.index("SHEET = [") + len("SHEET = ")
    return json.loads(text[start:text.index("]", start) + 1].replace("\n", " ")) + MORE


def pipeline(kind, scheduler, lora=False, **settings):
    torch.set_grad_enabled(False)
    pipe = kind.from_pretrained(MODEL, torch_dtype=torch.float32, safety_checker=None)
    pipe.set_progress_bar_config(disable=True)
    pipe.scheduler = scheduler.from_config(pipe.scheduler.config, **settings)
    if lora:
        pipe.load_lora_weights(LORA, weight_name="lora.safetensors")
        pipe.fuse_lora()
    return pipe


def noise(seed):
    return torch.Generator("cpu").manual_seed(seed)


def page(rows, path, side, quality=82):
    """Rows of pictures (PIL) -> one WebP."""
    sheet = Image.new("RGB", (max(map(len, rows)) * side, len(rows) * side), "white")
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            sheet.paste(picture.convert("RGB").resize((side, side), Image.LANCZOS), (x * side, y * side))
    sheet.save(path, quality=quality, method=6)
    print(path, os.path.getsize(path) // 1000, "kB")


def kept(path, make):
    if not os.path.exists(path):
        make().save(path)
    return Image.open(path)


def sheet_of_prompts(work):
    words, rows = prompts(), []
    full = pipeline(StableDiffusionPipeline, DPMSolverMultistepScheduler)
    quick = pipeline(StableDiffusionPipeline, LCMScheduler, lora=True)
    made = []
    for name, pipe, steps, guidance in (("4", quick, 4, 1.0), ("20", full, 20, 4.0)):
        made.append([kept(f"{work}/{name}-{i:03}.png", lambda: pipe(w, num_inference_steps=steps, guidance_scale=guidance, height=256, width=256, generator=noise(7 + i)).images[0])
                     for i, w in enumerate(words)])
    quick, full = made
    for at in range(0, len(words), 10):
        rows += [full[at:at + 10], quick[at:at + 10]]
    page(rows, f"{BUILTIN}/prompts.webp", 112)


def masks():
    """20 shapes within 256×256: boxes, ellipses, strokes, corners, of all sizes."""
    rng = np.random.default_rng(5)
    for i in range(20):
        mask = Image.new("L", (256, 256))
        draw = ImageDraw.Draw(mask)
        side = (64, 96, 128, 160)[i % 4]
        x, y = (int(rng.integers(0, 256 - side)) // 8 * 8 for _ in range(2))
        box = (x, y, x + side - 1, y + side - 1)
        if i % 3 == 0:
            draw.rectangle(box, fill=255)
        elif i % 3 == 1:
            draw.ellipse(box, fill=255)
        else:
            points = [tuple(p) for p in rng.integers(24, 232, (4, 2))]
            draw.line(points, fill=255, width=48, joint="curve")
        yield mask


THINGS = """a pizza / an apple / a rabbit / a ball / a mushroom / a frog / a flower / a cat / a robot / a star / a hat / a strawberry / a cup / a bird /
a crown / a snail / a key / a book / a rocket / a bee""".split("/")


def sheet_of_masks(work):
    first = pipeline(StableDiffusionPipeline, DPMSolverMultistepScheduler)
    scene = kept(f"{work}/scene.png", lambda: first("a dog on grass", num_inference_steps=20, guidance_scale=4.0, height=256, width=256, generator=noise(7)).images[0]).convert("RGB")
    rows, full, quick = [], pipeline(StableDiffusionInpaintPipeline, DPMSolverMultistepScheduler), pipeline(StableDiffusionInpaintPipeline, LCMScheduler, lora=True)
    shown, made = [], [[], []]
    for i, (mask, thing) in enumerate(zip(masks(), THINGS)):
        words = thing.strip() + " on grass"
        shown.append(Image.composite(Image.new("RGB", scene.size, "#ff2d9b"), scene, mask.point(lambda v: v // 2)))
        for at, (name, pipe, steps, guidance) in enumerate((("20", full, 20, 4.0), ("4", quick, 4, 1.0))):
            def make():
                new = pipe(words, image=scene, mask_image=mask, strength=1.0, num_inference_steps=steps, guidance_scale=guidance, height=256, width=256, generator=noise(7 + i)).images[0]
                return Image.composite(new, scene, mask)
            made[at].append(kept(f"{work}/mask-{name}-{i:02}.png", make).convert("RGB"))
    for at in range(0, 20, 10):
        rows += [shown[at:at + 10], made[0][at:at + 10], made[1][at:at + 10]]
    page(rows, f"{BUILTIN}/masks.webp", 128)


def fit(work):
    """Least squares from scaled latents to the mean colour of their eight pixels as the decoder draws them, over the card's sheet."""
    torch.set_grad_enabled(False)
    vae = AutoencoderKL.from_pretrained(f"{MODEL}/vae")
    sheet = Image.open(f"{BUILTIN}/sheet.webp").convert("RGB")
    side = sheet.width // 8
    rows, colours = [], []
    for i in range(40):
        x, y = i % 8 * side, i // 8 * side
        picture = sheet.crop((x, y, x + side, y + side)).resize((256, 256), Image.LANCZOS)
        given = torch.from_numpy(np.asarray(picture)).permute(2, 0, 1)[None].float() / 127.5 - 1
        z = vae.encode(given).latent_dist.mean
        drawn = vae.decode(z).sample.clamp(-1, 1)
        colours.append(F.avg_pool2d(drawn, 8).permute(0, 2, 3, 1).reshape(-1, 3))
        rows.append((z * vae.config.scaling_factor).permute(0, 2, 3, 1).reshape(-1, 4))
    z = torch.cat([torch.cat([row, torch.ones_like(row[:, :1])], 1) for row in rows]).double()
    held = torch.arange(len(z)) // (32 * 32) % 5 == 4
    colours = torch.cat(colours).double()
    found = torch.linalg.lstsq(z[~held], colours[~held]).solution
    path = f"{MODEL}/latent_rgb.json"
    known = json.load(open(path))
    known = torch.tensor(known["factors"] + [known["bias"]]).double()
    for name, product in (("known", known), ("found", found)):
        print(name, "mean difference of 255 on every fifth picture:", round(float((z[held] @ product - colours[held]).abs().mean()) * 127.5, 3))
    json.dump({"factors": found[:4].tolist(), "bias": found[4].tolist(), "range": "[-1, 1]"}, open(path, "w"), indent=1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["fit", "prompts", "masks"])
    parser.add_argument("--work", default="/tmp/inkwick-sheets")
    args = parser.parse_args()
    os.makedirs(args.work, exist_ok=True)
    {"fit": fit, "prompts": sheet_of_prompts, "masks": sheet_of_masks}[args.what](args.work)
