"""The smallest checkpoint that draws at all, as seed and base for the readers' tests (`tests/corpus`), and smallest files of
other kinds beside it.

    python smallest.py FOLDER
"""

import json
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import single_file
import tiny
import torch
from safetensors.torch import save_file
from transformers import CLIPTokenizer


def pipeline(inputs=4, width=4):
    torch.manual_seed(3)
    with tempfile.TemporaryDirectory() as folder:
        tiny.write_classic_tokenizer(Path(folder), tiny.END, merges=2)
        tokenizer = CLIPTokenizer.from_pretrained(folder)
    unet = tiny.lively_unet(
        in_channels=inputs,
        block_out_channels=(width,),
        down_block_types=("CrossAttnDownBlock2D",),
        up_block_types=("CrossAttnUpBlock2D",),
        layers_per_block=1,
        cross_attention_dim=width,
        attention_head_dim=width,
        norm_num_groups=width,
    )
    vae = tiny.contrasty_vae((width,), norm_num_groups=width)
    text = tiny.text_encoder(tokenizer, width, "quick_gelu", layers=1, heads=width)
    return SimpleNamespace(unet=unet, vae=vae, text_encoder=text)


def half(tensors):
    return {name: (value.half() if value.is_floating_point() else value).contiguous().clone()
            for name, value in tensors.items()}


def lora(width=4, rank=1):
    """One layer in each form that people have."""
    one = lambda *sides: torch.randn(sides) * 0.1
    at = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_"
    return {
        f"{at}to_q.lora_down.weight": one(rank, width), f"{at}to_q.lora_up.weight": one(width, rank),
        f"{at}to_q.alpha": torch.tensor(1.0), f"{at}to_q.dora_scale": one(width, 1),
        f"{at}to_k.hada_w1_a": one(width, rank), f"{at}to_k.hada_w1_b": one(rank, width),
        f"{at}to_k.hada_w2_a": one(width, rank), f"{at}to_k.hada_w2_b": one(rank, width),
        f"{at}to_v.lokr_w1": one(2, 2), f"{at}to_v.lokr_w2_a": one(2, rank), f"{at}to_v.lokr_w2_b": one(rank, 2),
        f"{at}to_out_0.diff": one(width, width), f"{at}to_out_0.diff_b": one(width),
        "lora_unet_conv_in.lora_down.weight": one(rank, 4, 1, 1),
        "lora_unet_conv_in.lora_mid.weight": one(rank, rank, 3, 3),
        "lora_unet_conv_in.lora_up.weight": one(width, rank, 1, 1),
        "lora_te_text_model_encoder_layers_0_mlp_fc1.lora_down.weight": one(rank, width),
        "lora_te_text_model_encoder_layers_0_mlp_fc1.lora_up.weight": one(2 * width, rank),
    }


def more_forms(width=4, rank=1):
    """The forms that change a layer otherwise than by adding, PEFT's names, and a word that comes along."""
    one = lambda *sides: torch.randn(sides) * 0.1
    at = "lora_unet_mid_block_attentions_0_transformer_blocks_0_"
    peft = "unet.base_model.model.mid_block.attentions.0.transformer_blocks.0."
    text = "clip_l.text_model.encoder.layers.0."
    return {
        f"{at}attn1_to_q.oft_blocks": one(2, 2, 2), f"{at}attn1_to_q.rescale": one(width, 1),
        f"{at}attn1_to_q.alpha": torch.tensor(0.01),
        f"{at}attn1_to_k.oft_blocks": one(2, 2, 2, 2), f"{at}attn1_to_k.alpha": torch.tensor(0.0),
        f"{at}attn1_to_v.a1.weight": one(width, rank), f"{at}attn1_to_v.a2.weight": one(rank, width),
        f"{at}attn1_to_v.b1.weight": one(width, rank), f"{at}attn1_to_v.b2.weight": one(rank, width),
        f"{at}attn1_to_out_0.weight": one(width), f"{at}attn1_to_out_0.on_input": torch.tensor(True),
        f"{at}norm1.w_norm": one(width), f"{at}norm1.b_norm": one(width),
        f"{peft}attn2.to_q.oft_R.my_style.weight": one(2, 1), f"{peft}attn2.to_v.ia3_l.my_style": one(width, 1),
        f"{peft}attn2.to_k.boft_R": one(2, 2, 2, 2), f"{peft}attn2.to_k.boft_s": one(width, 1),
        f"{peft}attn2.to_out.0.lora_A.my_style.weight": one(rank, width),
        f"{peft}attn2.to_out.0.lora_B.my_style.weight": one(width, rank),
        f"{peft}attn2.to_out.0.lora_B.my_style.bias": one(width),
        f"{peft}attn2.to_out.0.lora_magnitude_vector.my_style.weight": one(width),
        f"{text}mlp.fc1.lora_down.weight": one(rank, width), f"{text}mlp.fc1.lora_up.weight": one(2 * width, rank),
        "diffusion_model.input_blocks.0.0.diff": one(width, 4, 3, 3), "unet.conv_out.vera_lambda_b": one(width),
        "bundle_emb.moss.string_to_param.*": one(2, width),
    }


def more(out):
    """Forms of adapters."""
    settings = {"unet.lora_alpha": 2, "unet.r": 1, "unet.use_rslora": True}
    metadata = {"lora_adapter_metadata": json.dumps(settings), "ss_network_args": json.dumps({"rs_lora": "True"})}
    save_file(half(more_forms()), out / "lora/more-forms.safetensors", metadata)
    (out / "embedding").mkdir(exist_ok=True)
    kept = torch.nn.ParameterDict({"*": torch.nn.Parameter(torch.randn(2, 4))})
    torch.save({"string_to_token": {"*": torch.tensor(265)}, "string_to_param": kept}, out / "embedding/parameters.pt")
    save_file({"clip_l": torch.randn(1, 4), "clip_g": torch.randn(1, 5)}, out / "embedding/pair.safetensors")


if __name__ == "__main__":
    out = Path(sys.argv[1])
    with torch.no_grad():
        tensors = half(single_file.convert(pipeline()))
        # Neither is read, and both are large.
        tensors = {name: value for name, value in tensors.items() if name not in ("alphas_cumprod", "model_ema.decay")
                   and not name.endswith("position_ids")}
        save_file(tensors, out / "base.safetensors")
        (out / "lora").mkdir(exist_ok=True)
        save_file(half(lora()), out / "lora/every-form.safetensors")
        (out / "embedding").mkdir(exist_ok=True)
        torch.save({"string_to_param": {"*": torch.randn(2, 4)}, "name": "moss"}, out / "embedding/a1111.pt")
        save_file({"emb_params": torch.randn(1, 4)}, out / "embedding/emb-params.safetensors")
        more(out)
        (out / "checkpoint").mkdir(exist_ok=True)
        few = dict(list(tensors.items())[:3])
        torch.save({"global_step": 7, "state_dict": few}, out / "checkpoint/few.ckpt")
        header = {name: {"dtype": "F16", "shape": list(value.shape), "data_offsets": [0, 0]}
                  for name, value in tensors.items()}
        at = 0
        for entry, value in zip(header.values(), tensors.values()):
            entry["data_offsets"] = [at, at + 2 * value.numel()]
            at += 2 * value.numel()
        # A header alone stands for a file whose numbers are all zero.
        (out / "checkpoint/header.json").write_text(json.dumps(header, separators=(",", ":")))
    print(sum(path.stat().st_size for path in out.rglob("*")))
