//! Prompts that change on the way and come in parts, against a loop in `PyTorch` (`tests/reference/prompts.py`), and what
//! must be the same picture.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, clippy::print_stdout)] // helpers of tests are tests

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::{DType, Device};
use inkwick::checkpoint::ModelFiles;
use inkwick::job::{CancelToken, InitPicture, LoraRef, Request};
use inkwick::pipeline::{Adapters, Pipeline};
use inkwick::raster::Picture;
use inkwick::sampling::SchedulerName;
use serde_json::Value;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data").join(name)
}

fn load(kind: &str, loras: Vec<LoraRef>) -> Pipeline {
    let files = ModelFiles::Folder(data(kind).join("model"));
    let adapters = Adapters { loras, ..Adapters::default() };
    Pipeline::load_with(&files, &adapters, &Device::Cpu, DType::F32, &|_, _| Ok(())).unwrap()
}

fn init() -> Picture {
    let read = image::open(data("prompts/init.png")).unwrap().to_rgba8();
    Picture::from_rgba(read.width(), read.height(), read.into_raw()).unwrap()
}

fn draw(pipeline: &mut Pipeline, request: &Request) -> Vec<u8> {
    let (picture, _) = pipeline.run(request, &CancelToken::default(), &mut |_| ()).unwrap();
    picture.rgba().to_vec()
}

fn mean_difference(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / (a.len() as f64 * 0.75)
}

fn request(prompt: &str) -> Request {
    let (width, height) = (Some(40), Some(32));
    let scheduler = Some(SchedulerName::Euler);
    Request {
        prompt: prompt.into(),
        steps: 4,
        guidance: Some(5.0),
        seed: 3,
        scheduler,
        width,
        height,
        ..Request::default()
    }
}

#[test]
fn pictures_are_those_of_a_loop_in_pytorch() {
    let cases: Vec<Value> = serde_json::from_slice(&std::fs::read(data("prompts/cases.json")).unwrap()).unwrap();
    let mut pipelines: HashMap<String, Pipeline> = HashMap::new();
    for case in &cases {
        let kind = case["kind"].as_str().unwrap();
        let pipeline = pipelines.entry(kind.into()).or_insert_with(|| load(kind, Vec::new()));
        let asked = Request {
            negative: case["negative"].as_str().map(str::to_owned),
            scheduler: case["scheduler"].as_str().and_then(SchedulerName::from_id),
            steps: case["steps"].as_u64().unwrap() as u32,
            guidance: case["guidance"].as_f64(),
            guidance_rescale: case["guidance_rescale"].as_f64().unwrap_or(0.0),
            seed: case["seed"].as_u64().unwrap(),
            init: case["strength"].as_f64().map(|strength| InitPicture { picture: Arc::new(init()), strength }),
            ..request(case["prompt"].as_str().unwrap())
        };
        let found = draw(pipeline, &asked);
        let first = Request { prompt: asked.prompt.split(" AND ").next().unwrap().replace(['[', ']'], ""), ..asked };
        let wanted =
            image::open(data("prompts").join(case["picture"].as_str().unwrap())).unwrap().to_rgba8().into_raw();
        let (off, effect) = (mean_difference(&found, &wanted), mean_difference(&draw(pipeline, &first), &wanted));
        println!("{} {}: off by {off:.4}, another prompt by {effect:.1}", case["picture"], case["prompt"]);
        assert!(off <= 1.0 && effect > 2.0, "{}: off by {off} of 255, another prompt by {effect}", case["prompt"]);
    }
}

#[test]
fn what_comes_to_the_same_words_is_the_same_picture() {
    let mut pipeline = load("sd1", Vec::new());
    let [red, blue] = ["a red apple", "a blue apple"].map(|prompt| draw(&mut pipeline, &request(prompt)));
    assert!(mean_difference(&red, &blue) > 2.0);
    for (prompt, wanted) in [
        ("a [red:blue:0] apple", &blue),
        ("a [red:blue:1.0] apple", &red),
        ("a [red:blue:99] apple", &red),
        ("a [red|red] apple", &red),
        ("a {red|red} apple", &red),
        ("a \\red apple\\", &red),
        ("<hypernet:x:1>a red apple<whatever:y>", &red),
    ] {
        assert!(draw(&mut pipeline, &request(prompt)) == *wanted, "{prompt}");
    }
    let changed = draw(&mut pipeline, &request("a [red:blue:0.5] apple"));
    assert!(mean_difference(&changed, &red) > 0.5 && mean_difference(&changed, &blue) > 0.5);
    // The prompt's own words count, whatever the request says that they came to.
    let drawn = Request { drawn_prompt: Some("a blue apple".into()), ..request("a __colour__ apple") };
    assert!(draw(&mut pipeline, &drawn) == blue);
}

#[test]
fn parts_come_one_after_the_other_or_together() {
    let mut pipeline = load("sdxl", Vec::new());
    let asked = Request { guidance_until: 0.6, ..request("a red apple AND a [castle|fox] :0.5 AND snow :-0.3") };
    let together = draw(&mut pipeline, &asked);
    let mut fitted = pipeline.plan(&asked).unwrap();
    assert_eq!((fitted.workload.rows, fitted.workload.texts), (4, 5));
    fitted.plan.sequential_guidance = true;
    let (alone, _) = pipeline.run_planned(&asked, &fitted, &CancelToken::default(), &mut |_| ()).unwrap();
    let off = mean_difference(&together, alone.rgba());
    assert!(off < 0.1, "off by {off}");
    let one = pipeline.plan(&request("a red apple")).unwrap();
    assert!(fitted.costs.step.product > 1.9 * one.costs.step.product, "each part is a pass more");
}

/// The tensors of one file whose names `wanted` takes, as a file.
fn part_of(file: &Path, folder: &Path, name: &str, wanted: impl Fn(&str) -> bool) -> PathBuf {
    let tensors = candle_core::safetensors::load(file, &Device::Cpu).unwrap();
    let tensors: HashMap<_, _> = tensors.into_iter().filter(|(name, _)| wanted(name)).collect();
    let path = folder.join(name);
    candle_core::safetensors::save(&tensors, &path).unwrap();
    path
}

#[test]
fn a_loras_two_weights_are_those_of_its_two_halves() {
    let folder = tempfile::tempdir().unwrap();
    for kind in ["sd1", "sdxl"] {
        let whole = data(&format!("lora/{kind}-kohya.safetensors"));
        let text =
            part_of(&whole, folder.path(), &format!("{kind}-text.safetensors"), |name| name.starts_with("lora_te"));
        let unet =
            part_of(&whole, folder.path(), &format!("{kind}-unet.safetensors"), |name| name.starts_with("lora_unet"));
        let asked = request("a red apple");
        for (text_weight, unet_weight) in [(0.0, 1.0), (1.0, 0.0), (0.7, -0.4)] {
            let both = vec![LoraRef::with_weights(&whole, text_weight, unet_weight)];
            let halves = [(&text, text_weight), (&unet, unet_weight)];
            let halves = halves.map(|(file, weight)| LoraRef::new(file, weight)).to_vec();
            let (found, wanted) = (draw(&mut load(kind, both), &asked), draw(&mut load(kind, halves), &asked));
            assert!(found == wanted, "{kind} {text_weight} {unet_weight}: {}", mean_difference(&found, &wanted));
        }
        let alone = |weights: (f64, f64)| {
            draw(&mut load(kind, vec![LoraRef::with_weights(&whole, weights.0, weights.1)]), &asked)
        };
        assert!(mean_difference(&alone((0.0, 1.0)), &alone((1.0, 0.0))) > 1.0, "{kind}");
    }
    // Half of a file at nothing is no file without effect.
    load("sd1", vec![LoraRef::with_weights(folder.path().join("sd1-text.safetensors"), 1.0, 0.0)]);
}

#[test]
fn at_strength_nothing_every_scheduler_gives_the_picture_back() {
    let mut pipeline = load("sd1", Vec::new());
    let mut back = |scheduler: SchedulerName, strength: f64| {
        let init = Some(InitPicture { picture: Arc::new(init()), strength });
        draw(&mut pipeline, &Request { scheduler: Some(scheduler), steps: 5, init, ..request("a red apple") })
    };
    let wanted = back(SchedulerName::Ddim, 0.0);
    for scheduler in SchedulerName::ALL {
        assert!(back(scheduler, 0.0) == wanted, "{scheduler:?}");
        assert!(back(scheduler, 0.4) != wanted, "{scheduler:?}");
    }
}
