"""Control networks by diffusers, on the pipelines of make.py: data/control.

Tiny networks with random weights in half precision (an own ControlNet for each kind, a union for SDXL, three forms of
T2I-Adapter) and the pictures that diffusers draws with them in single precision.

    python control.py               makes the data
    python control.py table BINARY  runs a built inkwick on it and writes the table at the end of PARITY.md
"""

import inspect
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import diffusers
import make
import numpy as np
import paint
import sampling
import tiny
import torch
from diffusers import ControlNetModel, ControlNetUnionModel, T2IAdapter
from PIL import Image, ImageDraw
from safetensors.torch import load_file, save_file

WIDTH, HEIGHT = 48, 40
# As many halvings as the pipeline's VAE has.
HINTS = {"sd1": (4, 8, 8, 16), "sd2": (8, 8, 16), "sdxl": (8, 16)}
PREFIX = {"sd1": "StableDiffusion", "sd2": "StableDiffusion", "sdxl": "StableDiffusionXL"}


def lively(network, seed, strength):
    """What would be zeros before training has an effect."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, value in network.named_parameters():
            if "controlnet_" in name and "cond_embedding" not in name or "spatial_ch_projs" in name:
                value.copy_(torch.randn_like(value) * strength)
            elif "cond_embedding" in name:
                value.mul_(2).add_(torch.randn_like(value) * 0.2)
            elif value.dim() > 1:
                value.add_(torch.randn_like(value) * value.std() * 0.3)
    return network


def kept(network, folder):
    """As it is saved, in half precision, and read again in single."""
    network.half().save_pretrained(folder)
    return type(network).from_pretrained(folder, torch_dtype=torch.float32).eval()


def union_of(unet):
    wanted = {key: value for key, value in unet.config.items() if not key.startswith("_")}
    fields = inspect.signature(ControlNetUnionModel.__init__).parameters
    wanted = {key: value for key, value in wanted.items() if key in fields}
    first = unet.config.block_out_channels[0]
    own = {"num_control_type": 6, "num_trans_channel": first, "num_trans_head": 4, "num_proj_channel": first}
    union = ControlNetUnionModel(**wanted, **own, conditioning_embedding_out_channels=HINTS["sdxl"])
    union.load_state_dict(unet.state_dict(), strict=False)
    return union


def networks(folder, pipes):
    made = {}
    for index, (kind, pipe) in enumerate(pipes.items()):
        net = ControlNetModel.from_unet(pipe.unet, conditioning_embedding_out_channels=HINTS[kind])
        made[kind] = kept(lively(net, 200 + index, 0.25), folder / kind)
    made["union"] = kept(lively(union_of(pipes["sdxl"].unet), 210, 0.25), folder / "union")
    pooled = ControlNetModel.from_pretrained(folder / "sd1")
    pooled.register_to_config(global_pool_conditions=True)
    made["pooled"] = pooled.eval()
    for index, (name, options) in enumerate({
        "full": {"adapter_type": "full_adapter", "channels": [16, 32], "downscale_factor": 8, "num_res_blocks": 2},
        "light": {"adapter_type": "light_adapter", "channels": [16, 32], "downscale_factor": 8, "num_res_blocks": 2},
        "grey": {"adapter_type": "full_adapter", "channels": [16, 24, 32], "downscale_factor": 4, "in_channels": 1, "num_res_blocks": 1},
        "xl": {"adapter_type": "full_adapter_xl", "channels": [16, 32], "downscale_factor": 4, "num_res_blocks": 2},
    }.items()):
        torch.manual_seed(220 + index)
        adapter = T2IAdapter(**options)
        with torch.no_grad():
            for name_of, value in adapter.named_parameters():
                value.mul_(1.6)
        made[name] = kept(adapter, folder / name)
    return made


def lines(width, height, seed):
    """Bright lines and a filled shape on black."""
    picture = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(picture)
    points = np.random.default_rng(seed).integers(0, [width, height], (7, 2))
    draw.line([tuple(map(int, point)) for point in points], fill=(255, 255, 255), width=2)
    draw.ellipse([4, 6, width // 2, height // 2], outline=(255, 200, 90), fill=(30, 60, 120))
    return picture


def runs():
    """What each is asked: network, kind, way, and for each control its picture, weight, first and last step."""
    one = {"picture": "lines", "weight": 1.0, "from": 0.0, "to": 1.0}
    base = {"way": "text", "guidance": 6.0, "negative": None, "steps": 5, "scheduler": None, "guess": False}
    for kind in ("sd1", "sd2", "sdxl"):
        for way in ("text", "picture", "inpaint"):
            if kind == "sd2" and way != "text":
                continue
            yield {**base, "net": kind, "kind": kind, "way": way, "controls": [one]}
        yield {**base, "net": kind, "kind": kind, "controls": [{**one, "weight": 0.6, "from": 0.2, "to": 0.7}]}
        yield {**base, "net": kind, "kind": kind, "controls": [one], "guess": True}
        yield {**base, "net": kind, "kind": kind, "controls": [{**one, "weight": 0.7}, {**one, "picture": "smooth", "weight": 0.5, "to": 0.5}]}
    yield {**base, "net": "sd1", "kind": "sd1", "controls": [one], "guess": True, "guidance": 1.0}
    yield {**base, "net": "sd1", "kind": "sd1", "controls": [one, {**one, "picture": "smooth", "weight": 0.8}], "guess": True}
    yield {**base, "net": "sd1", "kind": "sd1", "controls": [{**one, "from": 0.3}], "scheduler": "heun"}
    yield {**base, "net": "sd1", "kind": "sd1", "controls": [{**one, "to": 0.6}], "scheduler": "euler-a", "way": "picture"}
    yield {**base, "net": "sd1", "kind": "sd1", "controls": [{**one, "picture": "large"}]}
    yield {**base, "net": "sd1", "kind": "sd1", "controls": [one], "way": "inpaint-9"}
    yield {**base, "net": "pooled", "kind": "sd1", "controls": [{**one, "weight": 2.0}]}
    yield {**base, "net": "union", "kind": "sdxl", "controls": [{**one, "type": 3}]}
    yield {**base, "net": "union", "kind": "sdxl", "controls": [{**one, "type": 1, "weight": 0.7, "from": 0.2, "to": 0.7}]}
    yield {**base, "net": "union", "kind": "sdxl", "controls": [{**one, "type": 3, "weight": 0.8}, {**one, "picture": "smooth", "type": 1, "weight": 0.5}]}
    yield {**base, "net": "union", "kind": "sdxl", "controls": [{**one, "type": 0}], "guess": True, "guidance": 1.0}
    for net, kind in (("full", "sd1"), ("light", "sd1"), ("grey", "sd2"), ("xl", "sdxl")):
        yield {**base, "net": net, "kind": kind, "controls": [one]}
        yield {**base, "net": net, "kind": kind, "controls": [{**one, "picture": "smooth", "weight": 0.5}], "guidance": 1.0}
    yield {**base, "net": "xl", "kind": "sdxl", "controls": [{**one, "to": 0.5}]}
    yield {**base, "net": "full", "kind": "sd1", "controls": [{**one, "weight": 0.7}, {**one, "picture": "smooth", "weight": 0.4}]}


def class_of(request):
    prefix = PREFIX[request["kind"]]
    if request["net"] in ("full", "light", "grey", "xl"):
        return f"{prefix}AdapterPipeline"
    union = "Union" if request["net"] == "union" else ""
    way = {"text": "", "picture": "Img2Img"}.get(request["way"], "Inpaint")
    return f"{prefix}ControlNet{union}{way}Pipeline"


@torch.no_grad()
def draw(request, pipes, made, pictures, wider):
    pipe = pipes[request["kind"]]
    parts = {name: part for name, part in pipe.components.items() if part is not None}
    folder = Path(__file__).resolve().parent / "data" / request["kind"] / "model"
    parts["scheduler"] = type(pipe.scheduler).from_pretrained(folder / "scheduler")
    if request["way"] == "inpaint-9":
        parts["unet"] = wider
    net, controls = made[request["net"]], request["controls"]
    is_adapter = isinstance(net, T2IAdapter)
    is_several = len(controls) > 1
    is_union = request["net"] == "union"
    if is_adapter:
        parts["adapter"] = [net] * len(controls) if is_several else net
    else:
        parts["controlnet"] = [net] * len(controls) if is_several and not is_union else net
    if request["kind"] != "sdxl":
        parts |= {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    runner = getattr(diffusers, class_of(request))(**parts)
    runner.set_progress_bar_config(disable=True)
    if request["scheduler"]:
        runner.scheduler = sampling.scheduler_of(request["scheduler"], runner.scheduler.config)

    def all_of(key):
        found = [control[key] for control in controls]
        return found if is_several else found[0]

    images = [pictures[control["picture"]] for control in controls]
    if request["net"] == "grey":
        images = [image.convert("L") for image in images]
    images = images if is_several or is_union else images[0]
    call = {
        "prompt": make.PROMPTS[0],
        "negative_prompt": request["negative"],
        "num_inference_steps": request["steps"],
        "guidance_scale": request["guidance"],
        "generator": torch.Generator().manual_seed(request["seed"]),
        "width": WIDTH,
        "height": HEIGHT,
    }
    if is_adapter:
        call |= {"image": images, "adapter_conditioning_scale": all_of("weight")}
        if request["kind"] == "sdxl":
            call["adapter_conditioning_factor"] = controls[0]["to"]
    else:
        call |= {
            "controlnet_conditioning_scale": all_of("weight"),
            "control_guidance_start": all_of("from"),
            "control_guidance_end": all_of("to"),
            "guess_mode": request["guess"],
        }
        if request["way"] == "text":
            call["control_image" if is_union else "image"] = images
        else:
            call |= {"image": pictures["smooth"], "control_image": images, "strength": 0.6}
            if request["way"] != "picture":
                call |= {"mask_image": paint.mask_picture(WIDTH, HEIGHT), "strength": 1.0 if request["way"] == "inpaint-9" else 0.8}
        if is_union:
            call["control_mode"] = [control["type"] for control in controls]
    picture = runner(**call).images[0]
    return torch.from_numpy(np.array(picture.convert("RGB")))


def main():
    torch.set_num_threads(1)
    data = Path(__file__).resolve().parent / "data"
    folder = data / "control"
    folder.mkdir(exist_ok=True)
    pipes = {kind: tiny.load(data / kind / "model") for kind in ("sd1", "sd2", "sdxl")}
    wider, conv_in = paint.with_channels(tiny.load(data / "sd1" / "model").unet, 5, 99)
    with torch.no_grad():
        made = networks(folder, pipes)
    pictures = {
        "lines": lines(WIDTH, HEIGHT, 3),
        "smooth": make.init_picture(WIDTH, HEIGHT, 9),
        "large": lines(3 * WIDTH, 3 * HEIGHT, 4),
    }
    for name, picture in pictures.items():
        picture.save(folder / f"{name}.png")
    paint.mask_picture(WIDTH, HEIGHT).save(folder / "mask.png")
    tensors, done = {"sd1.conv_in": conv_in}, []
    for index, request in enumerate(runs()):
        request["seed"] = 300 + index
        tensors[str(index)] = draw(request, pipes, made, pictures, wider)
        done.append(request)
        print(index, class_of(request), request["net"], request["way"], flush=True)
    save_file({name: value.contiguous() for name, value in tensors.items()}, folder / "reference.safetensors")
    lines_of = ",\n ".join(json.dumps(request) for request in done)
    (folder / "reference.json").write_text(f"[{lines_of}]\n")


def model_of(request, home, data):
    """The folder that the picture is drawn with."""
    folder = data / request["kind"] / "model"
    if request["way"] != "inpaint-9":
        return folder
    wider = home / "wider"
    shutil.copytree(folder, wider, dirs_exist_ok=True)
    weights = wider / "unet" / "diffusion_pytorch_model.safetensors"
    conv_in = load_file(data / "control" / "reference.safetensors")["sd1.conv_in"]
    save_file({**load_file(weights), "conv_in.weight": conv_in}, weights)
    for name, change in (("unet/config.json", {"in_channels": 9}), ("model_index.json", {"_class_name": "StableDiffusionInpaintPipeline"})):
        (wider / name).write_text(json.dumps({**json.loads((wider / name).read_text()), **change}))
    return wider


def network_of(request, home, folder):
    if request["net"] != "pooled":
        return folder / request["net"]
    pooled = home / "pooled"
    shutil.copytree(folder / "sd1", pooled, dirs_exist_ok=True)
    config = pooled / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "global_pool_conditions": True}))
    return pooled


def command_of(request, home, data):
    folder = data / "control"
    command = ["--model", model_of(request, home, data), "--prompt", make.PROMPTS[0], "--prompt-syntax", "plain"]
    command += ["--steps", request["steps"], "--guidance", request["guidance"], "--seed", request["seed"]]
    command += ["--width", WIDTH, "--height", HEIGHT, "--device", "cpu", "--dtype", "f32"]
    if request["scheduler"]:
        command += ["--scheduler", request["scheduler"]]
    for control in request["controls"]:
        text = f"{network_of(request, home, folder)},image={folder / control['picture']}.png,weight={control['weight']}"
        text += f",from={control['from']},to={control['to']}"
        text += ",mode=control" if request["guess"] else ""
        text += f",type={['pose', 'depth', 'scribble', 'canny'][control['type']]}" if "type" in control else ""
        command += ["--control", text]
    if request["way"] != "text":
        strength = {"picture": 0.6, "inpaint": 0.8}.get(request["way"], 1.0)
        command += ["--init", folder / "smooth.png", "--strength", strength]
    if request["way"].startswith("inpaint"):
        command += ["--mask", folder / "mask.png", "--mask-channel", "luma", "--mask-blur", 0, "--no-composite"]
    return [str(part) for part in command]


def described(request):
    nets = {"sd1": "ControlNet", "sd2": "ControlNet", "sdxl": "ControlNet", "pooled": "ControlNet, pooled", "union": "ControlNet, union"}
    net = nets.get(request["net"], f"T2I-Adapter, {request['net']}")
    ways = {"text": "noise", "picture": "picture", "inpaint": "picture and mask", "inpaint-9": "picture and mask, 9 channels"}
    how = []
    if len(request["controls"]) > 1:
        how.append("two at once")
    if any(control["from"] > 0 or control["to"] < 1 for control in request["controls"]):
        how.append("start and end")
    if request["guess"]:
        how.append("guess mode")
    if request["guidance"] <= 1:
        how.append("no guidance")
    family = {"sd1": "SD 1", "sd2": "SD 2", "sdxl": "SDXL"}[request["kind"]]
    return family, net, ways[request["way"]], ", ".join(how) or "weight alone"


def table(binary):
    """Exit status 1 when a picture fails or is off by one of 255 or more in the mean."""
    data = Path(__file__).resolve().parent / "data"
    wanted = load_file(data / "control" / "reference.safetensors")
    rows, worst = {}, 0.0
    with tempfile.TemporaryDirectory() as home:
        for index, request in enumerate(json.loads((data / "control" / "reference.json").read_text())):
            out = Path(home) / f"{index}.png"
            command = [binary, "generate", *command_of(request, Path(home), data), "--out", str(out)]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                print(f"{index} FAILED: {done.stderr.strip().splitlines()[-1:]}")
                worst = 255.0
                continue
            difference = np.abs(np.array(Image.open(out).convert("RGB")).astype(int) - wanted[str(index)].numpy())
            worst = max(worst, difference.mean())
            print(f"{index} mean {difference.mean():.4f}  max {difference.max()}  {described(request)}")
            count, mean, largest = rows.get(described(request), (0, 0.0, 0))
            rows[described(request)] = (count + 1, max(mean, difference.mean()), max(largest, int(difference.max())))
    file = Path(__file__).resolve().parent / "PARITY.md"
    before, _, rest = file.read_text().partition("\n## Control networks")
    behind = rest.partition("\n## ")[2]
    text = [
        before.rstrip(),
        "",
        "## Control networks",
        "",
        "The same with networks by which a picture steers, on `data/control`. Written by `control.py table`.",
        "",
        "| family | network | from | how | pictures | mean | largest |",
        "| --- | --- | --- | --- | ---: | ---: | ---: |",
    ]
    for key, (count, mean, largest) in sorted(rows.items()):
        text.append("| " + " | ".join([*key, str(count), f"{mean:.4f}", str(largest)]) + " |")
    text += ["", "## " + behind.rstrip()] if behind else []
    file.write_text("\n".join(text) + "\n")
    return 0 if worst < 1 else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["table"]:
        sys.exit(table(sys.argv[2]))
    main()
