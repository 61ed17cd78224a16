//! The layers that published families have, in every spelling: what a LoRA changes elsewhere has no place in any.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::names;

/// The UNets: resnets of a level, and on each level how many blocks a transformer has (0: no transformer); then those
/// in the middle.
const UNETS: [(usize, &[usize], usize); 4] = [
    // Stable Diffusion 1 and 2.
    (2, &[1, 1, 1, 0], 1),
    // Stable Diffusion XL, and its refiner.
    (2, &[0, 2, 10], 10),
    (2, &[0, 4, 4, 0], 4),
    // Small ones in the same layout, with one resnet a level.
    (1, &[10, 10, 10, 10], 10),
];

/// As many as the deepest encoder has, OpenCLIP's bigG.
const TEXT_LAYERS: usize = 32;

const TEXT_PARTS: [&str; 8] = [
    "self_attn.q_proj",
    "self_attn.k_proj",
    "self_attn.v_proj",
    "self_attn.out_proj",
    "mlp.fc1",
    "mlp.fc2",
    "layer_norm1",
    "layer_norm2",
];

const TEXT_REST: [&str; 4] =
    ["embeddings.token_embedding", "embeddings.position_embedding", "final_layer_norm", "text_projection"];

const RESNET: [&str; 6] = ["norm1", "conv1", "time_emb_proj", "norm2", "conv2", "conv_shortcut"];

const TRANSFORMER: [&str; 3] = ["norm", "proj_in", "proj_out"];

const BLOCK: [&str; 13] = [
    "norm1",
    "norm2",
    "norm3",
    "attn1.to_q",
    "attn1.to_k",
    "attn1.to_v",
    "attn1.to_out.0",
    "attn2.to_q",
    "attn2.to_k",
    "attn2.to_v",
    "attn2.to_out.0",
    "ff.net.0.proj",
    "ff.net.2",
];

const UNET_REST: [&str; 8] = [
    "conv_in",
    "conv_norm_out",
    "conv_out",
    "time_embedding.linear_1",
    "time_embedding.linear_2",
    "time_embedding.cond_proj",
    "add_embedding.linear_1",
    "add_embedding.linear_2",
];

/// Spellings of layers, with underscores for dots, by network.
pub(super) struct KnownLayers(BTreeMap<&'static str, BTreeSet<String>>);

impl KnownLayers {
    #[must_use]
    pub(super) fn contains(&self, network: &str, layer: &str) -> bool {
        self.0.get(network).is_some_and(|layers| layers.contains(layer))
    }
}

/// All layers of all families.
pub(super) static ALL: LazyLock<KnownLayers> = LazyLock::new(all);

fn all() -> KnownLayers {
    let mut found: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
    let text: Vec<String> = (0..TEXT_LAYERS)
        .flat_map(|layer| TEXT_PARTS.iter().map(move |part| format!("encoder.layers.{layer}.{part}")))
        .chain(TEXT_REST.iter().map(|&part| part.to_owned()))
        .collect();
    for network in ["text_encoder", "text_encoder_2"] {
        add(&mut found, network, &text);
    }
    for unet in UNETS {
        add(&mut found, "unet", &unet_layers(unet));
    }
    KnownLayers(found)
}

fn add(found: &mut BTreeMap<&'static str, BTreeSet<String>>, network: &'static str, layers: &[String]) {
    let layers = layers.iter().map(String::as_str).collect();
    found.entry(network).or_default().extend(names::spellings(network, &layers).into_keys());
}

fn unet_layers((resnets, levels, middle): (usize, &[usize], usize)) -> Vec<String> {
    let mut layers: Vec<String> = UNET_REST.iter().map(|&layer| layer.to_owned()).collect();
    let mut place = |at: String, resnets: usize, blocks: usize, transformers: usize| {
        for resnet in 0..resnets {
            layers.extend(RESNET.iter().map(|part| format!("{at}.resnets.{resnet}.{part}")));
        }
        for transformer in (0..transformers).filter(|_| blocks > 0) {
            let at = format!("{at}.attentions.{transformer}");
            layers.extend(TRANSFORMER.iter().map(|part| format!("{at}.{part}")));
            for block in 0..blocks {
                layers.extend(BLOCK.iter().map(|part| format!("{at}.transformer_blocks.{block}.{part}")));
            }
        }
    };
    for (level, blocks) in levels.iter().enumerate() {
        let up = levels.len() - 1 - level;
        place(format!("down_blocks.{level}"), resnets, *blocks, resnets);
        place(format!("up_blocks.{up}"), resnets + 1, *blocks, resnets + 1);
    }
    place("mid_block".to_owned(), 2, middle, 1);
    for level in 0..levels.len() - 1 {
        layers.push(format!("down_blocks.{level}.downsamplers.0.conv"));
        layers.push(format!("up_blocks.{level}.upsamplers.0.conv"));
    }
    layers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_names_have_a_place_and_others_none() {
        let known = &ALL;
        for layer in [
            "down_blocks_2_attentions_1_transformer_blocks_9_attn2_to_k",
            "input_blocks_8_1_transformer_blocks_9_attn2_to_k",
            "output_blocks_11_1_transformer_blocks_0_attn1_to_out_0",
            "up_blocks_3_attentions_2_transformer_blocks_0_attn1_to_out",
            "middle_block_1_transformer_blocks_9_ff_net_0_proj",
            "input_blocks_3_0_op",
            "label_emb_0_0",
        ] {
            assert!(known.contains("unet", layer), "{layer}");
        }
        assert!(known.contains("text_encoder_2", "encoder_layers_31_mlp_fc2"));
        for layer in
            ["single_transformer_blocks_0_attn_to_q", "down_blocks_9_resnets_0_conv1", "encoder_layers_0_mlp_fc1"]
        {
            assert!(!known.contains("unet", layer), "{layer}");
        }
    }
}
