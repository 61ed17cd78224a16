//! LoRAs of today's transformers: in diffusers', kohya's and `ComfyUI`'s names, fused layers too, each the picture of the
//! weights with `alpha / rank · B · A` added to them, as PEFT merges.

use std::path::Path;

use candle_core::{DType, Tensor};
use inkwick::checkpoint::ModelFiles;
use inkwick::job::LoraRef;
use inkwick::pipeline::Adapters;

use crate::original_names::{Tensors, original};
use crate::{CPU, KINDS, draw_with, home, mean_difference, network, save};

const RANK: usize = 2;
const ALPHA: f64 = 3.0;
const WEIGHT: f64 = 0.8;

/// The original's layer, and diffusers' that are its parts.
type Layer = (&'static str, &'static [&'static str]);

const KLEIN: [Layer; 7] = [
    (
        "double_blocks.0.img_attn.qkv",
        &["transformer_blocks.0.attn.to_q", "transformer_blocks.0.attn.to_k", "transformer_blocks.0.attn.to_v"],
    ),
    (
        "double_blocks.1.txt_attn.qkv",
        &[
            "transformer_blocks.1.attn.add_q_proj",
            "transformer_blocks.1.attn.add_k_proj",
            "transformer_blocks.1.attn.add_v_proj",
        ],
    ),
    ("double_blocks.1.img_mlp.0", &["transformer_blocks.1.ff.linear_in"]),
    ("double_blocks.0.img_attn.proj", &["transformer_blocks.0.attn.to_out.0"]),
    ("single_blocks.0.linear1", &["single_transformer_blocks.0.attn.to_qkv_mlp_proj"]),
    ("single_blocks.1.linear2", &["single_transformer_blocks.1.attn.to_out"]),
    ("txt_in", &["context_embedder"]),
];
const Z_IMAGE: [Layer; 4] = [
    ("layers.0.attention.qkv", &["layers.0.attention.to_q", "layers.0.attention.to_k", "layers.0.attention.to_v"]),
    ("layers.1.attention.out", &["layers.1.attention.to_out.0"]),
    ("layers.1.feed_forward.w1", &["layers.1.feed_forward.w1"]),
    (
        "noise_refiner.0.attention.qkv",
        &["noise_refiner.0.attention.to_q", "noise_refiner.0.attention.to_k", "noise_refiner.0.attention.to_v"],
    ),
];

/// Numbers without a pattern that a layer could have.
fn numbers(rows: usize, columns: usize, seed: usize) -> Tensor {
    let number = |at: usize| (((at * 7919 + seed * 104_729) % 1009) as f32 / 1009.0 - 0.5) * 0.5;
    Tensor::from_vec((0..rows * columns).map(number).collect(), (rows, columns), &CPU).unwrap()
}

fn factors(tensors: &Tensors, layer: &str, seed: usize) -> (Tensor, Tensor) {
    let (rows, columns) = tensors[&format!("{layer}.weight")].dims2().unwrap();
    (numbers(RANK, columns, seed), numbers(rows, RANK, seed + 50))
}

fn with_lora(file: &Path, lora: &Path) -> Vec<u8> {
    let adapters = Adapters { loras: vec![LoraRef::new(lora, WEIGHT)], ..Adapters::default() };
    draw_with(&ModelFiles::open_file(file).unwrap(), &adapters)
}

#[test]
fn loras_in_every_programs_names_are_merged_alike() {
    for kind in KINDS {
        let (home, file) = home(kind);
        let tensors = original(kind, &network(kind, "transformer"));
        let layers: &[Layer] = if kind == "klein" { &KLEIN } else { &Z_IMAGE };
        let mut merged: Tensors = tensors.clone();
        let (mut comfy, mut kohya, mut diffusers) = (Tensors::new(), Tensors::new(), Tensors::new());
        for (seed, (layer, parts)) in layers.iter().enumerate() {
            let (down, up) = factors(&tensors, layer, seed);
            let scale = ALPHA / RANK as f64;
            let name = format!("{layer}.weight");
            let change = (up.matmul(&down).unwrap() * (scale * WEIGHT)).unwrap();
            let whole = (tensors[&name].to_dtype(DType::F32).unwrap() + change).unwrap();
            merged.insert(name, whole);
            let alpha = Tensor::new(ALPHA as f32, &CPU).unwrap();
            comfy.insert(format!("diffusion_model.{layer}.lora_A.weight"), down.clone());
            comfy.insert(format!("diffusion_model.{layer}.lora_B.weight"), up.clone());
            comfy.insert(format!("diffusion_model.{layer}.alpha"), alpha.clone());
            let flat = layer.replace('.', "_");
            kohya.insert(format!("lora_unet_{flat}.lora_down.weight"), down.clone());
            kohya.insert(format!("lora_unet_{flat}.lora_up.weight"), up.clone());
            kohya.insert(format!("lora_unet_{flat}.alpha"), alpha);
            for (part, up) in parts.iter().zip(up.chunk(parts.len(), 0).unwrap()) {
                diffusers.insert(format!("transformer.{part}.lora_A.weight"), down.clone());
                // These have no alpha.
                diffusers.insert(format!("transformer.{part}.lora_B.weight"), (up * scale).unwrap());
            }
        }
        save(&tensors, &file);
        let plain = draw_with(&ModelFiles::open_file(&file).unwrap(), &Adapters::default());
        let other = file.with_file_name("merged-turbo.safetensors");
        let beside = file.with_extension("json");
        if beside.is_file() {
            std::fs::copy(&beside, other.with_extension("json")).unwrap();
        }
        save(&merged, &other);
        let wanted = draw_with(&ModelFiles::open_file(&other).unwrap(), &Adapters::default());
        assert!(mean_difference(&plain, &wanted) > 1.0, "{kind}: the LoRA counts");
        for (program, lora) in [("ComfyUI", comfy), ("kohya", kohya), ("diffusers", diffusers)] {
            let path = home.path().join("lora.safetensors");
            save(&lora, &path);
            let off = mean_difference(&wanted, &with_lora(&file, &path));
            assert!(off < 0.05, "{kind}, names of {program}: off by a mean of {off}");
        }
    }
}
