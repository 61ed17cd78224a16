"""The contact sheets of the card, and the previews' product, by diffusers on the model as it lies in the repository.

    python sheets.py prompts masks scribbles styles --data DATA             # ../NAME.webp
    python sheets.py upscaling --upscaler OUT/upscaler.safetensors
    python sheets.py fit --data DATA                                        # ../model/latent_rgb.json

prompts: 100 prompts, 20 steps above and 4 steps below. masks: 20 masks on one scene, with what came of each. scribbles: 20
drawings of held-out scenes. styles: the same words without and with each style, in 20 and in 4 steps. upscaling: parts of
generated pictures, Lanczos above and the network below. One seed a picture, not chosen. Pictures are kept in --work, so
that a run that was broken off goes on. `scribbles` and `fit` paint scenes and want --data.
"""
import argparse
import json
import os

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import DPMSolverMultistepScheduler, LCMScheduler, StableDiffusionInpaintPipeline
from PIL import Image, ImageDraw

import evaluate
import scenes
import scribble
import style
import upscale
from common import BUILTIN, DEVICE, pipeline, weights
from distil import lay_over

SEED = 7
LORA = f"{BUILTIN}/four-steps/lora.safetensors"

PLAIN = """a banana / a teapot / a strawberry / a dolphin / a lighthouse / a hamburger / a camera / a bee / a train / a snowman / a key / a sheep /
an octopus / a hot air balloon / a slice of cake / a koala / a sunflower / a trumpet / a backpack / a crab""".split("/")
COLOURED = """an owl on a blue background / a lemon on black / a rabbit on a pink background / a clock on a yellow background /
a green car / a purple mushroom / a red umbrella on a grey background / a shark on a teal background / a pineapple on white / a lion on an orange background""".split("/")
PLACED = """a horse on grass / a sailboat in the sea / a cactus in the snow / a unicorn in the forest / a taxi in the city / a robot in space /
a snail in a garden / a house in the mountains / a camel in the desert / a kite in the sky / a ghost at night / a flamingo on a beach / a cup on a table /
a sofa in a room / a bus on the road / a frog in the rain / a parrot in the jungle / a flag on the moon / a fish in the water / a windmill at sunset""".split("/")
SEVERAL = """a cow and a carrot / a mouse on the left and a cheese on the right / a star above a tree / two apples / three balloons / a small duck /
a big whale / a chicken at the bottom / a bear wearing a hat / a rocket in front of a castle""".split("/")
PROMPTS = evaluate.SHEET + [words.strip() for words in PLAIN + COLOURED + PLACED + SEVERAL]
STYLED = [PROMPTS[i] for i in (0, 2, 3, 7, 8, 13, 14, 16, 20, 22, 26, 27, 29, 31, 34, 41, 45, 61, 74, 92)]
CLOSE = [PROMPTS[i] for i in (2, 3, 6, 10, 22, 23, 27, 34)]


def noise(seed):
    return torch.Generator("cpu").manual_seed(seed)


def page(rows, path, side, quality=82):
    """Rows of pictures (PIL) -> one WebP."""
    sheet = Image.new("RGB", (max(map(len, rows)) * side, len(rows) * side), "white")
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            sheet.paste(picture.convert("RGB").resize((side, side), Image.LANCZOS), (x * side, y * side))
    sheet.save(path, quality=quality, method=6)
    print(path, os.path.getsize(path) // 1000, "kB", flush=True)


def drawn(work, name, prompts, quick=False, laid=(), batch=10):
    """Pictures of prompts; those that are kept already are not made again."""
    path = f"{work}/{name}-{{:03}}.png".format
    missing = [i for i in range(len(prompts)) if not os.path.exists(path(i))]
    if missing:
        pipe = pipeline(f"{BUILTIN}/model")
        pipe.scheduler = (LCMScheduler if quick else DPMSolverMultistepScheduler).from_config(pipe.scheduler.config)
        for file in [*laid, *([LORA] if quick else [])]:
            lay_over(pipe.unet, file)
        steps, guidance = (4, 1.) if quick else (20, 4.)
        for b in range(missing[0], len(prompts), batch):
            part = prompts[b:b + batch]
            made = pipe(part, num_inference_steps=steps, guidance_scale=guidance, height=256, width=256, generator=[noise(SEED + b + i) for i in range(len(part))]).images
            for i, picture in enumerate(made):
                picture.save(path(b + i))
    return [Image.open(path(i)) for i in range(len(prompts))]


def sheet_of_prompts(args):
    full, quick = drawn(args.work, "20", PROMPTS), drawn(args.work, "4", PROMPTS, quick=True)
    page([row for at in range(0, 100, 10) for row in (full[at:at + 10], quick[at:at + 10])], f"{args.to}/prompts.webp", 112)


def sheet_of_styles(args):
    rows = []
    plain = drawn(args.work, "plain", STYLED)
    styled = []
    for name in style.STYLES:
        file = f"{BUILTIN}/styles/{name}.safetensors"
        styled += [drawn(args.work, f"{name}-20", STYLED, laid=[file]), drawn(args.work, f"{name}-4", STYLED, quick=True, laid=[file])]
    for at in range(0, len(STYLED), 10):
        rows += [part[at:at + 10] for part in (plain, *styled)]
    page(rows, f"{args.to}/styles.webp", 128)


@torch.no_grad()
def sheet_of_upscaling(args):
    net = upscale.Compact()
    net.load_state_dict(weights(args.upscaler))
    styles = [f"{BUILTIN}/styles/{name}.safetensors" for name in style.STYLES]
    pictures = [*drawn(args.work, "close", CLOSE), *(p for k, file in enumerate(styles) for p in drawn(args.work, f"close-{k}", CLOSE[:2], laid=[file])[:1])]
    rows = [[], []]
    for picture in pictures:
        x = torch.from_numpy(np.asarray(picture.convert("RGB"))).permute(2, 0, 1)[None].float() / 255
        busy = F.avg_pool2d((x[..., 1:, 1:] - x[..., :-1, :-1]).abs().sum(1, keepdim=True), 96, 8).flatten(1).argmax().item()
        left, top = busy % 20 * 8 * 2, busy // 20 * 8 * 2
        large = net(x)[0].clamp(0, 1).permute(1, 2, 0).numpy()
        for row, whole in zip(rows, (picture.convert("RGB").resize((512, 512), Image.LANCZOS), Image.fromarray((large * 255).round().astype("uint8")))):
            row.append(whole.crop((left, top, left + 192, top + 192)))
    page(rows, f"{args.to}/upscaling.webp", 192, 90)


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


def sheet_of_masks(args):
    scene = drawn(args.work, "scene", ["a dog on grass"])[0].convert("RGB")
    shown, made = [], [[], []]
    for at, (kind, steps, guidance) in enumerate(((DPMSolverMultistepScheduler, 20, 4.), (LCMScheduler, 4, 1.))):
        pipe = None
        for i, (mask, thing) in enumerate(zip(masks(), THINGS)):
            path = f"{args.work}/mask-{steps}-{i:02}.png"
            if not os.path.exists(path):
                if pipe is None:
                    pipe = StableDiffusionInpaintPipeline(**pipeline(f"{BUILTIN}/model").components, requires_safety_checker=False)
                    pipe.set_progress_bar_config(disable=True)
                    pipe.scheduler = kind.from_config(pipe.scheduler.config)
                    if at:
                        lay_over(pipe.unet, LORA)
                new = pipe(thing.strip() + " on grass", image=scene, mask_image=mask, strength=1., num_inference_steps=steps, guidance_scale=guidance, height=256, width=256, generator=noise(7 + i)).images[0]
                Image.composite(new, scene, mask).save(path)
            made[at].append(Image.open(path))
            if not at:
                shown.append(Image.composite(Image.new("RGB", scene.size, "#ff2d9b"), scene, mask.point(lambda v: v // 2)))
    page([row for at in (0, 10) for row in (shown[at:at + 10], made[0][at:at + 10], made[1][at:at + 10])], f"{args.to}/masks.webp", 128)


@torch.no_grad()
def sheet_of_scribbles(args):
    rgba, names, _ = scenes.load_objects(args.data)
    painter = scenes.Painter(rgba, DEVICE)
    stencil = scenes.Painter(np.concatenate([np.full_like(rgba[..., :3], 255), rgba[..., 3:]], 3), DEVICE)
    words, _, truth, cover = scribble.cases(painter, stencil, rgba, names, 20, 23)
    torch.manual_seed(7)
    guides = scribble.drawings(truth, cover, kinds=(.4, 0., .2, .1, .15, .15, 0.), gaps=.35)[0]
    adapter = scribble.build()
    adapter.load_state_dict(weights(f"{BUILTIN}/scribble/diffusion_pytorch_model.safetensors"))
    adapter.eval()
    pipe, rows = pipeline(f"{BUILTIN}/model"), [guides.permute(0, 2, 3, 1).cpu().numpy()]
    for quick in (False, True):
        if quick:
            lay_over(pipe.unet, LORA)
        rows.append(scribble.draw_pictures(pipe, adapter, words, guides, *((4, 1.) if quick else (20, 4.)), quick, batch=10))
    rows = [[Image.fromarray((x * 255).round().astype("uint8")) for x in row] for row in rows]
    page([row[at:at + 10] for at in (0, 10) for row in rows], f"{args.to}/scribbles.webp", 128)


@torch.no_grad()
def fit(args, count=640):
    """Least squares from scaled latents to the mean colour of their eight pixels as the decoder draws them, over painted scenes; every fifth is held out."""
    vae = pipeline(f"{BUILTIN}/model").vae
    rgba, names, tags = scenes.load_objects(args.data)
    painter, grammar = scenes.Painter(rgba, DEVICE), scenes.Grammar(names, tags, scenes.outline_tops(rgba), 17)
    rows, colours = [], []
    for _ in range(0, count, 16):
        z = vae.encode(painter(scenes.stack([grammar.scene()[1] for _ in range(16)], DEVICE))).latent_dist.mean
        colours.append(F.avg_pool2d(vae.decode(z).sample.clamp(-1, 1), 8).permute(0, 2, 3, 1).reshape(16, -1, 3).cpu())
        rows.append((z * vae.config.scaling_factor).permute(0, 2, 3, 1).reshape(16, -1, 4).cpu())
    z, colours = torch.cat(rows).double(), torch.cat(colours).double()
    z = torch.cat([z, torch.ones_like(z[..., :1])], -1)
    held = torch.arange(len(z)) % 5 == 4
    found = torch.linalg.lstsq(z[~held].flatten(0, 1), colours[~held].flatten(0, 1)).solution
    path = f"{BUILTIN}/model/latent_rgb.json"
    known = json.load(open(path))
    known = torch.tensor(known["factors"] + [known["bias"]]).double()
    for name, product in (("known", known), ("found", found)):
        d = z[held] @ product - colours[held]
        print(name, "on scenes held out: mean difference of 255", round(float(d.abs().mean()) * 127.5, 3), "root of the mean square", round(float((d ** 2).mean().sqrt()) * 127.5, 3), flush=True)
    json.dump({"factors": found[:4].tolist(), "bias": found[4].tolist(), "range": "[-1, 1]"}, open(f"{args.to}/model/latent_rgb.json" if os.path.isdir(f"{args.to}/model") else f"{args.to}/latent_rgb.json", "w"), indent=1)


SHEETS = {"fit": fit, "prompts": sheet_of_prompts, "masks": sheet_of_masks, "scribbles": sheet_of_scribbles, "styles": sheet_of_styles, "upscaling": sheet_of_upscaling}


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="+", choices=list(SHEETS))
    parser.add_argument("--work", default="/tmp/inkwick-sheets")
    parser.add_argument("--data", help="the folder that data.py fills")
    parser.add_argument("--upscaler", help="what upscale.py made, for `upscaling`")
    parser.add_argument("--to", default=BUILTIN)
    args = parser.parse_args(argv)
    for folder in (args.work, args.to):
        os.makedirs(folder, exist_ok=True)
    torch.set_grad_enabled(False)
    for what in args.what:
        SHEETS[what](args)
    torch.set_grad_enabled(True)


if __name__ == "__main__":
    main()
