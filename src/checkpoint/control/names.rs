//! The names of control networks' tensors: in diffusers' and in the original codes' files.

use std::collections::BTreeSet;

use super::parted;
use crate::checkpoint::archive::TensorInfo;
use crate::checkpoint::plain_names::plain;
use crate::checkpoint::single_file::{TensorSlice, TensorSource};
use crate::checkpoint::unet_names::{UnetNames, UnetShape};
use crate::checkpoint::weight_files::Placed;

/// A tensor that says that all others are what they differ from the model's by.
pub(super) const DIFFERENCE: &str = "difference";

/// What a file of tensors is among control networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ControlFileKind {
    ControlNet,
    Union,
    Adapter,
    /// Low-rank changes of a UNet that make a ControlNet of it.
    ControlLora,
    Lllite,
}

impl ControlFileKind {
    /// "a ControlNet".
    #[must_use]
    pub(crate) fn one(self) -> &'static str {
        match self {
            Self::ControlNet => "those of a ControlNet",
            Self::Union => "those of a union ControlNet",
            Self::Adapter => "those of a T2I-Adapter",
            Self::ControlLora => "those of a Control-LoRA",
            Self::Lllite => "those of a ControlNet-LLLite",
        }
    }
}

pub(super) fn is_control_class(class: &str) -> bool {
    matches!(class, "ControlNetModel" | "ControlNetUnionModel" | "T2IAdapter")
}

/// By names alone; `None` for what is no control network.
#[must_use]
pub(crate) fn kind_of(names: &[&str]) -> Option<ControlFileKind> {
    let plain: Vec<&str> = names.iter().map(|name| inside(name)).collect();
    let starts = |start: &str| plain.iter().any(|name| name.starts_with(start));
    if names.iter().any(|name| name.starts_with("lllite_")) {
        return Some(ControlFileKind::Lllite);
    }
    let has_hint = starts("input_hint_block.") || starts("controlnet_cond_embedding.");
    let has_low_rank = plain.iter().any(|name| matches!(name.rsplit('.').next(), Some("up" | "down")));
    if names.contains(&"lora_controlnet") || (has_low_rank && (has_hint || starts("zero_convs."))) {
        return Some(ControlFileKind::ControlLora);
    }
    if has_hint {
        let is_union = starts("task_embedding");
        return Some(if is_union { ControlFileKind::Union } else { ControlFileKind::ControlNet });
    }
    let is_adapter = starts("adapter.body.0.")
        || starts("body.0.block1.")
        || (starts("body.0.in_conv.") && starts("body.0.body.0.block1."));
    is_adapter.then_some(ControlFileKind::Adapter)
}

/// A name without what stands before all of a file's.
fn inside(name: &str) -> &str {
    ["control_model.", "controlnet."].iter().find_map(|start| name.strip_prefix(start)).unwrap_or(name)
}

/// Where the tensors are that diffusers' names call.
pub(super) fn placed_by_diffusers_names(tensors: &[TensorInfo]) -> Vec<Placed> {
    let plain: Vec<String> = tensors.iter().map(|tensor| inside(&plain(&tensor.name)).to_owned()).collect();
    let all: BTreeSet<&str> = plain.iter().map(String::as_str).collect();
    let names = UnetNames::new(&UnetShape::of_original(&all));
    let per_level = resnets_of_level(&all);
    let placed = tensors.iter().zip(&plain).filter(|(_, name)| name.as_str() != DIFFERENCE).map(|(tensor, name)| {
        let ours = control_name(name)
            .or_else(|| adapter_name(name, per_level))
            .or_else(|| names.to_diffusers(name))
            .unwrap_or_else(|| name.clone());
        let source = TensorSource { name: tensor.name.clone(), cut: TensorSlice::Whole, shape: tensor.shape.clone() };
        (ours, 0, source, tensor.bytes as usize)
    });
    placed.flat_map(parted).collect()
}

/// The original code's names of what a UNet does not have.
fn control_name(name: &str) -> Option<String> {
    if let Some(rest) = name.strip_prefix("middle_block_out.0.") {
        return Some(format!("controlnet_mid_block.{rest}"));
    }
    if let Some((index, rest)) = name.strip_prefix("zero_convs.").and_then(|rest| rest.split_once(".0.")) {
        return Some(format!("controlnet_down_blocks.{index}.{rest}"));
    }
    // Every second one is an activation.
    let (index, rest) = name.strip_prefix("input_hint_block.")?.split_once('.')?;
    let number = index.parse::<usize>().ok()? / 2;
    let place = match number {
        0 => "conv_in".to_owned(),
        7 => "conv_out".to_owned(),
        number => format!("blocks.{}", number - 1),
    };
    Some(format!("controlnet_cond_embedding.{place}.{rest}"))
}

/// The original adapter counts its resnets through all levels.
fn adapter_name(name: &str, per_level: usize) -> Option<String> {
    if let Some(rest) = name.strip_prefix("conv_in.").filter(|_| per_level > 0) {
        return Some(format!("adapter.conv_in.{rest}"));
    }
    let (index, rest) = name.strip_prefix("body.")?.split_once('.')?;
    let index = index.parse::<usize>().ok()?;
    if let Some(rest) = rest.strip_prefix("body.") {
        return Some(format!("adapter.body.{index}.resnets.{rest}"));
    }
    if per_level == 0 {
        return Some(format!("adapter.body.{index}.{rest}"));
    }
    let (level, resnet) = (index / per_level, index % per_level);
    Some(if rest.starts_with("in_conv.") {
        format!("adapter.body.{level}.{rest}")
    } else {
        format!("adapter.body.{level}.resnets.{resnet}.{rest}")
    })
}

/// Of an original full adapter, whose levels begin where the channels change; 0 for anything else.
fn resnets_of_level(names: &BTreeSet<&str>) -> usize {
    const PUBLISHED: usize = 2;
    if !names.contains("body.0.block1.weight") {
        return 0;
    }
    let changes = names.iter().filter_map(|name| name.strip_prefix("body.")?.strip_suffix(".in_conv.weight"));
    changes.filter_map(|index| index.parse().ok()).filter(|index| *index > 0).min().unwrap_or(PUBLISHED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_original_names_become_diffusers() {
        let names = UnetNames::new(&UnetShape::default());
        assert!(names.to_diffusers("time_embed.0.weight").is_some());
        for (original, ours) in [
            ("zero_convs.11.0.bias", "controlnet_down_blocks.11.bias"),
            ("middle_block_out.0.weight", "controlnet_mid_block.weight"),
            ("input_hint_block.0.weight", "controlnet_cond_embedding.conv_in.weight"),
            ("input_hint_block.2.bias", "controlnet_cond_embedding.blocks.0.bias"),
            ("input_hint_block.12.weight", "controlnet_cond_embedding.blocks.5.weight"),
            ("input_hint_block.14.weight", "controlnet_cond_embedding.conv_out.weight"),
        ] {
            assert_eq!(control_name(original).as_deref(), Some(ours), "{original}");
        }
        for (original, per_level, ours) in [
            ("conv_in.weight", 2, "adapter.conv_in.weight"),
            ("body.3.block1.weight", 2, "adapter.body.1.resnets.1.block1.weight"),
            ("body.4.in_conv.bias", 2, "adapter.body.2.in_conv.bias"),
            ("body.1.body.3.block2.bias", 0, "adapter.body.1.resnets.3.block2.bias"),
            ("body.1.out_conv.bias", 0, "adapter.body.1.out_conv.bias"),
        ] {
            assert_eq!(adapter_name(original, per_level).as_deref(), Some(ours), "{original}");
        }
    }

    #[test]
    fn every_kind_is_known_by_its_names() {
        for (names, kind) in [
            (
                vec!["control_model.input_hint_block.0.weight", "control_model.time_embed.0.bias"],
                Some(ControlFileKind::ControlNet),
            ),
            (vec!["controlnet_cond_embedding.conv_in.bias", "task_embedding"], Some(ControlFileKind::Union)),
            (vec!["body.0.block1.weight", "conv_in.weight"], Some(ControlFileKind::Adapter)),
            (vec!["body.0.in_conv.weight", "body.0.body.0.block1.weight"], Some(ControlFileKind::Adapter)),
            (vec!["lora_controlnet", "input_hint_block.0.weight"], Some(ControlFileKind::ControlLora)),
            (vec!["zero_convs.0.0.weight", "input_blocks.1.0.in_layers.2.down"], Some(ControlFileKind::ControlLora)),
            (vec!["lllite_unet_input_blocks_4.down.0.weight"], Some(ControlFileKind::Lllite)),
            // An upscaler and a UNet.
            (vec!["body.0.rdb1.conv1.weight", "conv_first.weight"], None),
            (vec!["conv_in.weight", "down_blocks.0.resnets.0.conv1.weight"], None),
        ] {
            assert_eq!(kind_of(&names), kind, "{names:?}");
        }
    }
}
