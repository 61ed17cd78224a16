"""A diffusers folder as one checkpoint file in the layout of the original code (LDM for SD 1 and 2, SGM for SDXL).

    python single_file.py FOLDER FILE [--dtype f32|f16|bf16] [--no-vae] [--no-sidecar]

FILE ends in .safetensors or .ckpt. Beside it NAME.json tells what tensors cannot (heads, groups, tokenizer).
diffusers has only the other way: what is written here is read back through its converters and compared.
"""

import argparse
import json
import os
import re
from pathlib import Path

import torch
import tiny
from diffusers.loaders import single_file_utils as original
from safetensors.torch import save_file

RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
ENDS = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}


def unet_name(name, config):
    """What the original code calls a tensor of the UNet."""
    for ours, theirs in ENDS.items():
        if name.startswith(ours + "."):
            return theirs + name[len(ours) :]
    kind, rest = name.split(".", 1)
    layers = config["layers_per_block"]
    if kind == "mid_block":
        part, index, rest = rest.split(".", 2)
        if part == "attentions":
            return f"middle_block.1.{rest}"
        return f"middle_block.{2 * int(index)}.{resnet_name(rest)}"
    block, part, index, rest = rest.split(".", 3)
    block, index = int(block), int(index)
    if kind == "down_blocks":
        place = 1 + block * (layers + 1) + index
        if part == "downsamplers":
            return f"input_blocks.{1 + block * (layers + 1) + layers}.0.{rest.replace('conv', 'op')}"
        return f"input_blocks.{place}.0.{resnet_name(rest)}" if part == "resnets" else f"input_blocks.{place}.1.{rest}"
    place = block * (layers + 1) + index
    if part == "upsamplers":
        has_attention = config["up_block_types"][block].startswith("CrossAttn")
        return f"output_blocks.{block * (layers + 1) + layers}.{2 if has_attention else 1}.{rest}"
    return f"output_blocks.{place}.0.{resnet_name(rest)}" if part == "resnets" else f"output_blocks.{place}.1.{rest}"


def resnet_name(rest):
    name, kind = rest.rsplit(".", 1)
    return f"{RESNET[name]}.{kind}"


def vae_name(name, levels):
    name = re.sub(r"decoder\.up_blocks\.(\d+)", lambda found: f"decoder.up.{levels - 1 - int(found[1])}", name)
    name = name.replace("encoder.down_blocks.", "encoder.down.")
    name = re.sub(r"mid_block\.resnets\.(\d)", lambda found: f"mid.block_{int(found[1]) + 1}", name)
    name = name.replace("mid_block.attentions.0", "mid.attn_1").replace(".resnets.", ".block.")
    for ours, theirs in [
        ("downsamplers.0", "downsample"), ("upsamplers.0", "upsample"), ("conv_shortcut", "nin_shortcut"),
        ("conv_norm_out", "norm_out"), ("group_norm", "norm"), ("to_q", "q"), ("to_k", "k"), ("to_v", "v"),
        ("to_out.0", "proj_out"),
    ]:
        name = name.replace(ours, theirs)
    return name


def open_clip(state):
    """OpenCLIP's names: query, key and value in one matrix, the projection from the other side."""
    out = {}
    for name, value in state.items():
        name = name.removeprefix("text_model.")
        if name == "text_projection.weight":
            out["text_projection"] = value.T
        elif name.startswith("embeddings.position"):
            out["positional_embedding"] = value
        elif name.startswith("embeddings.token"):
            out["token_embedding.weight"] = value
        elif name.startswith("final_layer_norm"):
            out[name.replace("final_layer_norm", "ln_final")] = value
        elif ".self_attn.q_proj" in name:
            parts = [state[key] for key in (full(state, name.replace("q_proj", f"{x}_proj")) for x in "qkv")]
            at = name.replace("encoder.layers", "transformer.resblocks").replace("self_attn.q_proj.", "attn.in_proj_")
            out[at] = torch.cat(parts)
        elif ".k_proj" not in name and ".v_proj" not in name:
            for ours, theirs in [("encoder.layers", "transformer.resblocks"), ("layer_norm1", "ln_1"),
                                 ("layer_norm2", "ln_2"), ("fc1", "c_fc"), ("fc2", "c_proj"), ("self_attn", "attn")]:
                name = name.replace(ours, theirs)
            out[name] = value
    return out


def full(state, name):
    return name if name in state else f"text_model.{name}"


def prefixed(prefix, state):
    return {prefix + name: value for name, value in state.items()}


def hugging_face(state):
    return {name if name.startswith("text_") else f"text_model.{name}": value for name, value in state.items()}


def convert(pipe, with_vae=True):
    unet = {unet_name(name, pipe.unet.config): value for name, value in pipe.unet.state_dict().items()}
    out = prefixed("model.diffusion_model.", unet)
    if with_vae:
        levels = len(pipe.vae.config.block_out_channels)
        for name, value in pipe.vae.state_dict().items():
            # The original code keeps the attention's matrices as 1×1 convolutions.
            value = value[:, :, None, None] if ".attentions." in name and value.dim() == 2 else value
            out["first_stage_model." + vae_name(name, levels)] = value
    text = pipe.text_encoder.state_dict()
    if hasattr(pipe, "text_encoder_2"):
        out |= prefixed("conditioner.embedders.0.transformer.", hugging_face(text))
        out |= prefixed("conditioner.embedders.1.model.", open_clip(pipe.text_encoder_2.state_dict()))
        out["conditioner.embedders.1.model.logit_scale"] = torch.tensor(4.6)
    elif pipe.text_encoder.config.hidden_act == "gelu":
        named = open_clip(text)
        last = pipe.text_encoder.config.num_hidden_layers
        # The whole of OpenCLIP: a last layer that is never run, and a projection that is not used.
        named |= {name.replace(f"resblocks.{last - 1}.", f"resblocks.{last}."): value * 3
                  for name, value in list(named.items()) if f"resblocks.{last - 1}." in name}
        width = pipe.text_encoder.config.hidden_size
        named |= {"text_projection": torch.eye(width), "logit_scale": torch.tensor(4.6)}
        out |= prefixed("cond_stage_model.model.", named)
    else:
        out |= prefixed("cond_stage_model.transformer.", hugging_face(text))
        out["cond_stage_model.transformer.text_model.embeddings.position_ids"] = torch.arange(77)[None]
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    out["alphas_cumprod"] = torch.cumprod(1 - betas, 0).float()
    out["model_ema.decay"] = torch.tensor(0.9999)
    return out


def check(pipe, out):
    """diffusers' own converters give the folder's tensors back."""
    unet = original.convert_ldm_unet_checkpoint(dict(out), dict(pipe.unet.config))
    wanted = pipe.unet.state_dict()
    assert unet.keys() == wanted.keys(), sorted(unet.keys() ^ wanted.keys())[:5]
    assert all(torch.equal(unet[name], wanted[name]) for name in wanted)
    if any(name.startswith("first_stage_model.") for name in out):
        vae = original.convert_ldm_vae_checkpoint(dict(out), dict(pipe.vae.config))
        wanted = pipe.vae.state_dict()
        assert vae.keys() == wanted.keys(), sorted(vae.keys() ^ wanted.keys())[:5]
        assert all(torch.equal(vae[name].reshape(wanted[name].shape), wanted[name]) for name in wanted)


def sidecar(pipe, folder, file):
    """What a tiny network's shapes and its family's rules do not tell."""
    unet, vae = pipe.unet.config, pipe.vae.config
    fields = {
        "unet": {key: unet[key] for key in ("attention_head_dim", "norm_num_groups", "sample_size")},
        "vae": {key: vae[key] for key in ("norm_num_groups", "scaling_factor")},
        "text_encoder": {"num_attention_heads": pipe.text_encoder.config.num_attention_heads},
        "scheduler": json.loads((folder / "scheduler/scheduler_config.json").read_text()),
        "tokenizer": os.path.relpath(folder / "tokenizer", file.parent),
    }
    if hasattr(pipe, "text_encoder_2"):
        fields["text_encoder_2"] = {"num_attention_heads": pipe.text_encoder_2.config.num_attention_heads}
        fields["tokenizer_2"] = os.path.relpath(folder / "tokenizer_2", file.parent)
    return fields


def write(folder, file, dtype=torch.float32, with_vae=True, with_sidecar=True):
    folder, file = Path(folder).resolve(), Path(file).resolve()
    pipe = tiny.load(folder)
    out = convert(pipe, with_vae)
    check(pipe, out)
    out = {name: (value.to(dtype) if value.is_floating_point() else value).contiguous().clone()
           for name, value in out.items()}
    if file.suffix == ".safetensors":
        save_file(out, file, metadata={"format": "pt"})
    else:
        torch.save({"global_step": 1000, "state_dict": out, "epoch": 3}, file)
    if with_sidecar:
        file.with_suffix(".json").write_text(json.dumps(sidecar(pipe, folder, file), indent=1) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("file")
    parser.add_argument("--dtype", default="f32", choices=["f32", "f16", "bf16"])
    parser.add_argument("--no-vae", action="store_true")
    parser.add_argument("--no-sidecar", action="store_true")
    given = parser.parse_args()
    precision = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}[given.dtype]
    with torch.no_grad():
        write(given.folder, given.file, precision, not given.no_vae, not given.no_sidecar)
