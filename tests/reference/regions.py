"""Regions by an attention processor on diffusers, on the pipelines of make.py: data/regions.

Each query attends to the picture's prompt and to each region's by itself; the answers are summed by how much each counts
at the query's place: a region by its weight times the mean of its mask over the query's cell, where they come to more than
1 each by its part, and the picture's prompt by what is left. A region without a negative prompt does not count in the rows
against which is guided. SDXL's pooled text is the picture's.

    python regions.py               makes the data
    python regions.py table BINARY  runs a built inkwick on it and writes its table in PARITY.md
"""

import json
import sys
from pathlib import Path

import diffusers
import make
import numpy as np
import paint
import parity
import tiny
import torch
import torch.nn.functional as functional
from control import HEIGHT, PREFIX, WIDTH
from PIL import Image, ImageDraw
from safetensors.torch import save_file

PROMPTS = ["a green pear in the grass", "two (ripe) plums, photographed in the evening"]
STRENGTH = {"picture": 0.6, "inpaint": 0.8}


class Regional:
    """In the place of diffusers' attention processor."""

    def __init__(self, regions, latents):
        self.regions, self.latents = regions, latents

    def size(self, queries):
        height, width = self.latents
        while height * width > queries:
            height, width = -(-height // 2), -(-width // 2)
        assert height * width == queries
        return height, width

    def shares(self, rows, queries):
        size = self.size(queries)
        found = []
        for region in self.regions:
            mean = functional.adaptive_avg_pool2d(region["mask"][None, None], size).flatten() * region["weight"]
            found.append(torch.stack([mean if words is not None else mean * 0 for words in region["rows"][-rows:]]))
        total = torch.stack(found).sum(0)
        most = total.clamp(min=1)
        return [1 - total / most] + [share / most for share in found]

    def __call__(self, attn, hidden_states, encoder_hidden_states=None, attention_mask=None, temb=None, **_):
        rows, queries, _ = hidden_states.shape
        query = attn.to_q(hidden_states)

        def answer(context):
            heads = [x.view(rows, -1, attn.heads, query.shape[-1] // attn.heads).transpose(1, 2) for x in (query, attn.to_k(context), attn.to_v(context))]
            return functional.scaled_dot_product_attention(*heads).transpose(1, 2).reshape(rows, queries, -1)

        if encoder_hidden_states is None:
            joined = answer(hidden_states)
        else:
            contexts = [encoder_hidden_states]
            for region in self.regions:
                words = region["rows"][-rows:]
                any_words = next(row for row in reversed(words) if row is not None)
                contexts.append(torch.cat([any_words if row is None else row for row in words]))
            joined = sum(share[..., None] * answer(context) for share, context in zip(self.shares(rows, queries), contexts))
        return attn.to_out[1](attn.to_out[0](joined))


def masks():
    """A hard one whose edge lies between the cells, and a soft one."""
    hard = Image.new("L", (WIDTH, HEIGHT))
    ImageDraw.Draw(hard).rectangle([0, 0, 21, HEIGHT], fill=255)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    soft = np.clip(300 - 12 * np.hypot(x - 30, y - 18), 0, 255).astype(np.uint8)
    return {"hard": hard, "soft": Image.fromarray(soft)}


def runs():
    base = {"way": "text", "guidance": 6.0, "negative": None, "steps": 5}
    hard = {"mask": "hard", "prompt": PROMPTS[0], "negative": None, "weight": 1.0}
    soft = {"mask": "soft", "prompt": PROMPTS[1], "negative": "fog", "weight": 0.75}
    for kind in ("sd1", "sd2", "sdxl"):
        yield {**base, "kind": kind, "regions": [hard]}
        yield {**base, "kind": kind, "regions": [hard, soft], "negative": "blurred, grey"}
        yield {**base, "kind": kind, "regions": [soft], "guidance": 1.0}
        if kind != "sd2":
            yield {**base, "kind": kind, "regions": [hard, soft], "way": "picture"}
            yield {**base, "kind": kind, "regions": [soft, hard], "way": "inpaint", "negative": ""}


def words_of(pipe, kind, region, guidance):
    """For each row what it is given, or None."""
    guided = guidance > 1 and region["negative"] is not None
    given = {"device": "cpu", "num_images_per_prompt": 1, "do_classifier_free_guidance": guided, "negative_prompt": region["negative"] if guided else None}
    words, against, *_ = pipe.encode_prompt(prompt=region["prompt"], **given)
    return [against if guided else None, words] if guidance > 1 else [words]


@torch.no_grad()
def draw(request, pipes, pictures, areas):
    pipe = pipes[request["kind"]]
    folder = Path(__file__).resolve().parent / "data" / request["kind"] / "model"
    parts = {name: part for name, part in pipe.components.items() if part is not None}
    parts["scheduler"] = type(pipe.scheduler).from_pretrained(folder / "scheduler")
    if request["kind"] != "sdxl":
        parts |= {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    way = {"text": "", "picture": "Img2Img", "inpaint": "Inpaint"}[request["way"]]
    runner = getattr(diffusers, f"{PREFIX[request['kind']]}{way}Pipeline")(**parts)
    runner.set_progress_bar_config(disable=True)
    regions = [
        {
            "mask": torch.from_numpy(np.array(areas[region["mask"]])).float() / 255,
            "weight": region["weight"],
            "rows": words_of(runner, request["kind"], region, request["guidance"]),
        }
        for region in request["regions"]
    ]
    factor = runner.vae_scale_factor
    before = runner.unet.attn_processors
    runner.unet.set_attn_processor(Regional(regions, (HEIGHT // factor, WIDTH // factor)))
    call = {
        "prompt": make.PROMPTS[0],
        "negative_prompt": request["negative"],
        "num_inference_steps": request["steps"],
        "guidance_scale": request["guidance"],
        "generator": torch.Generator().manual_seed(request["seed"]),
    }
    if request["way"] != "picture":
        call |= {"width": WIDTH, "height": HEIGHT}
    if request["way"] != "text":
        call |= {"image": pictures["smooth"], "strength": STRENGTH[request["way"]]}
    if request["way"] == "inpaint":
        call["mask_image"] = paint.mask_picture(WIDTH, HEIGHT)
    picture = runner(**call).images[0]
    runner.unet.set_attn_processor(before)
    return torch.from_numpy(np.array(picture.convert("RGB")))


def main():
    torch.set_num_threads(1)
    data = Path(__file__).resolve().parent / "data"
    folder = data / "regions"
    folder.mkdir(exist_ok=True)
    pipes = {kind: tiny.load(data / kind / "model") for kind in ("sd1", "sd2", "sdxl")}
    pictures = {"smooth": Image.open(data / "control" / "smooth.png").convert("RGB")}
    areas = masks()
    for name, area in areas.items():
        area.save(folder / f"{name}.png")
    tensors, done = {}, []
    for index, request in enumerate(runs()):
        request["seed"] = 500 + index
        tensors[str(index)] = draw(request, pipes, pictures, areas)
        done.append(request)
        print(index, request["kind"], request["way"], flush=True)
    save_file({name: value.contiguous() for name, value in tensors.items()}, folder / "reference.safetensors")
    lines_of = ",\n ".join(json.dumps(request) for request in done)
    (folder / "reference.json").write_text(f"[{lines_of}]\n")


def command_of(request, data):
    folder = data / "regions"
    command = ["--model", data / request["kind"] / "model", "--prompt", make.PROMPTS[0], "--prompt-syntax", "plain"]
    command += ["--steps", request["steps"], "--guidance", request["guidance"], "--seed", request["seed"]]
    command += ["--width", WIDTH, "--height", HEIGHT, "--device", "cpu", "--dtype", "f32"]
    if request["negative"] is not None:
        command += ["--negative", request["negative"]]
    for region in request["regions"]:
        text = f"{folder / region['mask']}.png,weight={region['weight']}"
        text += f",negative={region['negative']}" if region["negative"] else ""
        command += ["--region", f"{text},prompt={region['prompt']}"]
    if request["way"] != "text":
        command += ["--init", data / "control" / "smooth.png", "--strength", STRENGTH[request["way"]]]
    if request["way"] == "inpaint":
        command += ["--mask", data / "control" / "mask.png", "--mask-channel", "luma", "--mask-blur", 0, "--no-composite"]
    return [str(part) for part in command]


def how(request):
    return " and ".join(region["mask"] for region in request["regions"]) + (", no guidance" if request["guidance"] <= 1 else "")


def table(binary):
    """Exit status 1 when a picture fails or is off by one of 255 or more in the mean."""
    rows, worst = parity.measured(binary, "regions", command_of, how)
    parity.section("Regions", [
        "Areas with words of their own, beside an attention processor on diffusers, on `data/regions`. Written by `regions.py table`.",
        "",
        "| family | masks | from | mean | largest |",
        "| --- | --- | --- | ---: | ---: |",
        *rows,
    ])
    return 0 if worst < 1 else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["table"]:
        sys.exit(table(sys.argv[2]))
    main()
