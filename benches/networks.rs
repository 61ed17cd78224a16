//! A UNet's guided step and a VAE's decoding in a diffusers folder, one JSON line each; `benches/compare` runs it beside others.
//!
//! `cargo bench --bench networks -- FOLDER [--latent 64] [--batch 2] [--memory high|low] [--dtype f32|f16|bf16] [--device cpu|cuda] [--attention tiled|full] [--repeats 3] [--against FILE]`
//!
//! FILE holds a `sample`, a `context`, for SDXL `pooled`, and what another program made of them, `unet` and `vae`: the errors are printed.

#![allow(clippy::print_stdout)] // What it measures is what it prints.

#[path = "compare/arguments.rs"]
mod arguments;
#[path = "compare/fma_peak.rs"]
mod fma_peak;

use std::collections::HashMap;
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use arguments::say;
use candle_core::{DType, Device, Tensor};
use inkwick::checkpoint::{ModelFiles, UnetConfig, VaeConfig};
use inkwick::engine::device::DeviceChoice;
use inkwick::job::Work;
use inkwick::kernels::{Level, release_idle_buffers};
use inkwick::model::{
    AddedConditioning, AttentionMethod, Execution, ForwardOptions, MemoryTracker, Unet, UnetInput, Vae, Weights,
};
use inkwick::sampling::{NoiseSource, TorchNoise};

struct Options {
    latent: usize,
    batch: usize,
    winograd: bool,
    dtype: DType,
    device: DeviceChoice,
    attention: AttentionMethod,
    repeats: usize,
    against: Option<PathBuf>,
}

/// And the model's folder, where one is given.
fn options() -> Result<(Options, Option<PathBuf>), Box<dyn Error>> {
    let mut options = Options {
        latent: 64,
        batch: 2,
        winograd: true,
        dtype: DType::F32,
        device: DeviceChoice::Cpu,
        attention: AttentionMethod::Tiled,
        repeats: 3,
        against: None,
    };
    let folder = arguments::read(|name, value| {
        match name {
            "--latent" => options.latent = value.parse()?,
            "--batch" => options.batch = value.parse()?,
            "--against" => options.against = Some(value.into()),
            "--repeats" => options.repeats = value.parse()?,
            "--memory" => options.winograd = value == "high",
            "--device" => options.device = value.parse()?,
            "--attention" => {
                options.attention = if value == "full" { AttentionMethod::Full } else { AttentionMethod::Tiled };
            }
            "--dtype" => options.dtype = arguments::dtype(value)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok((options, folder))
}

fn main() -> Result<(), Box<dyn Error>> {
    let (options, folder) = options()?;
    let Some(folder) = folder else {
        println!("networks: give a model folder (benches/compare makes one)");
        return Ok(());
    };
    let files = ModelFiles::Folder(folder);
    let device = options.device.open()?;
    let forward = ForwardOptions { attention: options.attention, ..ForwardOptions::PLAIN };
    let open = |part: &str| {
        let weights = Weights::open(&files, part, "diffusion_pytorch_model", &device, options.dtype, &|_| Ok(()))?;
        Ok::<_, Box<dyn Error>>(weights.with_winograd(options.winograd))
    };
    let mut noise = TorchNoise::new(1);
    let mut random = |shape: (usize, usize, usize, usize)| {
        let count = shape.0 * shape.1 * shape.2 * shape.3;
        Tensor::from_vec(noise.randn(count), shape, &Device::Cpu)
    };
    let config = UnetConfig::read(&files)?;
    let answers = match &options.against {
        Some(file) => candle_core::safetensors::load(file, &Device::Cpu)?,
        None => HashMap::new(),
    };
    let given = |name: &str| answers.get(name).cloned();
    let sample = match given("sample") {
        Some(sample) => sample,
        None => random((options.batch, config.in_channels, options.latent, options.latent))?,
    };
    let width = config.context_width().unwrap_or(768);
    let context = match given("context") {
        Some(context) => context,
        None => random((options.batch, 1, 77, width))?.squeeze(1)?,
    };
    let added = match &config.added {
        Some(added) => {
            const IDS: usize = 6;
            let pooled_text = match given("pooled") {
                Some(pooled) => pooled,
                None => random((options.batch, 1, 1, added.width - IDS * added.time_width))?.flatten_from(1)?,
            };
            Some(AddedConditioning { pooled_text, time_ids: vec![1024.0; IDS * options.batch] })
        }
        None => None,
    };
    let tracker = MemoryTracker::new(usize::MAX);
    let execution = Execution::DryRun(Arc::clone(&tracker));
    let weights = || Weights::dry_run(&execution, options.dtype);
    let input = UnetInput { sample: &sample, timestep: 500.0, context: &context, added: added.as_ref(), guidance: 1.0 };
    Unet::new(config.clone(), weights())?.forward(&input, &ForwardOptions::PLAIN)?;
    say_work("unet", tracker.work());
    tracker.start_anew();
    let vae_config = VaeConfig::read(&files)?;
    Vae::new(vae_config.clone(), weights())?.decode(&sample.narrow(0, 0, 1)?, None, &ForwardOptions::PLAIN)?;
    say_work("vae", tracker.work());
    let fma_gflops = fma_peak::gflops(Level::current());
    println!("{}", serde_json::json!({"what": "fma peak", "gflops": fma_gflops}));
    let started = Instant::now();
    let unet = Unet::new(config, open("unet")?)?;
    say("unet load", started);
    for _ in 0..=options.repeats {
        let started = Instant::now();
        let found = unet.forward(&input, &forward)?;
        say("unet", started);
        say_error("unet", &found, answers.get("unet"))?;
    }
    say_card_memory("unet", &device);
    drop(unet);
    release_idle_buffers();
    let vae = Vae::new(vae_config, open("vae")?)?;
    let latent = sample.narrow(0, 0, 1)?;
    for _ in 0..=options.repeats {
        let started = Instant::now();
        let found = vae.decode(&latent, None, &forward)?;
        say("vae", started);
        say_error("vae", &found, answers.get("vae"))?;
    }
    say_card_memory("vae", &device);
    let peak = inkwick::system::peak::peak_memory_bytes();
    println!("{}", serde_json::json!({"what": "peak", "bytes": peak, "instruction_set": Level::current().name()}));
    Ok(())
}

/// The largest error, of the largest number that was wanted.
fn say_error(network: &str, found: &Tensor, wanted: Option<&Tensor>) -> Result<(), Box<dyn Error>> {
    let Some(wanted) = wanted else { return Ok(()) };
    let largest = |tensor: &Tensor| tensor.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>();
    let error = largest(&(found.to_dtype(DType::F32)? - wanted)?)? / largest(wanted)?;
    println!("{}", serde_json::json!({"what": "error", "network": network, "of the largest": error}));
    Ok(())
}

/// What of a card is taken: its memory stays with the program until somebody asks for what is idle, so this is the peak.
#[cfg(feature = "cuda")]
fn say_card_memory(network: &str, device: &Device) {
    let Device::Cuda(card) = device else { return };
    if let Ok((free, total)) = card.cuda_stream().context().mem_get_info() {
        println!("{}", serde_json::json!({"what": "card", "network": network, "taken": total - free, "total": total}));
    }
}

#[cfg(not(feature = "cuda"))]
fn say_card_memory(_network: &str, _device: &Device) {}

/// As if every convolution were done directly.
fn say_work(network: &str, work: Work) {
    let gflop = work.convolution + work.transformed + work.product + work.attention;
    println!("{}", serde_json::json!({"what": "work", "network": network, "gflop": gflop}));
}
