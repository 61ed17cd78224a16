"""Ours beside others on the same random weights, in turns: medians, ratios and peak memory as a table.

    python compare.py FOLDER [--rounds 3] [--latent 64] [--small | --xl] [--ways ours,torch,openvino,candle,sdcpp,bf16]

Makes FOLDER once (SD 1.5 with random weights; --small takes narrow ones, --xl SDXL's in bfloat16), builds our bench, and
lets each way compute a guided UNet step (batch 2) and a VAE decoding, one process after the other, again and again. Ours
is held against PyTorch's answers as well. The ways:

    ours      memory high and low, f32
    torch     diffusers on PyTorch: its defaults, and the best settings found
    openvino  latency hint, f32 (PyPI: openvino), not with --xl
    candle    candle-transformers' own Stable Diffusion (built on first use), SD 1.5's own sizes only
    sdcpp     stable-diffusion.cpp (PyPI: stable-diffusion-cpp-python), SD 1.5's own sizes only
    bf16      ours, PyTorch and OpenVINO (where it is chosen) in bfloat16

Left out unless named: candle, sdcpp, bf16. Needs torch, diffusers, transformers, safetensors and what the ways need.
Threads: 2, or what OMP_NUM_THREADS and RAYON_NUM_THREADS say. --bench PATH takes a bench that is built already.
"""

import argparse
import importlib.util
import json
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BEST = "PyTorch, best found"
WHOLE = "whole.safetensors"
BIG = {
    "unet": dict(cross_attention_dim=768, attention_head_dim=8, sample_size=64),
    "vae": dict(block_out_channels=[128, 256, 512, 512], layers_per_block=2, sample_size=512),
}
XL = {
    "unet": dict(sample_size=128, block_out_channels=[320, 640, 1280], attention_head_dim=[5, 10, 20],
                 down_block_types=["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
                 up_block_types=["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"], cross_attention_dim=2048,
                 transformer_layers_per_block=[1, 2, 10], use_linear_projection=True, addition_embed_type="text_time",
                 addition_time_embed_dim=256, projection_class_embeddings_input_dim=2816),
    "vae": BIG["vae"] | dict(sample_size=1024),
}
SMALL = {
    "unet": dict(cross_attention_dim=256, attention_head_dim=4, sample_size=32, block_out_channels=[64, 128, 256],
                 down_block_types=["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
                 up_block_types=["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"]),
    "vae": dict(block_out_channels=[32, 64, 128, 128], layers_per_block=1, sample_size=256, norm_num_groups=16),
}


def make(folder, sizes):
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel

    torch.manual_seed(0)
    if sizes is XL:
        # Half of the room on the disk.
        torch.set_default_dtype(torch.bfloat16)
    UNet2DConditionModel(**sizes["unet"]).save_pretrained(folder / "unet")
    levels = len(sizes["vae"]["block_out_channels"])
    kinds = dict(down_block_types=["DownEncoderBlock2D"] * levels, up_block_types=["UpDecoderBlock2D"] * levels)
    AutoencoderKL(**sizes["vae"], **kinds).save_pretrained(folder / "vae")
    if sizes is BIG:
        # stable-diffusion.cpp opens whole models only, from one file.
        from transformers import CLIPTextConfig, CLIPTextModel

        text = CLIPTextConfig(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12)
        CLIPTextModel(text).save_pretrained(folder / "text_encoder")


def torch_way(folder, latent, best, half):
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    unet = UNet2DConditionModel.from_pretrained(folder / "unet", torch_dtype=torch.float32).eval()
    vae = AutoencoderKL.from_pretrained(folder / "vae", torch_dtype=torch.float32).eval()
    if best:
        torch.set_float32_matmul_precision("medium")
        unet, vae = (net.to(memory_format=torch.channels_last) for net in (unet, vae))
    dtype = torch.bfloat16 if half else torch.float32
    unet, vae = unet.to(dtype), vae.to(dtype)
    sample = torch.randn(2, 4, latent, latent, dtype=dtype)
    context = torch.randn(2, 77, unet.config.cross_attention_dim, dtype=dtype)
    added = {}
    if unet.config.addition_embed_type:
        pooled = dict(text_embeds=torch.randn(2, 1280, dtype=dtype), time_ids=torch.full((2, 6), latent * 8.0))
        added = dict(added_cond_kwargs=pooled)
    if best:
        sample = sample.to(memory_format=torch.channels_last)
    with torch.inference_mode():
        for what, run in (("unet", lambda: unet(sample, 500, context, **added)), ("vae", lambda: vae.decode(sample[:1]))):
            for _ in range(3):
                started = time.perf_counter()
                run()
                print(json.dumps({"what": what, "seconds": time.perf_counter() - started}), flush=True)
    peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    print(json.dumps({"what": "peak", "bytes": int(peak.split()[1]) * 1024}))


def make_answers(folder, latent, file):
    """What PyTorch makes of a sample, to hold ours against."""
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from safetensors.torch import save_file

    torch.manual_seed(1)
    unet = UNet2DConditionModel.from_pretrained(folder / "unet").eval()
    vae = AutoencoderKL.from_pretrained(folder / "vae").eval()
    sample, context = torch.randn(2, 4, latent, latent), torch.randn(2, 77, unet.config.cross_attention_dim)
    with torch.inference_mode():
        found = dict(unet=unet(sample, 500, context).sample, vae=vae.decode(sample[:1]).sample)
    save_file(dict(sample=sample, context=context) | {name: value.contiguous() for name, value in found.items()}, file)


def openvino_way(folder, latent, half):
    import openvino
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel

    class Step(torch.nn.Module):
        def __init__(self, unet):
            super().__init__()
            self.unet = unet

        def forward(self, sample, timestep, context):
            return self.unet(sample, timestep, context, return_dict=False)[0]

    class Decode(torch.nn.Module):
        def __init__(self, vae):
            super().__init__()
            self.vae = vae

        def forward(self, latent):
            return self.vae.decode(latent, return_dict=False)[0]

    unet = UNet2DConditionModel.from_pretrained(folder / "unet").eval()
    sample, context = torch.randn(2, 4, latent, latent), torch.randn(2, 77, unet.config.cross_attention_dim)
    given = {"unet": (sample, torch.tensor(500), context), "vae": (sample[:1],)}
    settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": int(os.environ["OMP_NUM_THREADS"]),
                "INFERENCE_PRECISION_HINT": "bf16" if half else "f32"}
    core = openvino.Core()
    for what in ("unet", "vae"):
        # Converted once; compiled anew by every process.
        path = folder / f"{what}-{latent}.xml"
        if not path.exists():
            module = Step(unet) if what == "unet" else Decode(AutoencoderKL.from_pretrained(folder / "vae").eval())
            with torch.inference_mode():
                converted = openvino.convert_model(module, example_input=given[what])
            openvino.save_model(converted, path, compress_to_fp16=False)
        request = core.compile_model(path, "CPU", settings).create_infer_request()
        inputs = [tensor.numpy() for tensor in given[what]]
        for _ in range(3):
            started = time.perf_counter()
            request.infer(inputs)
            print(json.dumps({"what": what, "seconds": time.perf_counter() - started}), flush=True)
        del request
    peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    print(json.dumps({"what": "peak", "bytes": int(peak.split()[1]) * 1024}))


def sdcpp_way(folder, latent):
    """Two guided steps of a whole run; its log tells the seconds of each part."""
    from stable_diffusion_cpp import StableDiffusion

    steps = 2
    model = StableDiffusion(model_path=str(folder / WHOLE), n_threads=int(os.environ["OMP_NUM_THREADS"]), verbose=True,
                            vae_decode_only=True)
    for _ in range(2):
        log = capture(lambda: model.generate_image(prompt="a red apple", width=latent * 8, height=latent * 8,
                                                   cfg_scale=7.0, sample_steps=steps, sample_method="euler"))
        sampling = float(re.search(r"sampling completed, taking ([0-9.]+)s", log)[1])
        decoding = float(re.search(r"latent 1 decoded, taking ([0-9.]+)s", log)[1])
        print(json.dumps({"what": "unet", "seconds": sampling / steps}), flush=True)
        print(json.dumps({"what": "vae", "seconds": decoding}), flush=True)
    peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    print(json.dumps({"what": "peak", "bytes": int(peak.split()[1]) * 1024}))


def make_whole(folder):
    """The folder's networks in one file, by the names that others know."""
    from types import SimpleNamespace

    from diffusers import AutoencoderKL, UNet2DConditionModel
    from safetensors.torch import save_file
    from transformers import CLIPTextModel

    sys.path.insert(0, str(ROOT / "tests/reference"))
    import single_file

    parts = dict(unet=UNet2DConditionModel, vae=AutoencoderKL, text_encoder=CLIPTextModel)
    pipe = SimpleNamespace(**{name: kind.from_pretrained(folder / name) for name, kind in parts.items()})
    save_file({name: value.contiguous() for name, value in single_file.convert(pipe).items()}, folder / WHOLE)


def capture(run):
    """What a library writes to the process's own two outputs."""
    import tempfile

    with tempfile.TemporaryFile() as file:
        kept = [os.dup(number) for number in (1, 2)]
        try:
            for number in (1, 2):
                os.dup2(file.fileno(), number)
            run()
        finally:
            for number, old in zip((1, 2), kept):
                os.dup2(old, number)
        file.seek(0)
        return file.read().decode(errors="replace")


def ways(folder, latent, bench, chosen, is_xl):
    ours = [bench, folder, "--latent", str(latent), "--repeats", "2"]
    if importlib.util.find_spec("torch") and not is_xl:
        answers = folder / f"answers-{latent}.safetensors"
        if not answers.exists():
            make_answers(folder, latent, answers)
        ours += ["--against", str(answers)]
    ours.append("--memory")
    python = [sys.executable, __file__, str(folder), "--latent", str(latent), "--way"]
    keep = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "100000000000"}
    every = {}
    if "ours" in chosen:
        every["Inkwick, memory high"] = ([*ours, "high"], {})
        every["Inkwick, memory low"] = ([*ours, "low"], {})
    if "torch" in chosen:
        every["PyTorch, defaults"] = ([*python, "plain"], {})
        every[BEST] = ([*python, "best"], keep)
    openvino = "openvino" in chosen and importlib.util.find_spec("openvino")
    if openvino:
        every["OpenVINO"] = ([*python, "openvino"], {})
    if "bf16" in chosen:
        every["Inkwick, bf16, memory high"] = ([*ours, "high", "--dtype", "bf16"], {})
        every["Inkwick, bf16, memory low"] = ([*ours, "low", "--dtype", "bf16"], {})
        every["PyTorch, bf16, best found"] = ([*python, "best-bf16"], keep)
        if openvino:
            every["OpenVINO, bf16"] = ([*python, "openvino-bf16"], {})
    if "candle" in chosen:
        every["candle-transformers"] = ([build_candle(), folder, str(latent)], {})
    if "sdcpp" in chosen:
        if not (folder / WHOLE).exists():
            make_whole(folder)
        every["stable-diffusion.cpp"] = ([*python, "sdcpp"], {})
    return every


def build_candle():
    own = ROOT / "benches/compare/candle"
    subprocess.run(["cargo", "build", "--release"], cwd=own, check=True)
    return own / "target/release/candle-way"


def build(bench="networks"):
    command = ["cargo", "bench", "--bench", bench, "--no-run", "--message-format", "json"]
    lines = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    found = [json.loads(line).get("executable") for line in lines if f'"{bench}"' in line]
    return next(path for path in reversed(found) if path)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--latent", type=int)
    arguments.add_argument("--small", action="store_true")
    arguments.add_argument("--xl", action="store_true")
    arguments.add_argument("--ways", default="ours,torch,openvino")
    arguments.add_argument("--bench")
    arguments.add_argument("--way", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    for name in ("OMP_NUM_THREADS", "RAYON_NUM_THREADS"):
        os.environ.setdefault(name, "2")
    sizes, own_latent = (SMALL, 32) if given.small else (XL, 128) if given.xl else (BIG, 64)
    latent = given.latent or own_latent
    if given.way:
        way, half = given.way.removesuffix("-bf16"), given.way.endswith("-bf16")
        if way == "openvino":
            return openvino_way(given.folder, latent, half)
        if way == "sdcpp":
            return sdcpp_way(given.folder, latent)
        return torch_way(given.folder, latent, way == "best", half)
    if not (given.folder / "vae").exists():
        make(given.folder, sizes)
    times, peaks, errors, work, peak_gflops = {}, {}, {}, {}, None
    every = ways(given.folder, latent, given.bench or build(), given.ways.split(","), given.xl)
    for _ in range(given.rounds):
        for name, (command, extra) in every.items():
            run = subprocess.run(command, env={**os.environ, **extra}, check=True, capture_output=True, text=True)
            seen = {}
            for line in filter(lambda line: line.startswith("{"), run.stdout.splitlines()):
                event = json.loads(line)
                if event["what"] == "work":
                    work[event["network"]] = event["gflop"]
                elif event["what"] == "fma peak":
                    peak_gflops = event["gflops"]
                elif event["what"] == "error":
                    own = errors.setdefault(name, {})
                    own[event["network"]] = max(own.get(event["network"], 0), event["of the largest"])
                elif event["what"] == "peak":
                    peaks[name] = max(peaks.get(name, 0), event["bytes"])
                else:
                    seen.setdefault(event["what"], []).append(event["seconds"])
            for what in ("unet", "vae"):
                # The first is the warming up.
                times.setdefault((name, what), []).extend(seen[what][1:])
            said = ", ".join(f"{what} {seconds[-1]:.3f} s" for what, seconds in seen.items() if "load" not in what)
            print(f"{name}: {said}", file=sys.stderr, flush=True)
    reference = BEST if BEST in every else next(iter(every))
    best = {what: statistics.median(times[reference, what]) for what in ("unet", "vae")}
    print(f"| | UNet step s | of {reference} | VAE decode s | of {reference} | peak GB |\n|---|---|---|---|---|---|")
    for name in every:
        unet, vae = (statistics.median(times[name, what]) for what in ("unet", "vae"))
        shares = f"{unet:.3f} | {unet / best['unet']:.2f} | {vae:.3f} | {vae / best['vae']:.2f}"
        print(f"| {name} | {shares} | {peaks[name] / 1e9:.2f} |")
    for name, own in errors.items():
        told = ", ".join(f"{what} {error:.1e}" for what, error in own.items())
        print(f"\n{name}: largest error of the largest number, against PyTorch: {told}", end="")
    print()
    if peak_gflops and work:
        limits = ", ".join(f"{what} {gflop:.0f} GFLOP or {gflop / peak_gflops:.2f} s" for what, gflop in work.items())
        print(f"\nAt this machine's peak of {peak_gflops:.0f} GFLOP/s in f32, every convolution done directly: {limits}")


if __name__ == "__main__":
    main()
