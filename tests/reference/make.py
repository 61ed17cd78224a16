"""Makes everything under tests/reference/data, but for models that are there: see README.md."""

import json
import sys
from pathlib import Path

import numpy as np
import sampling
import tiny
import torch
import weights
from diffusers import StableDiffusionImg2ImgPipeline, StableDiffusionXLImg2ImgPipeline
from PIL import Image
from safetensors.torch import save_file

PROMPTS = [
    "a red apple on a wooden table, it's  ripe, isn't it?",
    "Café déjà vu, naïve Ångström: 猫と犬 👩‍🚀🍎 №5!! <|endoftext|> x",
    "",
    "photo of a very detailed castle, " * 30,
    "we'll see 3 CATS\tand\n12 dogs (black:1.2) [white] _under_score  ",
]
SIZES = {"wide": (72, 48), "odd": (56, 72), "small": (32, 40)}


def text(pipe, is_xl):
    """What the pipeline gives the UNet for each prompt; with clip_skip=1 for the first."""
    tensors, ids = {}, []
    for index, prompt in enumerate(PROMPTS):
        tokenizers = [pipe.tokenizer, pipe.tokenizer_2] if is_xl else [pipe.tokenizer]
        options = {"padding": "max_length", "truncation": True, "max_length": 77}
        ids.append([tokenizer(prompt, **options).input_ids for tokenizer in tokenizers])
        encode = {"prompt": prompt, "device": "cpu", "num_images_per_prompt": 1, "do_classifier_free_guidance": False}
        out = pipe.encode_prompt(**encode)
        tensors[f"text.{index}"] = out[0][0]
        if is_xl:
            tensors[f"pooled.{index}"] = out[2][0]
        if index == 0 and is_xl:
            tensors["text.0.skip1"] = pipe.encode_prompt(**encode, clip_skip=1)[0][0]
        elif index == 0:
            # diffusers 0.42.1 looks for a part that this transformers no longer has, so this is done by hand.
            hidden = pipe.text_encoder(torch.tensor(ids[0]), output_hidden_states=True).hidden_states[-2]
            tensors["text.0.skip1"] = pipe.text_encoder.final_layer_norm(hidden)[0]
    for index, pieces in enumerate(weights.PROMPTS.values()):
        # Some rows are enough.
        tensors[f"weighted.{index}"] = weights.of_pipeline(pipe, pieces)[::5]
    tensors["weighted.0.skip2"] = weights.of_pipeline(pipe, weights.PROMPTS["a (red:1.4) apple [on] ((grass))"], 2)[::5]
    return tensors, ids


def modules(pipe, is_xl, tensors):
    generator = torch.Generator().manual_seed(3)
    context = tensors["text.0"][None]
    added = None
    if is_xl:
        added = {"text_embeds": tensors["pooled.0"][None], "time_ids": torch.tensor([[72.0, 48, 0, 0, 72, 48]])}
    out = {}
    for name, (height, width) in {"even": (8, 12), "odd": (9, 7)}.items():
        sample = torch.randn(1, 4, height, width, generator=generator)
        out[f"unet.{name}.sample"] = sample[0]
        for timestep in (1, 500, 999):
            result = pipe.unet(sample, torch.tensor(float(timestep)), context, added_cond_kwargs=added).sample
            out[f"unet.{name}.{timestep}"] = result[0]
    picture = torch.rand(1, 3, 32, 40, generator=generator) * 2 - 1
    latent = pipe.vae.encode(picture).latent_dist
    out |= {"vae.picture": picture[0], "vae.mean": latent.mean[0], "vae.logvar": latent.logvar[0]}
    sample = torch.randn(1, 4, 5, 6, generator=generator) / pipe.vae.config.scaling_factor
    out |= {"vae.latents": sample[0], "vae.decoded": pipe.vae.decode(sample).sample[0]}
    return out


def requests(is_xl):
    """Three schedulers, both guidances, negative prompts, sizes; then img2img."""
    for index, scheduler in enumerate(("ddim", "euler", "euler-a")):
        base = {"scheduler": scheduler, "prompt": 0, "steps": 5}
        yield {**base, "guidance": 7.0, "negative": None, "size": "wide", "seed": 10 + index}
        yield {**base, "guidance": 7.0, "negative": "blue, blurry", "size": "odd", "seed": 2**32 + index}
        yield {**base, "guidance": 1.0, "negative": None, "size": "wide", "seed": 20 + index}
        image = {"init": "init.png", "strength": 0.6, "steps": 7}
        yield {**base, **image, "guidance": 7.0, "negative": None, "size": "wide", "seed": 30 + index}
    base = {"scheduler": None, "guidance": 5.0, "steps": 6, "size": "odd"}
    yield {**base, "prompt": 1, "negative": "", "seed": 40}
    yield {**base, "prompt": 4, "negative": None, "seed": 41}
    base = {"prompt": 0, "guidance": 6.0, "negative": "blue", "size": "small"}
    for index, scheduler in enumerate(sampling.CLASSES):
        yield {**base, "scheduler": scheduler, "steps": 6, "seed": 50 + index}
        yield {**base, "scheduler": scheduler, "steps": 6, "seed": 70 + index, "init": "init-small.png", "strength": 0.7}
        if scheduler in sampling.WITH_SIGMAS:
            sigmas = ("karras", "exponential")[index % 2]
            yield {**base, "scheduler": scheduler, "steps": 7, "seed": 90 + index, "sigmas": sigmas}
    yield {**base, "scheduler": "euler", "steps": 4, "seed": 110, "guidance_rescale": 0.7}
    if is_xl:
        yield {**base, "scheduler": "euler", "steps": 4, "seed": 111, "clip_skip": 1}


def run(pipe, request, init):
    """The picture as bytes."""
    options = {
        "prompt": PROMPTS[request["prompt"]] if isinstance(request["prompt"], int) else request["prompt"],
        "negative_prompt": request["negative"],
        "num_inference_steps": request["steps"],
        "guidance_scale": request["guidance"],
        "generator": torch.Generator().manual_seed(request["seed"]),
        "output_type": "pil",
    }
    options |= {key: request[key] for key in ("guidance_rescale", "clip_skip") if key in request}
    runner = pipe
    if "init" in request:
        is_xl = hasattr(pipe, "text_encoder_2")
        kind = StableDiffusionXLImg2ImgPipeline if is_xl else StableDiffusionImg2ImgPipeline
        extra = {} if is_xl else {"requires_safety_checker": False}
        runner = kind(**pipe.components, **extra)
        runner.set_progress_bar_config(disable=True)
        options |= {"image": init, "strength": request["strength"]}
    else:
        options["height"], options["width"] = request["height"], request["width"]
    # Set after the pipeline is made, as people do it: making one amends the configuration of the scheduler it gets.
    own = pipe.scheduler
    if request["scheduler"]:
        runner.scheduler = sampling.scheduler_of(request["scheduler"], own.config, request.get("sigmas"))
    image = runner(**options).images[0]
    runner.scheduler = own
    return np.array(image.convert("RGB"))


def init_picture(width, height, seed):
    """Smooth colours, so that the encoder has something to see."""
    small = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


@torch.no_grad()
def case(folder, kind):
    if not (folder / "model").exists():
        getattr(tiny, kind)(folder / "model", {"sd1": 11, "sd2": 12, "sdxl": 13}[kind])
    pipe = tiny.load(folder / "model")
    is_xl = kind == "sdxl"
    inits = {"init.png": init_picture(*reversed(SIZES["wide"]), seed=5)}
    inits["init-small.png"] = init_picture(*reversed(SIZES["small"]), seed=6)
    for name, init in inits.items():
        init.save(folder / name)
    tensors, ids = text(pipe, is_xl)
    tensors |= modules(pipe, is_xl, tensors)
    done = []
    for index, request in enumerate(requests(is_xl)):
        request["height"], request["width"] = SIZES[request.pop("size")]
        picture = run(pipe, request, inits.get(request.get("init")))
        tensors[f"run.{index}.picture"] = torch.from_numpy(picture.copy())
        done.append({**request, "prompt": PROMPTS[request["prompt"]]})
    save_file({name: value.contiguous() for name, value in tensors.items()}, folder / "reference.safetensors")
    answer = {"prompts": PROMPTS, "token_ids": ids, "weighted": list(weights.PROMPTS), "runs": done}
    (folder / "reference.json").write_text(json.dumps(answer, ensure_ascii=False) + "\n")


def main():
    torch.set_num_threads(1)
    data = Path(__file__).resolve().parent / "data"
    for kind in sys.argv[1:] or ["sampling", "sd1", "sd2", "sdxl"]:
        if kind in ("sampling", "flow"):
            {"sampling": sampling.write, "flow": sampling.write_flow}[kind](data)
            continue
        (data / kind).mkdir(parents=True, exist_ok=True)
        case(data / kind, kind)


if __name__ == "__main__":
    main()
