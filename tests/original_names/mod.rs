//! The names that the original code and llama.cpp give to the networks of Z-Image and FLUX.2 klein.

use std::collections::HashMap;

use candle_core::Tensor;

pub(crate) type Tensors = HashMap<String, Tensor>;

/// The original code's names: diffusers' converters read the other way.
pub(crate) fn original(kind: &str, tensors: &Tensors) -> Tensors {
    tensors.iter().filter_map(|(name, tensor)| renamed(kind, tensors, name, tensor)).collect()
}

fn renamed(kind: &str, all: &Tensors, name: &str, tensor: &Tensor) -> Option<(String, Tensor)> {
    let fused = |at: &str, names: [&str; 3]| {
        let parts = names.map(|part| all[&format!("{at}{part}.weight")].clone());
        Tensor::cat(&parts, 0).unwrap()
    };
    if kind == "z-image" {
        if let Some(at) = name.strip_suffix("to_q.weight") {
            return Some((format!("{at}qkv.weight"), fused(at, ["to_q", "to_k", "to_v"])));
        }
        if name.ends_with("to_k.weight") || name.ends_with("to_v.weight") {
            return None;
        }
        let pairs = [
            ("all_final_layer.2-1.", "final_layer."),
            ("all_x_embedder.2-1.", "x_embedder."),
            (".to_out.0.", ".out."),
            (".norm_q.", ".q_norm."),
            (".norm_k.", ".k_norm."),
        ];
        return Some((replaced(name, &pairs), tensor.clone()));
    }
    if name == "norm_out.linear.weight" {
        let halves = tensor.chunk(2, 0).unwrap();
        let swapped = Tensor::cat(&[&halves[1], &halves[0]], 0).unwrap();
        return Some(("final_layer.adaLN_modulation.1.weight".to_owned(), swapped));
    }
    if let Some(at) = name.strip_suffix("attn.to_q.weight") {
        let original = at.replace("transformer_blocks.", "double_blocks.");
        let qkv = fused(at, ["attn.to_q", "attn.to_k", "attn.to_v"]);
        return Some((format!("{original}img_attn.qkv.weight"), qkv));
    }
    if let Some(at) = name.strip_suffix("attn.add_q_proj.weight") {
        let original = at.replace("transformer_blocks.", "double_blocks.");
        let qkv = fused(at, ["attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"]);
        return Some((format!("{original}txt_attn.qkv.weight"), qkv));
    }
    if ["to_k.weight", "to_v.weight", "add_k_proj.weight", "add_v_proj.weight"].iter().any(|end| name.ends_with(end)) {
        return None;
    }
    let single = [
        ("single_transformer_blocks.", "single_blocks."),
        ("attn.to_qkv_mlp_proj.", "linear1."),
        ("attn.to_out.", "linear2."),
        ("attn.norm_q.weight", "norm.query_norm.scale"),
        ("attn.norm_k.weight", "norm.key_norm.scale"),
    ];
    let double = [
        ("transformer_blocks.", "double_blocks."),
        ("attn.norm_q.weight", "img_attn.norm.query_norm.scale"),
        ("attn.norm_k.weight", "img_attn.norm.key_norm.scale"),
        ("attn.norm_added_q.weight", "txt_attn.norm.query_norm.scale"),
        ("attn.norm_added_k.weight", "txt_attn.norm.key_norm.scale"),
        ("attn.to_out.0.", "img_attn.proj."),
        ("attn.to_add_out.", "txt_attn.proj."),
        (".ff.linear_in.", ".img_mlp.0."),
        (".ff.linear_out.", ".img_mlp.2."),
        ("ff_context.linear_in.", "txt_mlp.0."),
        ("ff_context.linear_out.", "txt_mlp.2."),
    ];
    let other = [
        ("x_embedder.", "img_in."),
        ("context_embedder.", "txt_in."),
        ("time_guidance_embed.timestep_embedder.linear_1.", "time_in.in_layer."),
        ("time_guidance_embed.timestep_embedder.linear_2.", "time_in.out_layer."),
        ("modulation_img.linear.", "modulation_img.lin."),
        ("modulation_txt.linear.", "modulation_txt.lin."),
        ("stream_modulation.linear.", "stream_modulation.lin."),
        ("proj_out.", "final_layer.linear."),
    ];
    let name = if name.starts_with("single_transformer") {
        replaced(name, &single)
    } else if name.starts_with("transformer_blocks.") {
        replaced(name, &double)
    } else {
        replaced(name, &other)
    };
    Some((name, tensor.clone()))
}

pub(crate) fn replaced(name: &str, pairs: &[(&str, &str)]) -> String {
    pairs.iter().fold(name.to_owned(), |name, (from, to)| name.replacen(from, to, 1))
}

/// llama.cpp's names.
pub(crate) fn llama(name: &str) -> String {
    let pairs = [
        ("model.", ""),
        ("embed_tokens.", "token_embd."),
        ("self_attn.q_proj.", "attn_q."),
        ("self_attn.k_proj.", "attn_k."),
        ("self_attn.v_proj.", "attn_v."),
        ("self_attn.o_proj.", "attn_output."),
        ("self_attn.q_norm.", "attn_q_norm."),
        ("self_attn.k_norm.", "attn_k_norm."),
        ("post_attention_layernorm.", "ffn_norm."),
        ("input_layernorm.", "attn_norm."),
        ("mlp.gate_proj.", "ffn_gate."),
        ("mlp.up_proj.", "ffn_up."),
        ("mlp.down_proj.", "ffn_down."),
    ];
    let name = replaced(name, &pairs);
    if let Some(layer) = name.strip_prefix("layers.") {
        return format!("blk.{layer}");
    }
    if name == "norm.weight" { "output_norm.weight".to_owned() } else { name }
}
