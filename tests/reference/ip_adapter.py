"""IP-Adapters by diffusers, on the pipelines of make.py: data/ip-adapter.

A tiny image encoder (CLIP's), adapters of every form with random weights in half precision, and the pictures that diffusers
draws with them in single precision.

    python ip_adapter.py               makes the data
    python ip_adapter.py table BINARY  runs a built inkwick on it and writes its table in PARITY.md
"""

import json
import sys
from pathlib import Path

import diffusers
import make
import numpy as np
import paint
import parity
import tiny
import torch
from control import HEIGHT, PREFIX, WIDTH
from diffusers.image_processor import IPAdapterMaskProcessor
from PIL import Image
from safetensors.torch import save_file
from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModelWithProjection

SIDE, HIDDEN, PROJECTED = 32, 32, 24
STRENGTH = {"picture": 0.6, "inpaint": 0.8}


def encoder(folder):
    torch.manual_seed(700)
    config = CLIPVisionConfig(
        hidden_size=HIDDEN, intermediate_size=48, num_hidden_layers=3, num_attention_heads=4, image_size=SIDE, patch_size=8,
        projection_dim=PROJECTED, hidden_act="gelu",
    )
    network = CLIPVisionModelWithProjection(config)
    with torch.no_grad():
        for value in network.parameters():
            value.add_(torch.randn_like(value) * 0.1)
    network.half().save_pretrained(folder)
    return CLIPVisionModelWithProjection.from_pretrained(folder, dtype=torch.float32).eval()


def adapter(unet, form, seed):
    """The tensors of one, in the names of the published files."""
    torch.manual_seed(seed)
    width = unet.config.cross_attention_dim

    def matrix(rows, columns):
        return torch.randn(rows, columns) * 1.5 / columns**0.5

    def norm(name, size):
        return {f"{name}.weight": 1 + 0.1 * torch.randn(size), f"{name}.bias": 0.1 * torch.randn(size)}

    if form == "base":
        image = {"proj.weight": matrix(4 * width, PROJECTED), "proj.bias": torch.randn(4 * width) * 0.3, **norm("norm", width)}
    elif form == "full":
        image = {"proj.0.weight": matrix(HIDDEN, HIDDEN), "proj.0.bias": torch.randn(HIDDEN) * 0.1}
        image |= {"proj.2.weight": matrix(width, HIDDEN), "proj.2.bias": torch.randn(width) * 0.1, **norm("proj.3", width)}
    else:
        inside, heads = 16, 64
        image = {"latents": torch.randn(1, 5, inside), "proj_in.weight": matrix(inside, HIDDEN), "proj_in.bias": torch.zeros(inside)}
        for layer in range(4):
            image |= norm(f"layers.{layer}.0.norm1", inside) | norm(f"layers.{layer}.0.norm2", inside)
            image |= {f"layers.{layer}.0.to_q.weight": matrix(heads, inside), f"layers.{layer}.0.to_kv.weight": matrix(2 * heads, inside)}
            image |= {f"layers.{layer}.0.to_out.weight": matrix(inside, heads), **norm(f"layers.{layer}.1.0", inside)}
            image |= {f"layers.{layer}.1.1.weight": matrix(4 * inside, inside), f"layers.{layer}.1.3.weight": matrix(inside, 4 * inside)}
        image |= {"proj_out.weight": matrix(width, inside), "proj_out.bias": torch.zeros(width), **norm("norm_out", width)}
    layers, number = {}, 1
    for name in unet.attn_processors:
        if name.endswith("attn2.processor"):
            size = unet.get_submodule(name.removesuffix(".processor")).to_k.out_features
            layers |= {f"{number}.to_k_ip.weight": matrix(size, width), f"{number}.to_v_ip.weight": matrix(size, width)}
            number += 2
    halves = lambda tensors: {name: value.half() for name, value in tensors.items()}
    return {"image_proj": halves(image), "ip_adapter": halves(layers)}


def runs():
    one = {"adapter": "base", "picture": "flower", "weight": 0.8, "use": "all", "mask": None}
    other = {**one, "adapter": "plus", "picture": "smooth", "weight": 0.6}
    base = {"way": "text", "guidance": 6.0, "negative": None, "steps": 5}
    for kind in ("sd1", "sd2", "sdxl"):
        yield {**base, "kind": kind, "references": [one]}
        if kind == "sd2":
            continue
        yield {**base, "kind": kind, "references": [other]}
        yield {**base, "kind": kind, "references": [one], "guidance": 1.0}
        yield {**base, "kind": kind, "references": [one, other], "negative": "blurred, grey"}
        yield {**base, "kind": kind, "references": [{**one, "mask": "left"}, {**other, "mask": "right"}]}
        yield {**base, "kind": kind, "references": [{**one, "use": "style", "weight": 1.0}]}
        yield {**base, "kind": kind, "references": [{**other, "use": "composition", "weight": 1.0}]}
        yield {**base, "kind": kind, "references": [{**one, "use": "style"}, {**other, "use": "composition"}]}
        yield {**base, "kind": kind, "references": [one], "way": "picture"}
        yield {**base, "kind": kind, "references": [other, one], "way": "inpaint"}
    yield {**base, "kind": "sd1", "references": [{**one, "adapter": "full"}]}
    yield {**base, "kind": "sd1", "references": [{**one, "picture": "tall", "adapter": "full"}, {**one, "picture": "smooth", "weight": 0.3}]}


def counts(kind, use, unet, name):
    """The layers in which a reference counts: InstantStyle's for SDXL, where the others put them for SD 1."""
    downs = [index for index, block in enumerate(unet.down_blocks) if hasattr(block, "attentions")]
    ups = [index for index, block in enumerate(unet.up_blocks) if hasattr(block, "attentions")]
    within = lambda start: name.startswith(f"{start}.")
    if use == "all":
        return True
    if kind == "sdxl":
        return within(f"up_blocks.{ups[0]}.attentions.1") if use == "style" else within(f"down_blocks.{downs[-1]}.attentions.{unet.config.layers_per_block - 1}")
    composition = within(f"down_blocks.{downs[-1]}")
    return composition if use == "composition" else not composition and not within(f"up_blocks.{ups[0]}")


@torch.no_grad()
def draw(request, pipes, made, network, pictures, masks):
    kind, references = request["kind"], request["references"]
    pipe = pipes[kind]
    folder = Path(__file__).resolve().parent / "data" / kind / "model"
    parts = {name: part for name, part in pipe.components.items() if part is not None}
    parts["scheduler"] = type(pipe.scheduler).from_pretrained(folder / "scheduler")
    parts |= {"image_encoder": network, "feature_extractor": CLIPImageProcessor(size=SIDE, crop_size=SIDE)}
    if kind != "sdxl":
        parts |= {"safety_checker": None, "requires_safety_checker": False}
    way = {"text": "", "picture": "Img2Img", "inpaint": "Inpaint"}[request["way"]]
    runner = getattr(diffusers, f"{PREFIX[kind]}{way}Pipeline")(**parts)
    runner.set_progress_bar_config(disable=True)
    states = [{part: {name: value.float() for name, value in tensors.items()} for part, tensors in made[kind, one["adapter"]].items()} for one in references]
    runner.load_ip_adapter(states, subfolder=[""] * len(states), weight_name=["none"] * len(states), image_encoder_folder=None)
    scales = [one["weight"] for one in references]
    if kind == "sdxl" and all(one["use"] != "all" for one in references):
        # As diffusers' own dictionaries say it.
        downs = runner.unet.config.layers_per_block
        each = {
            "style": lambda weight: {"up": {"block_0": [0.0, weight, *[0.0] * (downs - 1)]}},
            "composition": lambda weight: {"down": {"block_1": [*[0.0] * (downs - 1), weight]}},
        }
        runner.set_ip_adapter_scale([each[one["use"]](one["weight"]) for one in references])
    else:
        runner.set_ip_adapter_scale(scales)
        for name, processor in runner.unet.attn_processors.items():
            if hasattr(processor, "scale"):
                processor.scale = [one["weight"] if counts(kind, one["use"], runner.unet, name) else 0.0 for one in references]
    call = {
        "prompt": make.PROMPTS[0],
        "negative_prompt": request["negative"],
        "num_inference_steps": request["steps"],
        "guidance_scale": request["guidance"],
        "generator": torch.Generator().manual_seed(request["seed"]),
        "ip_adapter_image": [pictures[one["picture"]] for one in references],
    }
    if any(one["mask"] for one in references):
        processor = IPAdapterMaskProcessor()
        call["cross_attention_kwargs"] = {
            "ip_adapter_masks": [processor.preprocess([masks[one["mask"]]], height=HEIGHT, width=WIDTH).reshape(1, 1, HEIGHT, WIDTH) for one in references]
        }
    if request["way"] != "picture":
        call |= {"width": WIDTH, "height": HEIGHT}
    if request["way"] != "text":
        call |= {"image": pictures["smooth"], "strength": STRENGTH[request["way"]]}
    if request["way"] == "inpaint":
        call["mask_image"] = paint.mask_picture(WIDTH, HEIGHT)
    picture = runner(**call).images[0]
    runner.unload_ip_adapter()
    return torch.from_numpy(np.array(picture.convert("RGB")))


def main():
    torch.set_num_threads(1)
    data = Path(__file__).resolve().parent / "data"
    folder = data / "ip-adapter"
    folder.mkdir(exist_ok=True)
    pipes = {kind: tiny.load(data / kind / "model") for kind in ("sd1", "sd2", "sdxl")}
    network = encoder(folder / "image_encoder")
    made = {}
    for index, (kind, form) in enumerate((("sd1", "base"), ("sd1", "plus"), ("sd1", "full"), ("sd2", "base"), ("sdxl", "base"), ("sdxl", "plus"))):
        made[kind, form] = adapter(pipes[kind].unet, form, 710 + index)
        if (kind, form) == ("sd1", "base"):
            torch.save(made[kind, form], folder / f"{kind}-{form}.bin")
            continue
        flat = {f"{part}.{name}": value.contiguous() for part, tensors in made[kind, form].items() for name, value in tensors.items()}
        save_file(flat, folder / f"{kind}-{form}.safetensors")
    pictures = {"flower": make.init_picture(70, 50, 21), "tall": make.init_picture(37, 61, 22), "smooth": Image.open(data / "control" / "smooth.png").convert("RGB")}
    for name in ("flower", "tall"):
        pictures[name].save(folder / f"{name}.png")
    # Whole cells of every level, where a cell's middle and its mean are the same.
    left = np.zeros((HEIGHT, WIDTH), np.uint8)
    left[:, :32] = 255
    masks = {"left": Image.fromarray(left), "right": Image.fromarray(255 - left)}
    for name, mask in masks.items():
        mask.save(folder / f"{name}.png")
    tensors, done = {}, []
    for index, request in enumerate(runs()):
        request["seed"] = 720 + index
        tensors[str(index)] = draw(request, pipes, made, network, pictures, masks)
        done.append(request)
        print(index, request["kind"], request["way"], flush=True)
    save_file({name: value.contiguous() for name, value in tensors.items()}, folder / "reference.safetensors")
    lines_of = ",\n ".join(json.dumps(request) for request in done)
    (folder / "reference.json").write_text(f"[{lines_of}]\n")


def command_of(request, data):
    folder = data / "ip-adapter"
    command = ["--model", data / request["kind"] / "model", "--prompt", make.PROMPTS[0], "--prompt-syntax", "plain"]
    command += ["--steps", request["steps"], "--guidance", request["guidance"], "--seed", request["seed"]]
    command += ["--width", WIDTH, "--height", HEIGHT, "--device", "cpu", "--dtype", "f32"]
    if request["negative"] is not None:
        command += ["--negative", request["negative"]]
    for one in request["references"]:
        file = next(folder.glob(f"{request['kind']}-{one['adapter']}.*"))
        picture = data / "control" / "smooth.png" if one["picture"] == "smooth" else folder / f"{one['picture']}.png"
        text = f"{file},image={picture},weight={one['weight']},use={one['use']}"
        text += f",mask={folder / one['mask']}.png" if one["mask"] else ""
        command += ["--reference", text]
    if request["way"] != "text":
        command += ["--init", data / "control" / "smooth.png", "--strength", STRENGTH[request["way"]]]
    if request["way"] == "inpaint":
        command += ["--mask", data / "control" / "mask.png", "--mask-channel", "luma", "--mask-blur", 0, "--no-composite"]
    return [str(part) for part in command]


def how(request):
    said = [one["adapter"] + (f", {one['use']}" if one["use"] != "all" else "") + (", masked" if one["mask"] else "") for one in request["references"]]
    return " and ".join(said) + ("; no guidance" if request["guidance"] <= 1 else "")


def table(binary):
    """Exit status 1 when a picture fails or is off by one of 255 or more in the mean."""
    rows, worst = parity.measured(binary, "ip-adapter", command_of, how)
    parity.section("Reference pictures", [
        "Reference pictures through IP-Adapters, on `data/ip-adapter`. Written by `ip_adapter.py table`.",
        "",
        "| family | references | from | mean | largest |",
        "| --- | --- | --- | ---: | ---: |",
        *rows,
    ])
    return 0 if worst < 1 else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["table"]:
        sys.exit(table(sys.argv[2]))
    main()
