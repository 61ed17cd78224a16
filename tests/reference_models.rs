//! The networks and whole pictures against diffusers, on the tiny models of `tests/reference/data`.
//! Modules may differ by 1e-4 of the largest value, pictures by a mean of 1 of 255.

// The lints know tests by their attribute and not their helpers.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod built_in;
mod modern;
mod remembered;
mod upscaling;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use inkwick::checkpoint::{ClipConfig, ModelFiles, UnetConfig, VaeConfig};
use inkwick::job::{CancelToken, InitPicture, ModelRef, PromptSyntax, Request};
use inkwick::model::{
    AddedConditioning, Execution, ForwardOptions, Operators, TextEncoder, Unet, UnetInput, Vae, Weights,
};
use inkwick::pipeline::{Pipeline, tokenizer_of};
use inkwick::prompt::{Prompt, parse};
use inkwick::raster::Picture;
use inkwick::sampling::{SchedulerName, SigmaChoice};
use serde_json::Value;

const KINDS: [&str; 3] = ["sd1", "sd2", "sdxl"];
const CPU: Device = Device::Cpu;
/// By our kernels with and without transformed weights, and by candle's operators as on every other device.
fn ways() -> [(Execution, bool); 3] {
    let candle = Execution::Candle(Operators::on(&CPU, DType::F32));
    [(Execution::Kernels, true), (Execution::Kernels, false), (candle, false)]
}

struct Reference {
    kind: &'static str,
    folder: PathBuf,
    files: ModelFiles,
    answers: Value,
    tensors: HashMap<String, Tensor>,
}

impl Reference {
    fn read(kind: &'static str) -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data").join(kind);
        let answers = std::fs::read_to_string(folder.join("reference.json")).unwrap();
        Self {
            kind,
            files: ModelFiles::Folder(folder.join("model")),
            answers: serde_json::from_str(&answers).unwrap(),
            tensors: candle_core::safetensors::load(folder.join("reference.safetensors"), &CPU).unwrap(),
            folder,
        }
    }

    /// With a batch dimension in front.
    fn batch(&self, name: &str) -> Tensor {
        self.tensors[name].unsqueeze(0).unwrap()
    }

    fn weights(&self, part: &str, stem: &str) -> Weights<'_> {
        Weights::open(&self.files, part, stem, &CPU, DType::F32, &|_| Ok(())).unwrap()
    }

    fn assert_close(&self, found: &Tensor, name: &str) {
        let wanted = self.tensors[name].flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let found = found.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(found.len(), wanted.len(), "{} {name}", self.kind);
        let largest = wanted.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        let worst = found.iter().zip(&wanted).map(|(a, b)| (a - b).abs() / largest).fold(0.0, f32::max);
        println!("{} {name}: {worst:e}", self.kind);
        assert!(worst <= 1e-4 && found.iter().all(|value| value.is_finite()), "{} {name}: {worst:e}", self.kind);
    }
}

#[allow(clippy::unnecessary_wraps)] // The shape that a checkpoint has.
#[test]
fn words_become_the_same_tokens_and_contexts() {
    for reference in KINDS.map(Reference::read) {
        let suffixes: &[&str] = if reference.kind == "sdxl" { &["", "_2"] } else { &[""] };
        let encoders: Vec<TextEncoder> = suffixes
            .iter()
            .map(|suffix| {
                let folder = format!("text_encoder{suffix}");
                let config = ClipConfig::read(&reference.files, &folder).unwrap();
                TextEncoder::new(config, reference.weights(&folder, "model")).unwrap()
            })
            .collect();
        let tokenizer = tokenizer_of(&reference.files).unwrap();
        for (index, prompt) in reference.answers["prompts"].as_array().unwrap().iter().enumerate() {
            let ids: Vec<Vec<u32>> = serde_json::from_value(reference.answers["token_ids"][index].clone()).unwrap();
            let text = prompt.as_str().unwrap().to_owned();
            let windows = tokenizer.windows(&Prompt::plain(&text), 1).unwrap();
            // diffusers cuts after the first window, Inkwick goes on.
            assert_eq!(windows[0].ids, ids[0], "{prompt}");

            let outputs =
                encoders.iter().zip(&ids).map(|(encoder, ids)| encoder.forward(std::slice::from_ref(ids)).unwrap());
            let outputs: Vec<_> = outputs.collect();
            if let [only] = outputs.as_slice() {
                reference.assert_close(&only.last, &format!("text.{index}"));
                continue;
            }
            let hidden: Vec<&Tensor> =
                outputs.iter().map(|output| &output.hidden_states[output.hidden_states.len() - 2]).collect();
            reference.assert_close(&Tensor::cat(&hidden, 2).unwrap(), &format!("text.{index}"));
            reference.assert_close(&outputs[1].pooled, &format!("pooled.{index}"));
        }
    }
}

#[test]
fn weighted_and_long_prompts_are_read_as_in_automatic1111() {
    for reference in KINDS.map(Reference::read) {
        let pipeline = Pipeline::load(&reference.files, &CPU, DType::F32, &|_, _| Ok(())).unwrap();
        let every_fifth = |context: Tensor| {
            let rows: Vec<u32> = (0..context.dim(1).unwrap() as u32).step_by(5).collect();
            let rows = Tensor::from_vec(rows.clone(), rows.len(), &CPU).unwrap();
            context.squeeze(0).unwrap().index_select(&rows, 0).unwrap()
        };
        for (index, prompt) in reference.answers["weighted"].as_array().unwrap().iter().enumerate() {
            let prompt = parse(prompt.as_str().unwrap());
            let found = pipeline.context_of(&prompt, 1).unwrap();
            reference.assert_close(&every_fifth(found), &format!("weighted.{index}"));
            if index == 0 {
                reference.assert_close(&every_fifth(pipeline.context_of(&prompt, 2).unwrap()), "weighted.0.skip2");
            }
        }
    }
}

#[test]
fn the_unet_predicts_the_same() {
    for reference in KINDS.map(Reference::read) {
        for execution in ways() {
            the_unet_predicts_the_same_by(&reference, execution);
        }
    }
}

fn the_unet_predicts_the_same_by(reference: &Reference, (execution, winograd): (Execution, bool)) {
    let config = UnetConfig::read(&reference.files).unwrap();
    let weights = reference.weights("unet", "diffusion_pytorch_model");
    let weights = weights.with_execution(&execution).with_winograd(winograd);
    let unet = Unet::new(config, weights).unwrap();
    let added = (reference.kind == "sdxl").then(|| AddedConditioning {
        pooled_text: reference.batch("pooled.0"),
        time_ids: vec![72.0, 48.0, 0.0, 0.0, 72.0, 48.0],
    });
    for size in ["even", "odd"] {
        let sample = reference.batch(&format!("unet.{size}.sample"));
        for timestep in [1, 500, 999] {
            let context = reference.batch("text.0");
            let (timestep, added) = (f64::from(timestep), added.as_ref());
            let input = UnetInput { sample: &sample, timestep, context: &context, added, guidance: 1.0 };
            let found = unet.forward(&input, &ForwardOptions::PLAIN).unwrap();
            reference.assert_close(&found, &format!("unet.{size}.{timestep}"));
        }
    }
}

#[test]
fn the_vae_reads_and_draws_the_same() {
    for reference in KINDS.map(Reference::read) {
        for execution in ways() {
            the_vae_reads_and_draws_the_same_by(&reference, execution);
        }
    }
}

fn the_vae_reads_and_draws_the_same_by(reference: &Reference, (execution, winograd): (Execution, bool)) {
    let config = VaeConfig::read(&reference.files).unwrap();
    let weights = reference.weights("vae", "diffusion_pytorch_model");
    let vae = Vae::new(config, weights.with_execution(&execution).with_winograd(winograd)).unwrap();
    let latent = vae.encode(&reference.batch("vae.picture"), None, &ForwardOptions::PLAIN).unwrap();
    reference.assert_close(&latent.mean, "vae.mean");
    let log_variance = (latent.standard_deviation.log().unwrap() * 2.0).unwrap();
    reference.assert_close(&log_variance, "vae.logvar");
    let decoded = vae.decode(&reference.batch("vae.latents"), None, &ForwardOptions::PLAIN).unwrap();
    reference.assert_close(&decoded, "vae.decoded");
}

fn request_of(run: &Value, reference: &Reference) -> Request {
    let init = run["init"].as_str().map(|file| {
        let pixels = image::open(reference.folder.join(file)).unwrap().to_rgba8();
        let (width, height) = pixels.dimensions();
        let picture = Arc::new(Picture::from_rgba(width, height, pixels.into_raw()).unwrap());
        InitPicture { picture, strength: run["strength"].as_f64().unwrap() }
    });
    Request {
        prompt: run["prompt"].as_str().unwrap().to_owned(),
        negative: run["negative"].as_str().map(str::to_owned),
        prompt_syntax: PromptSyntax::Plain,
        model: ModelRef::Folder(reference.folder.join("model")),
        scheduler: run["scheduler"].as_str().and_then(SchedulerName::from_id),
        steps: run["steps"].as_u64().unwrap() as u32,
        guidance: run["guidance"].as_f64(),
        seed: run["seed"].as_u64().unwrap(),
        width: run["width"].as_u64().map(|side| side as u32),
        height: run["height"].as_u64().map(|side| side as u32),
        init,
        sigmas: run["sigmas"].as_str().and_then(SigmaChoice::from_id),
        guidance_rescale: run["guidance_rescale"].as_f64().unwrap_or_default(),
        clip_skip: run["clip_skip"].as_u64().map(|skipped| skipped as u32 + 1),
        ..Request::default()
    }
}

#[test]
fn pictures_are_the_same() {
    for reference in KINDS.map(Reference::read) {
        let mut pipeline = Pipeline::load(&reference.files, &CPU, DType::F32, &|_, _| Ok(())).unwrap();
        for (index, run) in reference.answers["runs"].as_array().unwrap().iter().enumerate() {
            let request = request_of(run, &reference);
            let (picture, _) = pipeline.run(&request, &CancelToken::default(), &mut |_| ()).unwrap();
            let wanted = &reference.tensors[&format!("run.{index}.picture")];
            assert_eq!(wanted.dims(), [picture.height() as usize, picture.width() as usize, 3]);
            let wanted = wanted.flatten_all().unwrap().to_vec1::<u8>().unwrap();
            let found = picture.rgba().chunks_exact(4).flat_map(|pixel| &pixel[..3]);
            let sum: f64 = found.zip(&wanted).map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
            let mean = sum / wanted.len() as f64;
            println!("{} run {index}: mean difference {mean:.5} of 255", reference.kind);
            assert!(mean < 1.0, "{} run {index} is off by a mean of {mean}: {run}", reference.kind);
        }
    }
}
