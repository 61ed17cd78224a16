"""Makes data/prompts: pictures of prompts that change on the way, come in parts, or both, by a loop in PyTorch.

What stands at which step is written out here by hand, not read from the prompt: `parts` has for each part its weight and
the pieces of text up to a step, counted from 1 among the steps that are taken; `against` the same of the negative prompt.
Each prediction is that without the prompt and, times the guidance, what each part differs from it times its weight.

    python prompts.py
"""

import json
from pathlib import Path

import make
import sampling
import tiny
import torch
import weights
from diffusers.image_processor import VaeImageProcessor
from PIL import Image

DATA = Path(__file__).resolve().parent / "data"
WIDTH, HEIGHT = 40, 32
LAST = 1000


def whole(text):
    return [(LAST, [(text, 1.0)])]


LONG = "portrait of a fox, " * 20
CASES = [
    {
        "kind": "sd1", "scheduler": "euler", "prompt": "a [red apple:blue castle:0.5] in snow",
        "parts": [(1.0, [(2, [("a red apple in snow", 1.0)]), (LAST, [("a blue castle in snow", 1.0)])])],
    },
    {
        "kind": "sd1", "scheduler": "ddim", "prompt": "a [red|blue|green] apple", "negative": "grey [snow::3]",
        "parts": [(1.0, [(step, [(f"a {('red', 'blue', 'green')[(step - 1) % 3]} apple", 1.0)]) for step in range(1, 6)])],
        "against": [(3, [("grey snow", 1.0)]), (LAST, [("grey ", 1.0)])],
    },
    {
        "kind": "sd1", "scheduler": "euler-a", "prompt": "a red apple AND a castle :-0.5 AND snow :1.3", "negative": "grey",
        "parts": [(1.0, whole("a red apple")), (-0.5, whole(" a castle")), (1.3, whole(" snow"))], "against": whole("grey"),
    },
    {
        "kind": "sd1", "scheduler": "dpm++-2m", "prompt": "[apple:[castle:(fox:1.3):4]:2] at night AND [snow|grass] :0.7",
        "negative": "",
        "parts": [
            (1.0, [(2, [("apple at night", 1.0)]), (4, [("castle at night", 1.0)]), (LAST, [("fox", 1.3), (" at night", 1.0)])]),
            (0.7, [(step, [(" snow" if step % 2 else " grass", 1.0)]) for step in range(1, 6)]),
        ],
    },
    {
        "kind": "sd1", "scheduler": "heun", "prompt": "a [red|blue] apple",
        "parts": [(1.0, [(step, [("a red apple" if step % 2 else "a blue apple", 1.0)]) for step in range(1, 6)])],
    },
    {
        "kind": "sd1", "scheduler": "pndm", "prompt": "a [red:blue:2] apple",
        "parts": [(1.0, [(2, [("a red apple", 1.0)]), (LAST, [("a blue apple", 1.0)])])],
    },
    {
        "kind": "sd1", "scheduler": "euler", "prompt": "a [red:blue:0.5] apple", "strength": 0.6,
        "parts": [(1.0, [(1, [("a red apple", 1.0)]), (LAST, [("a blue apple", 1.0)])])],
    },
    {
        "kind": "sd1", "scheduler": "euler", "prompt": "a red apple AND a castle :0.5", "guidance": 1.0,
        "parts": [(1.0, whole("a red apple")), (0.5, whole(" a castle"))],
    },
    {
        "kind": "sd1", "scheduler": "euler", "prompt": "a red apple AND a castle :0.5", "guidance_rescale": 0.7,
        "parts": [(1.0, whole("a red apple")), (0.5, whole(" a castle"))],
    },
    {
        "kind": "sd1", "scheduler": "euler", "prompt": f"a red apple AND {LONG}", "negative": "grey",
        "parts": [(1.0, whole("a red apple")), (1.0, whole(f" {LONG}"))], "against": whole("grey"),
    },
    {
        "kind": "sdxl", "scheduler": "euler", "prompt": "a [red apple:blue castle:3] in snow", "negative": None,
        "parts": [(1.0, [(3, [("a red apple in snow", 1.0)]), (LAST, [("a blue castle in snow", 1.0)])])], "against": None,
    },
    {
        "kind": "sdxl", "scheduler": "euler-a", "prompt": "a [red|blue] apple AND snow :0.6", "negative": "grey",
        "parts": [
            (1.0, [(step, [("a red apple" if step % 2 else "a blue apple", 1.0)]) for step in range(1, 6)]),
            (0.6, whole(" snow")),
        ],
        "against": whole("grey"),
    },
]


def at(stages, step):
    return next(pieces for last, pieces in stages if step <= last)


class Texts:
    """Contexts and pooled vectors of pieces, with as many windows as are wanted."""

    def __init__(self, pipe):
        self.pipe, self.is_xl = pipe, hasattr(pipe, "text_encoder_2")

    def context(self, pieces):
        return weights.of_pipeline(self.pipe, pieces)

    def padded(self, pieces, tokens):
        rows = [self.context(pieces)]
        while sum(len(row) for row in rows) < tokens:
            rows.append(self.context([]))
        return torch.cat(rows)

    def pooled(self, pieces):
        first = weights.windows(self.pipe.tokenizer_2, pieces)[0]
        return self.pipe.text_encoder_2(torch.tensor([[token for token, _ in first]])).text_embeds

    def added(self, pooled):
        ids = torch.tensor([[float(HEIGHT), WIDTH, 0, 0, HEIGHT, WIDTH]])
        return {"text_embeds": pooled, "time_ids": ids} if self.is_xl else None


def step_of(scheduler, call):
    """From 0. Heun's have two calls a step, PNDM's first steps have more."""
    if scheduler.__class__.__name__ == "PNDMScheduler":
        runge_kutta = 0 if scheduler.config.skip_prk_steps else 12
        return call // 4 if call < runge_kutta else max(call - (runge_kutta - 3 if runge_kutta else 1), 0)
    return call // scheduler.order


@torch.no_grad()
def draw(pipe, case, init):
    texts, generator = Texts(pipe), torch.Generator().manual_seed(case["seed"])
    scheduler = sampling.scheduler_of(case["scheduler"], pipe.scheduler.config)
    scheduler.set_timesteps(case["steps"])
    timesteps, first = scheduler.timesteps, 0
    shape = (1, pipe.unet.config.in_channels, HEIGHT // pipe.vae_scale_factor, WIDTH // pipe.vae_scale_factor)
    if "strength" in case:
        first = (case["steps"] - int(case["steps"] * case["strength"])) * scheduler.order
        scheduler.set_begin_index(first)
        picture = VaeImageProcessor(vae_scale_factor=pipe.vae_scale_factor).preprocess(init, HEIGHT, WIDTH)
        clean = pipe.vae.encode(picture).latent_dist.sample(generator) * pipe.vae.config.scaling_factor
        noise = torch.randn(shape, generator=generator)
        latents = scheduler.add_noise(clean, noise, timesteps[first : first + 1])
    else:
        latents = torch.randn(shape, generator=generator) * scheduler.init_noise_sigma
    for call in range(first, len(timesteps)):
        step = step_of(scheduler, call) - step_of(scheduler, first) + 1
        parts = [(weight, at(stages, step)) for weight, stages in case["parts"]]
        against = at(case["against"], step) if case["against"] else []
        tokens = max(len(texts.context(pieces)) for pieces in [against, *(pieces for _, pieces in parts)])
        sample = scheduler.scale_model_input(latents, timesteps[call])

        def predict(pieces, zeros=False):
            context, pooled = texts.padded(pieces, tokens)[None], texts.pooled(pieces) if texts.is_xl else None
            if zeros:
                context, pooled = torch.zeros_like(context), torch.zeros_like(pooled)
            return pipe.unet(sample, timesteps[call], context, added_cond_kwargs=texts.added(pooled)).sample

        without = predict(against, zeros=texts.is_xl and case["negative"] is None)
        towards = sum(weight * (predict(pieces) - without) for weight, pieces in parts)
        predicted = without + case["guidance"] * towards
        if rescale := case.get("guidance_rescale"):
            predicted = predicted * (rescale * (without + towards).std() / predicted.std() + 1 - rescale)
        options = {"generator": generator} if case["scheduler"] in ("euler-a",) else {}
        latents = scheduler.step(predicted, timesteps[call], latents, **options).prev_sample
    decoded = pipe.vae.decode(latents / pipe.vae.config.scaling_factor).sample
    return VaeImageProcessor().postprocess(decoded, output_type="pil")[0]


def main():
    torch.set_num_threads(1)
    target = DATA / "prompts"
    target.mkdir(exist_ok=True)
    init = make.init_picture(WIDTH, HEIGHT, 9)
    init.save(target / "init.png")
    init = Image.open(target / "init.png")
    listed = []
    for index, case in enumerate(CASES):
        case = {"guidance": 6.0, "steps": 5, "seed": 20 + index, "negative": "", "against": whole(""), **case}
        draw(tiny.load(DATA / case["kind"] / "model"), case, init).convert("RGB").save(target / f"{index}.png")
        told = {key: value for key, value in case.items() if key not in ("parts", "against")}
        listed.append({**told, "width": WIDTH, "height": HEIGHT, "picture": f"{index}.png"})
    (target / "cases.json").write_text(json.dumps(listed, indent=1) + "\n")


if __name__ == "__main__":
    main()
