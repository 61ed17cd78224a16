"""What a machine with NVIDIA's cards has to show of a program with the feature `cuda`, beside the networks' times (`networks.py`)
and the pictures (`tests/reference/on_card.py`). Needs Python with PyTorch; what makes models needs diffusers too.

    python benches/compare/card.py sanitize TESTS FAULTS BINARY PICTURES
        compute-sanitizer over each kernel's tests and over a picture of each family. TESTS and FAULTS: the test programs that
        `cargo test --release --features cuda --lib --test device_failure --no-run` names; PICTURES: on_card.py's folder
    python benches/compare/card.py make sdxl|klein FOLDER
        a pipeline of full size with random numbers, in half precision
    python benches/compare/card.py cards BINARY SDXL [COUNT]
        a batch of 8 on one card and on COUNT, in turns
    python benches/compare/card.py stream BINARY SDXL GB...
        a card with so much left (0: all of it): where weights wait, a step's time and the memory that is taken
    python benches/compare/card.py starts BINARY MODEL
        a step of small pictures whose kernels are started one by one, and as one
    python benches/compare/card.py klein BINARY KLEIN
        steps of FLUX.2 klein beside diffusers' in bfloat16

Each says what it found as lines of JSON; the exit status is 1 where something failed.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

# Of each run under compute-sanitizer; all run at once.
PATIENCE_SECONDS = 420
WORDS = "a red apple on a wooden table"


def say(**found):
    print(json.dumps(found, ensure_ascii=False), flush=True)


def generate(binary, *arguments, **environment):
    """The events of a run, each with the second in which it came, and the whole time; ends the program where it failed."""
    with tempfile.TemporaryDirectory() as home:
        line = [binary, "generate", "--json", "--prompt", WORDS, "--seed", "5", "--out", f"{home}/out.png", *map(str, arguments)]
        start = time.perf_counter()
        events = []
        keep = {**os.environ, "INKWICK_HOME": home, **environment}
        with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=keep) as run:
            for text in run.stdout:
                events.append({**json.loads(text), "at": time.perf_counter() - start})
            words = run.stderr.read()
        if run.returncode:
            sys.exit(f"{' '.join(line)}: {words.strip().splitlines()[-3:]}")
        return events, time.perf_counter() - start


def of(events, kind):
    return [event for event in events if event["event"] == kind]


def step_seconds(events):
    """Without the first, which the card's memory is mapped in."""
    return statistics.median(event["seconds"] for event in of(events, "step") if event["done"] > 1)


def notices(events):
    return [event["message"] for event in of(events, "notice")]


def sanitize(tests, faults, binary, pictures):
    cases = json.loads(Path(pictures, "cases.json").read_text())
    families = {}
    for case in cases:
        families.setdefault(case["family"], case)
    # Where the tests look for their models.
    root = Path(tempfile.mkdtemp())
    (root / "tests/reference").mkdir(parents=True)
    (root / "tests/reference/data").symlink_to(Path(pictures, "data"))
    os.environ["CARGO_MANIFEST_DIR"] = str(root)
    kernels = [tests, "--ignored", "--test-threads=1", "cuda::tests", "unet::tests"]
    runs = [(f"{tool}, kernels", tool, kernels, ".") for tool in ("memcheck", "racecheck")]
    for family, case in families.items():
        out = f"/tmp/{family}-sanitized.png"
        line = [str(Path(binary).resolve()), *case["command"], "--device", "cuda:0", "--dtype", "f16", "--out", out]
        runs.append((f"memcheck, {family}", "memcheck", line, pictures))
    failed = False
    # Without it first, so that a fault of the tests themselves is seen as one.
    for name, line in (("kernels", kernels), ("failures", [faults, "--ignored", "--test-threads=1", "--nocapture"])):
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        failed |= done.returncode != 0
        said = [text for text in done.stdout.splitlines() if text.startswith(("test ", "with ", "thread ")) or "panicked" in text or " of the largest" in text]
        say(what=name, passed=done.returncode == 0, said=said if done.returncode == 0 else said + (done.stdout + done.stderr).splitlines()[-40:])

    def watched(name, tool, line, folder):
        command = ["compute-sanitizer", "--tool", tool, "--error-exitcode", "9", "--print-limit", "5", *line]
        start = time.perf_counter()
        environment = {**os.environ, "INKWICK_HOME": f"/tmp/home-{name}"}
        try:
            done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False, env=environment, timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired as expired:
            found[name] = 1
            said = (expired.stdout or b"").decode().splitlines()[-8:]
            return say(what=name, passed=False, seconds=PATIENCE_SECONDS, said=["not done in time", *said])
        said = [text for text in (done.stdout + done.stderr).splitlines() if "ERROR SUMMARY" in text or "RACECHECK SUMMARY" in text or "Error" in text or "hazard" in text]
        found[name] = done.returncode
        say(what=name, passed=done.returncode == 0, seconds=round(time.perf_counter() - start, 1), said=said[:12] or done.stderr.splitlines()[-3:])

    found = {}
    threads = [threading.Thread(target=watched, args=run) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failed or any(found.values()) or len(found) < len(runs)


def make(kind, folder):
    import diffusers
    import torch
    import transformers
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

    torch.manual_seed(0)
    folder = Path(folder)
    data = Path(os.environ.get("INKWICK_PICTURES", Path(__file__).resolve().parents[2] / "tests/reference")) / "data"
    with torch.device("cuda"):
        if kind == "sdxl":
            from networks import LEVELS, VAE

            unet = diffusers.UNet2DConditionModel(**LEVELS["sdxl"])
            vae = diffusers.AutoencoderKL(**VAE, latent_channels=4, scaling_factor=0.13025, force_upcast=True)
            tokenizer = CLIPTokenizer.from_pretrained(data / "sd1/model/tokenizer")
            sizes = {"vocab_size": len(tokenizer), "bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
            first = CLIPTextModel(CLIPTextConfig(**sizes, hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12))
            second = CLIPTextModelWithProjection(
                CLIPTextConfig(**sizes, hidden_size=1280, intermediate_size=5120, num_hidden_layers=32, num_attention_heads=20, projection_dim=1280, hidden_act="gelu")
            )
            betas = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}
            pipe = diffusers.StableDiffusionXLPipeline(
                vae=vae, text_encoder=first, text_encoder_2=second, tokenizer=tokenizer, tokenizer_2=tokenizer, unet=unet,
                scheduler=diffusers.EulerDiscreteScheduler(timestep_spacing="leading", steps_offset=1, **betas), add_watermarker=False,
            )
            pipe.to(torch.float16).save_pretrained(folder)
        else:
            # As the published one of 4 billion, but for the text encoder, which no step asks: Qwen3's width with few values inside.
            tokenizer = transformers.AutoTokenizer.from_pretrained(data / "klein/model/tokenizer")
            config = transformers.Qwen3Config(
                vocab_size=len(tokenizer), hidden_size=2560, intermediate_size=512, num_hidden_layers=28, num_attention_heads=4, num_key_value_heads=2,
                head_dim=128, rms_norm_eps=1e-6, tie_word_embeddings=True, pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id, bos_token_id=None,
            )
            transformer = diffusers.Flux2Transformer2DModel(
                in_channels=128, num_layers=5, num_single_layers=20, attention_head_dim=128, num_attention_heads=24, joint_attention_dim=7680,
                axes_dims_rope=(32, 32, 32, 32), rope_theta=2000, guidance_embeds=False,
            )
            vae = diffusers.AutoencoderKLFlux2()
            pipe = diffusers.Flux2KleinPipeline(
                scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0, use_dynamic_shifting=True), vae=vae,
                text_encoder=transformers.Qwen3ForCausalLM(config), tokenizer=tokenizer, transformer=transformer, is_distilled=True,
            )
            pipe.to(torch.bfloat16).save_pretrained(folder)
    say(what="made", kind=kind, gb=round(sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e9, 2))


def cards(binary, model, count):
    """Loading is left out of one figure and in the other; the shortest of two each."""
    plain = ["--model", model, "--width", 1024, "--height", 1024, "--steps", 20, "--dtype", "f16"]
    devices = {1: "cuda:0", count: ",".join(f"cuda:{number}" for number in range(count))}
    # The driver compiles candle's kernels, and the files come into the disk's cache.
    generate(binary, *plain[:-3], 2, *plain[-2:], "--count", count, "--device", devices[count])
    best = {}
    for _ in range(2):
        for number, device in devices.items():
            events, whole = generate(binary, *plain, "--count", 8, "--device", device)
            drawn = max(event["at"] for event in of(events, "finished")) - min(event["at"] - event["seconds"] for event in of(events, "step"))
            say(what="batch of 8", device=device, seconds=round(whole, 2), without_loading=round(drawn, 2), step=step_seconds(events), notices=notices(events))
            best[number] = min(best.get(number, (1e9, 1e9)), (drawn, whole))
    shares = [several / one for several, one in zip(best[count], best[1])]
    say(what="share of one card's time", without_loading=round(shares[0], 3), whole=round(shares[1], 3), wanted=0.55 if count == 2 else None)
    return count == 2 and shares[0] > 0.55


class Memory:
    """The most that is taken of the first card while it is watched, beside what was before."""

    def __enter__(self):
        self.before = self.peak = self.taken()
        self.ends = threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ends.set()
        self.thread.join()

    @staticmethod
    def taken():
        import torch

        free, total = torch.cuda.mem_get_info(0)
        return total - free

    def watch(self):
        while not self.ends.wait(0.02):
            self.peak = max(self.peak, self.taken())

    def gb(self):
        return round((self.peak - self.before) / 1e9, 2)


def stream(binary, model, left):
    import torch

    torch.zeros(1, device="cuda")
    plain = ["--model", model, "--width", 1024, "--height", 1024, "--steps", 6, "--device", "cuda:0", "--dtype", "f16"]
    generate(binary, *plain[:7], 1, *plain[-4:])
    alone = None
    for gb in left:
        free, _ = torch.cuda.mem_get_info(0)
        held = torch.empty(int(free - gb * 1e9), dtype=torch.uint8, device="cuda") if gb else None
        with Memory() as memory:
            events, whole = generate(binary, *plain)
        step = step_seconds(events)
        alone = alone or step
        finished = of(events, "finished")[-1]
        say(
            what="SDXL at 1024×1024", left_gb=gb or "all", step=step, more_than_the_first=round(step - alone, 3), peak_gb=memory.gb(),
            predicted_gb=round(finished["predicted_peak_bytes"] / 1e9, 2), decoding=of(events, "decoded")[-1]["seconds"] if of(events, "decoded") else None,
            seconds=round(whole, 1), notices=notices(events),
        )
        del held
        torch.cuda.empty_cache()


def starts(binary, model):
    plain = ["--model", model, "--device", "cuda:0", "--dtype", "f16", "--steps", 60]
    for side in (256, 512):
        found = {}
        for how in ("single", "recorded", "single", "recorded"):
            events, _ = generate(binary, *plain, "--width", side, "--height", side, INKWICK_CUDA=how)
            at = [event["at"] for event in of(events, "step")][10:]
            found[how] = min(found.get(how, 1e9), (at[-1] - at[0]) / (len(at) - 1) * 1e3)
        say(what="step of a small picture", side=side, **{f"{how}_ms": round(step, 2) for how, step in found.items()})


def klein(binary, model):
    import diffusers
    import torch

    from networks import median_ms

    pipe = diffusers.Flux2KleinPipeline.from_pretrained(model, torch_dtype=torch.bfloat16).to("cuda")
    pipe.set_progress_bar_config(disable=True)
    theirs = {}
    for side in (512, 1024):
        with torch.no_grad():
            context, ids = pipe.encode_prompt(WORDS)[:2]
            sample = torch.randn(1, 128, side // 16, side // 16, device="cuda", dtype=torch.bfloat16)
            given = dict(
                hidden_states=pipe._pack_latents(sample), timestep=torch.tensor([0.5], device="cuda", dtype=torch.bfloat16), encoder_hidden_states=context,
                txt_ids=ids, img_ids=pipe._prepare_latent_ids(sample).to("cuda"), return_dict=False,
            )
            step = median_ms(lambda: pipe.transformer(**given))
            raw = pipe._unpatchify_latents(sample)
            decode = median_ms(lambda: pipe.vae.decode(raw, return_dict=False))
        theirs[side] = step
        say(what="diffusers bf16", side=side, tokens=context.shape[1], step_ms=round(step, 2), decode_ms=round(decode, 2), peak_gb=round(torch.cuda.max_memory_allocated() / 1e9, 2))
    del pipe, given
    torch.cuda.empty_cache()
    for side in (512, 1024):
        for dtype in ("bf16", "f16"):
            with Memory() as memory:
                events, _ = generate(binary, "--model", model, "--width", side, "--height", side, "--steps", 12, "--guidance", 1, "--device", "cuda:0", "--dtype", dtype)
            step = step_seconds(events) * 1e3
            decoded = of(events, "decoded")
            say(
                what=f"inkwick {dtype}", side=side, step_ms=round(step, 2), of_diffusers=round(step / theirs[side], 2), peak_gb=memory.gb(),
                decode_ms=decoded[-1]["seconds"] * 1e3 if decoded else None, notices=notices(events),
            )


if __name__ == "__main__":
    what, given = sys.argv[1:2], sys.argv[2:]
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    if what == ["sanitize"] and len(given) == 4:
        sys.exit(1 if sanitize(*(str(Path(path).resolve()) for path in given)) else 0)
    elif what == ["make"] and len(given) == 2:
        make(*given)
    elif what == ["cards"] and len(given) in (2, 3):
        sys.exit(1 if cards(str(Path(given[0]).resolve()), given[1], int((given[2:] or [2])[0])) else 0)
    elif what == ["stream"] and len(given) > 2:
        stream(str(Path(given[0]).resolve()), given[1], [float(gb) for gb in given[2:]])
    elif what == ["starts"] and len(given) == 2:
        starts(str(Path(given[0]).resolve()), given[1])
    elif what == ["klein"] and len(given) == 2:
        klein(str(Path(given[0]).resolve()), given[1])
    else:
        sys.exit(__doc__)
