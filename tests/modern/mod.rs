//! Today's families against diffusers, on the tiny models of `tests/reference/modern.py`: modules may differ by 1e-4 of
//! the largest value, pictures by a mean of 1 of 255.

use std::path::Path;
use std::sync::Arc;

use candle_core::{DType, Tensor};
use inkwick::checkpoint::{DenoiserConfig, VaeConfig, profile_of};
use inkwick::job::{
    CancelToken, Family, InitPicture, InpaintMask, InpaintSettings, ModelRef, Progress, PromptSyntax, Request,
};
use inkwick::mask::MaskPlane;
use inkwick::model::{Denoiser, DenoiserInput, Execution, ForwardOptions, Operators, Vae};
use inkwick::pipeline::Pipeline;
use inkwick::prompt::Prompt;
use inkwick::raster::Picture;
use serde_json::Value;

use crate::{CPU, Reference, ways};

const KINDS: [&str; 2] = ["z-image", "klein"];

#[test]
fn the_language_model_reads_the_same() {
    for reference in KINDS.map(Reference::read) {
        let pipeline = Pipeline::load(&reference.files, &CPU, DType::F32, &|_, _| Ok(())).unwrap();
        for (index, prompt) in reference.answers["prompts"].as_array().unwrap().iter().enumerate() {
            let found = pipeline.context_of(&Prompt::plain(prompt.as_str().unwrap()), 1).unwrap().squeeze(0).unwrap();
            // klein's are many, and filled up: each seventh is kept.
            let step = if reference.kind == "klein" { 7 } else { 1 };
            let rows: Vec<u32> = (0..found.dim(0).unwrap() as u32).step_by(step).collect();
            let rows = Tensor::from_vec(rows.clone(), rows.len(), &CPU).unwrap();
            reference.assert_close(&found.index_select(&rows, 0).unwrap(), &format!("text.{index}"));
        }
    }
}

#[test]
fn the_transformer_predicts_the_same() {
    for reference in KINDS.map(Reference::read) {
        let family = profile_of(&reference.files).unwrap().family.value;
        for (execution, _) in ways() {
            let config = DenoiserConfig::read(&reference.files, family).unwrap();
            let weights = reference.weights("transformer", "diffusion_pytorch_model").with_execution(&execution);
            let denoiser = Denoiser::new(config, weights).unwrap();
            let context = if reference.kind == "klein" { "context" } else { "text.0" };
            let context = reference.batch(context);
            for size in ["even", "odd"] {
                let sample = reference.batch(&format!("denoiser.{size}.sample"));
                for timestep in [20, 500, 1000] {
                    let input = DenoiserInput {
                        sample: &sample,
                        timestep: f64::from(timestep),
                        context: &context,
                        added: None,
                        guidance: 1.0,
                        references: &[],
                    };
                    let found = denoiser.forward(&input, &ForwardOptions::PLAIN).unwrap();
                    reference.assert_close(&found, &format!("denoiser.{size}.{timestep}"));
                }
            }
        }
    }
}

#[test]
fn their_autoencoders_read_and_draw_the_same() {
    for reference in KINDS.map(Reference::read) {
        for (execution, winograd) in ways() {
            let config = VaeConfig::read(&reference.files).unwrap();
            let weights = reference.weights("vae", "diffusion_pytorch_model");
            let vae = Vae::new(config, weights.with_execution(&execution).with_winograd(winograd)).unwrap();
            let latent = vae.encode(&reference.batch("vae.picture"), None, &ForwardOptions::PLAIN).unwrap();
            reference.assert_close(&latent.mean, "vae.mean");
            let decoded = vae.decode(&reference.batch("vae.latents"), None, &ForwardOptions::PLAIN).unwrap();
            reference.assert_close(&decoded, "vae.decoded");
        }
    }
}

fn picture_at(path: &Path) -> Picture {
    let pixels = image::open(path).unwrap().to_rgba8();
    let (width, height) = pixels.dimensions();
    Picture::from_rgba(width, height, pixels.into_raw()).unwrap()
}

fn request_of(run: &Value, reference: &Reference) -> Request {
    let side = |key: &str| run[key].as_u64().map(|side| side as u32);
    let init = run["init"].as_str().map(|file| InitPicture {
        picture: Arc::new(picture_at(&reference.folder.join(file))),
        strength: run["strength"].as_f64().unwrap(),
    });
    let mask = run["mask"].as_str().map(|file| {
        let picture = picture_at(&reference.folder.join(file));
        let mut plane = MaskPlane::empty(picture.width(), picture.height());
        for (value, pixel) in plane.values_mut().iter_mut().zip(picture.rgba().chunks_exact(4)) {
            *value = pixel[0];
        }
        InpaintMask { plane: Arc::new(plane) }
    });
    let references = run["references"].as_array().map(Vec::as_slice).unwrap_or_default();
    Request {
        references: references
            .iter()
            .map(|file| {
                inkwick::job::Reference::new(Arc::new(picture_at(&reference.folder.join(file.as_str().unwrap()))))
            })
            .collect(),
        prompt: run["prompt"].as_str().unwrap().to_owned(),
        negative: run["negative"].as_str().map(str::to_owned),
        prompt_syntax: PromptSyntax::Plain,
        model: ModelRef::Folder(reference.folder.join("model")),
        steps: run["steps"].as_u64().unwrap() as u32,
        guidance: run["guidance"].as_f64(),
        seed: run["seed"].as_u64().unwrap(),
        width: side("width"),
        height: side("height"),
        init,
        mask,
        // What diffusers has no like of.
        inpaint: InpaintSettings { composite: false, mask_blur_px: 0, ..InpaintSettings::default() },
        ..Request::default()
    }
}

fn mean_difference(found: &Picture, wanted: &Tensor) -> f64 {
    assert_eq!(wanted.dims(), [found.height() as usize, found.width() as usize, 3]);
    let wanted = wanted.flatten_all().unwrap().to_vec1::<u8>().unwrap();
    let found = found.rgba().chunks_exact(4).flat_map(|pixel| &pixel[..3]);
    found.zip(&wanted).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / wanted.len() as f64
}

#[test]
fn their_pictures_are_the_same() {
    for reference in KINDS.map(Reference::read) {
        let mut pipeline = Pipeline::load(&reference.files, &CPU, DType::F32, &|_, _| Ok(())).unwrap();
        for (index, run) in reference.answers["runs"].as_array().unwrap().iter().enumerate() {
            let request = request_of(run, &reference);
            let (picture, _) = pipeline.run(&request, &CancelToken::default(), &mut |_| ()).unwrap();
            let mean = mean_difference(&picture, &reference.tensors[&format!("run.{index}.picture")]);
            println!("{} run {index}: mean difference {mean:.5} of 255", reference.kind);
            assert!(mean < 1.0, "{} run {index} is off by a mean of {mean}: {run}", reference.kind);
        }
    }
}

/// A short picture of this prompt, and what was said of it.
fn drawn(pipeline: &mut Pipeline, request: &Request) -> (Picture, Vec<String>) {
    let mut said = Vec::new();
    let mut note = |progress: Progress| {
        if let Progress::Notice(notice) = progress {
            said.push(notice.message);
        }
    };
    let (picture, _) = pipeline.run(request, &CancelToken::default(), &mut note).unwrap();
    (picture, said)
}

#[test]
fn what_such_a_model_does_not_do_is_said() {
    let reference = Reference::read("z-image");
    assert_eq!(profile_of(&reference.files).unwrap().family.value, Family::ZImageTurbo);
    let mut pipeline = Pipeline::load(&reference.files, &CPU, DType::F32, &|_, _| Ok(())).unwrap();
    let plain = Request {
        prompt: "a red apple".into(),
        steps: 1,
        guidance: Some(1.0),
        width: Some(48),
        height: Some(64),
        ..Request::default()
    };
    let (wanted, said) = drawn(&mut pipeline, &plain);
    assert!(said.is_empty(), "{said:?}");
    let weighted = Request { prompt: "a (red:1.4) apple".into(), clip_skip: Some(2), ..plain.clone() };
    let (picture, said) = drawn(&mut pipeline, &weighted);
    assert_eq!(picture, wanted, "weights leave the words as they are");
    assert!(said.len() == 2 && said[0].contains("weights") && said[1].contains("clip skip"), "{said:?}");
    let long = Request { prompt: "many words, ".repeat(400), ..plain.clone() };
    let (_, said) = drawn(&mut pipeline, &long);
    assert!(said.len() == 1 && said[0].contains("longer than the 512"), "{said:?}");
    // A side that is no multiple of two latent pixels, and a scheduler that has no form for such models.
    let odd = Request { width: Some(56), ..plain.clone() };
    let error = pipeline.plan(&odd).unwrap_err().to_string();
    assert!(error.contains("multiple of 16") && error.contains("48 and 64"), "{error}");
    let ancestral = Request { scheduler: inkwick::sampling::SchedulerName::from_id("euler-a"), ..plain };
    let error = pipeline.plan(&ancestral).unwrap_err().to_string();
    assert!(error.contains("euler-a") && error.contains("dpm++-2m"), "{error}");
}

#[test]
fn every_part_of_the_walk_is_estimated_as_it_is_called() {
    use inkwick::model::{Card, Watch};
    use inkwick::pipeline::{CostModel, ExecutionPlan};
    for reference in KINDS.map(Reference::read) {
        let watch = Arc::new(Watch::default());
        let model = CostModel::read(&reference.files).unwrap().watched(&watch);
        let plan = ExecutionPlan::plain(Some(Card::Cpu), DType::F32);
        let workload = inkwick::pipeline::Workload { width: 64, height: 96, ..model.native_workload() };
        let costs = model.costs(workload, plan).unwrap();
        // On operators attention is products, too.
        assert!(costs.step.product > 0.0 && costs.text.product > 0.0, "{costs:?}");
        let dry = watch.used();
        let really = Arc::new(Watch::default());
        let execution = Execution::Candle(Operators::on(&CPU, DType::F32).watched(&really));
        let family = profile_of(&reference.files).unwrap().family.value;
        let config = DenoiserConfig::read(&reference.files, family).unwrap();
        let (channels, width) = (config.in_channels(), config.context_width().unwrap());
        let weights = reference.weights("transformer", "diffusion_pytorch_model").with_execution(&execution);
        let denoiser = Denoiser::new(config, weights).unwrap();
        let vae = VaeConfig::read(&reference.files).unwrap();
        let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F32, &CPU).unwrap();
        let sample = zeros(&[1, channels, 96 / vae.factor(), 64 / vae.factor()]);
        let words = if reference.kind == "klein" { 512 } else { 77 };
        let context = zeros(&[1, words, width]);
        let input = DenoiserInput {
            sample: &sample,
            timestep: 500.0,
            context: &context,
            added: None,
            guidance: 1.0,
            references: &[],
        };
        denoiser.forward(&input, &ForwardOptions::PLAIN).unwrap();
        for ((operator, dtype), count) in really.used() {
            let estimated = dry.get(&(operator, dtype)).copied().unwrap_or_default();
            // Decoding and the second pass come on top; weights are uploaded where there are some.
            assert!(estimated >= count || operator == "upload", "{}: {operator} {estimated} < {count}", reference.kind);
        }
    }
}
