"""Makes data/lora: small LoRA files in every form, and the pictures of models into which PyTorch merged them;
and embeddings with the pictures that diffusers makes of their words.

    python lora.py
"""

import json
from pathlib import Path

import make
import tiny
import torch
from PIL import Image
from safetensors.torch import save_file
from single_file import unet_name

DATA = Path(__file__).resolve().parent / "data"
REQUEST = {"prompt": "a red apple in a castle", "negative": "blue", "steps": 4, "guidance": 5.0, "seed": 5,
           "scheduler": "euler", "height": 48, "width": 64}


def rand(*shape, std=1.0):
    return torch.randn(*shape, generator=DICE) * std


def kernel(weight):
    return weight.shape[2:] if weight.dim() == 4 else ()


def low_rank(weight, rank, std):
    """down, up and what they stand for."""
    rows, columns = weight.shape[:2]
    down, up = rand(rank, columns, *kernel(weight), std=std), rand(rows, rank, *[1] * len(kernel(weight)), std=std)
    return down, up, (up.flatten(1) @ down.flatten(1)).reshape(weight.shape)


def kohya(out, stem, weight, std):
    down, up, product = low_rank(weight, 2, std)
    out |= {f"{stem}.lora_down.weight": down, f"{stem}.lora_up.weight": up, f"{stem}.alpha": torch.tensor(1.5)}
    return product * 1.5 / 2


def kohya_core(out, stem, weight, std):
    """A 3×3 core between two 1×1 convolutions."""
    down, up = rand(2, weight.shape[1], 1, 1, std=std), rand(weight.shape[0], 2, 1, 1, std=std)
    mid = rand(2, 2, *kernel(weight))
    out |= {f"{stem}.lora_down.weight": down, f"{stem}.lora_up.weight": up, f"{stem}.lora_mid.weight": mid}
    return torch.einsum("nmkl,in,mj->ijkl", mid, up.flatten(1), down.flatten(1))


def peft(out, stem, weight, std):
    down, up, product = low_rank(weight, 3, std)
    out |= {f"{stem}.lora_A.weight": down, f"{stem}.lora_B.weight": up}
    return product


def loha(out, stem, weight, std):
    rows, columns = weight.shape[0], weight[0].numel()
    a, b, c, d = rand(rows, 2), rand(2, columns, std=std), rand(rows, 2), rand(2, columns)
    out |= {f"{stem}.hada_w1_a": a, f"{stem}.hada_w1_b": b, f"{stem}.hada_w2_a": c, f"{stem}.hada_w2_b": d}
    out[f"{stem}.alpha"] = torch.tensor(1.0)
    return ((a @ b) * (c @ d) / 2).reshape(weight.shape)


def lokr(out, stem, weight, std):
    rows, columns = weight.shape[:2]
    first, a, b = rand(2, 2, std=std), rand(rows // 2, 2), rand(2, columns // 2, *kernel(weight))
    out |= {f"{stem}.lokr_w1": first, f"{stem}.lokr_w2_a": a, f"{stem}.lokr_w2_b": b, f"{stem}.alpha": torch.tensor(1.0)}
    second = (a @ b.flatten(1)).reshape(rows // 2, columns // 2, *kernel(weight))
    return torch.kron(first.reshape(2, 2, *[1] * len(kernel(weight))), second) / 2


def full(out, stem, weight, std):
    out[f"{stem}.diff"] = rand(*weight.shape, std=std)
    return out[f"{stem}.diff"]


def dora(out, stem, weight, std):
    """Gives the difference at weight 1: what lies between is a straight line."""
    delta = kohya(out, stem, weight, std)
    magnitude = weight.flatten(1).norm(dim=1) * (1 + rand(weight.shape[0], std=0.1))
    out[f"{stem}.dora_scale"] = magnitude.reshape(-1, *[1] * (weight.dim() - 1))
    changed = weight + delta
    norm = changed.flatten(1).norm(dim=1).reshape(out[f"{stem}.dora_scale"].shape)
    return changed * out[f"{stem}.dora_scale"] / norm - weight


def layers(pipe):
    """Every matrix and convolution between the ends of UNet and encoders, with its network's key."""
    for key in ("unet", "text_encoder", "text_encoder_2"):
        network = getattr(pipe, key, None)
        for name, value in network.named_parameters() if network else []:
            inside = "attentions" in name or "resnets" in name or "layers" in name
            if name.endswith(".weight") and value.dim() in (2, 4) and inside:
                yield key, name.removesuffix(".weight").removeprefix("text_model."), value


def build(pipe, kind, form):
    """The file's tensors, and the difference of each parameter."""
    out, differences = {}, {}
    for index, (key, name, weight) in enumerate(layers(pipe)):
        if index % 2 and kind == "sdxl":
            continue
        flat = name.replace(".", "_")
        te = {"text_encoder": "lora_te1" if kind == "sdxl" else "lora_te", "text_encoder_2": "lora_te2"}
        if form == "peft":
            stem = f"unet.{name}" if key == "unet" else f"{key}.text_model.{name}"
        elif key == "unet" and kind == "sdxl":
            stem = "lora_unet_" + unet_name(name + ".weight", pipe.unet.config).removesuffix(".weight").replace(".", "_")
        else:
            stem = f"lora_unet_{flat}" if key == "unet" else f"{te[key]}_text_model_{flat}"
        std = 0.2 * float(weight.std()) ** 0.5
        maker = {"kohya": kohya, "peft": peft, "dora": dora}.get(form)
        if maker is None:
            maker = (loha, lokr, full)[index % 3]
            std = 0.25 * float(weight.std())
        elif form == "kohya" and kernel(weight) == (3, 3) and index % 4 == 0:
            maker = kohya_core
        differences[key, name] = maker(out, stem, weight.detach(), std)
    return out, differences


def embeddings(target):
    """AUTOMATIC1111's two formats for one encoder, and SDXL's pair."""
    listed = []
    for kind, file in [("sd1", "zig-zag.safetensors"), ("sd1", "moss.pt"), ("sdxl", "glow2.safetensors")]:
        pipe = tiny.load(DATA / kind / "model")
        word = Path(file).stem
        widths = {"clip_l": pipe.text_encoder.config.hidden_size}
        if kind == "sdxl":
            widths["clip_g"] = pipe.text_encoder_2.config.hidden_size
        vectors = {name: rand(3, width, std=0.3) for name, width in widths.items()}
        parts = {"clip_l": (pipe.text_encoder, pipe.tokenizer)}
        if kind == "sdxl":
            parts["clip_g"] = (pipe.text_encoder_2, pipe.tokenizer_2)
            save_file(vectors, target / file)
        elif file.endswith(".pt"):
            torch.save({"string_to_token": {"*": 265}, "string_to_param": {"*": vectors["clip_l"]}, "name": word}, target / file)
        else:
            save_file({"emb_params": vectors["clip_l"]}, target / file)
        for name, (encoder, tokenizer) in parts.items():
            pipe.load_textual_inversion(vectors[name], token=word, text_encoder=encoder, tokenizer=tokenizer)
        request = {**REQUEST, "prompt": f"a castle of {word}, red", "negative": f"blue {word}"}
        picture = make.run(pipe, request, None)
        name = f"{word}.png"
        Image.fromarray(picture).save(target / name)
        listed.append({"kind": kind, "file": file, "request": request, "picture": name})
    return listed


@torch.no_grad()
def main():
    target = DATA / "lora"
    target.mkdir(exist_ok=True)
    cases, built = [], {}
    for kind, form in [("sd1", "kohya"), ("sd1", "peft"), ("sd1", "lycoris"), ("sd1", "dora"), ("sdxl", "kohya")]:
        pipe = tiny.load(DATA / kind / "model")
        out, differences = build(pipe, kind, form)
        file = f"{kind}-{form}.safetensors"
        save_file({name: value.half().contiguous() for name, value in out.items()}, target / file)
        built[file] = differences
        weights = [-1.0, 0.5, 1.0] if form == "kohya" else [0.7]
        cases += [(kind, [(file, weight)]) for weight in weights]
    cases.append(("sd1", [("sd1-kohya.safetensors", 0.6), ("sd1-peft.safetensors", -0.4)]))
    listed = []
    for index, (kind, used) in enumerate(cases):
        pipe = tiny.load(DATA / kind / "model")
        for key, name, value in layers(pipe):
            for file, weight in used:
                if (key, name) in built[file]:
                    value.add_(built[file][key, name] * weight)
        picture = make.run(pipe, REQUEST, None)
        Image.fromarray(picture).save(target / f"{index}.png")
        listed.append({"kind": kind, "loras": used, "picture": f"{index}.png"})
    words = embeddings(target)
    (target / "cases.json").write_text(json.dumps({"request": REQUEST, "cases": listed, "words": words}, indent=1) + "\n")


if __name__ == "__main__":
    DICE = torch.Generator().manual_seed(7)
    main()
