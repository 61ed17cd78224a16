//! The names of a checkpoint in one file, each as a place in diffusers' layout.
//!
//! Read are the original code's names (LDM and SGM), diffusers' own with a prefix, and single networks without one.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::modern::{Modern, Places};
use super::places::{NetworkTensors, TensorSlice, TensorSource};
use crate::checkpoint::archive::TensorInfo;
use crate::checkpoint::plain_names::plain;
use crate::checkpoint::unet_names::{UnetNames, UnetShape};

/// The networks of a checkpoint.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// By diffusers' folder: `unet` or `transformer`, `vae`, `text_encoder`, `text_encoder_2`.
    pub networks: BTreeMap<&'static str, NetworkTensors>,
    /// Names that no network claims.
    pub unknown: Vec<String>,
    /// How the encoders were written: `OpenCLIP`'s names identify the family.
    pub open_clip: BTreeSet<&'static str>,
    /// Encoders of which the file has the whole of `OpenCLIP`, with what no picture takes.
    pub whole_open_clip: BTreeSet<&'static str>,
}

const UNET: &str = "unet";
const VAE: &str = "vae";
const TEXT: &str = "text_encoder";
const TEXT_2: &str = "text_encoder_2";

/// Longer ones first where one begins with another.
const PREFIXES: [(&str, &str); 26] = [
    ("model.diffusion_model.", UNET),
    ("diffusion_model.", UNET),
    ("unet.", UNET),
    ("first_stage_model.", VAE),
    ("vae.", VAE),
    ("cond_stage_model.1.transformer.", TEXT_2),
    ("cond_stage_model.1.", TEXT_2),
    ("cond_stage_model.transformer.", TEXT),
    ("cond_stage_model.model.", TEXT),
    ("conditioner.embedders.0.transformer.", TEXT),
    // The refiner has only the second encoder.
    ("conditioner.embedders.0.model.", TEXT_2),
    ("conditioner.embedders.1.transformer.", TEXT_2),
    ("conditioner.embedders.1.model.", TEXT_2),
    ("text_encoders.clip_l.transformer.", TEXT),
    ("text_encoders.clip_g.transformer.", TEXT_2),
    ("text_encoder_2.", TEXT_2),
    ("text_encoder.", TEXT),
    ("te2.", TEXT_2),
    ("te1.", TEXT),
    ("te.1.", TEXT_2),
    ("te.0.", TEXT),
    ("te.", TEXT),
    ("clip_l.", TEXT),
    ("clip_g.", TEXT_2),
    ("cond_stage_model.", TEXT),
    ("conditioner.embedders.0.", TEXT),
];

/// What only the whole of `OpenCLIP` has; files that were converted to its names have none of it.
const WHOLE_OPEN_CLIP: [&str; 3] = ["text_projection", "logit_scale", "attn_mask"];

/// What some trainers put before every name.
const AROUND_ALL: [&str; 5] = ["model.", "state_dict.", "net.", "pipeline.", "pipe."];

/// Kept from training, of no use to a picture.
const IGNORED: [&str; 15] = [
    "model_ema.",
    "alphas_cumprod",
    "betas",
    "sqrt_",
    "log_one_minus_",
    "posterior_",
    "loss.",
    "logvar",
    "lvlb_weights",
    "denoiser.",
    "embedding_manager.",
    "optimizer",
    "edm_",
    "v_pred",
    "ztsnr",
];

impl Parts {
    /// Sorts a file's tensors.
    #[must_use]
    pub fn of(tensors: &[TensorInfo]) -> Self {
        let mut parts = Self::default();
        let modern = Modern::of(tensors);
        let plain: Vec<Cow<str>> = tensors.iter().map(|tensor| plain(&tensor.name)).collect();
        let sorted: Vec<Option<(&'static str, &str)>> = plain.iter().map(|name| network_below(name)).collect();
        let unet: BTreeSet<&str> =
            sorted.iter().flatten().filter(|(network, _)| *network == UNET).map(|(_, name)| *name).collect();
        let unet_names = UnetNames::new(&UnetShape::of_original(&unet));
        let vae_levels = levels_of_vae(sorted.iter().flatten().filter(|(network, _)| *network == VAE).map(|(_, n)| *n));
        for ((tensor, place), plain) in tensors.iter().zip(&sorted).zip(&plain) {
            if let Some((network, places)) = modern.places(plain, &tensor.shape) {
                parts.networks.entry(network).or_default().extend(placed(tensor, places));
                continue;
            }
            let Some((network, name)) = *place else {
                let is_ignored = IGNORED.iter().any(|start| plain.starts_with(start));
                if !is_ignored {
                    parts.unknown.push(tensor.name.clone());
                }
                continue;
            };
            let places = match network {
                UNET => vec![(unet_names.to_diffusers(name).unwrap_or_else(|| name.to_owned()), TensorSlice::Whole)],
                VAE => vae_name(name, vae_levels).map(|name| (name, TensorSlice::Whole)).into_iter().collect(),
                _ => {
                    if is_open_clip(name) {
                        parts.open_clip.insert(network);
                    }
                    if WHOLE_OPEN_CLIP.contains(&name) {
                        parts.whole_open_clip.insert(network);
                    }
                    text_names(name)
                }
            };
            parts.networks.entry(network).or_default().extend(placed(tensor, places));
        }
        parts
    }
}

/// Where tensors of ours are in one of the file's.
fn placed(tensor: &TensorInfo, places: Places) -> impl Iterator<Item = (String, TensorSource)> {
    places.into_iter().map(|(ours, cut)| {
        (ours, TensorSource { name: tensor.name.clone(), cut, shape: cut.shape_after(&tensor.shape) })
    })
}

/// The network of a name, and the name inside of it, below at most two words that stand before every name.
fn network_below(name: &str) -> Option<(&'static str, &str)> {
    let below = |name| AROUND_ALL.iter().find_map(|around| str::strip_prefix(name, around));
    let once = below(name);
    network_of(name).or_else(|| network_of(once?)).or_else(|| network_of(below(once?)?))
}

fn network_of(name: &str) -> Option<(&'static str, &str)> {
    let prefixed = PREFIXES.iter().find_map(|(prefix, network)| Some((*network, name.strip_prefix(prefix)?)));
    prefixed.or_else(|| {
        let starts = |list: &[&str]| list.iter().any(|start| name.starts_with(start));
        if starts(&["input_blocks.", "middle_block.", "output_blocks.", "time_embed.", "label_emb.", "out."])
            || starts(&["down_blocks.", "mid_block.", "up_blocks.", "conv_in.", "conv_out.", "conv_norm_out."])
            || starts(&["time_embedding.", "add_embedding."])
        {
            Some((UNET, name))
        } else if starts(&["encoder.conv_in.", "encoder.down", "encoder.mid", "encoder.conv_", "encoder.norm_out."])
            || starts(&["decoder.", "quant_conv.", "post_quant_conv.", "encoder.quant_conv.", "bn."])
        {
            Some((VAE, name))
        } else {
            None
        }
    })
}

fn levels_of_vae<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    let levels = names.filter_map(|name| name.strip_prefix("decoder.up.")?.split('.').next()?.parse::<usize>().ok());
    levels.max().map_or(0, |last| last.saturating_add(1))
}

/// `None` for what is no part of the network.
fn vae_name(name: &str, levels: usize) -> Option<String> {
    for (theirs, ours) in [("encoder.quant_conv.", "quant_conv."), ("decoder.post_quant_conv.", "post_quant_conv.")] {
        // FLUX.2's are written so.
        if let Some(rest) = name.strip_prefix(theirs) {
            return Some(format!("{ours}{rest}"));
        }
    }
    if ["loss.", "model_ema."].iter().any(|start| name.starts_with(start)) {
        return None;
    }
    let mut name = name.to_owned();
    if let Some(rest) = name.strip_prefix("decoder.up.")
        && let Some((level, rest)) = rest.split_once('.')
        && let Ok(level) = level.parse::<usize>()
    {
        // The original counts from the finest, diffusers from the coarsest.
        name = format!("decoder.up_blocks.{}.{rest}", levels.saturating_sub(level.saturating_add(1)));
    }
    for (original, ours) in [
        ("encoder.down.", "encoder.down_blocks."),
        (".block.", ".resnets."),
        (".downsample.", ".downsamplers.0."),
        (".upsample.", ".upsamplers.0."),
        (".mid.block_1.", ".mid_block.resnets.0."),
        (".mid.block_2.", ".mid_block.resnets.1."),
        (".mid.attn_1.", ".mid_block.attentions.0."),
        (".nin_shortcut.", ".conv_shortcut."),
        ("coder.norm_out.", "coder.conv_norm_out."),
    ] {
        name = name.replacen(original, ours, 1);
    }
    if name.contains(".mid_block.attentions.") {
        for (original, ours) in [
            (".norm.", ".group_norm."),
            (".q.", ".to_q."),
            (".k.", ".to_k."),
            (".v.", ".to_v."),
            (".proj_out.", ".to_out.0."),
        ] {
            name = name.replacen(original, ours, 1);
        }
    }
    Some(name)
}

fn is_open_clip(name: &str) -> bool {
    name.starts_with("transformer.resblocks.") || name == "ln_final.weight" || name == "positional_embedding"
}

/// Ours for a name of a text encoder: transformers' own, or `OpenCLIP`'s. None for what is not used.
fn text_names(name: &str) -> Vec<(String, TensorSlice)> {
    if name.ends_with("logit_scale") || name.ends_with("position_ids") || name.ends_with("attn_mask") {
        return Vec::new();
    }
    let whole = |name: String| vec![(name, TensorSlice::Whole)];
    match name {
        "positional_embedding" => return whole("embeddings.position_embedding.weight".to_owned()),
        "token_embedding.weight" => return whole("embeddings.token_embedding.weight".to_owned()),
        "text_projection" => return vec![("text_projection.weight".to_owned(), TensorSlice::Transposed)],
        _ => {}
    }
    if let Some(rest) = name.strip_prefix("ln_final.") {
        return whole(format!("final_layer_norm.{rest}"));
    }
    let Some((layer, rest)) = name.strip_prefix("transformer.resblocks.").and_then(|rest| rest.split_once('.')) else {
        return whole(name.strip_prefix("text_model.").unwrap_or(name).to_owned());
    };
    let at = format!("encoder.layers.{layer}");
    if let Some(kind) = rest.strip_prefix("attn.in_proj_") {
        let third = |(index, letter)| (format!("{at}.self_attn.{letter}_proj.{kind}"), TensorSlice::third(index));
        return ["q", "k", "v"].into_iter().enumerate().map(third).collect();
    }
    for (original, ours) in [
        ("ln_1.", "layer_norm1."),
        ("ln_2.", "layer_norm2."),
        ("mlp.c_fc.", "mlp.fc1."),
        ("mlp.c_proj.", "mlp.fc2."),
        ("attn.out_proj.", "self_attn.out_proj."),
    ] {
        if let Some(rest) = rest.strip_prefix(original) {
            return whole(format!("{at}.{ours}{rest}"));
        }
    }
    whole(format!("{at}.{rest}"))
}
