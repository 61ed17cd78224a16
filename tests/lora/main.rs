//! LoRAs of every form against merges that `PyTorch` did, and what is said when one has no effect.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, clippy::print_stdout)] // helpers of tests are tests

mod notices;
mod words;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use inkwick::checkpoint::{ModelFiles, inspect_file};
use inkwick::job::{CancelToken, EmbeddingRef, LoraRef, Progress, PromptSyntax, Request};
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
    drawn(pipeline, request).0
}

/// The picture, and the notices on the way.
fn drawn(pipeline: &mut Pipeline, request: &Value) -> (Vec<u8>, Vec<String>) {
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
    let mut notices = Vec::new();
    let mut on_progress = |progress| {
        if let Progress::Notice(notice) = progress {
            notices.push(notice.message);
        }
    };
    let (picture, _) = pipeline.run(&request, &CancelToken::default(), &mut on_progress).unwrap();
    (picture.rgba().to_vec(), notices)
}

/// What the tests ask for, in one step of a small picture with these words.
fn asked(prompt: &str) -> Value {
    serde_json::json!({"prompt": prompt, "negative": "blue", "steps": 2, "guidance": 5.0, "seed": 5,
        "scheduler": "euler", "height": 32, "width": 32})
}

type Tensors = HashMap<String, Tensor>;

fn tensors(name: &str) -> Tensors {
    candle_core::safetensors::load(data("lora").join(name), &Device::Cpu).unwrap()
}

/// A file with these tensors in a folder of its own.
fn written(tensors: &Tensors, name: &str) -> (tempfile::TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join(name);
    candle_core::safetensors::save(tensors, &path).unwrap();
    (home, path)
}

fn zeros(shape: &[usize]) -> Tensor {
    Tensor::zeros(shape, DType::F32, &Device::Cpu).unwrap()
}

fn ones(shape: &[usize]) -> Tensor {
    Tensor::ones(shape, DType::F32, &Device::Cpu).unwrap()
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
    let refused = |files: &ModelFiles, file: &Path| match load(files, &with(&[(file.to_owned(), 1.0)])) {
        Ok(_) => panic!("{} was taken", file.display()),
        Err(sentence) => sentence,
    };
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
    let tensors: Tensors =
        [(format!("{layer}.lora_down.weight"), zeros(&[2, 32])), (format!("{layer}.lora_up.weight"), zeros(&[32, 2]))]
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

/// How programs name the same file: what stands before the UNet's layers and each encoder's, and the two halves.
const SCHEMES: [(&str, &str, [&str; 3], [&str; 2]); 9] = [
    (
        "kohya",
        ".",
        ["lora_unet_", "lora_te1_text_model_", "lora_te2_text_model_"],
        ["lora_down.weight", "lora_up.weight"],
    ),
    (
        "ComfyUI",
        ".",
        [
            "diffusion_model.",
            "text_encoders.clip_l.transformer.text_model.",
            "text_encoders.clip_g.transformer.text_model.",
        ],
        ["lora_down.weight", "lora_up.weight"],
    ),
    ("OMI", ".", ["unet.", "clip_l.text_model.", "clip_g.text_model."], ["lora_down.weight", "lora_up.weight"]),
    ("OMI without the middle", ".", ["unet.", "clip_l.", "clip_g."], ["lora_A.weight", "lora_B.weight"]),
    (
        "diffusers",
        ".",
        ["unet.", "text_encoder.text_model.", "text_encoder_2.text_model."],
        ["lora.down.weight", "lora.up.weight"],
    ),
    (
        "PEFT in diffusers",
        ".",
        [
            "unet.base_model.model.",
            "text_encoder.base_model.model.text_model.",
            "text_encoder_2.base_model.model.text_model.",
        ],
        ["lora_A.my_style.weight", "lora_B.my_style.weight"],
    ),
    (
        "PEFT around all",
        ".",
        [
            "base_model.model.unet.",
            "base_model.model.text_encoder.text_model.",
            "base_model.model.text_encoder_2.text_model.",
        ],
        ["lora_A.default_0.weight", "lora_B.default_0.weight"],
    ),
    ("bare UNet", ".", ["", "text_encoders.clip_l.", "lycoris_te2_"], ["lora_A", "lora_B"]),
    (
        "LyCORIS",
        "_",
        ["lycoris_", "lycoris_text_model_", "lycoris_te2_text_model_"],
        ["lora.down.weight", "lora.up.weight"],
    ),
];

#[test]
fn it_is_the_same_whatever_program_named_it() {
    let request = asked("a red apple in a castle");
    for (kind, file) in [("sd1", "sd1-kohya.safetensors"), ("sdxl", "sdxl-kohya.safetensors")] {
        let files = folder(kind);
        let wanted = draw(&mut load(&files, &with(&[(data("lora").join(file), 0.8)])).unwrap(), &request);
        let mut pipeline = load(&files, &Adapters::default()).unwrap();
        assert!(mean_difference(&draw(&mut pipeline, &request), &wanted) > 1.0, "the test shows nothing");
        for (name, before_halves, prefixes, halves) in SCHEMES {
            let rename = |key: &str| -> String {
                let (stem, end) = key.split_once('.').unwrap();
                let networks = [
                    ["lora_unet_", "lora_unet_"],
                    ["lora_te_text_model_", "lora_te1_text_model_"],
                    ["lora_te2_text_model_", "lora_te2_text_model_"],
                ];
                let (prefix, layer) = networks
                    .iter()
                    .zip(prefixes)
                    .find_map(|(olds, new)| olds.iter().find_map(|old| Some((new, stem.strip_prefix(old)?))))
                    .unwrap();
                match end {
                    "lora_down.weight" => format!("{prefix}{layer}{before_halves}{}", halves[0]),
                    "lora_up.weight" => format!("{prefix}{layer}{before_halves}{}", halves[1]),
                    other => format!("{prefix}{layer}.{other}"),
                }
            };
            let renamed: Tensors = tensors(file).into_iter().map(|(key, tensor)| (rename(&key), tensor)).collect();
            let (_home, path) = written(&renamed, "renamed.safetensors");
            pipeline = pipeline.with_adapters(&with(&[(path, 0.8)]), &|_, _| Ok(())).unwrap();
            let (found, notices) = drawn(&mut pipeline, &request);
            assert_eq!(notices, [""; 0], "{kind} {name}");
            assert_eq!(found, wanted, "{kind} {name}");
        }
    }
}

#[test]
fn what_is_no_number_is_blamed_on_its_file() {
    for (value, key) in [
        (f32::NAN, "lora_te_text_model_encoder_layers_0_mlp_fc1.lora_up.weight"),
        (f32::INFINITY, "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q.lora_down.weight"),
        (f32::NAN, "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q.alpha"),
    ] {
        let mut broken = tensors("sd1-kohya.safetensors");
        let shape = broken[key].dims().to_vec();
        broken.insert(key.to_owned(), (ones(&shape) * f64::from(value)).unwrap());
        let (_home, path) = written(&broken, "broken.safetensors");
        let said = load(&folder("sd1"), &with(&[(path, 0.5)])).err().unwrap();
        assert!(said.contains("the LoRA") && said.contains(key) && said.contains("broken.safetensors"), "{said}");
        assert!(!said.contains("precision") && !said.contains("dtype"), "{said}");
    }
    let vectors: Tensors = [("emb_params".to_owned(), (ones(&[2, 32]) * f64::NAN).unwrap())].into();
    let (_home, file) = written(&vectors, "zap.safetensors");
    let zap = EmbeddingRef { word: "zap".into(), file };
    let said = load(&folder("sd1"), &Adapters { embeddings: vec![zap], ..Adapters::default() }).err().unwrap();
    assert!(
        said.contains("the embedding") && said.contains("emb_params") && said.contains("zap.safetensors"),
        "{said}"
    );
}

#[test]
fn what_is_known_of_a_file_is_reported_before_it_is_used() {
    let facts = |name: &str| inspect_file(&data("lora").join(name)).unwrap();
    let report = facts("sd1-lycoris.safetensors");
    let lora = report.lora.unwrap();
    assert_eq!(lora.forms, ["LoHa", "LoKr", "whole differences"]);
    assert_eq!((lora.without_place.len(), report.unmatched.len()), (0, 0), "{:?}", lora.without_place);
    let report = facts("sdxl-kohya.safetensors");
    assert_eq!(report.family.as_deref(), Some("Stable Diffusion XL"));
    assert_eq!(report.lora.unwrap().without_place, [""; 0]);
    assert_eq!(facts("sd1-dora.safetensors").lora.unwrap().forms, ["DoRA", "LoRA"]);
    let strange: Tensors = [
        ("transformer.single_blocks.0.to_q.lora_A.weight".to_owned(), ones(&[2, 4])),
        ("transformer.single_blocks.0.to_q.lora_B.weight".to_owned(), ones(&[4, 2])),
        ("lora_unet_conv_in.a1.weight".to_owned(), ones(&[4, 2])),
        ("lora_unet_conv_in.a2.weight".to_owned(), ones(&[2, 4])),
        ("lora_unet_conv_in.b1.weight".to_owned(), ones(&[4, 2])),
        ("lora_unet_conv_in.b2.weight".to_owned(), ones(&[2, 4])),
        ("lora_unet_conv_out.weight".to_owned(), ones(&[4])),
        ("lora_unet_conv_out.on_input".to_owned(), zeros(&[1])),
    ]
    .into();
    let (_home, path) = written(&strange, "strange.safetensors");
    let lora = inspect_file(&path).unwrap().lora.unwrap();
    assert_eq!((lora.layers, lora.forms.as_slice()), (3, &["GLoRA", "IA3", "LoRA"][..]));
    assert_eq!(lora.without_place, ["unet: single_blocks_0_to_q"]);
}
