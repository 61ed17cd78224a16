"""Tiny pipelines of today's families with random weights, Z-Image and FLUX.2 klein, and what diffusers makes of them.

Writes data/z-image and data/klein: the model's folder, `reference.json` (what each run was asked) and
`reference.safetensors`. The weights are scaled so that a picture has contrast and follows its prompt.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderKLFlux2,
    Flux2KleinPipeline,
    Flux2Transformer2DModel,
    FlowMatchEulerDiscreteScheduler,
    ZImageImg2ImgPipeline,
    ZImageInpaintPipeline,
    ZImagePipeline,
    ZImageTransformer2DModel,
)
from make import init_picture
from PIL import Image
from safetensors.torch import save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import AutoTokenizer, Qwen3Config, Qwen3ForCausalLM, Qwen3Model

# Qwen's own, of Qwen2's tokenizer on.
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# As far as a single message from a person goes.
TEMPLATE = (
    "{%- for message in messages %}{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}"
    "{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}"
    "{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}"
    "{%- endif %}"
)
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"]
PROMPTS = [
    "a red apple on a wooden table, it's  ripe, isn't it?",
    "Café déjà vu, naïve Ångström: 猫と犬 👩‍🚀🍎 №5!! <|im_end|> x 12345",
    "",
    "photo of a very detailed castle, " * 40,
    "we'll see 3 CATS\tand\n\n12 dogs (black:1.2) [white] _under_score  ",
]
TEXT_WIDTH = 32
# With the 28 layers that its states are read from.
KLEIN_TEXT_WIDTH = 16
SIZES = {"wide": (64, 96), "tall": (112, 48), "small": (48, 48)}


def write_tokenizer(folder):
    """A byte-level BPE of a few hundred words in Qwen's form."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=False))
    tokenizer.normalizer = normalizers.NFC()
    split = pre_tokenizers.Split(Regex(PATTERN), behavior="isolated", invert=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [split, pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    trainer = trainers.BpeTrainer(
        vocab_size=400, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False
    )
    tokenizer.train_from_iterator([*PROMPTS, "user assistant photo picture table"], trainer)
    for token in SPECIAL:
        added = AddedToken(token, special=not token.endswith("think>"), normalized=False)
        tokenizer.add_special_tokens([added]) if added.special else tokenizer.add_tokens([added])
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "Qwen2Tokenizer",
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        "bos_token": None,
        "unk_token": None,
        "model_max_length": 131072,
        "add_prefix_space": False,
        "clean_up_tokenization_spaces": False,
        "chat_template": TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return AutoTokenizer.from_pretrained(folder)


def text_encoder(tokenizer, kind, layers, width=TEXT_WIDTH, heads=(4, 2)):
    """A Qwen3 whose hidden states stay about one."""
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=layers,
        num_attention_heads=heads[0],
        num_key_value_heads=heads[1],
        head_dim=16,
        max_position_embeddings=1024,
        rope_parameters={"rope_type": "default", "rope_theta": 1000000.0},
        rms_norm_eps=1e-6,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    model = kind(config).eval()
    with torch.no_grad():
        for name, value in model.named_parameters():
            if "norm" in name:
                value.uniform_(0.7, 1.3)
            elif "embed" in name:
                value.normal_(std=1.0)
            else:
                value.normal_(std=1.2 / value.shape[-1] ** 0.5)
    return model


def lively(transformer):
    """Every part of a transformer counts."""
    with torch.no_grad():
        for name, value in transformer.named_parameters():
            if "norm" in name and value.dim() == 1:
                value.uniform_(0.7, 1.3)
            elif "pad_token" in name:
                value.normal_(std=0.5)
            elif value.dim() == 1:
                value.normal_(std=0.2)
            else:
                value.normal_(std=1.0 / value.shape[-1] ** 0.5)
    return transformer.eval()


def contrasty(vae, latents_to_raw, channels):
    """Pictures neither grey nor saturated; latents with a spread of about one."""
    with torch.no_grad():
        generator = torch.Generator().manual_seed(2)
        picture = torch.rand(1, 3, 64, 64, generator=generator) * 2 - 1
        moments = vae.encode(picture).latent_dist
        if vae.quant_conv is None:
            vae.encoder.conv_out.weight[:channels].div_(moments.mean.std())
            vae.encoder.conv_out.bias[channels:].sub_(3)
        else:
            vae.quant_conv.weight[:channels].div_(moments.mean.std())
            vae.quant_conv.bias[channels:].sub_(3)
        raw = latents_to_raw(generator)
        decoded = vae.decode(raw).sample
        vae.decoder.conv_out.weight.mul_(0.45 / decoded.std(dim=(2, 3)).mean())
        decoded = vae.decode(raw).sample
        vae.decoder.conv_out.bias.sub_(decoded.mean(dim=(0, 2, 3)) * 0.8)
    return vae


def vae_options(channels, latents):
    blocks = len(channels)
    return {
        "block_out_channels": channels,
        "down_block_types": ("DownEncoderBlock2D",) * blocks,
        "up_block_types": ("UpDecoderBlock2D",) * blocks,
        "latent_channels": latents,
        "layers_per_block": 1,
        "norm_num_groups": 4,
        "sample_size": 64,
    }


def z_image(folder, seed=21, heads=2, layers=2, refiners=1, axes=(8, 4, 4), channels=(8, 8, 8, 16), latents=16, **schedule):
    torch.manual_seed(seed)
    tokenizer = write_tokenizer(folder / "tokenizer")
    transformer = lively(
        ZImageTransformer2DModel(
            in_channels=latents,
            dim=heads * sum(axes),
            n_layers=layers,
            n_refiner_layers=refiners,
            n_heads=heads,
            n_kv_heads=heads,
            cap_feat_dim=TEXT_WIDTH,
            axes_dims=list(axes),
            axes_lens=[1024, 512, 512],
        )
    )
    options = {"use_quant_conv": False, "use_post_quant_conv": False, "force_upcast": False}
    vae = AutoencoderKL(scaling_factor=0.3611, shift_factor=0.1159, **options, **vae_options(channels, latents))
    raw = lambda generator: torch.randn(1, latents, 8, 8, generator=generator) / 0.3611 + 0.1159  # noqa: E731
    pipe = ZImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(**{"shift": 3.0, **schedule}),
        vae=contrasty(vae, raw, latents),
        text_encoder=text_encoder(tokenizer, Qwen3Model, 3),
        tokenizer=tokenizer,
        transformer=transformer,
    )
    # The time step's first layer is as wide in every size: half precision keeps the file small.
    pipe.transformer.to(torch.bfloat16)
    pipe.save_pretrained(folder, max_shard_size="500KB")


def klein(folder, seed=22, heads=2, doubles=2, singles=2, latents=8, distilled=True, channels=(8, 8, 8, 16), **schedule):
    torch.manual_seed(seed)
    tokenizer = write_tokenizer(folder / "tokenizer")
    head = 16
    transformer = lively(
        Flux2Transformer2DModel(
            in_channels=latents * 4,
            num_layers=doubles,
            num_single_layers=singles,
            attention_head_dim=head,
            num_attention_heads=heads,
            joint_attention_dim=KLEIN_TEXT_WIDTH * 3,
            axes_dims_rope=(4, 4, 4, 4),
            rope_theta=2000,
            guidance_embeds=False,
        )
    )
    vae = AutoencoderKLFlux2(**vae_options(channels, latents))
    with torch.no_grad():
        vae.bn.running_mean.normal_(std=0.2)
        vae.bn.running_var.uniform_(0.6, 1.6)

    def raw(generator):
        packed = torch.randn(1, latents * 4, 4, 4, generator=generator)
        std = torch.sqrt(vae.bn.running_var.view(1, -1, 1, 1) + vae.config.batch_norm_eps)
        return Flux2KleinPipeline._unpatchify_latents(packed * std + vae.bn.running_mean.view(1, -1, 1, 1))

    pipe = Flux2KleinPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(**{"shift": 3.0, "use_dynamic_shifting": True, **schedule}),
        vae=contrasty(vae, raw, latents),
        # The hidden states of layers 9, 18 and 27 are wanted.
        text_encoder=text_encoder(tokenizer, Qwen3ForCausalLM, 28, KLEIN_TEXT_WIDTH, (2, 1)),
        tokenizer=tokenizer,
        transformer=transformer,
        is_distilled=distilled,
    )
    pipe.save_pretrained(folder, max_shard_size="500KB")


def load(folder):
    from diffusers import DiffusionPipeline

    pipe = DiffusionPipeline.from_pretrained(folder, torch_dtype=torch.float32, local_files_only=True)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def pixels(image):
    return torch.from_numpy(np.array(image.convert("RGB")).copy())


def block_mask(width, height, cell):
    """Painted in whole cells, where the nearest pixel (diffusers) and the maximum (Inkwick) agree."""
    mask = np.zeros((height, width), np.uint8)
    mask[height // 4 // cell * cell : height * 3 // 4 // cell * cell, width // 4 // cell * cell : width // 2 // cell * cell] = 255
    return Image.fromarray(mask)


def z_image_requests():
    for index, (size, steps) in enumerate([("wide", 1), ("tall", 2), ("small", 4), ("wide", 8), ("small", 3)]):
        yield {"prompt": index % 5, "steps": steps, "size": size, "seed": 100 + index, "guidance": 1.0, "negative": None}
    yield {"prompt": 0, "steps": 4, "size": "wide", "seed": 110, "guidance": 5.0, "negative": "blue, blurry"}
    yield {"prompt": 4, "steps": 3, "size": "tall", "seed": 2**32 + 5, "guidance": 3.5, "negative": None}
    image = {"prompt": 0, "size": "wide", "negative": None, "init": "init.png"}
    yield {**image, "steps": 7, "seed": 120, "guidance": 1.0, "strength": 0.6}
    yield {**image, "steps": 4, "seed": 121, "guidance": 4.0, "strength": 1.0}
    yield {**image, "steps": 5, "seed": 122, "guidance": 1.0, "strength": 0.5, "mask": "mask.png"}
    yield {**image, "steps": 4, "seed": 123, "guidance": 5.0, "strength": 0.9, "mask": "mask.png"}


def z_image_run(pipe, request, init, mask):
    options = {
        "prompt": request["prompt"],
        "negative_prompt": request["negative"],
        "num_inference_steps": request["steps"],
        # diffusers counts one less here.
        "guidance_scale": request["guidance"] - 1,
        "generator": torch.Generator().manual_seed(request["seed"]),
        "height": request["height"],
        "width": request["width"],
    }
    runner = pipe
    if "init" in request:
        kind = ZImageInpaintPipeline if "mask" in request else ZImageImg2ImgPipeline
        runner = kind(**pipe.components)
        runner.set_progress_bar_config(disable=True)
        options |= {"image": init, "strength": request["strength"]}
        options |= {"mask_image": mask} if "mask" in request else {}
    return pixels(runner(**options).images[0])


def klein_requests():
    for index, (size, steps) in enumerate([("wide", 1), ("tall", 2), ("small", 4), ("wide", 8), ("small", 3)]):
        yield {"prompt": index % 5, "steps": steps, "size": size, "seed": 200 + index, "guidance": 1.0}
    yield {"prompt": 0, "steps": 4, "size": "wide", "seed": 210, "guidance": 1.0, "references": ["init.png"]}
    yield {"prompt": 4, "steps": 3, "size": "tall", "seed": 211, "guidance": 1.0, "references": ["init.png", "other.png"]}


def klein_run(pipe, request, pictures):
    options = {"image": [pictures[name] for name in request["references"]]} if "references" in request else {}
    picture = pipe(
        prompt=request["prompt"],
        num_inference_steps=request["steps"],
        guidance_scale=request["guidance"],
        generator=torch.Generator().manual_seed(request["seed"]),
        height=request["height"],
        width=request["width"],
        **options,
    ).images[0]
    return pixels(picture)


def z_image_modules(pipe, texts):
    generator = torch.Generator().manual_seed(3)
    out = {}
    channels = pipe.transformer.config.in_channels
    for name, (height, width) in {"even": (8, 12), "odd": (14, 6)}.items():
        sample = torch.randn(channels, height, width, generator=generator)
        out[f"denoiser.{name}.sample"] = sample
        for timestep in (20, 500, 1000):
            time = (1000 - torch.tensor([float(timestep)])) / 1000
            answer = pipe.transformer([sample[:, None]], time, [texts[0]], return_dict=False)[0][0]
            # As the pipeline gives it to its scheduler.
            out[f"denoiser.{name}.{timestep}"] = -answer[:, 0]
    picture = torch.rand(1, 3, 32, 48, generator=generator) * 2 - 1
    latent = pipe.vae.encode(picture).latent_dist
    out |= {"vae.picture": picture[0], "vae.mean": latent.mean[0], "vae.logvar": latent.logvar[0]}
    sample = torch.randn(1, channels, 4, 6, generator=generator) / pipe.vae.config.scaling_factor
    return out | {"vae.latents": sample[0], "vae.decoded": pipe.vae.decode(sample).sample[0]}


def klein_modules(pipe, texts):
    generator = torch.Generator().manual_seed(3)
    out = {}
    channels = pipe.transformer.config.in_channels
    context = texts[0][None]
    for name, (height, width) in {"even": (4, 6), "odd": (7, 3)}.items():
        sample = torch.randn(1, channels, height, width, generator=generator)
        out[f"denoiser.{name}.sample"] = sample[0]
        for timestep in (20, 500, 1000):
            answer = pipe.transformer(
                hidden_states=pipe._pack_latents(sample),
                timestep=torch.tensor([timestep / 1000]),
                encoder_hidden_states=context,
                txt_ids=pipe._prepare_text_ids(context),
                img_ids=pipe._prepare_latent_ids(sample),
                return_dict=False,
            )[0]
            out[f"denoiser.{name}.{timestep}"] = answer[0].T.reshape(channels, height, width)
    picture = torch.rand(1, 3, 32, 48, generator=generator) * 2 - 1
    out |= {"vae.picture": picture[0], "vae.mean": pipe._encode_vae_image(picture, None)[0]}
    packed = torch.randn(1, channels, 2, 3, generator=generator)
    std = torch.sqrt(pipe.vae.bn.running_var.view(1, -1, 1, 1) + pipe.vae.config.batch_norm_eps)
    raw = pipe._unpatchify_latents(packed * std + pipe.vae.bn.running_mean.view(1, -1, 1, 1))
    return out | {"vae.latents": packed[0], "vae.decoded": pipe.vae.decode(raw).sample[0]}


@torch.no_grad()
def case(folder, kind):
    modern = sys.modules[__name__]
    make, name = getattr(modern, kind), kind
    if not (folder / "model").exists():
        make(folder / "model")
    pipe = load(folder / "model")
    height, width = SIZES["wide"]
    pictures = {"init.png": init_picture(width, height, seed=5), "other.png": init_picture(80, 64, seed=6)}
    mask = block_mask(width, height, 16)
    for file, picture in {**pictures, "mask.png": mask}.items():
        picture.save(folder / file)
    if kind == "z_image":
        texts = [pipe._encode_prompt([prompt])[0] for prompt in PROMPTS]
    else:
        texts = [pipe.encode_prompt(prompt)[0][0] for prompt in PROMPTS]
    tensors = {f"text.{index}": text[:: 7 if kind == "klein" else 1] for index, text in enumerate(texts)}
    if kind == "klein":
        tensors["context"] = texts[0]
    tensors |= getattr(modern, f"{name}_modules")(pipe, texts)
    done = []
    for index, request in enumerate(getattr(modern, f"{name}_requests")()):
        request["height"], request["width"] = SIZES[request.pop("size")]
        request["prompt"] = PROMPTS[request["prompt"]]
        if kind == "z_image":
            picture = z_image_run(pipe, request, pictures["init.png"], mask)
        else:
            picture = klein_run(pipe, request, pictures)
        tensors[f"run.{index}.picture"] = picture
        spread = picture.float().std().item()
        print(kind, index, list(picture.shape), f"spread {spread:.1f}", flush=True)
        done.append(request)
    save_file({name: value.contiguous() for name, value in tensors.items()}, folder / "reference.safetensors")
    answer = {"prompts": PROMPTS, "runs": done}
    (folder / "reference.json").write_text(json.dumps(answer, ensure_ascii=False) + "\n")


def main():
    torch.set_num_threads(1)
    data = Path(__file__).resolve().parent / "data"
    for kind in sys.argv[1:] or ["z_image", "klein"]:
        folder = data / kind.replace("_", "-")
        folder.mkdir(parents=True, exist_ok=True)
        case(folder, kind)


if __name__ == "__main__":
    main()
