"""A step of FLUX.2 klein 4B or Z-Image in its published size on a processor, ours beside others, in turns.

    python modern.py FOLDER klein|z-image [--side 512] [--rounds 2] [--ways ours-bf16,torch-bf16,ours-q4_k,…]

Each way is a process of its own: `ours-…` is our bench with f32, bf16 or a kind of ggml's (q4_k, q8_0 …); `torch-…` is
diffusers in f32, f32-medium (what PyTorch calls its precision for products) or bf16; `sdcpp` is stable-diffusion.cpp
(PyPI: stable-diffusion-cpp-python) with klein in Q4_K. Files are made in FOLDER where they are missing: 2 to 13 GB each. Prints medians of a step
and each process's peak. The first step of a process counts only where it is the only one (`--steps 1`).
Threads: 2, or what OMP_NUM_THREADS and RAYON_NUM_THREADS say. --bench PATH takes a bench that is built already.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "tests/reference"
sys.path.insert(0, str(REFERENCE))
TOKENS = 512
PROMPT = "a red apple on a wooden table"


def say(what, **found):
    print(json.dumps({"what": what, **found}), flush=True)


def say_peak():
    peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    say("peak", bytes=int(peak.split()[1]) * 1024)


def torch_way(kind, numbers, side, steps):
    """Random numbers, drawn layer by layer in the wanted type: no second copy."""
    import torch
    from diffusers import Flux2Transformer2DModel, ZImageTransformer2DModel
    from full_size_modern import KLEIN

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    if numbers == "f32-medium":
        torch.set_float32_matmul_precision("medium")
    dtype = torch.bfloat16 if numbers == "bf16" else torch.float32
    with torch.device("meta"):
        model = Flux2Transformer2DModel(**KLEIN) if kind == "klein" else ZImageTransformer2DModel()

    def fill(module):
        for name, value in module._parameters.items():
            if value is not None:
                drawn = torch.empty(value.shape, dtype=dtype).uniform_(-0.03, 0.03)
                module._parameters[name] = torch.nn.Parameter(drawn, requires_grad=False)

    model.apply(fill).eval()
    wide = side // 16
    words = torch.randn(1, TOKENS, 7680 if kind == "klein" else 2560, dtype=dtype)
    time_of_step = torch.tensor([0.5], dtype=dtype)
    if kind == "klein":
        places = torch.cartesian_prod(*(torch.arange(count) for count in (1, wide, wide, 1)))[None]
        places_of_words = torch.cartesian_prod(*(torch.arange(count) for count in (1, 1, 1, TOKENS)))[None]
        given = dict(hidden_states=torch.randn(1, wide * wide, 128, dtype=dtype), encoder_hidden_states=words,
                     timestep=time_of_step, img_ids=places, txt_ids=places_of_words, guidance=None, return_dict=False)
    else:
        given = dict(x=[torch.randn(16, 1, 2 * wide, 2 * wide, dtype=dtype)], t=time_of_step, cap_feats=[words[0]],
                     return_dict=False)
    with torch.inference_mode():
        for _ in range(steps):
            started = time.perf_counter()
            model(**given)
            say("step", seconds=time.perf_counter() - started)
    say_peak()


def sdcpp_way(folder, side, steps):
    from stable_diffusion_cpp import StableDiffusion

    from compare import capture

    model = StableDiffusion(diffusion_model_path=str(folder / "sdcpp-klein.gguf"), llm_path=str(folder / "sdcpp-qwen.gguf"),
                            vae_path=str(folder / "sdcpp-vae.safetensors"), n_threads=int(os.environ["OMP_NUM_THREADS"]),
                            diffusion_flash_attn=True, verbose=True)
    log = capture(lambda: model.generate_image(prompt=PROMPT, width=side, height=side, cfg_scale=1.0, sample_steps=steps,
                                               sample_method="euler"))
    found = re.search(r"sampling completed, taking ([0-9.]+)s", log)
    if not found:
        sys.exit(log[-2000:])
    say("step", seconds=float(found[1]) / steps)
    say_peak()


def make_for_sdcpp(folder):
    """klein by its own names, Qwen3 4B by llama.cpp's and the VAE by diffusers'."""
    import torch
    from diffusers import AutoencoderKLFlux2
    from full_size_modern import gguf_file
    from safetensors.torch import save_file

    width, head, text, hidden = 3072, 128, 7680, 9216
    out = {"img_in": (width, 128), "txt_in": (width, text), "time_in.in_layer": (width, 256)}
    out |= {"time_in.out_layer": (width, width), "single_stream_modulation.lin": (3 * width, width)}
    out |= {f"double_stream_modulation_{kind}.lin": (6 * width, width) for kind in ("img", "txt")}
    out |= {"final_layer.linear": (128, width), "final_layer.adaLN_modulation.1": (2 * width, width)}
    norms = {}
    for block in range(5):
        for kind in ("img", "txt"):
            at = f"double_blocks.{block}.{kind}"
            out |= {f"{at}_attn.qkv": (3 * width, width), f"{at}_attn.proj": (width, width)}
            out |= {f"{at}_mlp.0": (2 * hidden, width), f"{at}_mlp.2": (width, hidden)}
            norms |= {f"{at}_attn.norm.{part}_norm.scale": (head,) for part in ("query", "key")}
    for block in range(20):
        at = f"single_blocks.{block}"
        out |= {f"{at}.linear1": (3 * width + 2 * hidden, width), f"{at}.linear2": (width, width + hidden)}
        norms |= {f"{at}.norm.{part}_norm.scale": (head,) for part in ("query", "key")}
    gguf_file({f"{name}.weight": shape for name, shape in out.items()} | norms, "Q4_K", folder / "sdcpp-klein.gguf")

    width, inner, heads, pairs = 2560, 9728, 32, 8
    out = {"token_embd.weight": (151936, width), "output_norm.weight": (width,)}
    for block in range(36):
        at = f"blk.{block}"
        out |= {f"{at}.attn_q.weight": (heads * head, width), f"{at}.attn_output.weight": (width, heads * head)}
        out |= {f"{at}.attn_{part}.weight": (pairs * head, width) for part in "kv"}
        out |= {f"{at}.attn_{part}_norm.weight": (head,) for part in "qk"}
        out |= {f"{at}.{part}_norm.weight": (width,) for part in ("attn", "ffn")}
        out |= {f"{at}.ffn_{part}.weight": (inner, width) for part in ("gate", "up")}
        out[f"{at}.ffn_down.weight"] = (width, inner)
    gguf_file(out, "Q4_K", folder / "sdcpp-qwen.gguf")
    torch.manual_seed(1)
    vae = {name: value.contiguous() for name, value in AutoencoderKLFlux2().state_dict().items()}
    save_file(vae, folder / "sdcpp-vae.safetensors")


def command(folder, kind, way, side, steps, bench):
    own, _, numbers = way.partition("-")
    if own != "ours":
        if own == "sdcpp" and not (folder / "sdcpp-vae.safetensors").exists():
            make_for_sdcpp(folder)
        return [sys.executable, __file__, folder, kind, "--side", side, "--steps", steps, "--way", way]
    plain = numbers in ("f32", "bf16")
    file = folder / f"{kind}-{'bf16.safetensors' if plain else numbers + '.gguf'}"
    if not file.exists():
        packing = "BF16" if plain else numbers.upper()
        subprocess.run([sys.executable, REFERENCE / "full_size_modern.py", kind, packing, file], check=True)
    options = ["--dtype", numbers] if plain else []
    return [bench, file, "--side", side, "--tokens", TOKENS, "--repeats", steps - 1, *options]


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("kind", choices=("klein", "z-image"))
    arguments.add_argument("--side", type=int, default=512)
    arguments.add_argument("--rounds", type=int, default=2)
    arguments.add_argument("--steps", type=int, default=2)
    arguments.add_argument("--ways", default="ours-bf16,torch-bf16,ours-q4_k")
    arguments.add_argument("--bench")
    arguments.add_argument("--way", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    for name in ("OMP_NUM_THREADS", "RAYON_NUM_THREADS"):
        os.environ.setdefault(name, "2")
    if given.way:
        own, _, numbers = given.way.partition("-")
        if own == "sdcpp":
            return sdcpp_way(given.folder, given.side, given.steps)
        return torch_way(given.kind, numbers, given.side, given.steps)
    given.folder.mkdir(parents=True, exist_ok=True)
    from compare import build

    bench = given.bench or build()
    ways = given.ways.split(",")
    lines = {way: command(given.folder, given.kind, way, given.side, given.steps, bench) for way in ways}
    seconds, peaks = {way: [] for way in ways}, dict.fromkeys(ways, 0)
    for _ in range(given.rounds):
        for way, line in lines.items():
            run = subprocess.run(list(map(str, line)), capture_output=True, text=True)
            if run.returncode:
                sys.exit(f"{way}: {run.stderr[-2000:]}")
            events = [json.loads(text) for text in run.stdout.splitlines() if text.startswith("{")]
            own = [event["seconds"] for event in events if event["what"] == "step"]
            seconds[way] += own[1:] or own
            peaks[way] = max([peaks[way], *(event["bytes"] for event in events if event["what"] == "peak")])
            print(f"{way}: {', '.join(f'{each:.1f} s' for each in own)}", file=sys.stderr, flush=True)
    print(f"{given.kind} at {given.side}×{given.side}, {TOKENS} words\n\n| | step s | peak GB |\n| --- | --- | --- |")
    for way in ways:
        print(f"| {way} | {statistics.median(seconds[way]):.1f} | {peaks[way] / 1e9:.1f} |")


if __name__ == "__main__":
    main()
