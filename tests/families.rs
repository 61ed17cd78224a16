//! One model begins the same in the window, on the command line and in the pipeline, whatever it is and however it
//! comes; and what it is is told with the reason.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests

mod copied;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use inkwick::checkpoint::{ModelFiles, builtin_model, profile_of};
use inkwick::job::{Distillation, Family, ModelDefaults, ModelInput, PromptSyntax};
use inkwick::pipeline::ModelSpec;
use inkwick::sampling::{PredictionChoice, SchedulerName};
use inkwick::store::models;
use inkwick::store::models::entry::ModelEntry;
use inkwick::store::pictures::picture_file;
use serde_json::{Value, json};
use tempfile::TempDir;

use copied::copied;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data").join(name)
}

/// A tiny checkpoint under another name, with `changes` in what stands beside it.
fn file(home: &TempDir, kind: &str, name: &str, changes: &[(&str, &str, Value)]) -> PathBuf {
    let ending = if kind == "sd1" { "ckpt" } else { "safetensors" };
    let path = home.path().join(name).with_extension(ending);
    fs::copy(data("single").join(kind).with_extension(ending), &path).unwrap();
    let text = fs::read(data("single").join(kind).with_extension("json")).unwrap();
    let mut beside: Value = serde_json::from_slice(&text).unwrap();
    for tokenizer in ["tokenizer", "tokenizer_2"] {
        if beside[tokenizer].is_string() {
            beside[tokenizer] = data(kind).join("model").join(tokenizer).display().to_string().into();
        }
    }
    for (section, field, value) in changes {
        beside[section][field] = value.clone();
    }
    fs::write(path.with_extension("json"), beside.to_string()).unwrap();
    path
}

fn folder(home: &TempDir, kind: &str, name: &str, changes: &[(&str, &str, Value)]) -> PathBuf {
    let path = home.path().join(name);
    copied(&data(kind).join("model"), &path);
    for (config, field, value) in changes {
        let config = path.join(config);
        let mut json: Value = serde_json::from_slice(&fs::read(&config).unwrap()).unwrap();
        json[field] = value.clone();
        fs::write(&config, json.to_string()).unwrap();
    }
    path
}

/// `None` is the built-in model.
fn files_of(path: Option<&Path>) -> ModelFiles {
    match path {
        None => builtin_model().unwrap(),
        Some(path) if path.is_dir() => ModelFiles::Folder(path.to_owned()),
        Some(path) => ModelFiles::open_file(path).unwrap(),
    }
}

/// What the command line draws with where nobody says: steps and guidance, as the picture notes them.
fn drawn_with(home: &TempDir, path: Option<&Path>) -> (u32, f64) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inkwick"));
    command.args(["generate", "--prompt", "x", "--out", "out.png", "--width", "64", "--height", "64", "--seed", "1"]);
    command.args(["--device", "cpu", "--prompt-syntax", "plain"]);
    if let Some(path) = path {
        command.arg("--model").arg(path);
    }
    let output = command.current_dir(home.path()).env("INKWICK_HOME", home.path().join("home")).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{path:?}: {}", String::from_utf8_lossy(&output.stderr));
    let noted = picture_file::read_request(&home.path().join("out.png")).unwrap().unwrap();
    assert_eq!(noted.prompt_syntax, PromptSyntax::Plain);
    (noted.steps, noted.guidance.unwrap())
}

#[test]
fn window_command_line_and_pipeline_begin_alike() {
    let home = TempDir::new().unwrap();
    let lcm = ("scheduler", "_class_name", json!("LCMScheduler"));
    let folder_lcm = ("scheduler/scheduler_config.json", "_class_name", json!("LCMScheduler"));
    let cases = [
        (None, 20, 4.0),
        (Some(data("sd1/model")), 20, 7.0),
        (Some(data("sdxl/model")), 20, 7.0),
        (Some(file(&home, "sd1", "dreams", &[])), 20, 7.0),
        (Some(file(&home, "sd1", "quick", &[lcm])), 4, 1.0),
        (Some(folder(&home, "sd1", "quick-folder", &[folder_lcm])), 4, 1.0),
        (Some(file(&home, "sdxl", "dreams-turbo", &[])), 4, 0.0),
        (Some(file(&home, "sdxl", "DreamsLightning_4step", &[])), 4, 0.0),
        (Some(folder(&home, "sdxl", "models--x--sdxl-turbo/snapshots/0a1b", &[])), 4, 0.0),
    ];
    for (path, steps, guidance) in &cases {
        let path = path.as_deref();
        let window = match path {
            None => ModelEntry::built_in().defaults,
            Some(path) => models::list::inspect(path).unwrap().defaults,
        };
        assert_eq!((window.steps, window.guidance), (*steps, *guidance), "{path:?}");
        let pipeline = ModelSpec::read(&files_of(path), None).unwrap().profile().defaults();
        assert_eq!(pipeline, window, "{path:?}");
        assert_eq!(drawn_with(&home, path), (*steps, *guidance), "{path:?}");
    }
}

#[test]
fn a_model_is_what_its_files_say() {
    let home = TempDir::new().unwrap();
    let profile = |path: &Path| profile_of(&files_of(Some(path))).unwrap();
    let unet = "unet/config.json";
    let velocity = ("scheduler/scheduler_config.json", "prediction_type", json!("v_prediction"));

    let wide = folder(&home, "sd2", "wide", &[(unet, "cross_attention_dim", json!(1024)), velocity.clone()]);
    assert_eq!(profile(&wide).family.value, Family::Sd2Velocity);
    assert_eq!(profile(&wide).prediction.value, PredictionChoice::Velocity);
    let plain = folder(&home, "sd1", "plain", &[(unet, "cross_attention_dim", json!(768))]);
    assert_eq!(profile(&plain).family.value, Family::Sd1);
    let inpainting = folder(&home, "sd1", "inpainting", &[(unet, "in_channels", json!(9))]);
    assert_eq!(profile(&inpainting).input, ModelInput::Mask);

    let marked = file(&home, "sd1", "marked", &[("scheduler", "prediction_type", json!("v_prediction"))]);
    let found = profile(&marked).prediction;
    assert_eq!((found.value, found.reason.as_str()), (PredictionChoice::Velocity, "a file beside it says so"));
    let found = profile(&file(&home, "sdxl", "xl-turbo", &[])).distillation.unwrap();
    assert_eq!((found.value, found.reason.as_str()), (Distillation::Turbo, "its name has \"turbo\" in it"));

    let builtin = profile_of(&builtin_model().unwrap()).unwrap();
    let own = ModelDefaults { width: 256, height: 256, steps: 20, guidance: 4.0, scheduler: Some(SchedulerName::Ddim) };
    assert_eq!((builtin.family.value, builtin.defaults()), (Family::BuiltIn, own.clone()));
    // What the list shows before any file is read is what the files say.
    assert_eq!(ModelEntry::built_in().defaults, own);
}

#[test]
fn inspection_tells_the_family_and_why() {
    let home = TempDir::new().unwrap();
    let inspected = |path: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_inkwick"));
        let output = command.args(["models", "inspect"]).arg(path).env("INKWICK_HOME", home.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stdout).unwrap()
    };
    let line = |text: &str, name: &str| text.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();

    let text = inspected(&data("sdxl/model"));
    assert!(line(&text, "family").contains("Stable Diffusion XL (its pipeline is StableDiffusionXL"), "{text}");
    assert!(line(&text, "predicts").contains("epsilon (its scheduler's config says so)"), "{text}");
    assert!(line(&text, "begins with").contains("20 steps, guidance 7"), "{text}");
    let text = inspected(&file(&home, "sd1", "my-turbo", &[]));
    assert!(line(&text, "distilled").contains("Turbo"), "{text}");
    assert!(line(&text, "begins with").contains("4 steps, guidance 0"), "{text}");
    // A LoRA draws nothing.
    assert_eq!(line(&inspected(&data("lora/sd1-kohya.safetensors")), "family"), "");
}
