//! Whose layer a LoRA's tensor changes: one table of what stands before a layer's name, for every program that writes
//! LoRAs, and all spellings of a network's layers.

use std::collections::{BTreeSet, HashMap};

use crate::checkpoint::transformer_names::TRANSFORMER;
use crate::checkpoint::unet_names::{UnetNames, UnetShape};

/// The network by diffusers' name, and what programs put before its layers, with underscores for dots. Of two that
/// fit, the longer one counts.
const NETWORKS: [(&str, &[&str]); 3] = [
    (
        "text_encoder_2",
        &[
            "lora_te2_",
            "lycoris_te2_",
            "text_encoder_2_",
            "text_encoders_clip_g_",
            "clip_g_",
            "conditioner_embedders_1_",
            "te2_",
        ],
    ),
    (
        "text_encoder",
        &[
            "lora_te_",
            "lora_te1_",
            "lycoris_te_",
            "lycoris_te1_",
            "text_encoder_",
            "text_encoder_1_",
            "text_encoders_clip_l_",
            "text_encoders_clip_h_",
            "clip_l_",
            "clip_h_",
            "cond_stage_model_",
            "conditioner_embedders_0_",
            "te1_",
            "te_",
        ],
    ),
    (
        "unet",
        &[
            "lora_unet_",
            "lycoris_unet_",
            "lycoris_",
            "unet_",
            "transformer_",
            "diffusion_model_",
            "model_diffusion_model_",
        ],
    ),
];

/// What wraps a whole network, before or after its own name.
const WRAPPERS: [&str; 3] = ["base_model_model_", "_orig_mod_", "module_"];

/// What stands between a text encoder's name and its layers.
const TEXT_PARTS: [&str; 2] = ["transformer_", "text_model_"];

/// Whether a LoRA's changes of `named` are for this network: what takes noise away has one name in all files.
#[must_use]
pub(crate) fn is_for(named: &str, network: &str) -> bool {
    named == network || (named == "unet" && network == TRANSFORMER)
}

/// The network, and the layer with underscores for dots. Names without a network are the UNet's, unless they begin as
/// a text encoder's do.
#[must_use]
pub(crate) fn place(stem: &str) -> (&'static str, String) {
    let plain = stem.replace('.', "_").replace("_processor_", "_");
    let mut rest = plain.as_str();
    let mut network = None;
    loop {
        if let Some(shorter) = WRAPPERS.iter().find_map(|wrapper| rest.strip_prefix(wrapper)) {
            rest = shorter;
            continue;
        }
        let is_open = |name: &str| network.is_none_or(|found| found == name);
        let prefixes = NETWORKS.iter().filter(|(name, _)| is_open(name));
        let fitting = prefixes.flat_map(|(name, prefixes)| prefixes.iter().map(move |prefix| (*name, *prefix)));
        let Some((name, prefix)) =
            fitting.filter(|(_, prefix)| begins_with(rest, prefix)).max_by_key(|(_, prefix)| prefix.len())
        else {
            break;
        };
        (network, rest) = (Some(name), &rest[prefix.len()..]);
    }
    // LyCORIS and PEFT call a network alone by one name, whichever it is.
    if network != Some("text_encoder_2") && rest.starts_with("text_model_") {
        network = Some("text_encoder");
    }
    let network = network.unwrap_or("unet");
    if network != "unet" {
        while let Some(shorter) = TEXT_PARTS.iter().find_map(|part| rest.strip_prefix(part)) {
            rest = shorter;
        }
    }
    (network, rest.to_owned())
}

/// Some layers begin with what is a network's name elsewhere.
fn begins_with(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix).is_some_and(|rest| prefix != "transformer_" || !rest.starts_with("blocks_"))
}

/// All spellings of a network's layers, with underscores, to the layer's own name.
#[must_use]
pub(crate) fn spellings(network: &str, layers: &BTreeSet<&str>) -> HashMap<String, String> {
    let flat = |name: &str| name.replace('.', "_");
    let mut found: HashMap<String, String> = layers.iter().map(|layer| (flat(layer), (*layer).to_owned())).collect();
    if network == TRANSFORMER {
        for layer in layers.iter().filter(|layer| layer.ends_with(".to_out.0")) {
            found.insert(flat(layer.trim_end_matches(".0")), (*layer).to_owned());
        }
    }
    if network == "unet" {
        let names = UnetNames::new(&UnetShape::of_diffusers(layers));
        for layer in layers {
            let original = names.to_original(layer);
            for spelling in original.as_deref().into_iter().chain([*layer]) {
                found.insert(flat(spelling), (*layer).to_owned());
                // diffusers' first LoRAs were written for a layer that was no list yet.
                if spelling.ends_with(".to_out.0") {
                    found.insert(flat(spelling.trim_end_matches(".0")), (*layer).to_owned());
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_prefix_is_read_before_every_spelling_of_its_network() {
        let (unet, text) = ("mid_block.attentions.0.transformer_blocks.0.attn1.to_q", "encoder.layers.0.mlp.fc1");
        for (network, prefixes) in NETWORKS {
            for prefix in prefixes.iter().copied().chain((network == "unet").then_some("")) {
                let dotted = format!("{}.", prefix.trim_end_matches('_'));
                for prefix in [prefix, dotted.trim_start_matches('.')] {
                    for wrapper in ["", "base_model.model.", "module.", "_orig_mod."] {
                        let parts: &[&str] =
                            if network == "unet" { &[""] } else { &["", "text_model.", "transformer.text_model."] };
                        for part in parts {
                            let layer = if network == "unet" { unet } else { text };
                            for stem in
                                [format!("{prefix}{wrapper}{part}{layer}"), format!("{wrapper}{prefix}{part}{layer}")]
                            {
                                let wanted = (network, layer.replace('.', "_"));
                                assert_eq!(place(&stem), wanted, "{stem}");
                                assert_eq!(place(&stem.replace('.', "_")), wanted, "{stem} with underscores");
                            }
                        }
                    }
                }
            }
        }
        for stem in ["text_model.encoder.layers.0.mlp.fc1", "lycoris_text_model_encoder_layers_0_mlp_fc1"] {
            assert_eq!(place(stem), ("text_encoder", text.replace('.', "_")), "{stem}");
        }
        let old = "unet.mid_block.attentions.0.transformer_blocks.0.attn1.processor.to_q";
        assert_eq!(place(old), ("unet", unet.replace('.', "_")));
    }
}
