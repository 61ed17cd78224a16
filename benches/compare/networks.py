"""Full-size networks with random numbers for a CUDA card: writes them as diffusers folders, says what diffusers takes for a
guided step and a decoding in half precision, and writes one input with its answers in single precision.

    python benches/compare/networks.py FOLDER sd15|sdxl [compile]
    cargo bench --features cuda --bench networks -- FOLDER --latent 64 --dtype f16 --device cuda --against FOLDER/answers.safetensors

`--latent 128` for sdxl; `INKWICK_CUDA=candle` in front of the second measures candle's operators."""

import json
import os
import sys
import time

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import save_file

LEVELS = {
    "sd15": dict(cross_attention_dim=768, attention_head_dim=8),
    "sdxl": dict(
        block_out_channels=(320, 640, 1280),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=(1, 2, 10),
        attention_head_dim=(5, 10, 20),
        cross_attention_dim=2048,
        addition_embed_type="text_time",
        addition_time_embed_dim=256,
        projection_class_embeddings_input_dim=2816,
        use_linear_projection=True,
        sample_size=128,
    ),
}
VAE = dict(
    block_out_channels=(128, 256, 512, 512),
    down_block_types=("DownEncoderBlock2D",) * 4,
    up_block_types=("UpDecoderBlock2D",) * 4,
    layers_per_block=2,
)
TIMED = 25


def median_ms(run):
    with torch.no_grad():
        for _ in range(3):
            run()
        torch.cuda.synchronize()
        times = []
        for _ in range(TIMED):
            start = time.perf_counter()
            run()
            torch.cuda.synchronize()
            times.append(time.perf_counter() - start)
    return sorted(times)[TIMED // 2] * 1e3


def main(folder, kind, compiled):
    torch.manual_seed(0)
    with torch.device("cuda"):
        unet = UNet2DConditionModel(**LEVELS[kind]).half().eval().requires_grad_(False)
        vae = AutoencoderKL(**VAE, latent_channels=4).half().eval().requires_grad_(False)
    for name, network in (("unet", unet), ("vae", vae)):
        network.save_pretrained(os.path.join(folder, name))
    generator = torch.Generator("cuda").manual_seed(1)

    def random(*shape):
        return torch.randn(*shape, generator=generator, device="cuda").half()

    side, width = (64, 768) if kind == "sd15" else (128, 2048)
    sample, context = random(2, 4, side, side), random(2, 77, width)
    added = None
    if kind == "sdxl":
        added = {"text_embeds": random(2, 1280), "time_ids": torch.full((2, 6), 1024.0, device="cuda")}
    unet, vae = unet.to(memory_format=torch.channels_last), vae.to(memory_format=torch.channels_last)
    sample = sample.to(memory_format=torch.channels_last)

    def step(network=unet):
        given = dict(encoder_hidden_states=context, added_cond_kwargs=added, return_dict=False)
        return network(sample, 500.0, **given)[0]

    def decode(run=vae.decode):
        return run(sample[:1], return_dict=False)[0]

    torch.cuda.reset_peak_memory_stats()
    said = {"kind": kind, "step_ms": median_ms(step), "decode_ms": median_ms(decode)}
    said["peak_gb"] = torch.cuda.max_memory_allocated() / 1e9
    if compiled:
        faster = torch.compile(unet)
        said["compiled_step_ms"] = median_ms(lambda: step(faster))
        faster = torch.compile(vae.decode)
        said["compiled_decode_ms"] = median_ms(lambda: decode(faster))
    with torch.no_grad():
        halves = step().float(), decode().float()
        unet.float(), vae.float()
        sample, context = sample.float(), context.float()
        added = added and {name: value.float() for name, value in added.items()}
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        wanted = step(), decode()
    said["half_error"] = [((a - b).abs().max() / b.abs().max()).item() for a, b in zip(halves, wanted)]
    answers = {"sample": sample, "context": context, "unet": wanted[0], "vae": wanted[1]}
    if added:
        answers["pooled"] = added["text_embeds"]
    answers = {name: value.float().contiguous().cpu() for name, value in answers.items()}
    save_file(answers, os.path.join(folder, "answers.safetensors"))
    print(json.dumps(said))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], "compile" in sys.argv)
