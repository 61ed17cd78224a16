//! Whose layer a LoRA's tensor changes: the names of kohya's scripts, of diffusers and PEFT, and of `LyCORIS`.

use std::collections::{BTreeSet, HashMap};

use super::layer_patch::Role;
use crate::checkpoint::unet_names::{UnetNames, UnetShape};

/// What a tensor is, by the end of its name; the rest names the layer.
const ENDS: [(&str, Role); 38] = [
    (".lora_down.weight", Role::Down),
    (".lora_up.weight", Role::Up),
    (".lora_mid.weight", Role::Mid),
    (".lora_A.weight", Role::Down),
    (".lora_B.weight", Role::Up),
    (".lora_A.default.weight", Role::Down),
    (".lora_B.default.weight", Role::Up),
    (".lora_A.default_0.weight", Role::Down),
    (".lora_B.default_0.weight", Role::Up),
    (".lora_linear_layer.down.weight", Role::Down),
    (".lora_linear_layer.up.weight", Role::Up),
    ("_lora.down.weight", Role::Down),
    ("_lora.up.weight", Role::Up),
    (".lora.down.weight", Role::Down),
    (".lora.up.weight", Role::Up),
    (".lora.alpha", Role::Alpha),
    (".alpha", Role::Alpha),
    (".dora_scale", Role::Magnitude),
    (".lora_magnitude_vector.weight", Role::Magnitude),
    (".lora_magnitude_vector.default.weight", Role::Magnitude),
    (".lora_magnitude_vector", Role::Magnitude),
    (".hada_w1_a", Role::HadaW1A),
    (".hada_w1_b", Role::HadaW1B),
    (".hada_w2_a", Role::HadaW2A),
    (".hada_w2_b", Role::HadaW2B),
    (".hada_t1", Role::HadaT1),
    (".hada_t2", Role::HadaT2),
    (".lokr_w1_a", Role::KronW1A),
    (".lokr_w1_b", Role::KronW1B),
    (".lokr_w2_a", Role::KronW2A),
    (".lokr_w2_b", Role::KronW2B),
    (".lokr_w1", Role::KronW1),
    (".lokr_w2", Role::KronW2),
    (".lokr_t2", Role::KronT2),
    (".diff_b", Role::BiasDifference),
    (".diff", Role::Difference),
    (".w_norm", Role::Difference),
    (".b_norm", Role::BiasDifference),
];

const NETWORKS: [(&str, &str); 11] = [
    ("lora_unet_", "unet"),
    ("lycoris_unet_", "unet"),
    ("lora_te1_", "text_encoder"),
    ("lora_te2_", "text_encoder_2"),
    ("lora_te_", "text_encoder"),
    ("text_encoder_2_", "text_encoder_2"),
    ("text_encoder_", "text_encoder"),
    ("lycoris_te_", "text_encoder"),
    ("lycoris_", "unet"),
    ("unet_", "unet"),
    ("base_model_model_", "unet"),
];

/// The layer's part of a tensor's name, and what the tensor is to it.
#[must_use]
pub(crate) fn split(name: &str) -> Option<(&str, Role)> {
    ENDS.iter().find_map(|(end, role)| Some((name.strip_suffix(end)?, *role)))
}

/// The network, and the layer with underscores for dots. Names without a network are the UNet's.
#[must_use]
pub(crate) fn place(stem: &str) -> (&'static str, String) {
    let plain = stem.replace('.', "_").replace("_processor_", "_");
    let mut rest = plain.as_str();
    let mut network = None;
    for (prefix, found) in NETWORKS {
        if let Some(shorter) = rest.strip_prefix(prefix) {
            (rest, network) = (shorter, Some(found));
            break;
        }
    }
    let rest = rest.strip_prefix("base_model_model_").unwrap_or(rest);
    let network = network.unwrap_or(if rest.starts_with("text_model_") { "text_encoder" } else { "unet" });
    (network, rest.strip_prefix("text_model_").unwrap_or(rest).to_owned())
}

/// All spellings of a network's layers, with underscores, to the layer's own name.
#[must_use]
pub(crate) fn spellings(network: &str, layers: &BTreeSet<&str>) -> HashMap<String, String> {
    let flat = |name: &str| name.replace('.', "_");
    let mut found: HashMap<String, String> = layers.iter().map(|layer| (flat(layer), (*layer).to_owned())).collect();
    if network == "unet" {
        let names = UnetNames::new(&UnetShape::of_diffusers(layers));
        for layer in layers {
            if let Some(original) = names.to_original(layer) {
                found.insert(flat(&original), (*layer).to_owned());
            }
            // diffusers' first LoRAs were written for a layer that was no list yet.
            if let Some(short) = layer.strip_suffix(".to_out.0") {
                found.insert(flat(&format!("{short}.to_out")), (*layer).to_owned());
            }
        }
    }
    found
}
