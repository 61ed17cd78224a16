//! diffusers' config files for today's networks in single files: from tensor shapes, and as the published folders have the
//! rest.

use serde_json::{Value, json};

use super::names::Parts;
use super::places::{NetworkTensors, count, side};
use crate::checkpoint::few_steps::is_for_few_steps;
use crate::checkpoint::transformer_names::TRANSFORMER;
use crate::job::Family;

/// Layers of the language model whose states FLUX.2 klein reads together.
const KLEIN_STATES: usize = 3;
/// Latent pixels that a token of either family stands for.
const TOKEN: usize = 4;
const FLUX2_THETA: u32 = 2000;

/// The family of a file's transformer, as far as shapes show it.
#[must_use]
pub(crate) fn family_of(parts: &Parts) -> Option<Family> {
    let transformer = parts.networks.get(TRANSFORMER)?;
    Some(if transformer.contains_key("x_pad_token") { Family::ZImage } else { Family::Klein })
}

/// What the transformer wants beside it: values of a token of the text encoder, and channels of the VAE's latents.
#[must_use]
pub(crate) fn wanted_beside(parts: &Parts) -> Option<(usize, usize)> {
    let transformer = parts.networks.get(TRANSFORMER)?;
    Some(match family_of(parts)? {
        Family::ZImage => {
            (side(transformer, "cap_embedder.1.weight", 1)?, side(transformer, "all_x_embedder.2-1.weight", 1)? / TOKEN)
        }
        _ => (
            side(transformer, "context_embedder.weight", 1)? / KLEIN_STATES,
            side(transformer, "x_embedder.weight", 1)? / TOKEN,
        ),
    })
}

/// `transformer/config.json`.
#[must_use]
pub(crate) fn transformer_config(part: &NetworkTensors, family: Family) -> Value {
    match family {
        Family::ZImage => z_image(part),
        _ => flux2(part),
    }
}

fn z_image(part: &NetworkTensors) -> Value {
    let width = side(part, "cap_embedder.1.weight", 0).unwrap_or(1);
    let head = side(part, "layers.0.attention.norm_q.weight", 0).unwrap_or(width).max(1);
    let (quarter, rest) = (head / 4, (head - head / 4) / 2);
    json!({
        "_class_name": "ZImageTransformer2DModel",
        "in_channels": side(part, "all_x_embedder.2-1.weight", 1).unwrap_or(1) / TOKEN,
        "dim": width,
        "n_layers": count(part, "layers."),
        "n_refiner_layers": count(part, "noise_refiner."),
        "n_heads": width / head,
        "n_kv_heads": width / head,
        "cap_feat_dim": side(part, "cap_embedder.1.weight", 1),
        "axes_dims": [quarter, rest, rest],
    })
}

fn flux2(part: &NetworkTensors) -> Value {
    let width = side(part, "x_embedder.weight", 0).unwrap_or(1).max(1);
    let head = side(part, "transformer_blocks.0.attn.norm_q.weight", 0)
        .or_else(|| side(part, "single_transformer_blocks.0.attn.norm_q.weight", 0));
    let head = head.unwrap_or(width).max(1);
    let hidden = side(part, "transformer_blocks.0.ff.gate.weight", 0)
        .or_else(|| side(part, "single_transformer_blocks.0.ff.gate.weight", 0));
    json!({
        "_class_name": "Flux2Transformer2DModel",
        "in_channels": side(part, "x_embedder.weight", 1),
        "num_attention_heads": width / head,
        "attention_head_dim": head,
        "num_layers": count(part, "transformer_blocks."),
        "num_single_layers": count(part, "single_transformer_blocks."),
        "joint_attention_dim": side(part, "context_embedder.weight", 1),
        "timestep_guidance_channels":
            side(part, "time_guidance_embed.timestep_embedder.linear_1.weight", 1),
        "mlp_ratio": hidden.unwrap_or(width.saturating_mul(3)) as f64 / width as f64,
        "axes_dims_rope": [head / 4, head / 4, head / 4, head / 4],
        "rope_theta": FLUX2_THETA,
        "guidance_embeds": false,
    })
}

/// `text_encoder/config.json` of a Qwen3; `None` where the encoder is another.
#[must_use]
pub(crate) fn qwen_config(text: &NetworkTensors) -> Option<Value> {
    let head = side(text, "layers.0.self_attn.q_norm.weight", 0)?.max(1);
    let heads = |name: &str| side(text, &format!("layers.0.self_attn.{name}.weight"), 0).map(|rows| rows / head);
    Some(json!({
        "architectures": ["Qwen3ForCausalLM"],
        "vocab_size": side(text, "embed_tokens.weight", 0),
        "hidden_size": side(text, "embed_tokens.weight", 1),
        "intermediate_size": side(text, "layers.0.mlp.gate_proj.weight", 0),
        "num_hidden_layers": count(text, "layers."),
        "num_attention_heads": heads("q_proj"),
        "num_key_value_heads": heads("k_proj"),
        "head_dim": head,
    }))
}

/// `model_index.json` and the scheduler's config. Shapes do not show what a model was trained on to: its names do.
#[must_use]
pub(crate) fn pipeline_configs(family: Family, names: &[String]) -> [(&'static str, Value); 2] {
    let is_for_few_steps = is_for_few_steps(family, names);
    let (index, shift) = if family == Family::ZImage {
        // As the folders of the two versions have it.
        (json!({"_class_name": "ZImagePipeline"}), if is_for_few_steps { 3.0 } else { 6.0 })
    } else {
        (json!({"_class_name": "Flux2KleinPipeline", "is_distilled": is_for_few_steps}), 3.0)
    };
    let scheduler = json!({
        "_class_name": "FlowMatchEulerDiscreteScheduler",
        "num_train_timesteps": 1000,
        "shift": shift,
        "use_dynamic_shifting": family != Family::ZImage,
    });
    [("model_index.json", index), ("scheduler/scheduler_config.json", scheduler)]
}

/// What of `vae/config.json` shapes do not show, for autoencoders of more channels than Stable Diffusion's.
#[must_use]
pub(crate) fn vae_fields(vae: &NetworkTensors) -> Vec<(&'static str, Value)> {
    const FLUX1_CHANNELS: usize = 16;
    if vae.contains_key("bn.running_mean") {
        return vec![("_class_name", "AutoencoderKLFlux2".into()), ("force_upcast", false.into())];
    }
    if side(vae, "decoder.conv_in.weight", 1) == Some(FLUX1_CHANNELS) {
        return vec![("scaling_factor", Family::ZImage.row().latent_scale.into()), ("shift_factor", 0.1159.into())];
    }
    Vec::new()
}
