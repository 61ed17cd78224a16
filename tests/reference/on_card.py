"""Pictures by a card beside the processor's, on the tiny pipelines and networks of `data`: every family, way and adapter.

    python on_card.py make FOLDER                      what is carried to a machine with a card (12 MB), and how far diffusers
                                                       itself is from its single precision in half precision
    python on_card.py compare FOLDER BINARY [DEVICE]   draws them there (numpy and Pillow are enough), cuda:0 by default; exit
                                                       status 1 where single precision is off by a mean of more than 0.01 of
                                                       255, or half precision by more than 1 and one and a half times what
                                                       diffusers is
    python on_card.py operands                         how far diffusers' pictures move when nothing is bfloat16 but what its
                                                       products multiply, with single precision for all else: no program whose
                                                       products are of bfloat16 comes nearer
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).resolve().parent
DTYPES = ("f32", "f16", "bf16")
F32_LIMIT = 0.01
HALF_LIMIT = 1.0
OF_DIFFUSERS = 1.5
ATTENTION = ("full", "sliced:2", "tiled", "flash")
AT_ONCE = 8

# Which of each folder's runs.
PLAIN = {"sd1": (0, 1, 3, 8), "sd2": (3, 4, 12), "sdxl": (0, 3, 12), "klein": (4, 5, 6), "z-image": (4, 5, 7, 10)}
PAINTED = (("sd1", "plain", 1), ("sd1", "mask", 0), ("sd1", "picture", 0), ("sd2", "plain", 1), ("sdxl", "mask", 1))
LORAS = (("sd1", "sd1-kohya", 1.0), ("sd1", "sd1-peft", 0.7), ("sd1", "sd1-lycoris", 0.7), ("sd1", "sd1-dora", 0.7), ("sdxl", "sdxl-kohya", 1.0))
# Wide enough for two tiles of 64 latent pixels.
TILED = {"sd1": 640, "sdxl": 160, "klein": 640, "z-image": 640}
CONTROL_KEY = lambda run: (run["net"], run["way"])  # noqa: E731


def read(*path):
    return json.loads(Path(*path).read_text())


def first_of_each(runs, key):
    found = {}
    for index, run in enumerate(runs):
        found.setdefault(key(run), (index, run))
    return found.values()


def copy_data(root):
    """Without what only diffusers drew."""
    shutil.rmtree(root, ignore_errors=True)
    for kind in PLAIN:
        shutil.copytree(HERE / "data" / kind, root / "data" / kind)
    for name in ("control", "ip-adapter", "regions", "lora", "paint"):
        shutil.copytree(HERE / "data" / name, root / "data" / name)


def with_first_convolution(kind, extra, root, weight):
    """The model of `kind` with another first convolution."""
    from safetensors.torch import load_file, save_file

    folder = root / f"made/{kind}-{extra}"
    if not folder.exists():
        shutil.copytree(root / "data" / kind / "model", folder)
        pipeline = {"mask": "Inpaint", "picture": "InstructPix2Pix"}[extra]
        prefix = "StableDiffusionXL" if kind == "sdxl" else "StableDiffusion"
        for name, change in (("unet/config.json", {"in_channels": weight.shape[1]}), ("model_index.json", {"_class_name": f"{prefix}{pipeline}Pipeline"})):
            (folder / name).write_text(json.dumps({**read(folder, name), **change}))
        for file in (folder / "unet").glob("*.safetensors"):
            tensors = load_file(file)
            if "conv_in.weight" in tensors:
                save_file({**tensors, "conv_in.weight": weight.to(tensors["conv_in.weight"].dtype)}, file)
    return folder


def consistency_model(root):
    """sd1 with guidance embedded in the time step."""
    from safetensors.torch import load_file, save_file

    folder = root / "made/lcm"
    shutil.copytree(root / "data/sd1/model", folder)
    weight = load_file(HERE / "data/lcm/reference.safetensors")["cond_proj"]
    file = folder / "unet/diffusion_pytorch_model.safetensors"
    save_file({**load_file(file), "time_embedding.cond_proj.weight": weight}, file)
    (folder / "unet/config.json").write_text(json.dumps({**read(folder, "unet/config.json"), "time_cond_proj_dim": weight.shape[1]}))
    (folder / "model_index.json").write_text(json.dumps({**read(folder, "model_index.json"), "_class_name": "LatentConsistencyModelPipeline"}))
    return folder


def without_device(line):
    """What `command_of` of the other scripts gives, but for what is chosen here."""
    line = [str(part) for part in line]
    for flag in ("--device", "--dtype"):
        if flag in line:
            at = line.index(flag)
            del line[at : at + 2]
    return line if line[0] == "generate" else ["generate", *line]


def cases_of(root):
    """Name, family, and the command with paths from `root`, which is the working directory."""
    import control
    import hold_out
    import ip_adapter
    import regions
    from safetensors.torch import load_file

    data, made = Path("data"), Path("made")
    for kind, wanted in PLAIN.items():
        runs = read(data, kind, "reference.json")["runs"]
        for index in wanted:
            run = runs[index]
            request = {"scheduler": None, "sigmas": None, **run, "negative": run.get("negative")}
            if "mask" in request:
                request["mask"] = data / kind / request["mask"]
            line = hold_out.command(request, data / kind / "model", data / kind / request.get("init", "init.png"))
            for name in request.get("references", []):
                line += ["--reference", f"image={data / kind / name}"]
            way = "inpaint" if "mask" in run else "img2img" if "init" in run else "references" if "references" in run else run.get("scheduler") or "plain"
            yield f"{kind} {index} {way}", kind, line
    lcm = consistency_model(Path())
    for run in read(HERE, "data/lcm/reference.json")[:2]:
        yield f"lcm, guidance {run['guidance']}", "sd1", hold_out.command({"width": 48, "height": 40, **run}, lcm, None)
    tensors = load_file(data / "paint/reference.safetensors")
    painted = {(case["kind"], case["extra"]): case["runs"] for case in read(data, "paint/reference.json")}
    for kind, extra, index in PAINTED:
        run = painted[kind, extra][index]
        model = data / kind / "model" if extra == "plain" else with_first_convolution(kind, extra, Path(), tensors[f"{kind}.{extra}.conv_in"])
        request = {"width": 48, "height": 40, "init": "even.png", **run, "strength": run.get("strength", 1.0)}
        if extra != "picture":
            request["mask"] = data / "paint/even-mask.png"
        line = hold_out.command(request, model, data / "paint/even.png")
        line += ["--mask-channel", "luma"] if extra != "picture" else ["--image-guidance", run["image_guidance"]]
        yield f"{kind} {'inpaint' if extra == 'plain' else '9 channels' if extra == 'mask' else 'instruction'}", kind, line
    words = read(data, "lora/cases.json")
    for kind, file, weight in LORAS:
        line = hold_out.command(words["request"], data / kind / "model", None)
        yield f"LoRA {file}", kind, [*line, "--lora", f"{data}/lora/{file}.safetensors:{weight}"]
    for word in words["words"]:
        line = hold_out.command(word["request"], data / word["kind"] / "model", None)
        yield f"embedding {word['file']}", word["kind"], [*line, "--embedding", f"{data}/lora/{word['file']}"]
    for index, run in first_of_each(read(data, "control/reference.json"), CONTROL_KEY):
        yield f"control {index} {run['net']} {run['way']}", run["kind"], control.command_of(run, made, data)
    for index, run in first_of_each(read(data, "ip-adapter/reference.json"), lambda run: (run["kind"], run["references"][0]["adapter"], run["way"], len(run["references"]))):
        yield f"IP-Adapter {index} {run['kind']} {run['references'][0]['adapter']} {run['way']}", run["kind"], ip_adapter.command_of(run, data)
    for index, run in first_of_each(read(data, "regions/reference.json"), lambda run: (run["kind"], run["way"], len(run["regions"]))):
        yield f"regions {index} {run['kind']} {run['way']}", run["kind"], regions.command_of(run, data)


def with_noise_of_single_precision(torch):
    """torch draws other numbers in half precision: the same ones, rounded, so that only rounding differs."""
    draw = torch.randn

    def drawn(*shape, dtype=None, **options):
        return draw(*shape, dtype=torch.float32, **options).to(dtype or torch.float32)

    torch.randn = drawn


def drawers(number):
    """How diffusers draws in this number format: `(name, draw)` of what its pipelines can be asked for as they are."""
    import control
    import make
    import modern
    import tiny
    from diffusers import ControlNetModel, ControlNetUnionModel, T2IAdapter

    data = HERE / "data"
    pipes = {kind: (modern if kind in ("klein", "z-image") else tiny).load(data / kind / "model").to(number) for kind in PLAIN}
    picture = lambda *path: Image.open(data.joinpath(*path)).convert("RGB")  # noqa: E731

    def plain(kind, run):
        pipe = pipes[kind]
        if kind == "klein":
            return modern.klein_run(pipe, run, {name: picture(kind, name) for name in run.get("references", [])})
        if kind == "z-image":
            mask = Image.open(data / kind / run["mask"]) if "mask" in run else None
            return modern.z_image_run(pipe, run, picture(kind, "init.png"), mask)
        return make.run(pipe, run, picture(kind, run["init"]) if "init" in run else None)

    for kind, wanted in PLAIN.items():
        runs = read(data, kind, "reference.json")["runs"]
        for index in wanted:
            yield f"{kind} {index}", lambda kind=kind, run=runs[index]: plain(kind, run)
    classes = dict.fromkeys(("sd1", "sd2", "sdxl", "pooled"), ControlNetModel) | {"union": ControlNetUnionModel}
    pictures = {name: picture("control", f"{name}.png") for name in ("lines", "smooth", "large")}
    for index, run in first_of_each(read(data, "control/reference.json"), CONTROL_KEY):
        def controlled(run=run):
            net = classes.get(run["net"], T2IAdapter).from_pretrained(data / "control" / run["net"].replace("pooled", "sd1"), torch_dtype=number).eval()
            if run["net"] == "pooled":
                net.register_to_config(global_pool_conditions=True)
            return control.draw(run, pipes, {run["net"]: net}, pictures, None)

        if run["way"] != "inpaint-9":
            yield f"control {index}", controlled


def own_rounding():
    """Of each run by its name's first two words: diffusers in half precision beside itself in single, on the processor."""
    import torch

    torch.set_num_threads(1)
    with_noise_of_single_precision(torch)
    pictures = defaultdict(dict)
    for dtype, number in {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}.items():
        for name, draw in drawers(number):
            try:
                with torch.no_grad():
                    pictures[name][dtype] = np.array(draw()).astype(int)
            except (RuntimeError, TypeError, ValueError, AttributeError) as reason:
                print(f"{name} in {dtype}: diffusers cannot do it ({str(reason)[:100]})", flush=True)
    found = {}
    for name, of in pictures.items():
        found[name] = {dtype: float(np.abs(of[dtype] - of["f32"]).mean()) for dtype in DTYPES[1:] if dtype in of and "f32" in of}
        print(name, found[name], flush=True)
    return found


def operands():
    import torch
    import torch.nn.functional as functional

    torch.set_num_threads(1)
    with_noise_of_single_precision(torch)
    names = ("linear", "conv2d", "scaled_dot_product_attention")
    exact = {name: getattr(functional, name) for name in names}
    rounded = lambda value: value.bfloat16().float() if torch.is_tensor(value) and value.dtype == torch.float32 else value  # noqa: E731

    def of_rounded(name):
        factors = 3 if name == "scaled_dot_product_attention" else 2

        def compute(*given, **named):
            first = [rounded(value) for value in given[:factors]]
            named = {key: rounded(value) if key in ("query", "key", "value", "weight") else value for key, value in named.items()}
            return exact[name](*first, *given[factors:], **named)

        return compute

    pictures = defaultdict(list)
    for change in (exact, {name: of_rounded(name) for name in names}):
        for name, function in change.items():
            setattr(functional, name, function)
        for name, draw in drawers(torch.float32):
            with torch.no_grad():
                pictures[name].append(np.array(draw()).astype(int))
    moved = {name: float(np.abs(one - other).mean()) for name, (one, other) in pictures.items()}
    for name, mean in moved.items():
        print(f"{name}: {mean:.2f}")
    within = sum(mean <= HALF_LIMIT for mean in moved.values())
    print(f"{within} of {len(moved)} within {HALF_LIMIT:g} of 255, median {statistics.median(moved.values()):.2f}, most {max(moved.values()):.2f}")


def make_folder(root):
    copy_data(root)
    own = own_rounding()
    os.chdir(root)
    cases = []
    for name, family, line in cases_of(root):
        start = " ".join(name.split(" ")[:2])
        of_family = [rounding for of, rounding in own.items() if of.split(" ")[0] == family]
        typical = {dtype: statistics.median(rounding[dtype] for rounding in of_family) for dtype in DTYPES[1:]}
        is_own = bool(own.get(start))
        cases.append({"name": name, "family": family, "command": without_device(line), "diffusers": own[start] if is_own else typical, "is_own": is_own})
    # The one whose rounding is least: what a way of computing adds shows most.
    plain = {kind: min((case for case in cases if case["name"].startswith(f"{kind} ") and case["is_own"]), key=lambda case: case["diffusers"]["bf16"]) for kind in PLAIN}
    for kind, case in plain.items():
        # A case's command is also the processor's: these have the plain one's.
        cases += [{**case, "name": f"{kind} attention {mode}", "card": ["--attention", mode]} for mode in ATTENTION]
    for kind, width in TILED.items():
        line = [part for part in plain[kind]["command"] if not part.startswith(("--width", "--height"))]
        cases.append({**plain[kind], "name": f"{kind} VAE in tiles", "is_own": False, "command": [*line, f"--width={width}", "--height=64", "--vae-tiling", "on"]})
    Path("cases.json").write_text(json.dumps(cases, ensure_ascii=False, indent=1) + "\n")
    for file in Path("data").rglob("*"):
        if file.is_file() and (file.name in ("reference.safetensors", "reference.json", "forms.safetensors", "forms.json")):
            file.unlink()
    print(len(cases), "cases,", sum(file.stat().st_size for file in Path().rglob("*") if file.is_file()) >> 10, "KB")


def draw(binary, root, line, out, home):
    """A picture, or the words with which it failed."""
    out.unlink(missing_ok=True)
    environment = {**os.environ, "INKWICK_HOME": str(home)}
    done = subprocess.run([binary, *line, "--json", "--out", str(out)], capture_output=True, text=True, cwd=root, env=environment, check=False)
    notices = [json.loads(text)["message"] for text in done.stdout.splitlines() if text.startswith("{") and '"notice"' in text]
    if done.returncode or not out.exists():
        return None, (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1]
    if any("could not carry out" in notice for notice in notices):
        return None, "; ".join(notices)
    return np.array(Image.open(out).convert("RGB")).astype(int), ""


def compare(root, binary, device):
    cases = read(root, "cases.json")
    binary = str(Path(binary).resolve())
    with tempfile.TemporaryDirectory() as home, ThreadPoolExecutor(AT_ONCE) as pool:
        home = Path(home)

        def start(name, line):
            return pool.submit(draw, binary, root, line, home / f"{name}.png", home / name)

        # The driver compiles candle's kernels at a machine's first use: once, not eight times.
        start("first", [*cases[0]["command"], "--device", device, "--dtype", "f32"]).result()
        processor = {}
        for case in cases:
            key = json.dumps(case["command"])
            if key not in processor:
                processor[key] = start(f"cpu-{len(processor)}", [*case["command"], "--device", "cpu", "--dtype", "f32"])
        card = {}
        for index, case in enumerate(cases):
            for dtype in DTYPES:
                # Flash attention has no single precision.
                if dtype != "f32" or case.get("card", [""])[-1] != "flash":
                    line = [*case["command"], *case.get("card", []), "--device", device, "--dtype", dtype]
                    card[index, dtype] = start(f"card-{index}-{dtype}", line)
        print("| picture | f32 | f16 | bf16 | diffusers f16 | diffusers bf16 |\n| --- | ---: | ---: | ---: | ---: | ---: |")
        failures, worst = [], dict.fromkeys(DTYPES, 0.0)
        for index, case in enumerate(cases):
            wanted, words = processor[json.dumps(case["command"])].result()
            cells = []
            if wanted is None:
                failures.append(f"{case['name']} on the processor: {words}")
            for dtype in DTYPES:
                found, words = card[index, dtype].result() if (index, dtype) in card else (None, None)
                if found is None or wanted is None or found.shape != wanted.shape:
                    cells.append("–" if words is None else "failed")
                    if words is not None:
                        failures.append(f"{case['name']} in {dtype}: {words or 'another size'}")
                    continue
                mean = float(np.abs(found - wanted).mean())
                worst[dtype] = max(worst[dtype], mean)
                limit = F32_LIMIT if dtype == "f32" else max(HALF_LIMIT, OF_DIFFUSERS * case["diffusers"].get(dtype, 0.0))
                cells.append(f"{mean:.4f}" if dtype == "f32" else f"{mean:.2f}")
                if mean > limit:
                    failures.append(f"{case['name']} in {dtype}: {mean:.4f} of 255, at most {limit:.4f} was wanted")
            mark = "" if case["is_own"] else "~ "
            cells += [f"{mark}{case['diffusers'][dtype]:.2f}" if dtype in case["diffusers"] else "–" for dtype in DTYPES[1:]]
            print(f"| {case['name']} | {' | '.join(cells)} |")
    print(f"\n{len(card)} pictures, worst: " + ", ".join(f"{dtype} {mean:.4f}" for dtype, mean in worst.items()))
    print("\n".join(f"FAILED {failure}" for failure in failures))
    return 1 if failures else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["make"] and len(sys.argv) == 3:
        make_folder(Path(sys.argv[2]).resolve())
    elif sys.argv[1:2] == ["compare"] and len(sys.argv) in (4, 5):
        sys.exit(compare(Path(sys.argv[2]).resolve(), sys.argv[3], (sys.argv[4:] or ["cuda:0"])[0]))
    elif sys.argv[1:] == ["operands"]:
        operands()
    else:
        sys.exit(__doc__)
