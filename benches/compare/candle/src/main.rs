//! A guided step and a decoding by candle-transformers' own Stable Diffusion 1.5, one JSON line each.
//! `candle-way FOLDER LATENT`

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use candle_core::{DType, Device, Tensor};
use candle_transformers::models::stable_diffusion::StableDiffusionConfig;

const RUNS: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("give a model folder")?);
    let latent: usize = arguments.next().ok_or("give the latent's side")?.parse()?;
    let config = StableDiffusionConfig::v1_5(None, Some(latent * 8), Some(latent * 8));
    let weights = |part: &str| folder.join(part).join("diffusion_pytorch_model.safetensors");
    let device = Device::Cpu;
    let sample = Tensor::randn(0f32, 1.0, (2, 4, latent, latent), &device)?;
    let context = Tensor::randn(0f32, 1.0, (2, 77, 768), &device)?;
    let unet = config.build_unet(weights("unet"), &device, 4, false, DType::F32)?;
    for _ in 0..RUNS {
        let started = Instant::now();
        unet.forward(&sample, 500.0, &context)?;
        say("unet", started);
    }
    drop(unet);
    let vae = config.build_vae(weights("vae"), &device, DType::F32)?;
    for _ in 0..RUNS {
        let started = Instant::now();
        vae.decode(&sample.narrow(0, 0, 1)?)?;
        say("vae", started);
    }
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).and_then(|line| line.split_whitespace().nth(1));
    let kilobytes: u64 = peak.unwrap_or_default().parse()?;
    println!("{}", serde_json::json!({"what": "peak", "bytes": kilobytes * 1024}));
    Ok(())
}

fn say(what: &str, started: Instant) {
    println!("{}", serde_json::json!({"what": what, "seconds": started.elapsed().as_secs_f64()}));
}
