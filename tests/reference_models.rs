//! The networks and whole pictures against diffusers, on the tiny models of `tests/reference/data`.
//! Modules may differ by 1e-4 of the largest value, pictures by a mean of 1 of 255.

// The lints know tests by their attribute and not their helpers.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use inkwick::checkpoint::{ClipConfig, ModelFiles, UnetConfig, VaeConfig, builtin_four_steps, builtin_model};
use inkwick::job::{
    CancelToken, Compute, InitPicture, InpaintMask, MemoryMode, ModelPart, ModelRef, Progress, PromptSyntax, Request,
};
use inkwick::mask::MaskPlane;
use inkwick::model::{
    AddedConditioning, Execution, ForwardOptions, Operators, TextEncoder, Unet, UnetInput, Upscaler, Vae, Weights,
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

/// `tests/reference/builtin.py` drew them; the model's own settings are what a request without any takes.
#[test]
fn the_built_in_model_draws_what_diffusers_draws_in_twenty_steps_and_in_four() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data/builtin");
    let (whole, quick) = (builtin_model().unwrap(), builtin_four_steps().unwrap());
    let mut whole = Pipeline::load(&whole, &CPU, DType::F32, &|_, _| Ok(())).unwrap();
    let mut quick = Pipeline::load(&quick, &CPU, DType::F32, &|_, _| Ok(())).unwrap();
    for (name, scheduler, steps) in [
        ("ddim-8", None, 8),
        ("lcm-4", None, 4),
        ("euler-4", Some(SchedulerName::Euler), 4),
        ("ddim-4", Some(SchedulerName::Ddim), 4),
    ] {
        let pipeline = if steps == 4 { &mut quick } else { &mut whole };
        let prompt = "a fox wearing a crown in a forest".to_owned();
        let request = Request { prompt, scheduler, steps, seed: 11, ..Request::default() };
        let mut notices = Vec::new();
        let mut sink = |progress| {
            if let Progress::Notice(notice) = progress {
                notices.push(notice.message);
            }
        };
        let (picture, carried_out) = pipeline.run(&request, &CancelToken::default(), &mut sink).unwrap();
        assert_eq!(carried_out.guidance, Some(if steps == 4 { 1.0 } else { 4.0 }), "{name}");
        assert!(notices.is_empty(), "{name}: {notices:?}");
        let wanted = image::open(folder.join(format!("{name}.png"))).unwrap().to_rgba8();
        assert_eq!([picture.width(), picture.height()], [wanted.width(), wanted.height()], "{name}");
        let sum: f64 = picture.rgba().iter().zip(wanted.as_raw()).map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
        let mean = sum / (wanted.as_raw().len() / 4 * 3) as f64;
        println!("{name}: mean difference {mean:.5} of 255");
        assert!(mean < 1.0, "{name} is off by a mean of {mean}");
    }
    let request = Request { negative: Some("blue".into()), steps: 1, ..Request::default() };
    let mut said = Vec::new();
    quick.run(&request, &CancelToken::default(), &mut |progress| said.extend(notice_of(progress))).unwrap();
    assert!(said.iter().any(|words| words.contains("the negative prompt has no effect")), "{said:?}");
}

fn notice_of(progress: Progress) -> Option<String> {
    if let Progress::Notice(notice) = progress { Some(notice.message) } else { None }
}

/// A masked picture with words, to be changed in one thing at a time.
fn masked_request() -> Request {
    let side = 64;
    let pixels = (0..side * side * 4).map(|index| if index % 4 == 3 { 255 } else { (index * 7 % 251) as u8 }).collect();
    let picture = Arc::new(Picture::from_rgba(side, side, pixels).unwrap());
    let mut mask = MaskPlane::empty(side, side);
    for y in 16..40 {
        for x in 8..48 {
            mask.values_mut()[(y * side + x) as usize] = 255;
        }
    }
    Request {
        prompt: "a red apple".into(),
        negative: Some("blue".into()),
        scheduler: Some(SchedulerName::Ddim),
        guidance: Some(3.0),
        steps: 2,
        seed: 3,
        init: Some(InitPicture { picture, strength: 0.9 }),
        mask: Some(InpaintMask { plane: Arc::new(mask) }),
        ..Request::default()
    }
}

#[test]
fn what_changed_since_the_last_picture_is_noticed() {
    type Change = fn(&mut Request);
    let changes: [(&str, Change); 12] = [
        ("nothing", |_| ()),
        ("a word", |request| request.prompt = "a red apple?".into()),
        ("a weight", |request| request.prompt = "a (red:1.3) apple".into()),
        ("the syntax", |request| {
            request.prompt = "a (red:1.3) apple".into();
            request.prompt_syntax = PromptSyntax::Plain;
        }),
        ("a word that is not wanted", |request| request.negative = Some("green".into())),
        ("no negative prompt", |request| request.negative = None),
        ("clip skip", |request| request.clip_skip = Some(2)),
        ("a longer prompt", |request| request.prompt = "an apple, ".repeat(40)),
        ("one pixel of the picture", |request| {
            let init = request.init.as_mut().unwrap();
            let mut pixels = init.picture.rgba().to_vec();
            pixels[40 * 64 * 4] ^= 128;
            init.picture = Arc::new(Picture::from_rgba(64, 64, pixels).unwrap());
        }),
        ("one pixel of the mask", |request| {
            let mut plane = (*request.mask.take().unwrap().plane).clone();
            plane.values_mut()[50 * 64 + 60] = 255;
            request.mask = Some(InpaintMask { plane: Arc::new(plane) });
        }),
        ("how the mask is used", |request| request.inpaint.grow_px = 8),
        ("strength", |request| request.init.as_mut().unwrap().strength = 0.5),
    ];
    for kind in ["sd1", "sdxl"] {
        let reference = Reference::read(kind);
        let load = || Pipeline::load(&reference.files, &CPU, DType::F32, &|_, _| Ok(())).unwrap();
        let draw = |pipeline: &mut Pipeline, request: &Request| {
            pipeline.run(request, &CancelToken::default(), &mut |_| ()).unwrap().0.into_rgba()
        };
        let mut kept = load();
        let first = draw(&mut kept, &masked_request());
        for (what, change) in changes {
            let mut request = masked_request();
            change(&mut request);
            let wanted = draw(&mut load(), &request);
            assert!(draw(&mut kept, &request) == wanted, "{kind}: after {what} changed");
            assert_eq!(wanted == first, what == "nothing", "{kind}: {what} shows in the picture");
            assert!(draw(&mut kept, &masked_request()) == first, "{kind}: back from {what}");
        }
    }
}

#[test]
fn what_did_not_change_is_not_computed_again() {
    let reference = Reference::read("sd1");
    let mut request = masked_request();
    request.compute = Compute { memory: MemoryMode::Low, ..Compute::default() };
    // With networks that are read when they are needed, what is needed shows.
    let mut parts_of = {
        let mut pipeline = pipeline_on_demand(&reference.files);
        move |request: &Request| {
            let mut parts = Vec::new();
            let mut sink = |progress| {
                if let Progress::Loading { part, .. } = progress
                    && parts.last() != Some(&part)
                {
                    parts.push(part);
                }
            };
            pipeline.run(request, &CancelToken::default(), &mut sink).unwrap();
            parts
        }
    };
    let (text, unet, vae) = (ModelPart::TextEncoder, ModelPart::Unet, ModelPart::Vae);
    let words = [ModelPart::Tokenizer, text];
    assert_eq!(parts_of(&request), [&words[..], &[vae, unet, vae]].concat(), "everything is new");
    request.seed += 1;
    assert_eq!(parts_of(&request), [unet, vae], "the words and the picture are known");
    request.prompt.push_str(" on grass");
    assert_eq!(parts_of(&request), [&words[..], &[unet, vae]].concat(), "the picture is known");
    let init = request.init.as_mut().unwrap();
    init.picture = Arc::new(Picture::filled(64, 64, [9, 9, 9, 255]));
    assert_eq!(parts_of(&request), [vae, unet, vae], "the words are known");
}

fn pipeline_on_demand(files: &ModelFiles) -> Pipeline {
    use inkwick::pipeline::{Adapters, Constraints, LoadOptions, ModelSpec};
    let spec = ModelSpec::read(files, None).unwrap();
    let execution = Execution::Kernels;
    let constraints = Constraints { sequential_offload: Some(true), ..Constraints::new(DType::F32, None) };
    let plan = spec.plan(&masked_request(), &execution, &constraints).unwrap().plan;
    assert!(plan.sequential_offload);
    Pipeline::load_planned(spec, &Adapters::default(), &LoadOptions::of(&execution, &plan), &|_, _| Ok(())).unwrap()
}

/// `tests/reference/upscale.py` made the networks and their pictures.
#[test]
fn upscalers_enlarge_as_pytorch_does() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data/upscale");
    let tensors = candle_core::safetensors::load(folder.join("reference.safetensors"), &CPU).unwrap();
    let picture = |name: &str| {
        let (height, width, _) = tensors[name].dims3().unwrap();
        let rgb = tensors[name].flatten_all().unwrap().to_vec1::<u8>().unwrap();
        let rgba = rgb.chunks_exact(3).flat_map(|rgb| [rgb[0], rgb[1], rgb[2], 255]).collect();
        Picture::from_rgba(width as u32, height as u32, rgba).unwrap()
    };
    let scales: HashMap<String, usize> =
        serde_json::from_str(&std::fs::read_to_string(folder.join("scales.json")).unwrap()).unwrap();
    assert_eq!(scales.len(), 10);
    let small = picture("picture");
    let nobody = || Ok(());
    for (name, scale) in scales {
        let network = Upscaler::open(&folder.join(&name)).unwrap();
        assert_eq!(network.scale(), scale, "{name}");
        let found = network.enlarge(&small, 256, &nobody, &mut || Ok(())).unwrap();
        let wanted = picture(&name);
        assert_eq!(found.size(), wanted.size(), "{name}");
        let worst = found.rgba().iter().zip(wanted.rgba()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        println!("{name}: {worst} of 255");
        assert!(worst <= 1, "{name} is off by {worst} of 255");
    }
}

#[test]
fn an_enlarged_picture_has_no_seams() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data/upscale");
    let (width, height) = (150, 110);
    let pixels = (0..width * height).flat_map(|index: u32| {
        let (x, y) = (index % width, index / width);
        [(x * 3 % 256) as u8, (y * 5 % 256) as u8, ((x * y) / 7 % 256) as u8, 255]
    });
    let picture = Picture::from_rgba(width, height, pixels.collect()).unwrap();
    for name in ["rrdb4.pth", "rrdb2.safetensors", "compact4.pth"] {
        let network = Upscaler::open(&folder.join(name)).unwrap();
        let mut tiles = 0;
        let whole = network.enlarge(&picture, 4096, &|| Ok(()), &mut || Ok(())).unwrap();
        let cut = network
            .enlarge(&picture, 32, &|| Ok(()), &mut || {
                tiles += 1;
                Ok(())
            })
            .unwrap();
        assert!(tiles > 12, "{tiles}");
        let worst = cut.rgba().iter().zip(whole.rgba()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        println!("{name}: tiles differ by {worst} of 255");
        assert!(worst <= 1, "{name}: {worst} of 255");
    }
}
