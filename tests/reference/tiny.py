"""Tiny pipelines with random weights, of the three kinds that people have: SD 1, SD 2 and SDXL.

The weights are scaled so that a picture has contrast and follows its prompt: differences then show.
"""

import json
import shutil
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    EulerDiscreteScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

BETAS = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}
START, END = "<|startoftext|>", "<|endoftext|>"


def find_tokenizer():
    """The built-in model's tokenizer.json, wherever the repository keeps it."""
    root = Path(__file__).resolve().parents[2]
    return next(iter(sorted(root.glob("assets/**/tokenizer/tokenizer.json"))))


def write_modern_tokenizer(folder):
    source = find_tokenizer()
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(source.with_name(name), folder / name)


def write_classic_tokenizer(folder, pad, merges=300):
    """vocab.json, merges.txt and the two small files, as most published folders have them."""
    model = json.loads(find_tokenizer().read_text())["model"]
    pairs = [tuple(pair) for pair in model["merges"][:merges]]
    by_id = sorted(model["vocab"], key=model["vocab"].get)
    words = by_id[:512] + ["".join(pair) for pair in pairs] + [START, END]
    folder.mkdir(parents=True, exist_ok=True)
    for stale in ("tokenizer.json", "added_tokens.json"):
        (folder / stale).unlink(missing_ok=True)

    def write(name, value):
        (folder / name).write_text(json.dumps(value, ensure_ascii=False))

    write("vocab.json", {word: index for index, word in enumerate(words)})
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in pairs))

    def token(text):
        return {"content": text, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False}

    specials = {"bos_token": token(START), "eos_token": token(END), "unk_token": token(END)}
    write("special_tokens_map.json", {**specials, "pad_token": pad})
    typed = {name: {"__type": "AddedToken", **value} for name, value in specials.items()}
    extra = {"do_lower_case": True, "model_max_length": 77, "pad_token": pad, "tokenizer_class": "CLIPTokenizer"}
    write("tokenizer_config.json", {"add_prefix_space": False, "errors": "replace", **typed, **extra})


def text_encoder(tokenizer, hidden, activation, layers=2, projection=None, heads=4):
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=hidden * 2,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        hidden_act=activation,
        projection_dim=projection or hidden,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = (CLIPTextModelWithProjection if projection else CLIPTextModel)(config).eval()
    with torch.no_grad():
        for name, value in model.named_parameters():
            if "embedding" in name:
                value.mul_(10)
            elif name.endswith("proj.weight") or "fc" in name and value.dim() == 2:
                value.mul_(4)
    return model


def lively_unet(**options):
    """A UNet whose output has a spread of about one and depends on the text."""
    unet = UNet2DConditionModel(**{"norm_num_groups": 8, "sample_size": 8, **options}).eval()
    config = unet.config
    with torch.no_grad():
        for name, value in unet.named_parameters():
            if "attn2.to_out.0.weight" in name:
                value.mul_(6)
            if "time_emb_proj.weight" in name:
                value.mul_(2)
        generator = torch.Generator().manual_seed(1)
        sample = torch.randn(2, config.in_channels, 8, 8, generator=generator)
        text = torch.randn(2, 77, config.cross_attention_dim, generator=generator)
        added = None
        if config.addition_embed_type == "text_time":
            width = config.projection_class_embeddings_input_dim - 6 * config.addition_time_embed_dim
            pooled = torch.randn(2, width, generator=generator)
            added = {"text_embeds": pooled, "time_ids": torch.tensor([[64.0, 64, 0, 0, 64, 64]] * 2)}
        output = unet(sample, 400, text, added_cond_kwargs=added).sample
        unet.conv_out.weight.div_(output.std())
        unet.conv_out.bias.zero_()
    return unet


def contrasty_vae(channels, layers=1, **options):
    """A VAE whose pictures are neither grey nor saturated, and whose latents have a spread of about one."""
    blocks = len(channels)
    vae = AutoencoderKL(
        block_out_channels=channels,
        down_block_types=("DownEncoderBlock2D",) * blocks,
        up_block_types=("UpDecoderBlock2D",) * blocks,
        latent_channels=4,
        layers_per_block=layers,
        norm_num_groups=options.pop("norm_num_groups", 4),
        sample_size=64,
        **options,
    ).eval()
    with torch.no_grad():
        generator = torch.Generator().manual_seed(2)
        picture = torch.rand(1, 3, 64, 64, generator=generator) * 2 - 1
        moments = vae.encode(picture).latent_dist
        vae.encoder.conv_out.weight[:4].div_(moments.mean.std())
        vae.encoder.conv_out.bias[4:].sub_(3)
        latents = torch.randn(1, 4, 8, 8, generator=generator) / vae.config.scaling_factor
        decoded = vae.decode(latents).sample
        vae.decoder.conv_out.weight.mul_(0.45 / decoded.std(dim=(2, 3)).mean())
        decoded = vae.decode(latents).sample
        vae.decoder.conv_out.bias.sub_(decoded.mean(dim=(0, 2, 3)) * 0.8)
    return vae


def sd1(folder, seed, widths=(16, 32), heads=4, layers=1, vae=(4, 8, 8, 16), scheduler=None):
    torch.manual_seed(seed)
    write_modern_tokenizer(folder / "tokenizer")
    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    unet = lively_unet(
        block_out_channels=widths,
        down_block_types=("CrossAttnDownBlock2D",) * (len(widths) - 1) + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * (len(widths) - 1),
        layers_per_block=layers,
        cross_attention_dim=32,
        attention_head_dim=heads,
    )
    pipe = StableDiffusionPipeline(
        vae=contrasty_vae(vae),
        text_encoder=text_encoder(tokenizer, 32, "quick_gelu"),
        tokenizer=tokenizer,
        unet=unet,
        scheduler=scheduler or DDIMScheduler(clip_sample=False, set_alpha_to_one=False, steps_offset=1, **BETAS),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.save_pretrained(folder)
    write_modern_tokenizer(folder / "tokenizer")


def sd2(folder, seed, widths=(16, 24, 32), heads=(2, 3, 4), layers=1, vae=(8, 8, 16), scheduler=None):
    torch.manual_seed(seed)
    write_classic_tokenizer(folder / "tokenizer", "!")
    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    unet = lively_unet(
        block_out_channels=widths,
        down_block_types=("CrossAttnDownBlock2D",) * (len(widths) - 1) + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * (len(widths) - 1),
        layers_per_block=layers,
        cross_attention_dim=32,
        attention_head_dim=heads,
        use_linear_projection=True,
    )
    options = {"prediction_type": "v_prediction", "timestep_spacing": "trailing", "rescale_betas_zero_snr": True}
    pipe = StableDiffusionPipeline(
        vae=contrasty_vae(vae, use_quant_conv=False, use_post_quant_conv=False, mid_block_add_attention=False),
        text_encoder=text_encoder(tokenizer, 32, "gelu", layers=3),
        tokenizer=tokenizer,
        unet=unet,
        scheduler=scheduler or EulerDiscreteScheduler(**options, **BETAS),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    # Shards are named by an index file, as large models have them.
    pipe.save_pretrained(folder, max_shard_size="500KB")
    write_classic_tokenizer(folder / "tokenizer", "!")


def sdxl(folder, seed, widths=(16, 32), heads=(2, 4), depths=(1, 2), layers=1, vae=(8, 16), scheduler=None):
    torch.manual_seed(seed)
    write_classic_tokenizer(folder / "tokenizer", END)
    write_classic_tokenizer(folder / "tokenizer_2", "!")
    first = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    second = CLIPTokenizer.from_pretrained(folder / "tokenizer_2")
    unet = lively_unet(
        block_out_channels=widths,
        down_block_types=("DownBlock2D",) + ("CrossAttnDownBlock2D",) * (len(widths) - 1),
        up_block_types=("CrossAttnUpBlock2D",) * (len(widths) - 1) + ("UpBlock2D",),
        layers_per_block=layers,
        transformer_layers_per_block=depths,
        cross_attention_dim=40,
        attention_head_dim=heads,
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=24 + 6 * 8,
    )
    pipe = StableDiffusionXLPipeline(
        vae=contrasty_vae(vae, layers=2, scaling_factor=0.13025, force_upcast=True),
        text_encoder=text_encoder(first, 16, "quick_gelu"),
        text_encoder_2=text_encoder(second, 24, "gelu", layers=3, projection=24),
        tokenizer=first,
        tokenizer_2=second,
        unet=unet,
        scheduler=scheduler or EulerDiscreteScheduler(timestep_spacing="leading", steps_offset=1, **BETAS),
        force_zeros_for_empty_prompt=True,
        add_watermarker=False,
    )
    pipe.to(torch.float16).save_pretrained(folder, variant="fp16")
    write_classic_tokenizer(folder / "tokenizer", END)
    write_classic_tokenizer(folder / "tokenizer_2", "!")


def load(folder):
    """As a user would, in float32; a folder that has only an fp16 variant is read from that."""
    has_variant = any(folder.glob("unet/*.fp16.*"))
    from diffusers import DiffusionPipeline

    pipe = DiffusionPipeline.from_pretrained(
        folder, torch_dtype=torch.float32, variant="fp16" if has_variant else None, local_files_only=True
    )
    pipe.set_progress_bar_config(disable=True)
    return pipe
