"""Estimated and measured memory of pipelines of middle size with random weights, plain and quantised, with what steers.

    python estimates.py BINARY [FOLDER]

Makes the pipelines in FOLDER (or one that goes again), draws a picture of one step with each, and prints a table of what
`generate --json` said: the estimate before the picture, and the process's peak behind it. Needs the package `gguf`.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import gguf
import modern
import numpy as np
import single_file
import tiny
import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderKLFlux2,
    ControlNetModel,
    DDIMScheduler,
    EulerDiscreteScheduler,
    Flux2KleinPipeline,
    Flux2Transformer2DModel,
    FlowMatchEulerDiscreteScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from gguf_kinds import blocks_of
from PIL import Image
from safetensors.torch import save_file
from transformers import CLIPTokenizer, Qwen3ForCausalLM

WIDTHS = (128, 256, 512, 512)
VAE = (64, 128, 256, 256)
TEXT = 256


def vae(latents=4, kind=AutoencoderKL, **options):
    blocks = len(VAE)
    return kind(
        block_out_channels=VAE,
        down_block_types=("DownEncoderBlock2D",) * blocks,
        up_block_types=("UpDecoderBlock2D",) * blocks,
        latent_channels=latents,
        layers_per_block=2,
        sample_size=64,
        **options,
    ).eval()


def sd1(folder):
    torch.manual_seed(1)
    tiny.write_modern_tokenizer(folder / "tokenizer")
    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    pipe = StableDiffusionPipeline(
        unet=UNet2DConditionModel(
            block_out_channels=WIDTHS, cross_attention_dim=TEXT, attention_head_dim=8, sample_size=64
        ),
        vae=vae(),
        text_encoder=tiny.text_encoder(tokenizer, TEXT, "quick_gelu", layers=6),
        tokenizer=tokenizer,
        scheduler=DDIMScheduler(clip_sample=False, set_alpha_to_one=False, steps_offset=1, **tiny.BETAS),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.save_pretrained(folder)
    tiny.write_modern_tokenizer(folder / "tokenizer")
    return pipe


def sdxl(folder):
    torch.manual_seed(2)
    tokenizers = []
    for name, pad in (("tokenizer", tiny.END), ("tokenizer_2", "!")):
        tiny.write_classic_tokenizer(folder / name, pad)
        tokenizers.append(CLIPTokenizer.from_pretrained(folder / name))
    pipe = StableDiffusionXLPipeline(
        unet=UNet2DConditionModel(
            block_out_channels=WIDTHS[:3],
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            transformer_layers_per_block=(1, 2, 6),
            attention_head_dim=(4, 8, 16),
            cross_attention_dim=2 * TEXT,
            use_linear_projection=True,
            addition_embed_type="text_time",
            addition_time_embed_dim=32,
            projection_class_embeddings_input_dim=TEXT + 6 * 32,
            sample_size=64,
        ),
        vae=vae(scaling_factor=0.13025, force_upcast=True),
        text_encoder=tiny.text_encoder(tokenizers[0], TEXT, "quick_gelu", layers=4),
        text_encoder_2=tiny.text_encoder(tokenizers[1], TEXT, "gelu", layers=8, projection=TEXT),
        tokenizer=tokenizers[0],
        tokenizer_2=tokenizers[1],
        scheduler=EulerDiscreteScheduler(timestep_spacing="leading", steps_offset=1, **tiny.BETAS),
        force_zeros_for_empty_prompt=True,
        add_watermarker=False,
    )
    pipe.save_pretrained(folder)
    for name, pad in (("tokenizer", tiny.END), ("tokenizer_2", "!")):
        tiny.write_classic_tokenizer(folder / name, pad)
    return pipe


def klein(folder):
    """The transformer's file, in its folder with ComfyUI's others."""
    torch.manual_seed(3)
    tokenizer = modern.write_tokenizer(folder / "tokenizer")
    heads, head, latents = 6, 128, 32
    transformer = Flux2Transformer2DModel(
        in_channels=latents * 4,
        num_layers=3,
        num_single_layers=10,
        attention_head_dim=head,
        num_attention_heads=heads,
        joint_attention_dim=TEXT * 3,
        axes_dims_rope=(32, 32, 32, 32),
        rope_theta=2000,
        guidance_embeds=False,
    )
    encoder = modern.text_encoder(tokenizer, Qwen3ForCausalLM, 28, TEXT, (16, 8))
    pipe = Flux2KleinPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0, use_dynamic_shifting=True),
        vae=vae(latents, AutoencoderKLFlux2),
        text_encoder=encoder,
        tokenizer=tokenizer,
        transformer=transformer,
        is_distilled=True,
    )
    pipe.save_pretrained(folder)
    return pipe


def write_gguf(state, kind, path):
    """Random blocks in the place of all that has two sides or more, flattened where rows are no whole blocks, as ComfyUI's
    converter does; the rest as it is."""
    kind = gguf.GGMLQuantizationType[kind]
    size, width = gguf.GGML_QUANT_SIZES[kind]
    some = blocks_of(kind, 1 << 12, np.random.default_rng(4))
    # Small numbers: activations must not overflow.
    for at in {"Q4_K": (0, 2), "Q3_K": (108,), "Q2_K": (80, 82)}.get(kind.name, (0,)):
        halves = some[:, at : at + 2].copy().view(np.float16) / (100 if kind.name.endswith("K") else 10)
        some[:, at : at + 2] = halves.view(np.uint8)
    some = some.reshape(-1)
    writer = gguf.GGUFWriter(path, "sd1")
    for name, value in state.items():
        count = value.numel()
        if value.dim() < 2 or count % 256 != 0 or count < 4096:
            writer.add_tensor(name, value.float().contiguous().numpy())
            continue
        if value.dim() == 2 and value.shape[-1] % size == 0:
            shape = tuple(value.shape)
        else:
            writer.add_array(f"comfy.gguf.orig_shape.{name}", list(value.shape))
            shape = (count // 256, 256)
        writer.add_tensor(name, np.resize(some, count // size * width).reshape(shape[0], -1), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_sidecar(pipe, folder, path):
    path.with_suffix(".json").write_text(json.dumps(single_file.sidecar(pipe, folder, path)))


def lora(unet, path):
    out = {}
    for name, module in unet.named_modules():
        if ".transformer_blocks." in name and isinstance(module, torch.nn.Linear):
            stem = f"lora_unet_{name.replace('.', '_')}"
            out[f"{stem}.lora_down.weight"] = torch.randn(8, module.in_features).half() * 0.02
            out[f"{stem}.lora_up.weight"] = torch.randn(module.out_features, 8).half() * 0.02
    save_file(out, path)


@torch.no_grad()
def cases(root):
    """A name and what stands behind `generate` for each."""
    pipe = sd1(root / "sd1")
    yield "SD 1 folder, f32", ["--model", root / "sd1", "--dtype", "f32"]
    state = single_file.convert(pipe)
    for kind in ("Q4_K", "Q2_K"):
        write_gguf(state, kind, root / f"sd1-{kind}.gguf")
        write_sidecar(pipe, root / "sd1", root / f"sd1-{kind}.gguf")
    quantised = ["--model", root / "sd1-Q4_K.gguf"]
    yield "SD 1 GGUF, Q4_K", quantised
    yield "SD 1 GGUF, Q4_K, transformed", [*quantised, "--memory", "high"]
    yield "SD 1 GGUF, Q2_K", ["--model", root / "sd1-Q2_K.gguf"]
    lora(pipe.unet, root / "lora.safetensors")
    yield "SD 1 GGUF, Q4_K, LoRA", [*quantised, "--lora", f"{root}/lora.safetensors:1"]
    Image.new("RGB", (512, 512), (90, 140, 40)).save(root / "picture.png")
    write_gguf(ControlNetModel.from_unet(pipe.unet).state_dict(), "Q8_0", root / "control.gguf")
    control = ["--control", f"{root}/control.gguf,image={root}/picture.png"]
    yield "SD 1 GGUF, Q4_K, ControlNet GGUF, Q8_0", [*quantised, *control]
    del state
    pipe = sdxl(root / "sdxl")
    state = {name: value.contiguous() for name, value in single_file.convert(pipe).items()}
    eight = {name: value.to(torch.float8_e4m3fn) if value.dim() > 1 else value.half() for name, value in state.items()}
    save_file(eight, root / "sdxl-fp8.safetensors")
    write_sidecar(pipe, root / "sdxl", root / "sdxl-fp8.safetensors")
    yield "SDXL file, float8", ["--model", root / "sdxl-fp8.safetensors"]
    init = ["--init", root / "picture.png", "--strength", "1"]
    yield "SDXL folder, f16, img2img", ["--model", root / "sdxl", "--dtype", "f16", *init]
    del state, eight
    pipe = klein(root / "klein")
    split = root / "split"
    for folder in ("text_encoders", "vae", "diffusion_models"):
        (split / folder).mkdir(parents=True, exist_ok=True)
    write_gguf(pipe.text_encoder.model.state_dict(), "Q4_K", split / "text_encoders/qwen.gguf")
    save_file({name: value.contiguous() for name, value in pipe.vae.state_dict().items()}, split / "vae/ae.safetensors")
    modern.write_tokenizer(split / "tokenizer")
    write_gguf(pipe.transformer.state_dict(), "Q4_K", split / "diffusion_models/klein.gguf")
    yield "klein GGUF, Q4_K, encoder Q4_K", ["--model", split / "diffusion_models/klein.gguf"]
    reads = ["--reference", f"image={root}/picture.png"]
    yield "klein folder, bf16, one picture read", ["--model", root / "klein", "--dtype", "bf16", *reads]


def run(binary, home, flags):
    defaults = {"--memory": "low", "--width": "256", "--height": "256", "--steps": "1", "--seed": "1", "--device": "cpu"}
    defaults = [word for name, value in defaults.items() if name not in flags for word in (name, value)]
    line = [binary, "generate", "--json", "--prompt", "a red apple", "--out", home / "out.png", *defaults, *flags]
    environment = {**os.environ, "INKWICK_HOME": str(home / "home")}
    done = subprocess.run([str(word) for word in line], capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        return None, done.stderr.strip() or done.stdout.strip().splitlines()[-1]
    told = json.loads(done.stdout.strip().splitlines()[-1])
    return told["predicted_peak_bytes"], told["peak_memory_bytes"]


def main(binary, root):
    print("| pipeline, 256×256 | estimated | measured | of it |\n| --- | --- | --- | --- |")
    for name, flags in cases(root):
        estimated, measured = run(binary, root, flags)
        if estimated is None:
            print(f"| {name} | – | {measured} | – |", flush=True)
            continue
        print(f"| {name} | {estimated / 1e6:.0f} MB | {measured / 1e6:.0f} MB | {estimated / measured:.2f} |", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        Path(sys.argv[2]).mkdir(parents=True, exist_ok=True)
        main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(Path(sys.argv[1]).resolve(), Path(folder))
