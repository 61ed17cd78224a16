//! diffusers' config files for a checkpoint that has none: from tensor shapes, and the family's rule for the rest.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::modern_configs;
use super::names::Parts;
use super::places::{NetworkTensors, count, side};
use crate::checkpoint::transformer_names::TRANSFORMER;
use crate::job::Family;
use crate::sampling::SchedulerName;

/// What the network predicts, and whether its schedule ends in pure noise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Training {
    pub is_velocity: bool,
    pub is_zero_snr: bool,
    /// A latent consistency model.
    pub embeds_guidance: bool,
    /// How it was found what the network predicts.
    pub reason: &'static str,
}

impl Training {
    /// As a scheduler's config calls it.
    #[must_use]
    pub(crate) fn prediction_type(&self) -> &'static str {
        if self.is_velocity { "v_prediction" } else { "epsilon" }
    }
}

/// Latent consistency models have it: what guidance is embedded with.
const GUIDANCE: &str = "time_embedding.cond_proj.weight";

/// By the second encoder and the size ids, then by the first encoder's names and the transformer's projections; whether
/// it is the Stable Diffusion 2 that predicts velocity does not show here.
#[must_use]
pub(crate) fn family_of(parts: &Parts) -> Family {
    if let Some(family) = modern_configs::family_of(parts) {
        return family;
    }
    let has = |network: &str| parts.networks.contains_key(network);
    let unet = parts.networks.get("unet");
    let has_added = unet.is_some_and(|unet| unet.contains_key("add_embedding.linear_1.weight"));
    if has("text_encoder_2") || has_added {
        return if has("text_encoder_2") && !has("text_encoder") { Family::XlRefiner } else { Family::Xl };
    }
    let is_linear = unet.and_then(|unet| shape_ending(unet, ".proj_in.weight")).is_some_and(|shape| shape.len() == 2);
    if parts.open_clip.contains("text_encoder") || is_linear { Family::Sd2 } else { Family::Sd1 }
}

/// All config files that can be derived, by their name in diffusers' layout; `names` are what people call the model.
#[must_use]
pub(crate) fn configs(parts: &Parts, family: Family, training: Training, names: &[String]) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let mut add = |name: &str, value: Value| found.insert(name.to_owned(), value);
    let mut in_channels = 4;
    let mut training = training;
    if let Some(unet) = parts.networks.get("unet") {
        let pooled = parts.networks.get("text_encoder_2").and_then(|text| side(text, "text_projection.weight", 0));
        in_channels = side(unet, "conv_in.weight", 1).unwrap_or(4);
        training.embeds_guidance = unet.contains_key(GUIDANCE);
        add("unet/config.json", unet_config(unet, family, pooled));
    }
    if let Some(vae) = parts.networks.get("vae") {
        add("vae/config.json", vae_config(vae, family));
    }
    for network in ["text_encoder", "text_encoder_2"] {
        if let Some(text) = parts.networks.get(network) {
            let is_second = network == "text_encoder_2";
            let is_exact_gelu = is_second || family.is_sd2();
            let config = modern_configs::qwen_config(text);
            let config = config.unwrap_or_else(|| text_config(text, is_second, is_exact_gelu));
            add(&format!("{network}/config.json"), config);
        }
    }
    if let Some(transformer) = parts.networks.get(TRANSFORMER) {
        add("transformer/config.json", modern_configs::transformer_config(transformer, family));
        for (name, config) in modern_configs::pipeline_configs(family, names) {
            add(name, config);
        }
        return found;
    }
    add("model_index.json", model_index(family, in_channels));
    add("scheduler/scheduler_config.json", scheduler_config(family, training));
    found
}

fn model_index(family: Family, in_channels: usize) -> Value {
    let class = match (family.is_xl(), in_channels) {
        (true, 9) => "StableDiffusionXLInpaintPipeline",
        (true, _) => "StableDiffusionXLPipeline",
        (_, 9) => "StableDiffusionInpaintPipeline",
        (_, 8) => "StableDiffusionInstructPix2PixPipeline",
        _ => "StableDiffusionPipeline",
    };
    json!({"_class_name": class, "force_zeros_for_empty_prompt": family == Family::Xl})
}

/// As the families' own published folders have it.
fn scheduler_config(family: Family, training: Training) -> Value {
    let class = match family.row().scheduler {
        _ if training.embeds_guidance => "LCMScheduler",
        SchedulerName::Euler => "EulerDiscreteScheduler",
        SchedulerName::Pndm if !training.is_velocity => "PNDMScheduler",
        _ => "DDIMScheduler",
    };
    json!({
        "_class_name": class,
        "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "num_train_timesteps": 1000,
        "clip_sample": false, "set_alpha_to_one": false, "skip_prk_steps": true, "steps_offset": 1,
        "timestep_spacing": if training.is_zero_snr { "trailing" } else { "leading" },
        "prediction_type": training.prediction_type(),
        "rescale_betas_zero_snr": training.is_zero_snr,
    })
}

/// `unet/config.json`, and the same fields of a control network; `pooled` is the pooled text's width, where it is known.
#[must_use]
pub(crate) fn unet_config(unet: &NetworkTensors, family: Family, pooled: Option<usize>) -> Value {
    let levels = count(unet, "down_blocks.");
    let mut channels = Vec::new();
    let mut layers = Vec::new();
    let mut down_types = Vec::new();
    let mut up_types = Vec::new();
    let mut down_depths = Vec::new();
    let mut up_depths = Vec::new();
    for level in 0..levels {
        let at = format!("down_blocks.{level}.");
        layers.push(count(unet, &format!("{at}resnets.")));
        channels.push(side(unet, &format!("{at}resnets.0.conv1.weight"), 0).unwrap_or(1));
        let depths = depths_of(unet, &at, count(unet, &format!("{at}resnets.")));
        down_types.push(if depths.is_some() { "CrossAttnDownBlock2D" } else { "DownBlock2D" });
        down_depths.push(depths);
        let at = format!("up_blocks.{level}.");
        let depths = depths_of(unet, &at, count(unet, &format!("{at}resnets.")));
        up_types.push(if depths.is_some() { "CrossAttnUpBlock2D" } else { "UpBlock2D" });
        up_depths.push(depths);
    }
    let mid_depth = count(unet, "mid_block.attentions.0.transformer_blocks.");
    // The middle takes the depth of the last level, which need not have transformers itself.
    let last_layers = layers.last().copied().unwrap_or(1);
    if let Some(last @ None) = down_depths.last_mut() {
        *last = Some(vec![mid_depth.max(1); last_layers]);
    }
    let or_one = |depths: &Option<Vec<usize>>, count: usize| depths.clone().unwrap_or_else(|| vec![1; count]);
    let down: Vec<Vec<usize>> = down_depths.iter().zip(&layers).map(|(depths, count)| or_one(depths, *count)).collect();
    let up: Vec<Vec<usize>> =
        up_depths.iter().zip(layers.iter().rev()).map(|(depths, count)| or_one(depths, count + 1)).collect();
    let with_attention: Vec<usize> = channels
        .iter()
        .zip(&down_types)
        .filter(|(_, kind)| **kind == "CrossAttnDownBlock2D")
        .map(|(channels, _)| *channels)
        .collect();
    let heads: Vec<usize> = channels.iter().map(|width| unet_heads(family, *width, &with_attention)).collect();
    let mut config = json!({
        "_class_name": "UNet2DConditionModel",
        "in_channels": side(unet, "conv_in.weight", 1).unwrap_or(4),
        "out_channels": side(unet, "conv_out.weight", 0).unwrap_or(4),
        "block_out_channels": channels,
        "layers_per_block": layers,
        "down_block_types": down_types,
        "up_block_types": up_types,
        "transformer_layers_per_block": down,
        "reverse_transformer_layers_per_block": up,
        "attention_head_dim": heads,
        "norm_num_groups": groups(&channels),
        "use_linear_projection": shape_ending(unet, ".proj_in.weight").is_some_and(|shape| shape.len() == 2),
        "time_cond_proj_dim": side(unet, GUIDANCE, 1),
        "cross_attention_dim": shape_ending(unet, ".attn2.to_k.weight").map(|shape| shape[1]),
        "sample_size": family.row().native_side_px / family.row().latent_factor,
    });
    if let Value::Object(map) = &mut config {
        if !unet.keys().any(|name| name.starts_with("mid_block.")) {
            map.insert("mid_block_type".into(), Value::Null);
        }
        if let Some(width) = side(unet, "add_embedding.linear_1.weight", 1) {
            let ids = if family == Family::XlRefiner { 5 } else { 6 };
            let time = pooled.and_then(|pooled| width.checked_sub(pooled)).map_or(256, |rest| rest / ids);
            map.insert("addition_embed_type".into(), "text_time".into());
            map.insert("addition_time_embed_dim".into(), time.into());
            map.insert("projection_class_embeddings_input_dim".into(), width.into());
        }
    }
    config
}

/// Transformer blocks behind each of a level's resnets; `None` where it has none.
fn depths_of(unet: &NetworkTensors, at: &str, resnets: usize) -> Option<Vec<usize>> {
    unet.keys().any(|name| name.starts_with(at) && name[at.len()..].starts_with("attentions.")).then(|| {
        (0..resnets).map(|layer| count(unet, &format!("{at}attentions.{layer}.transformer_blocks."))).collect()
    })
}

/// SD 1 has eight heads at every level, SD 2 and XL have heads of 64 channels. Toy networks too narrow for that are
/// taken to have two heads at their finest level.
fn unet_heads(family: Family, width: usize, with_attention: &[usize]) -> usize {
    if family == Family::Sd1 {
        return [8, 4, 2].into_iter().find(|heads| width.is_multiple_of(*heads)).unwrap_or(1);
    }
    let narrow = with_attention.iter().copied().min().unwrap_or(64) / 2;
    let head_width = if with_attention.iter().all(|width| width.is_multiple_of(64)) { 64 } else { narrow.max(1) };
    if width.is_multiple_of(head_width) { (width / head_width).max(1) } else { 1 }
}

/// 32 in every published network; toy networks have fewer.
fn groups(channels: &[usize]) -> usize {
    let divides = |groups: &usize| channels.iter().all(|channels| channels.is_multiple_of(*groups));
    let narrow = channels.iter().copied().min().unwrap_or(1) / 2;
    [32, narrow.max(4), 4, 2].into_iter().find(divides).unwrap_or(1)
}

fn vae_config(vae: &NetworkTensors, family: Family) -> Value {
    let levels = count(vae, "encoder.down_blocks.");
    let channel = |level| side(vae, &format!("encoder.down_blocks.{level}.resnets.0.conv1.weight"), 0).unwrap_or(1);
    let channels: Vec<usize> = (0..levels).map(channel).collect();
    let mut config = json!({
        "_class_name": "AutoencoderKL",
        "block_out_channels": channels,
        "down_block_types": vec!["DownEncoderBlock2D"; levels],
        "up_block_types": vec!["UpDecoderBlock2D"; levels],
        "layers_per_block": count(vae, "encoder.down_blocks.0.resnets."),
        "latent_channels": side(vae, "decoder.conv_in.weight", 1).unwrap_or(4),
        "norm_num_groups": groups(&channels),
        "mid_block_add_attention": vae.keys().any(|name| name.starts_with("decoder.mid_block.attentions.")),
        "use_quant_conv": vae.contains_key("quant_conv.weight"),
        "use_post_quant_conv": vae.contains_key("post_quant_conv.weight"),
        "scaling_factor": family.row().latent_scale,
        "force_upcast": true,
    });
    if let Value::Object(map) = &mut config {
        map.extend(modern_configs::vae_fields(vae).into_iter().map(|(field, value)| (field.to_owned(), value)));
    }
    config
}

fn text_config(text: &NetworkTensors, is_second: bool, is_exact_gelu: bool) -> Value {
    let width = side(text, "embeddings.token_embedding.weight", 1).unwrap_or(1);
    let vocabulary = side(text, "embeddings.token_embedding.weight", 0).unwrap_or(1);
    let heads = if width.is_multiple_of(64) {
        width / 64
    } else if width.is_multiple_of(4) {
        4
    } else {
        1
    };
    json!({
        "architectures": [if is_second { "CLIPTextModelWithProjection" } else { "CLIPTextModel" }],
        "vocab_size": vocabulary,
        "hidden_size": width,
        "intermediate_size": side(text, "encoder.layers.0.mlp.fc1.weight", 0),
        "num_hidden_layers": count(text, "encoder.layers."),
        "num_attention_heads": heads,
        "max_position_embeddings": side(text, "embeddings.position_embedding.weight", 0),
        "hidden_act": if is_exact_gelu { "gelu" } else { "quick_gelu" },
        "projection_dim": side(text, "text_projection.weight", 0),
        "eos_token_id": super::vocabulary::end_token(vocabulary),
    })
}

fn shape_ending<'a>(part: &'a NetworkTensors, ending: &str) -> Option<&'a [usize]> {
    part.iter()
        .find(|(name, source)| name.ends_with(ending) && source.shape.len() >= 2)
        .map(|(_, s)| s.shape.as_slice())
}
