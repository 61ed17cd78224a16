//! A transformer that takes noise away, alone in its file, and the products of weights that stay quantised.
//!
//! `cargo bench --bench denoisers -- FILE [--side 512] [--tokens 512] [--dtype f32|f16|bf16] [--repeats 3]` prints one JSON
//! line for each step and the process's peak; `tests/reference/full_size_modern.py` makes files of the published sizes.
//! Without a file the products of every kind of weights are measured in turns, with 1000 rows.

#![allow(clippy::print_stdout)] // What it measures is what it prints.

#[path = "compare/arguments.rs"]
mod arguments;

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use arguments::say;
use candle_core::{DType, Device, Tensor};
use inkwick::checkpoint::{DenoiserConfig, ModelFiles};
use inkwick::kernels::{BlockKind, Blocks, Epilogue, Level, Linear, Map, Packing, Precision, WeightSlice};
use inkwick::model::{Denoiser, DenoiserInput, ForwardOptions, Weights};
use inkwick::sampling::{NoiseSource, TorchNoise};

/// Pixels that a token of either family stands for, along a side.
const TOKEN_PX: usize = 16;

struct Options {
    side: usize,
    tokens: usize,
    dtype: DType,
    repeats: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut options = Options { side: 512, tokens: 512, dtype: DType::F32, repeats: 3 };
    let file = arguments::read(|name, value| {
        match name {
            "--side" => options.side = value.parse()?,
            "--tokens" => options.tokens = value.parse()?,
            "--repeats" => options.repeats = value.parse()?,
            "--dtype" => options.dtype = arguments::dtype(value)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    match file {
        Some(file) => steps(&file, &options),
        None => products(options.repeats),
    }
}

fn steps(file: &Path, options: &Options) -> Result<(), Box<dyn Error>> {
    let files = ModelFiles::open_file(file)?;
    let ModelFiles::File(single) = &files else { return Err("no single file".into()) };
    let config = DenoiserConfig::read(&files, single.family())?;
    let side = options.side / TOKEN_PX * config.patch();
    let width = config.context_width().ok_or("it reads no prompt")?;
    let mut noise = TorchNoise::new(1);
    let mut random = |shape: &[usize]| Tensor::from_vec(noise.randn(shape.iter().product()), shape, &Device::Cpu);
    let sample = random(&[1, config.in_channels(), side, side])?;
    let context = random(&[1, options.tokens, width])?;
    let folder = config.folder();
    let started = Instant::now();
    let weights = Weights::open(&files, folder, "diffusion_pytorch_model", &Device::Cpu, options.dtype, &|_| Ok(()))?;
    let denoiser = Denoiser::new(config, weights)?;
    say("load", started);
    let input = DenoiserInput {
        sample: &sample,
        timestep: 500.0,
        context: &context,
        added: None,
        guidance: 1.0,
        references: &[],
    };
    for _ in 0..=options.repeats {
        let started = Instant::now();
        denoiser.forward(&input, &ForwardOptions::PLAIN)?;
        say("step", started);
    }
    let peak = inkwick::system::peak::peak_memory_bytes();
    println!("{}", serde_json::json!({"what": "peak", "bytes": peak, "instruction_set": Level::current().name()}));
    Ok(())
}

/// FLUX.2 klein's width, and the rows of 512×512 pixels.
fn products(repeats: usize) -> Result<(), Box<dyn Error>> {
    const ROWS: usize = 1000;
    const SIDE: usize = 3072;
    let level = Level::current();
    let number = |place: usize| ((place * 7919) % 1999) as f32 / 999.5 - 1.0;
    let x = Map::from_vec((0..ROWS * SIDE).map(number).collect(), 1, 1, ROWS, SIDE)?;
    let wide: Vec<f32> = (0..SIDE * SIDE).map(number).collect();
    let precisions = [("f32", Precision::F32), ("bf16", Precision::Bf16Products), ("integers", Precision::Integers)];
    let packing = |precision| Packing { precision, winograd: None, level };
    let mut layers = Vec::new();
    for (name, precision) in precisions {
        layers.push((name, "plain".to_owned(), Linear::new(WeightSlice::F32(&wide), None, SIDE, packing(precision))?));
        for kind in BlockKind::ALL {
            // Small enough to be numbers in every place.
            let bytes: Vec<u8> = (0..kind.bytes_of(SIDE * SIDE)).map(|place| (place * 37 % 60) as u8).collect();
            let blocks = WeightSlice::Blocks(Blocks { kind, bytes: &bytes, scales: &[0.5] });
            layers.push((name, format!("{kind:?}"), Linear::new(blocks, None, SIDE, packing(precision))?));
        }
    }
    let mut fastest = vec![f64::INFINITY; layers.len()];
    for _ in 0..=repeats {
        for (fastest, (.., layer)) in fastest.iter_mut().zip(&layers) {
            let started = Instant::now();
            layer.forward(&x, &Epilogue::default())?;
            *fastest = fastest.min(started.elapsed().as_secs_f64());
        }
    }
    for (seconds, (products, weights, layer)) in fastest.iter().zip(&layers) {
        let plain = layers.iter().position(|(name, kind, _)| name == products && kind == "plain").unwrap_or(0);
        println!(
            "{}",
            serde_json::json!({
                "what": "product", "products": products, "weights": weights, "seconds": seconds,
                "of plain": seconds / fastest[plain], "bytes": layer.bytes(), "instruction_set": level.name(),
            })
        );
    }
    Ok(())
}
