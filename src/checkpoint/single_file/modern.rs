//! Today's networks in files of one network each: names of the original code, `ComfyUI` and llama.cpp, each as a place in
//! diffusers' layout.

use crate::checkpoint::archive::TensorInfo;
use crate::checkpoint::plain_names::plain;
use crate::checkpoint::transformer_names::{TRANSFORMER, transformer_parts};

use super::places::TensorSlice;

const TEXT: &str = "text_encoder";

/// Places of a tensor of the file, by diffusers' names.
pub(crate) type Places = Vec<(String, TensorSlice)>;

/// Transformers that are known, by a name that nothing else has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transformer {
    ZImage,
    Flux2,
}

const TRANSFORMERS: [(Transformer, &[&str]); 2] = [
    (Transformer::ZImage, &["x_pad_token"]),
    (Transformer::Flux2, &["double_stream_modulation_img.lin.weight", "double_stream_modulation_img.linear.weight"]),
];

/// Names of Qwen3's word table, and of what it has and other language models have not: transformers' and llama.cpp's.
const QWEN: [(&str, &str); 2] =
    [("embed_tokens.weight", "layers.0.self_attn.q_norm.weight"), ("token_embd.weight", "blk.0.attn_q_norm.weight")];

/// Today's networks in a file, and what stands before their names.
#[derive(Debug, Default)]
pub(crate) struct Modern {
    transformer: Option<(Transformer, String)>,
    qwen: Option<String>,
}

impl Modern {
    #[must_use]
    pub(crate) fn of(tensors: &[TensorInfo]) -> Self {
        let before = |name: &str| {
            tensors.iter().find_map(|tensor| {
                let plain = plain(&tensor.name);
                let before = plain.strip_suffix(name)?;
                (before.is_empty() || before.ends_with('.')).then(|| before.to_owned())
            })
        };
        let transformer = TRANSFORMERS.iter().find_map(|(kind, names)| {
            let found = names.iter().find_map(|name| before(name))?;
            Some((*kind, found))
        });
        let qwen = QWEN.iter().find_map(|(table, telling)| before(table).filter(|_| before(telling).is_some()));
        Self { transformer, qwen }
    }

    /// The network of a name, and its places there, none where it is of no use; `None` for a name of something else.
    #[must_use]
    pub(crate) fn places(&self, name: &str, shape: &[usize]) -> Option<(&'static str, Places)> {
        if let Some(before) = &self.qwen {
            if name.ends_with("lm_head.weight") || name == "output.weight" {
                return Some((TEXT, Vec::new()));
            }
            // Beside other networks, and alone in its file.
            if let Some(name) =
                name.strip_prefix(before.as_str()).filter(|_| !before.is_empty() || self.transformer.is_none())
            {
                return Some((TEXT, vec![(qwen_name(name), TensorSlice::Whole)]));
            }
        }
        let (kind, before) = self.transformer.as_ref()?;
        let name = name.strip_prefix(before.as_str())?;
        Some((
            TRANSFORMER,
            match kind {
                Transformer::ZImage => z_image_places(name),
                Transformer::Flux2 => flux2_places(name, shape),
            },
        ))
    }
}

/// Places of a transformer's tensor by diffusers' names, whichever names it has.
#[must_use]
pub(crate) fn transformer_places(name: &str, shape: &[usize], is_flux2: bool) -> Places {
    if is_flux2 { flux2_places(name, shape) } else { z_image_places(name) }
}

/// transformers' name.
fn qwen_name(name: &str) -> String {
    let Some((layer, rest)) = name.strip_prefix("blk.").and_then(|rest| rest.split_once('.')) else {
        return match name {
            "token_embd.weight" => "embed_tokens.weight".to_owned(),
            "output_norm.weight" => "norm.weight".to_owned(),
            _ => name.to_owned(),
        };
    };
    for (theirs, ours) in [
        ("attn_q.", "self_attn.q_proj."),
        ("attn_k.", "self_attn.k_proj."),
        ("attn_v.", "self_attn.v_proj."),
        ("attn_output.", "self_attn.o_proj."),
        ("attn_q_norm.", "self_attn.q_norm."),
        ("attn_k_norm.", "self_attn.k_norm."),
        ("attn_norm.", "input_layernorm."),
        ("ffn_norm.", "post_attention_layernorm."),
        ("ffn_gate.", "mlp.gate_proj."),
        ("ffn_up.", "mlp.up_proj."),
        ("ffn_down.", "mlp.down_proj."),
    ] {
        if let Some(kind) = rest.strip_prefix(theirs) {
            return format!("layers.{layer}.{ours}{kind}");
        }
    }
    name.to_owned()
}

fn thirds(at: &str, names: [&str; 3], kind: &str) -> Places {
    let third = |(index, name)| (format!("{at}.{name}.{kind}"), TensorSlice::third(index));
    names.into_iter().enumerate().map(third).collect()
}

/// The original's names are Lumina's.
fn z_image_places(name: &str) -> Places {
    if name == "norm_final.weight" {
        return Vec::new();
    }
    if let Some((at, kind)) = name.split_once(".attention.qkv.") {
        return thirds(&format!("{at}.attention"), ["to_q", "to_k", "to_v"], kind);
    }
    for (theirs, ours) in [("final_layer.", "all_final_layer.2-1."), ("x_embedder.", "all_x_embedder.2-1.")] {
        if let Some(rest) = name.strip_prefix(theirs) {
            return vec![(format!("{ours}{rest}"), TensorSlice::Whole)];
        }
    }
    let name = name
        .replace(".attention.out.", ".attention.to_out.0.")
        .replace(".attention.q_norm.", ".attention.norm_q.")
        .replace(".attention.k_norm.", ".attention.norm_k.");
    vec![(name, TensorSlice::Whole)]
}

/// Of a block with two streams, but for its fused matrices.
const DOUBLE: [(&str, &str); 10] = [
    ("img_attn.norm.query_norm.", "attn.norm_q."),
    ("img_attn.norm.key_norm.", "attn.norm_k."),
    ("img_attn.proj.", "attn.to_out.0."),
    ("img_mlp.0.", "ff.linear_in."),
    ("img_mlp.2.", "ff.linear_out."),
    ("txt_attn.norm.query_norm.", "attn.norm_added_q."),
    ("txt_attn.norm.key_norm.", "attn.norm_added_k."),
    ("txt_attn.proj.", "attn.to_add_out."),
    ("txt_mlp.0.", "ff_context.linear_in."),
    ("txt_mlp.2.", "ff_context.linear_out."),
];

/// Of a block with one stream.
const SINGLE: [(&str, &str); 4] = [
    ("linear1.", "attn.to_qkv_mlp_proj."),
    ("linear2.", "attn.to_out."),
    ("norm.query_norm.", "attn.norm_q."),
    ("norm.key_norm.", "attn.norm_k."),
];

/// Of FLUX.2 outside of its blocks.
const REST: [(&str, &str); 8] = [
    ("img_in.", "x_embedder."),
    ("txt_in.", "context_embedder."),
    ("time_in.in_layer.", "time_guidance_embed.timestep_embedder.linear_1."),
    ("time_in.out_layer.", "time_guidance_embed.timestep_embedder.linear_2."),
    ("double_stream_modulation_img.lin.", "double_stream_modulation_img.linear."),
    ("double_stream_modulation_txt.lin.", "double_stream_modulation_txt.linear."),
    ("single_stream_modulation.lin.", "single_stream_modulation.linear."),
    ("final_layer.linear.", "proj_out."),
];

fn flux2_places(name: &str, shape: &[usize]) -> Places {
    // What a norm is multiplied with is called a scale there.
    let scale = name.strip_suffix(".scale").map(|name| format!("{name}.weight"));
    let name = scale.as_deref().unwrap_or(name);
    if let Some(kind) = name.strip_prefix("final_layer.adaLN_modulation.1.") {
        // Shift, then scale; diffusers has them the other way round.
        return vec![(format!("norm_out.linear.{kind}"), TensorSlice::HalvesSwapped)];
    }
    if let Some((block, rest)) = name.strip_prefix("double_blocks.").and_then(|rest| rest.split_once('.')) {
        let at = format!("transformer_blocks.{block}");
        if let Some(kind) = rest.strip_prefix("img_attn.qkv.") {
            return thirds(&at, ["attn.to_q", "attn.to_k", "attn.to_v"], kind);
        }
        if let Some(kind) = rest.strip_prefix("txt_attn.qkv.") {
            return thirds(&at, ["attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"], kind);
        }
        return transformer_parts(&format!("{at}.{}", renamed(rest, &DOUBLE)), shape);
    }
    if let Some((block, rest)) = name.strip_prefix("single_blocks.").and_then(|rest| rest.split_once('.')) {
        return transformer_parts(&format!("single_transformer_blocks.{block}.{}", renamed(rest, &SINGLE)), shape);
    }
    transformer_parts(&renamed(name, &REST), shape)
}

fn renamed(name: &str, parts: &[(&str, &str)]) -> String {
    let found = parts.iter().find_map(|(theirs, ours)| Some(format!("{ours}{}", name.strip_prefix(theirs)?)));
    found.unwrap_or_else(|| name.to_owned())
}
