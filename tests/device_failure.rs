//! A device that fails by script: each step down and the way back to the CPU, with the sentences that a person reads.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests

mod copied;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use candle_core::{DType, Device};
use inkwick::checkpoint::builtin_model;
use inkwick::engine::device::DtypeChoice;
use inkwick::engine::{Backend, BackendError, CandleBackend};
use inkwick::job::{AttentionMode, CancelToken, Drawn, ModelRef, Notice, Progress, Remedy, Request};
use inkwick::model::{Execution, FailureKind, Fault, Operator, Operators, Watch};
use inkwick::pipeline::{CostModel, ExecutionPlan, Workload};
use inkwick::store::device_failure::DeviceFailure;
use tempfile::TempDir;

use copied::copied;

/// The built-in model, small.
fn request() -> Request {
    Request {
        prompt: "a red apple".to_owned(),
        width: Some(64),
        height: Some(64),
        steps: 2,
        seed: 3,
        ..Request::default()
    }
}

struct Run {
    outcome: Result<Drawn, BackendError>,
    notices: Vec<Notice>,
    steps: usize,
}

fn run(backend: &mut CandleBackend, request: &Request) -> Run {
    let (mut notices, mut steps) = (Vec::new(), 0);
    let outcome = backend.run(&request.clone().into(), &CancelToken::default(), &mut |progress| match progress {
        Progress::Notice(notice) => notices.push(notice),
        Progress::Step { .. } => steps += 1,
        _ => {}
    });
    Run { outcome, notices, steps }
}

fn sentences(notices: &[Notice]) -> Vec<&str> {
    notices.iter().map(|notice| notice.message.as_str()).collect()
}

fn device(watch: &Arc<Watch>) -> CandleBackend {
    let operators = Operators::on(&Device::Cpu, DType::F32).watched(watch);
    CandleBackend::by(Execution::Candle(operators), DtypeChoice::F32)
}

/// As window and command line do.
fn noting_failures(backend: CandleBackend, file: PathBuf) -> CandleBackend {
    backend.on_device_failure(move |failure| {
        DeviceFailure::now(failure.device, failure.operator.name(), failure.dtype, &failure.reason).keep(&file);
    })
}

/// What a real card does with scripted failures, on the tiny SD 1. Where the program runs the tests' data lies in the working
/// directory, or where cargo says.
#[cfg(feature = "cuda")]
mod on_a_card {
    use super::*;

    fn request() -> Request {
        let root = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
        let model = ModelRef::Folder(root.join("tests/reference/data/sd1/model"));
        Request { model, ..super::request() }
    }

    fn card(watch: &Arc<Watch>) -> CandleBackend {
        let operators = Operators::on(&Device::new_cuda(0).unwrap(), DType::F16).watched(watch);
        CandleBackend::by(Execution::Candle(operators), DtypeChoice::Auto)
    }

    fn mean_difference(a: &Drawn, b: &Drawn) -> f64 {
        let bytes = a.picture.rgba().iter().zip(b.picture.rgba());
        bytes.map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / b.picture.rgba().len() as f64
    }

    #[test]
    #[ignore = "needs an NVIDIA card"]
    fn it_steps_down_once_for_each_failure_and_the_cpu_ends_it() {
        let watch = Arc::new(Watch::default());
        let wanted = run(&mut card(&watch), &request()).outcome.unwrap();
        let watch = Arc::new(Watch::with_faults([out_of_memory(Operator::Conv2d, 0); 8]));
        let Run { outcome, notices, .. } = run(&mut card(&watch), &request());
        let found = outcome.unwrap();
        assert!(notices.len() >= 2, "{notices:?}");
        assert!(notices.iter().all(|notice| notice.message.starts_with("CUDA could not carry out conv2d in f16")));
        let last = notices.last().unwrap();
        assert!(last.message.ends_with("the picture is made on the CPU instead"), "{notices:?}");
        assert_eq!(last.remedy, Some(Remedy::ReportDevice));
        let difference = mean_difference(&found, &wanted);
        assert!(difference < 2.0, "the CPU's picture is another one: {difference} of 255");
    }

    #[test]
    #[ignore = "needs an NVIDIA card"]
    fn one_failure_leaves_the_card_usable_and_the_picture_as_it_was() {
        let watch = Arc::new(Watch::default());
        let wanted = run(&mut card(&watch), &request()).outcome.unwrap();
        let calls = watch.used();
        for (operator, name) in
            [(Operator::Conv2d, "conv2d"), (Operator::MatMul, "matmul"), (Operator::Upload, "upload")]
        {
            let count: usize = calls.iter().filter(|((of, _), _)| *of == name).map(|(_, count)| count).sum();
            assert!(count > 0, "{name} was not called: {calls:?}");
            for after in [0, count / 2, count - 1] {
                let watch = Arc::new(Watch::with_faults([out_of_memory(operator, after)]));
                let mut backend = card(&watch);
                let Run { outcome, notices, .. } = run(&mut backend, &request());
                let difference = mean_difference(&outcome.unwrap(), &wanted);
                assert!(watch.faults_left() == 0 && notices.len() == 1, "{name} {after}: {notices:?}");
                assert!(difference < 2.0, "{name} {after}: {difference} of 255");
                let again = run(&mut backend, &request());
                assert!(mean_difference(&again.outcome.unwrap(), &wanted) < 2.0, "{name} {after}");
            }
        }
    }

    #[test]
    #[ignore = "needs an NVIDIA card"]
    fn memory_that_is_really_gone_is_stepped_around() {
        let watch = Arc::new(Watch::default());
        let wanted = run(&mut card(&watch), &request()).outcome.unwrap();
        // All but 1 GB of the card: as another program would hold it.
        let device = Device::new_cuda(0).unwrap();
        let mut held = Vec::new();
        for bytes in [8 << 30, 1 << 30] {
            while let Ok(block) = candle_core::Tensor::zeros(bytes, DType::U8, &device) {
                held.push(block);
            }
        }
        held.pop();
        device.synchronize().unwrap();
        let found = run(&mut card(&watch), &request()).outcome.unwrap();
        assert!(mean_difference(&found, &wanted) < 2.0);
        // A picture of 2048×2048 does not fit any more: it is made in another way, or refused with a sentence.
        let large = Request { width: Some(2048), height: Some(2048), steps: 1, ..request() };
        let Run { outcome, notices, .. } = run(&mut card(&watch), &large);
        let said =
            outcome.map(|drawn| format!("{:?}", drawn.request.compute)).unwrap_or_else(|error| error.to_string());
        assert!(!said.contains('\n'), "{said}");
        println!("with 1 GB left, 2048×2048: {said} {:?}", sentences(&notices));
        drop(held);
        assert!(run(&mut card(&watch), &request()).outcome.is_ok());
    }
}

fn out_of_memory(operator: Operator, after: usize) -> Fault {
    Fault { operator, after, kind: FailureKind::OutOfMemory }
}

#[test]
fn each_step_down_is_taken_and_reported() {
    let home = TempDir::new().unwrap();
    let note = home.path().join("device-failure.json");
    let watch = Arc::new(Watch::with_faults([out_of_memory(Operator::Conv2d, 0); 6]));
    let mut backend = noting_failures(device(&watch), note.clone());
    let Run { outcome, notices, .. } = run(&mut backend, &request());
    let failed = "CPU could not carry out conv2d in";
    let wanted = [
        ("f32", "attention is computed in tiles, and the picture is begun anew"),
        ("f32", "the picture is decoded in tiles, and the picture is begun anew"),
        ("f32", "weights are kept in half precision, and the picture is begun anew"),
        ("f16", "the passes with and without the prompt come one after the other, and the picture is begun anew"),
        ("f16", "the networks are read one at a time, and the picture is begun anew"),
        ("f16", "the picture is made on the CPU instead"),
    ];
    assert_eq!(sentences(&notices), wanted.map(|(dtype, words)| format!("{failed} {dtype} (out of memory): {words}")));
    let remedies: Vec<_> = notices.iter().map(|notice| notice.remedy).collect();
    assert_eq!(remedies, [None, None, None, None, None, Some(Remedy::ReportDevice)]);
    assert_eq!(watch.faults_left(), 0);
    // The picture is that of the CPU, as if nothing had been.
    let kernels = run(&mut CandleBackend::by(Execution::Kernels, DtypeChoice::F32), &request());
    assert_eq!(outcome.unwrap().picture, kernels.outcome.unwrap().picture);
    let kept = fs::read_to_string(&note).unwrap();
    assert!(kept.contains("conv2d") && kept.contains("f16") && kept.contains("out of memory"), "{kept}");
}

#[test]
fn one_step_down_is_enough_where_it_helps() {
    let watch = Arc::new(Watch::with_faults([out_of_memory(Operator::Softmax, 0)]));
    let Run { outcome, notices, .. } = run(&mut device(&watch), &request());
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert_eq!(outcome.unwrap().request.compute.attention, AttentionMode::Tiled);
}

#[test]
fn decoding_alone_is_repeated_in_tiles() {
    let counted = Arc::new(Watch::default());
    run(&mut device(&counted), &request()).outcome.unwrap();
    let convolutions = counted.used()[&("conv2d", "f32")];
    let watch = Arc::new(Watch::with_faults([out_of_memory(Operator::Conv2d, convolutions - 1)]));
    let Run { outcome, notices, steps } = run(&mut device(&watch), &request());
    outcome.unwrap();
    let wanted = ["CPU could not carry out conv2d in f32 (out of memory): the picture is worked on in tiles"];
    assert_eq!(sentences(&notices), wanted);
    assert_eq!(steps, 2, "the steps are not taken again");
}

#[test]
fn an_operator_that_is_missing_leads_to_the_cpu_and_into_the_report() {
    let home = TempDir::new().unwrap();
    let fault = Fault { operator: Operator::LayerNorm, after: 3, kind: FailureKind::Unsupported };
    let watch = Arc::new(Watch::with_faults([fault]));
    let mut backend = noting_failures(device(&watch), home.path().join("device-failure.json"));
    let doctor = || {
        let output = Command::new(env!("CARGO_BIN_EXE_inkwick"))
            .arg("doctor")
            .env("INKWICK_HOME", home.path())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().find(|line| line.starts_with("failure")).unwrap().to_owned()
    };
    assert!(doctor().ends_with("none"), "{}", doctor());
    let Run { outcome, notices, .. } = run(&mut backend, &request());
    outcome.unwrap();
    let message = "CPU could not carry out layer_norm in f32 (not implemented): the picture is made on the CPU instead"
        .to_owned();
    assert_eq!(notices, [Notice { message, remedy: Some(Remedy::ReportDevice) }]);
    let line = doctor();
    for word in ["layer_norm", "f32", "not implemented", env!("CARGO_PKG_VERSION")] {
        assert!(line.contains(word), "{line}");
    }
    // The next picture tries the device again.
    assert!(run(&mut backend, &request()).notices.is_empty());
}

/// The tiny SD 1 with a VAE whose inner values are beyond what half precision holds; what comes out is the same, since
/// norms take the factor away again.
fn overflowing_model(folder: &Path) -> ModelRef {
    copied(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data/sd1/model"), folder);
    let config = folder.join("vae/config.json");
    let mut json: serde_json::Value = serde_json::from_slice(&fs::read(&config).unwrap()).unwrap();
    json["force_upcast"] = false.into();
    fs::write(&config, json.to_string()).unwrap();
    let is_weights = |path: &PathBuf| path.extension().is_some_and(|kind| kind == "safetensors");
    for file in fs::read_dir(folder.join("vae")).unwrap().map(|entry| entry.unwrap().path()).filter(is_weights) {
        let mut tensors = candle_core::safetensors::load(&file, &Device::Cpu).unwrap();
        for name in ["decoder.conv_in.weight", "decoder.conv_in.bias"] {
            let larger = (tensors[name].to_dtype(DType::F32).unwrap() * 60_000.0).unwrap();
            tensors.insert(name.to_owned(), larger.clamp(-60_000f32, 60_000f32).unwrap());
        }
        candle_core::safetensors::save(&tensors, file).unwrap();
    }
    ModelRef::Folder(folder.to_owned())
}

#[test]
fn a_vae_that_overflows_in_half_precision_is_used_in_single() {
    let home = TempDir::new().unwrap();
    let request = Request { model: overflowing_model(&home.path().join("model")), ..request() };
    let by = |dtype, choice| {
        let mut backend = CandleBackend::by(Execution::Candle(Operators::on(&Device::Cpu, dtype)), choice);
        let first = run(&mut backend, &request);
        (first, run(&mut backend, &request))
    };
    let (half, again) = by(DType::F16, DtypeChoice::F16);
    let wanted = ["the VAE gives NaN in f16; it is used in f32 for this model from now on"];
    assert_eq!(sentences(&half.notices), wanted);
    assert!(again.notices.is_empty(), "{:?}", again.notices);
    let (single, _) = by(DType::F32, DtypeChoice::F32);
    assert!(single.notices.is_empty());
    let (half, single) = (half.outcome.unwrap().picture, single.outcome.unwrap().picture);
    let sum: f64 = half.rgba().iter().zip(single.rgba()).map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
    let difference = sum / half.rgba().len() as f64;
    assert!(difference < 4.0, "{difference} of 255");
}

#[test]
fn what_does_not_fit_is_made_sparingly_and_draws_the_same() {
    let home = TempDir::new().unwrap();
    let made = |how: [&str; 2], free_bytes: Option<u64>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_inkwick"));
        command.args(["generate", "--out", "out.png", "--json", "--prompt", "a red apple", "--seed", "3"]);
        command.args(["--steps", "2", "--width", "64", "--height", "64", "--device", "cpu"]);
        command.args(["--dtype", how[0], "--memory", how[1]]);
        command.current_dir(home.path()).env("INKWICK_HOME", home.path().join("home"));
        if let Some(free_bytes) = free_bytes {
            command.env("INKWICK_FREE_MEMORY", free_bytes.to_string());
        }
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{said}");
        (said, image::open(home.path().join("out.png")).unwrap().to_rgba8().into_raw())
    };
    let model = CostModel::read(&builtin_model().unwrap()).unwrap();
    let workload = Workload { width: 64, height: 64, ..model.native_workload() };
    let needs = |dtype: DType, sequential_offload: bool| {
        let plan = ExecutionPlan { sequential_offload, ..ExecutionPlan::plain(None, dtype) };
        model.costs(workload, plan).unwrap().working_set_bytes() as u64
    };
    let (half, words) = ("weights are kept in half precision", "the networks are read one at a time");
    let (said, whole) = made(["f16", "low"], None);
    assert!(!said.contains("notice"), "{said}");
    // Between what f16 takes and what f32 takes; then between the networks together and each alone.
    let (said, halved) = made(["auto", "auto"], Some(needs(DType::F16, false).midpoint(needs(DType::F32, false))));
    assert!(said.contains(half) && !said.contains(words), "{said}");
    let (said, parts) = made(["auto", "auto"], Some(needs(DType::F16, true).midpoint(needs(DType::F16, false))));
    assert!(said.contains(half) && said.contains(words), "{said}");
    assert!(whole == halved && whole == parts, "the picture is another one");
}
