//! Families of models that are recognised and cannot be run, as a table: a person is told what a file is instead of that
//! it is no model.

use super::archive::TensorInfo;

/// A family that Inkwick does not run.
struct Other {
    name: &'static str,
    /// Names of tensors, without what stands before all of them: a file that has all of one group is of this family.
    groups: &'static [&'static [&'static str]],
    /// How the classes of its pipelines and networks begin in diffusers.
    classes: &'static [&'static str],
}

/// Narrower ones before those that they are a variant of.
const OTHERS: &[Other] = &[
    row(
        "FLUX.2 dev",
        &[
            &["double_stream_modulation_img.lin.weight", "guidance_in.in_layer.weight"],
            &["double_stream_modulation_img.linear.weight", "time_guidance_embed.guidance_embedder.linear_1.weight"],
        ],
        &["Flux2"],
    ),
    row(
        "Chroma",
        &[&["distilled_guidance_layer.in_proj.weight"], &["distilled_guidance_layer.norms.0.scale"]],
        &["Chroma"],
    ),
    row(
        "HunyuanVideo",
        &[
            &["txt_in.individual_token_refiner.blocks.0.norm1.weight"],
            &["context_embedder.token_refiner.refiner_blocks.0.norm1.weight"],
        ],
        &["HunyuanVideo", "HunyuanSkyreels"],
    ),
    row("FLUX.1 Kontext", &[], &["FluxKontext"]),
    row(
        "FLUX.1",
        &[
            &["double_blocks.0.img_mod.lin.weight", "single_blocks.0.linear1.weight"],
            &["single_transformer_blocks.0.proj_mlp.weight", "transformer_blocks.0.ff_context.net.0.proj.weight"],
        ],
        &["FluxPipeline", "FluxImg2Img", "FluxInpaint", "FluxFill", "FluxControl", "FluxTransformer", "FluxPrior"],
    ),
    row(
        "Stable Diffusion 3.5",
        &[
            &["joint_blocks.0.x_block.attn.ln_q.weight"],
            &["pos_embed.pos_embed", "transformer_blocks.0.attn.norm_added_q.weight"],
        ],
        &[],
    ),
    row(
        "Stable Diffusion 3",
        &[
            &["joint_blocks.0.context_block.attn.qkv.weight"],
            &["pos_embed.pos_embed", "transformer_blocks.0.attn.add_q_proj.weight"],
        ],
        &["StableDiffusion3", "SD3Transformer"],
    ),
    row("Qwen-Image", &[&["txt_norm.weight", "transformer_blocks.0.img_mod.1.weight"]], &["QwenImage"]),
    row("Anima", &[&["llm_adapter.blocks.0.self_attn.q_proj.weight"]], &["Anima"]),
    row(
        "Cosmos",
        &[
            &["blocks.block0.blocks.0.block.attn.to_q.0.weight"],
            &["blocks.0.mlp.layer1.weight", "x_embedder.proj.1.weight"],
        ],
        &["Cosmos"],
    ),
    row(
        "Wan",
        &[
            &["head.modulation", "blocks.0.cross_attn.k.weight"],
            &["condition_embedder.time_embedder.linear_1.weight", "blocks.0.attn2.to_k.weight"],
        ],
        &["Wan"],
    ),
    row("LTX-Video", &[&["patchify_proj.weight", "adaln_single.linear.weight"]], &["LTX"]),
    row(
        "Lumina Image 2",
        &[
            &["cap_embedder.1.weight", "layers.0.attention.qkv.weight"],
            &["time_caption_embed.caption_embedder.1.weight", "layers.0.attn.to_q.weight"],
        ],
        &["Lumina2"],
    ),
    row("Lumina-Next", &[&["cap_embedder.1.weight", "layers.0.attention.wk_y.weight"]], &["Lumina"]),
    row(
        "OmniGen 2",
        &[&["time_caption_embed.timestep_embedder.linear_1.weight", "ref_image_patch_embedder.weight"]],
        &["OmniGen2"],
    ),
    row("OmniGen", &[&["input_x_embedder.proj.weight", "llm.layers.0.self_attn.qkv_proj.weight"]], &["OmniGen"]),
    row(
        "PixArt",
        &[
            &["t_block.1.weight", "y_embedder.y_proj.fc1.weight"],
            &["adaln_single.linear.weight", "caption_projection.linear_1.weight", "pos_embed.proj.weight"],
        ],
        &["PixArt"],
    ),
    row(
        "Stable Cascade",
        &[&["clip_txt_mapper.weight"], &["clf.1.weight", "effnet_mapper.0.weight"]],
        &["StableCascade"],
    ),
    row("Würstchen", &[], &["Wuerstchen"]),
    row(
        "AuraFlow",
        &[&["double_layers.0.attn.w1q.weight"], &["joint_transformer_blocks.0.attn.add_q_proj.weight"]],
        &["AuraFlow"],
    ),
    row("Hunyuan-DiT", &[&["mlp_t5.0.weight"]], &["HunyuanDiT"]),
    row("HunyuanImage", &[], &["HunyuanImage"]),
    row("Mochi", &[&["t5_yproj.weight"]], &["Mochi"]),
    row(
        "HiDream",
        &[&["caption_projection.0.linear.weight", "double_stream_blocks.0.block.adaLN_modulation.1.weight"]],
        &["HiDream"],
    ),
    row(
        "Sana",
        &[&["attention_y_norm.weight"], &["caption_norm.weight", "transformer_blocks.0.ff.conv_inverted.weight"]],
        &["Sana"],
    ),
    row("CogVideoX", &[], &["CogVideoX"]),
    row("CogView", &[], &["CogView"]),
    row("Kandinsky 5", &[&["visual_embeddings.in_layer.weight"]], &["Kandinsky5"]),
    row("Kandinsky", &[], &["Kandinsky"]),
    row("Kolors", &[], &["Kolors"]),
    row("DeepFloyd IF", &[], &["IFPipeline", "IFImg2Img", "IFInpainting", "IFSuperResolution"]),
    row("ERNIE-Image", &[], &["ErnieImage"]),
    row("Allegro", &[], &["Allegro"]),
    row("EasyAnimate", &[], &["EasyAnimate"]),
    row("Stable Video Diffusion", &[], &["StableVideoDiffusion"]),
    row("Stable Audio", &[], &["StableAudio"]),
];

/// What only Z-Image has of the networks that have Lumina's names.
const Z_IMAGE: &str = "x_pad_token";

const fn row(
    name: &'static str,
    groups: &'static [&'static [&'static str]],
    classes: &'static [&'static str],
) -> Other {
    Other { name, groups, classes }
}

/// The family that a file's tensors show, if it is one that cannot be run.
#[must_use]
pub(crate) fn other_family_of(tensors: &[TensorInfo]) -> Option<&'static str> {
    let has = |wanted: &&str| {
        tensors.iter().any(|tensor| {
            // Something may stand before every name, and ends where a part of a name does.
            tensor.name.strip_suffix(*wanted).is_some_and(|before| before.is_empty() || before.ends_with('.'))
        })
    };
    if has(&Z_IMAGE) {
        return None;
    }
    OTHERS.iter().find(|other| other.groups.iter().any(|group| group.iter().all(has))).map(|other| other.name)
}

/// The family of a pipeline or network of diffusers, if it is one that cannot be run.
#[must_use]
pub(crate) fn other_family_of_class(class: &str) -> Option<&'static str> {
    OTHERS.iter().find(|other| other.classes.iter().any(|start| class.starts_with(start))).map(|other| other.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(names: &[&str]) -> Vec<TensorInfo> {
        let tensor = |name: &&str| TensorInfo {
            name: (*name).to_owned(),
            shape: vec![2, 2],
            precision: "F16".to_owned(),
            bytes: 8,
            is_read: true,
        };
        names.iter().map(tensor).collect()
    }

    #[test]
    fn every_row_is_found_by_its_own_names_and_by_no_row_before_it() {
        for other in OTHERS {
            assert!(!other.groups.is_empty() || !other.classes.is_empty(), "{} is never found", other.name);
            for group in other.groups {
                for before in ["", "model.diffusion_model.", "transformer."] {
                    let names: Vec<String> = group.iter().map(|name| format!("{before}{name}")).collect();
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    assert_eq!(other_family_of(&file(&names)), Some(other.name), "{names:?}");
                    // Half of what tells it is not enough.
                    if names.len() > 1 {
                        assert_ne!(other_family_of(&file(&names[1..])), Some(other.name), "{names:?}");
                    }
                }
            }
            for class in other.classes {
                assert_eq!(other_family_of_class(class), Some(other.name), "{class}");
            }
        }
    }

    #[test]
    fn what_can_be_run_is_no_other_family() {
        let z_image = ["cap_embedder.1.weight", "layers.0.attention.qkv.weight", "x_pad_token"];
        let klein = ["double_stream_modulation_img.lin.weight", "single_blocks.0.linear1.weight", "txt_in.weight"];
        let unet = ["model.diffusion_model.input_blocks.0.0.weight", "model.diffusion_model.out.2.weight"];
        for names in [&z_image[..], &klein, &unet] {
            assert_eq!(other_family_of(&file(names)), None, "{names:?}");
        }
        for class in ["StableDiffusionPipeline", "StableDiffusionXLPipeline", "ZImagePipeline", "Flux2KleinPipeline"] {
            assert!(super::super::is_supported_class(class), "{class}");
        }
        // Names that only end like a part's do not count.
        assert_eq!(other_family_of(&file(&["xt5_yproj.weight"])), None);
    }
}
