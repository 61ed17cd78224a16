//! The way over a device's operators, on the processor: the same pictures, only operators that Metal has, and the same
//! calls as were estimated.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests

mod copied;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use inkwick::checkpoint::{ModelFiles, UnetConfig, VaeConfig, builtin_model};
use inkwick::job::{CancelToken, InitPicture, InpaintMask, PromptSyntax, Request};
use inkwick::mask::MaskPlane;
use inkwick::model::{
    AddedConditioning, AttentionMethod, Card, Execution, ForwardOptions, Operators, Tiling, Unet, UnetInput, Vae,
    Watch, Weights,
};
use inkwick::pipeline::{Adapters, CostModel, ExecutionPlan, LoadOptions, ModelSpec, Pipeline, Workload};
use inkwick::raster::Picture;
use serde_json::Value;
use tempfile::TempDir;

use copied::copied;

const CPU: Device = Device::Cpu;
const DTYPES: [DType; 3] = [DType::F32, DType::F16, DType::BF16];

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data")
}

/// The tiny SD 1 with five channels more, as models for inpainting have them.
fn inpainting_model(folder: &Path) -> ModelFiles {
    copied(&data().join("sd1/model"), folder);
    let config = folder.join("unet/config.json");
    let mut json: Value = serde_json::from_slice(&fs::read(&config).unwrap()).unwrap();
    json["in_channels"] = 9.into();
    fs::write(&config, json.to_string()).unwrap();
    let files = fs::read_dir(folder.join("unet")).unwrap().map(|entry| entry.unwrap().path());
    for file in files.filter(|path| path.extension().is_some_and(|kind| kind == "safetensors")) {
        let mut tensors = candle_core::safetensors::load(&file, &CPU).unwrap();
        let own = tensors["conv_in.weight"].clone();
        tensors.insert("conv_in.weight".into(), own.pad_with_same(1, 0, 5).unwrap());
        candle_core::safetensors::save(&tensors, file).unwrap();
    }
    ModelFiles::Folder(folder.to_owned())
}

fn models(home: &TempDir) -> Vec<(&'static str, ModelFiles)> {
    let tiny = |kind: &str| ModelFiles::Folder(data().join(kind).join("model"));
    let inpainting = inpainting_model(&home.path().join("inpainting"));
    vec![
        ("sd1", tiny("sd1")),
        ("sd2", tiny("sd2")),
        ("sdxl", tiny("sdxl")),
        ("inpainting", inpainting),
        ("z-image", tiny("z-image")),
        ("klein", tiny("klein")),
    ]
}

fn photo(width: u32, height: u32) -> Picture {
    let pixels = (0..width * height).flat_map(|place| {
        let (x, y) = (place % width, place / width);
        [(x * 5) as u8, (y * 3) as u8, (x * y) as u8, 255]
    });
    Picture::from_rgba(width, height, pixels.collect()).unwrap()
}

/// A masked photo that is partly made anew: encoded, denoised and decoded, in a shape that is no square.
fn request() -> Request {
    let (width, height) = (48, 64);
    let mut plane = MaskPlane::empty(width, height);
    let area = plane.values().len();
    plane.values_mut()[area / 2..].fill(255);
    Request {
        prompt: "a (red:1.3) apple".to_owned(),
        negative: Some("blurry".to_owned()),
        prompt_syntax: PromptSyntax::Weighted,
        init: Some(InitPicture { picture: Arc::new(photo(width, height)), strength: 0.7 }),
        mask: Some(InpaintMask { plane: Arc::new(plane) }),
        width: Some(width),
        height: Some(height),
        steps: 3,
        guidance: Some(3.0),
        seed: 5,
        ..Request::default()
    }
}

fn loaded(files: &ModelFiles, execution: &Execution, dtype: DType) -> Pipeline {
    let card = execution.operators().map(Operators::card);
    let plan = ExecutionPlan { winograd: card.is_none(), ..ExecutionPlan::plain(card, dtype) };
    let spec = ModelSpec::read(files, None).unwrap();
    Pipeline::load_planned(spec, &Adapters::default(), &LoadOptions::of(execution, &plan), &|_, _| Ok(())).unwrap()
}

/// Of 255.
fn mean_difference(a: &Picture, b: &Picture) -> f64 {
    assert_eq!(a.size(), b.size());
    let sum: f64 = a.rgba().iter().zip(b.rgba()).map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
    sum / a.rgba().len() as f64
}

#[test]
fn the_device_draws_what_the_kernels_draw() {
    let home = TempDir::new().unwrap();
    let builtin = ("built-in", builtin_model().unwrap());
    for (name, files) in models(&home).into_iter().chain([builtin]) {
        let draw = |execution: &Execution, request: &Request, sequential_guidance: bool| {
            let mut pipeline = loaded(&files, execution, DType::F32);
            let mut fitted = pipeline.plan(request).unwrap();
            fitted.plan.sequential_guidance = sequential_guidance;
            pipeline.run_planned(request, &fitted, &CancelToken::default(), &mut |_| ()).unwrap().0
        };
        let painted = request();
        let fresh = Request { init: None, mask: None, ..painted.clone() };
        for request in [painted, fresh] {
            let wanted = draw(&Execution::Kernels, &request, false);
            // In one piece; and in bands and parts, one pass of a step after the other.
            for (scratch_bytes, sequential_guidance) in [(1 << 30, false), (20_000, true)] {
                let operators = Operators::on(&CPU, DType::F32).with_scratch(scratch_bytes);
                let difference =
                    mean_difference(&wanted, &draw(&Execution::Candle(operators), &request, sequential_guidance));
                assert!(difference <= 1.0, "{name}, {scratch_bytes} bytes: {difference} of 255");
            }
        }
    }
}

/// What `packaging/macos/METAL.md` says Metal has: operator and number format.
fn table() -> BTreeSet<(String, &'static str)> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/macos/METAL.md")).unwrap();
    let mut rows = BTreeSet::new();
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        for (dtype, cell) in ["f32", "f16", "bf16"].into_iter().zip(&cells[1..]) {
            if *cell == "yes" {
                rows.insert((cells[0].to_owned(), dtype));
            }
        }
    }
    rows
}

/// Every way that a picture can be asked for on a device, walked with sizes alone.
fn walked(files: &ModelFiles, watch: &Arc<Watch>, card: Card) {
    let model = CostModel::read(files).unwrap().watched(watch);
    // More pixels than a block of tiled attention has.
    let cell = model.vae_config().factor();
    let workload = Workload { width: 48 * cell, height: 40 * cell, encodes: true, ..model.native_workload() };
    for dtype in DTYPES {
        for attention in
            [AttentionMethod::Flash, AttentionMethod::Full, AttentionMethod::Sliced(1), AttentionMethod::Tiled]
        {
            for tiling in [None, Some(Tiling { tile: workload.width / 2 })] {
                let plan = ExecutionPlan { attention, tiling, ..ExecutionPlan::plain(Some(card), dtype) };
                model.costs(workload, plan).unwrap();
            }
        }
    }
}

#[test]
fn metal_has_every_operator_that_is_called() {
    let home = TempDir::new().unwrap();
    let table = table();
    let watch = Arc::new(Watch::default());
    for (name, files) in models(&home) {
        walked(&files, &watch, Card::Metal);
        // A CPU's candle has no products of bf16 for what the transformers' VAEs ask of it.
        let is_transformer = ["z-image", "klein"].contains(&name);
        for dtype in DTYPES.into_iter().filter(|dtype| !(is_transformer && *dtype == DType::BF16)) {
            let operators = Operators::on(&CPU, dtype).with_scratch(20_000).watched(&watch);
            let mut pipeline = loaded(&files, &Execution::Candle(operators), dtype);
            let request = Request { steps: 1, ..request() };
            let drawn = pipeline.run(&request, &CancelToken::default(), &mut |_| ());
            assert!(drawn.is_ok(), "{name} in {dtype:?}: {}", drawn.unwrap_err());
        }
    }
    let used = watch.used();
    for (operator, dtype) in [("sdpa", "f16"), ("conv2d", "bf16"), ("layer_norm", "f32"), ("sigmoid", "f16")] {
        assert!(used.contains_key(&(operator, dtype)), "{operator} in {dtype} was not called: the walk is not whole");
    }
    let missing: Vec<_> =
        used.keys().filter(|(operator, dtype)| !table.contains(&((*operator).to_owned(), *dtype))).collect();
    assert!(missing.is_empty(), "packaging/macos/METAL.md does not say that Metal has {missing:?}");
    let idle: Vec<_> =
        table.iter().filter(|(operator, dtype)| !used.contains_key(&(operator.as_str(), *dtype))).collect();
    assert!(idle.is_empty(), "packaging/macos/METAL.md lists what nobody asks for: {idle:?}");
}

/// A guided step and decoding, really: the operators that were called, and how often.
fn called(
    files: &ModelFiles,
    dtype: DType,
    attention: AttentionMethod,
) -> BTreeMap<(&'static str, &'static str), usize> {
    let watch = Arc::new(Watch::default());
    let execution = Execution::Candle(Operators::on(&CPU, dtype).watched(&watch));
    let weights = |part: &str| {
        let weights = Weights::open(files, part, "diffusion_pytorch_model", &CPU, dtype, &|_| Ok(())).unwrap();
        weights.with_execution(&execution)
    };
    let config = UnetConfig::read(files).unwrap();
    let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F32, &CPU).unwrap();
    let (rows, side) = (2, config.sample_size);
    let added = config.added.as_ref().map(|added| AddedConditioning {
        pooled_text: zeros(&[rows, added.width - 6 * added.time_width]),
        time_ids: vec![0.0; 6 * rows],
    });
    let context = zeros(&[rows, 77, config.context_width().unwrap()]);
    let sample = zeros(&[rows, config.in_channels, side, side]);
    let unet = Unet::new(config, weights("unet")).unwrap();
    let options = ForwardOptions { attention, ..ForwardOptions::PLAIN };
    let input = UnetInput { sample: &sample, timestep: 0.0, context: &context, added: added.as_ref(), guidance: 1.0 };
    unet.forward(&input, &options).unwrap();
    let vae = Vae::new(VaeConfig::read(files).unwrap(), weights("vae")).unwrap();
    vae.decode(&zeros(&[1, vae.config().latent_channels, side, side]), None, &options).unwrap();
    without_uploads(watch.used())
}

/// Weights are uploaded where there are some.
fn without_uploads(
    mut used: BTreeMap<(&'static str, &'static str), usize>,
) -> BTreeMap<(&'static str, &'static str), usize> {
    used.retain(|(operator, _), _| *operator != "upload");
    used
}

#[test]
fn what_is_estimated_is_what_is_called() {
    let home = TempDir::new().unwrap();
    // Transformers are held by `tests/modern`.
    for (name, files) in models(&home).into_iter().filter(|(_, files)| files.has("unet/config.json")) {
        for attention in [AttentionMethod::Full, AttentionMethod::Sliced(3), AttentionMethod::Tiled] {
            let watch = Arc::new(Watch::default());
            let model = CostModel::read(&files).unwrap().watched(&watch);
            let plan = ExecutionPlan { attention, ..ExecutionPlan::plain(Some(Card::Cpu), DType::F32) };
            model.costs(model.native_workload(), plan).unwrap();
            assert_eq!(without_uploads(watch.used()), called(&files, DType::F32, attention), "{name} by {attention:?}");
        }
    }
}
