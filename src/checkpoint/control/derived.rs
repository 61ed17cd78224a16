//! The config of a control network that has none beside it: from shapes, and, for what they do not show, from the model
//! that it is used with.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::names::ControlFileKind;
use crate::checkpoint::single_file::{NetworkTensors, unet_config};
use crate::checkpoint::weight_files::Placed;
use crate::checkpoint::{ControlConfig, UnetConfig};
use crate::job::Family;

/// As diffusers would write it.
pub(super) fn config(placed: &[Placed], kind: Option<ControlFileKind>) -> Map<String, Value> {
    let tensors = network_of(placed);
    let config = match kind {
        Some(ControlFileKind::Adapter) => adapter_config(&tensors),
        kind => control_net_config(&tensors, kind == Some(ControlFileKind::Union)),
    };
    match config {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn network_of(placed: &[Placed]) -> NetworkTensors {
    placed.iter().map(|(name, _, source, _)| (name.clone(), source.clone())).collect()
}

/// Which family a control network was made for; `None` where that does not show.
#[must_use]
pub(crate) fn family_of(placed: &[Placed]) -> Option<Family> {
    let tensors = network_of(placed);
    let side = |name: &str, axis: usize| side(&tensors, name, axis);
    if let Some(first) = side("adapter.conv_in.weight", 1) {
        return match (side("adapter.conv_in.weight", 0), factor_of(first)) {
            (Some(64), _) => Some(Family::BuiltIn),
            (Some(320), (_, 16)) => Some(Family::Xl),
            (Some(320), _) => Some(Family::Sd1),
            _ => None,
        };
    }
    if tensors.contains_key("add_embedding.linear_1.weight") {
        return Some(Family::Xl);
    }
    let context = tensors.iter().find(|(name, _)| name.ends_with(".attn2.to_k.weight"));
    match context.and_then(|(_, source)| source.shape.get(1)) {
        Some(768) => Some(Family::Sd1),
        Some(1024) => Some(Family::Sd2),
        _ => None,
    }
}

fn control_net_config(tensors: &NetworkTensors, is_union: bool) -> Value {
    let has_linear = tensors.iter().find(|(name, _)| name.ends_with(".proj_in.weight"));
    let is_linear = has_linear.is_some_and(|(_, source)| source.shape.len() == 2);
    let family = match (tensors.contains_key("add_embedding.linear_1.weight"), is_linear) {
        (true, _) => Family::Xl,
        (false, true) => Family::Sd2,
        (false, false) => Family::Sd1,
    };
    let mut config = unet_config(tensors, family, None);
    let hint = |place: &str| format!("controlnet_cond_embedding.{place}.weight");
    let first = side(tensors, &hint("conv_in"), 0);
    let widening = (0..).map_while(|pair| side(tensors, &hint(&format!("blocks.{}", 2 * pair + 1)), 0));
    let channels: Vec<usize> = first.into_iter().chain(widening).collect();
    config["_class_name"] = if is_union { "ControlNetUnionModel" } else { "ControlNetModel" }.into();
    config["conditioning_embedding_out_channels"] = channels.into();
    config["conditioning_channels"] = side(tensors, &hint("conv_in"), 1).unwrap_or(3).into();
    if is_union {
        let types = side(tensors, "task_embedding", 0).unwrap_or(6);
        let width = side(tensors, "task_embedding", 1).unwrap_or(320);
        let layers = (0..).take_while(|layer| tensors.contains_key(&format!("transformer_layes.{layer}.ln_1.weight")));
        config["num_control_type"] = types.into();
        config["num_trans_channel"] = width.into();
        config["num_proj_channel"] = width.into();
        config["num_trans_layer"] = layers.count().into();
        config["num_trans_head"] = if width.is_multiple_of(8) { 8 } else { 1 }.into();
        let inputs = side(tensors, "control_add_embedding.linear_1.weight", 1).unwrap_or(types);
        config["addition_time_embed_dim"] = (inputs / types.max(1)).into();
    }
    config
}

fn adapter_config(tensors: &NetworkTensors) -> Value {
    let levels = (0..).take_while(|level| {
        let at = format!("adapter.body.{level}.");
        tensors.range(at.clone()..).next().is_some_and(|(name, _)| name.starts_with(&at))
    });
    let levels = levels.count();
    let resnets =
        (0..).take_while(|index| tensors.contains_key(&format!("adapter.body.0.resnets.{index}.block1.weight")));
    let conv_in = side(tensors, "adapter.conv_in.weight", 1);
    let is_light = conv_in.is_none();
    let (last, inputs) = if is_light {
        ("out_conv", side(tensors, "adapter.body.0.in_conv.weight", 1))
    } else {
        ("resnets.0.block1", conv_in)
    };
    let width = |level: usize| side(tensors, &format!("adapter.body.{level}.{last}.weight"), 0).unwrap_or(1);
    // The light one's last level is as wide as the one before.
    let own = if is_light { levels.saturating_sub(1) } else { levels };
    let (channels, factor) = factor_of(inputs.unwrap_or(192));
    json!({
        "_class_name": "T2IAdapter",
        "adapter_type": if is_light { "light_adapter" } else { "full_adapter" },
        "channels": (0..own).map(width).collect::<Vec<_>>(),
        "num_res_blocks": resnets.count(),
        "in_channels": channels,
        "downscale_factor": factor,
    })
}

/// Channels of the picture, and the side of the squares of pixels that are folded into so many inputs.
fn factor_of(inputs: usize) -> (usize, usize) {
    let fits = |channels: usize| (1..=64).find(|factor| channels * factor * factor == inputs);
    [3, 1].into_iter().find_map(|channels| Some((channels, fits(channels)?))).unwrap_or((3, 8))
}

fn side(tensors: &NetworkTensors, name: &str, axis: usize) -> Option<usize> {
    tensors.get(name)?.shape.get(axis).copied()
}

/// What only a file's name shows: that what it gives is averaged over all pixels, as the published shuffle network's is.
pub(super) fn with_name(mut config: ControlConfig, path: &Path) -> ControlConfig {
    let name = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    if let ControlConfig::ControlNet(config) = &mut config {
        config.pools = name.contains("shuffle");
    }
    config
}

/// What shapes do not show of a copy of this UNet.
pub(super) fn take_from(own: &mut UnetConfig, unet: &UnetConfig) {
    let is_alike = own.blocks.len() == unet.blocks.len()
        && own.blocks.iter().zip(&unet.blocks).all(|(own, theirs)| own.channels == theirs.channels);
    if !is_alike {
        return;
    }
    for (own, theirs) in own.blocks.iter_mut().zip(&unet.blocks) {
        if let (Some(own), Some(theirs)) = (&mut own.down_attention, &theirs.down_attention) {
            own.heads = theirs.heads;
        }
    }
    if let (Some(own), Some(theirs)) = (&mut own.mid_attention, &unet.mid_attention) {
        own.heads = theirs.heads;
    }
    if own.added.as_ref().map(|added| added.width) == unet.added.as_ref().map(|added| added.width) {
        own.added.clone_from(&unet.added);
    }
    (own.groups, own.norm_eps, own.downsample_padding) = (unet.groups, unet.norm_eps, unet.downsample_padding);
    (own.cosine_first, own.frequency_shift) = (unet.cosine_first, unet.frequency_shift);
}
