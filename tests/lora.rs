//! LoRAs of every form against merges that `PyTorch` did, and what is said when one has no effect.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, clippy::print_stdout)] // helpers of tests are tests

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use inkwick::checkpoint::ModelFiles;
use inkwick::job::{CancelToken, EmbeddingRef, LoraRef, PromptSyntax, Request};
use inkwick::model::Execution;
use inkwick::pipeline::{Adapters, ExecutionPlan, LoadOptions, ModelSpec, Pipeline};
use inkwick::sampling::SchedulerName;
use serde_json::Value;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data").join(name)
}

fn folder(kind: &str) -> ModelFiles {
    ModelFiles::Folder(data(kind).join("model"))
}

fn load(files: &ModelFiles, adapters: &Adapters) -> Result<Pipeline, String> {
    let loaded = Pipeline::load_with(files, adapters, &Device::Cpu, DType::F32, &|_, _| Ok(()));
    loaded.map_err(|error| error.to_string())
}

fn with(loras: &[(PathBuf, f64)]) -> Adapters {
    let loras = loras.iter().map(|(file, weight)| LoraRef::new(file, *weight));
    Adapters { loras: loras.collect(), ..Adapters::default() }
}

fn draw(pipeline: &mut Pipeline, request: &Value) -> Vec<u8> {
    let request = Request {
        prompt: request["prompt"].as_str().unwrap().to_owned(),
        negative: request["negative"].as_str().map(str::to_owned),
        prompt_syntax: PromptSyntax::Plain,
        scheduler: request["scheduler"].as_str().and_then(SchedulerName::from_id),
        steps: request["steps"].as_u64().unwrap() as u32,
        guidance: request["guidance"].as_f64(),
        seed: request["seed"].as_u64().unwrap(),
        width: request["width"].as_u64().map(|side| side as u32),
        height: request["height"].as_u64().map(|side| side as u32),
        ..Request::default()
    };
    let (picture, _) = pipeline.run(&request, &CancelToken::default(), &mut |_| ()).unwrap();
    picture.rgba().to_vec()
}

fn mean_difference(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let colours = |rgba: &[u8]| rgba.chunks_exact(4).flat_map(|pixel| pixel[..3].to_vec()).collect::<Vec<_>>();
    let (a, b) = (colours(a), colours(b));
    a.iter().zip(&b).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / a.len() as f64
}

#[test]
fn every_form_at_every_weight_is_what_pytorch_merges_and_leaves_no_trace() {
    let listed: Value = serde_json::from_slice(&std::fs::read(data("lora/cases.json")).unwrap()).unwrap();
    let request = &listed["request"];
    let mut pipelines: HashMap<String, (Pipeline, Vec<u8>)> = HashMap::new();
    for case in listed["cases"].as_array().unwrap() {
        let kind = case["kind"].as_str().unwrap();
        let files = folder(kind);
        let (mut pipeline, plain) = pipelines.remove(kind).unwrap_or_else(|| {
            let mut pipeline = load(&files, &Adapters::default()).unwrap();
            let plain = draw(&mut pipeline, request);
            (pipeline, plain)
        });
        let loras: Vec<(PathBuf, f64)> = case["loras"]
            .as_array()
            .unwrap()
            .iter()
            .map(|lora| (data("lora").join(lora[0].as_str().unwrap()), lora[1].as_f64().unwrap()))
            .collect();
        pipeline = pipeline.with_adapters(&with(&loras), &|_, _| Ok(())).unwrap();
        let found = draw(&mut pipeline, request);
        let wanted = image::open(data("lora").join(case["picture"].as_str().unwrap())).unwrap().to_rgba8().into_raw();
        let (off, effect) = (mean_difference(&found, &wanted), mean_difference(&plain, &wanted));
        println!("{} off by {off:.4}, changes the picture by {effect:.2}", case["loras"]);
        assert!(off < 1.0, "{case} is off by a mean of {off}");
        assert!(effect > 4.0, "{case} hardly changes the picture: the test shows nothing");
        pipeline = pipeline.with_adapters(&Adapters::default(), &|_, _| Ok(())).unwrap();
        assert_eq!(draw(&mut pipeline, request), plain, "{case} left a trace");
        pipelines.insert(kind.to_owned(), (pipeline, plain));
    }
}

#[test]
fn one_that_changes_nothing_is_refused_with_the_reason() {
    let refused = |files: &ModelFiles, file: &Path| load(files, &with(&[(file.to_owned(), 1.0)])).err().unwrap();
    let said = refused(&folder("sd1"), &data("lora/sdxl-kohya.safetensors"));
    assert!(said.contains("another kind of model") || said.contains("would change nothing"), "{said}");
    let said = refused(&folder("sd2"), &data("lora/sd1-kohya.safetensors"));
    assert!(said.contains("another kind of model") && said.contains("sd1-kohya"), "{said}");
    let said = refused(&folder("sd1"), &data("single/sd2.safetensors"));
    assert!(said.contains("no LoRA"), "{said}");

    // All of its products are zero.
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("nothing.safetensors");
    let layer = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q";
    let zeros = |shape: (usize, usize)| Tensor::zeros(shape, DType::F32, &Device::Cpu).unwrap();
    let tensors: HashMap<String, Tensor> =
        [(format!("{layer}.lora_down.weight"), zeros((2, 32))), (format!("{layer}.lora_up.weight"), zeros((32, 2)))]
            .into();
    candle_core::safetensors::save(&tensors, &file).unwrap();
    let said = refused(&folder("sd1"), &file);
    assert!(said.contains("all of its changes are zero"), "{said}");
    // The same model is as usable as before.
    assert!(load(&folder("sd1"), &Adapters::default()).is_ok());
}

#[test]
fn it_can_be_laid_over_a_checkpoint_file() {
    let file = ModelFiles::open_file(&data("single/sdxl.safetensors")).unwrap();
    let loras = with(&[(data("lora/sdxl-kohya.safetensors"), 0.5)]);
    let listed: Value = serde_json::from_slice(&std::fs::read(data("lora/cases.json")).unwrap()).unwrap();
    let request = &listed["request"];
    let from_file = draw(&mut load(&file, &loras).unwrap(), request);
    assert_eq!(from_file, draw(&mut load(&folder("sdxl"), &loras).unwrap(), request));
}

#[test]
fn networks_that_are_read_one_at_a_time_carry_it_too() {
    let listed: Value = serde_json::from_slice(&std::fs::read(data("lora/cases.json")).unwrap()).unwrap();
    let request = &listed["request"];
    let load = |adapters: &Adapters, sequential_offload| {
        let plan = ExecutionPlan { sequential_offload, ..ExecutionPlan::plain(None, DType::F32) };
        let options = LoadOptions::of(&Execution::Kernels, &plan);
        let spec = ModelSpec::read(&folder("sdxl"), None).unwrap();
        Pipeline::load_planned(spec, adapters, &options, &|_, _| Ok(())).unwrap()
    };
    let (plain, loras) = (Adapters::default(), with(&[(data("lora/sdxl-kohya.safetensors"), 0.8)]));
    let wanted = draw(&mut load(&loras, false), request);
    let mut pipeline = load(&plain, true);
    assert_eq!(draw(&mut pipeline, request), draw(&mut load(&plain, false), request));
    pipeline = pipeline.with_adapters(&loras, &|_, _| Ok(())).unwrap();
    for _ in 0..2 {
        assert_eq!(draw(&mut pipeline, request), wanted);
    }
    // What has no effect is refused here as well, once the networks were read.
    let none = with(&[(data("lora/sd1-kohya.safetensors"), 1.0)]);
    let request = Request { steps: 1, ..Request::default() };
    let said = load(&none, true).run(&request, &CancelToken::default(), &mut |_| ()).unwrap_err().to_string();
    assert!(said.contains("sd1-kohya"), "{said}");
}

#[test]
fn words_with_embeddings_of_their_own_draw_what_diffusers_draws() {
    let listed: Value = serde_json::from_slice(&std::fs::read(data("lora/cases.json")).unwrap()).unwrap();
    for case in listed["words"].as_array().unwrap() {
        let files = folder(case["kind"].as_str().unwrap());
        let file = data("lora").join(case["file"].as_str().unwrap());
        let word = file.file_stem().unwrap().to_string_lossy().into_owned();
        let adapters = Adapters { embeddings: vec![EmbeddingRef { word, file }], ..Adapters::default() };
        let found = draw(&mut load(&files, &adapters).unwrap(), &case["request"]);
        let wanted = image::open(data("lora").join(case["picture"].as_str().unwrap())).unwrap().to_rgba8().into_raw();
        let plain = draw(&mut load(&files, &Adapters::default()).unwrap(), &case["request"]);
        let (off, effect) = (mean_difference(&found, &wanted), mean_difference(&plain, &wanted));
        println!("{} off by {off:.4}, changes the picture by {effect:.2}", case["file"]);
        assert!(off < 1.0 && effect > 2.0, "{case}: off by {off}, effect {effect}");
    }
    let moss = EmbeddingRef { word: "moss".into(), file: data("lora/moss.pt") };
    let said = load(&folder("sdxl"), &Adapters { embeddings: vec![moss], ..Adapters::default() }).err().unwrap();
    assert!(said.contains("another kind of model") && said.contains("moss.pt"), "{said}");
}
