//! `inkwick models` and the flags that lay files over a model, from outside.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

fn data(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data").join(name).display().to_string()
}

fn inkwick(home: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inkwick"));
    command.args(arguments).current_dir(home).env("INKWICK_HOME", home.join("home")).output().unwrap()
}

fn said(home: &Path, arguments: &[&str]) -> String {
    let output = inkwick(home, arguments);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// A file of the test data in the models folder.
fn put(home: &TempDir, from: &str, to: &str) -> PathBuf {
    let path = home.path().join("home/models").join(to);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::copy(data(from), &path).unwrap();
    path
}

#[test]
fn a_file_is_told_for_what_it_is() {
    let home = TempDir::new().unwrap();
    for (file, words) in [
        ("single/sdxl.safetensors", ["checkpoint", "Stable Diffusion XL", "F16"]),
        ("single/sd1.ckpt", ["checkpoint", "Stable Diffusion 1", "F16"]),
        ("single/sd2.safetensors", ["checkpoint", "Stable Diffusion 2", "have their place"]),
        ("lora/sd1-lycoris.safetensors", ["LoRA", "F16", "have their place"]),
        ("lora/sdxl-kohya.safetensors", ["LoRA", "Stable Diffusion XL", "F16"]),
        ("lora/moss.pt", ["embedding", "moss", "F32"]),
        ("sd1/model/vae/diffusion_pytorch_model.safetensors", ["VAE", "F32", "short hash"]),
    ] {
        let text = said(home.path(), &["models", "inspect", &data(file)]);
        for word in words {
            assert!(text.contains(word), "{word} is not told of {file}: {text}");
        }
        let line = text.lines().find(|line| line.starts_with("tensors")).unwrap();
        let counts: Vec<&str> = line.split_whitespace().filter(|word| word.parse::<u32>().is_ok()).collect();
        assert_eq!(counts[0], counts[1], "{file}: {text}");
    }
    // The sum as every other program gives it.
    let text = said(home.path(), &["models", "inspect", &data("lora/moss.pt")]);
    let sum = Command::new("sha256sum").arg(data("lora/moss.pt")).output();
    if let Ok(sum) = sum {
        let sum = String::from_utf8_lossy(&sum.stdout).split(' ').next().unwrap().to_owned();
        assert!(text.contains(&sum) && text.contains(&format!("short hash    {}", &sum[..10])), "{text}");
    }
    let refused = inkwick(home.path(), &["models", "inspect", &data("sd1/init.png")]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).starts_with("inkwick: "));
}

#[test]
fn a_lora_is_the_same_by_flag_and_by_tag_and_missing_ones_are_named() {
    let home = TempDir::new().unwrap();
    put(&home, "lora/sd1-kohya.safetensors", "loras/styles/ink.safetensors");
    put(&home, "lora/zig-zag.safetensors", "embeddings/zig-zag.safetensors");
    let model = data("sd1/model");
    let draw = |out: &str, prompt: &str, more: &[&str]| {
        let common = ["generate", "--model", &model, "--seed", "3", "--steps", "2", "--width", "64", "--height", "64"];
        said(home.path(), &[&common[..], &["--prompt", prompt, "--out", out], more].concat());
        image::open(home.path().join(out)).unwrap().to_rgba8().into_raw()
    };
    let plain = draw("plain.png", "a castle", &[]);
    let tagged = draw("tag.png", "a castle<lora:ink:0.8>", &[]);
    assert_eq!(tagged, draw("flag.png", "a castle", &["--lora", "ink:0.8"]));
    assert_ne!(tagged, plain);
    // However a file is named, its weights add up.
    let twice = draw("twice.png", "a castle", &["--lora", "ink:0.5", "--lora", "ink:0.3"]);
    assert_eq!(twice, draw("both.png", "a castle<lora:ink:0.3>", &["--lora", "ink:0.5"]));
    assert_ne!(twice, draw("half.png", "a castle", &["--lora", "ink:0.5"]));
    assert_eq!(plain, draw("zero.png", "a castle<lora:ink:0>", &[]));
    let learned = draw("word.png", "a castle, zig-zag", &[]);
    fs::remove_file(home.path().join("home/models/embeddings/zig-zag.safetensors")).unwrap();
    assert_ne!(learned, draw("no-word.png", "a castle, zig-zag", &[]));
    assert_eq!(learned, draw("given.png", "a castle, zig-zag", &["--embedding", &data("lora/zig-zag.safetensors")]));

    let refused = |arguments: &[&str], word: &str, code: i32| {
        let common = ["generate", "--out", "no.png", "--prompt", "a castle <lora:ink:1>", "--model", &model];
        let output = inkwick(home.path(), &[&common[..], arguments].concat());
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{text}");
        assert!(text.contains(word) && !home.path().join("no.png").exists(), "{text}");
    };
    refused(&["--lora", "no-such"], "no-such", 1);
    refused(&["--lora", "ink:much"], "--lora", 2);
    refused(&["--vae", "no-such"], "--vae", 1);
    refused(&["--lora", &data("single/sd2.safetensors")], "no LoRA", 1);
    let lora_as_model = inkwick(
        home.path(),
        &["generate", "--out", "no.png", "--prompt", "x", "--model", &data("lora/sd1-peft.safetensors")],
    );
    assert!(String::from_utf8_lossy(&lora_as_model.stderr).contains("this file is a LoRA"));
    refused(&["--embedding", &data("lora/glow2.safetensors")], "Stable Diffusion XL", 1);
}

#[test]
fn the_models_folder_is_listed_drawn_from_and_taken_from() {
    let home = TempDir::new().unwrap();
    put(&home, "single/sdxl.safetensors", "sub/tiny-xl.safetensors");
    put(&home, "single/sdxl.json", "sub/tiny-xl.json");
    put(&home, "lora/sd1-kohya.safetensors", "loras/ink.safetensors");
    let listed = said(home.path(), &["models", "list"]);
    for word in ["Built-in", "tiny-xl", "Stable Diffusion XL", "ink", "LoRA"] {
        assert!(listed.contains(word), "{word}: {listed}");
    }
    assert_eq!(listed.matches("ink.safetensors").count(), 1, "a LoRA is no model: {listed}");
    let missing = inkwick(home.path(), &["models", "remove", "../../x"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(said(home.path(), &["models", "pull"]).contains("stable-diffusion"));
}

#[test]
fn a_picture_is_enlarged_by_a_network_in_the_models_folder() {
    let home = TempDir::new().unwrap();
    let photo = home.path().join("photo.png");
    image::RgbImage::from_fn(30, 22, |x, y| image::Rgb([x as u8 * 8, y as u8 * 11, 90])).save(&photo).unwrap();
    let upscale =
        |more: &[&str]| inkwick(home.path(), &[&["upscale", "photo.png", "--out", "large.png"][..], more].concat());
    let none = upscale(&[]);
    let words = String::from_utf8_lossy(&none.stderr).into_owned();
    assert!(none.status.code() == Some(1) && words.contains("no upscaler yet"), "{words}");
    put(&home, "upscale/rrdb4.pth", "upscalers/four.pth");
    put(&home, "upscale/compact2.safetensors", "upscalers/two.safetensors");
    let report = said(home.path(), &["models", "inspect", &data("upscale/first8.pth")]);
    assert!(report.contains("upscaler") && report.contains("8×"), "{report}");
    for (arguments, size) in [
        (&["--model", "two"][..], (60, 44)),
        (&["--model", "FOUR.pth", "--scale", "1.5"][..], (45, 33)),
        // More than the network does at once.
        (&["--model", "two", "--scale", "7"][..], (210, 154)),
        (&["--scale", "0.5"][..], (15, 11)),
    ] {
        let output = upscale(arguments);
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {words}");
        assert_eq!(image::image_dimensions(home.path().join("large.png")).unwrap(), size, "{arguments:?}");
        fs::remove_file(home.path().join("large.png")).unwrap();
    }
    let said = String::from_utf8_lossy(&upscale(&[]).stderr).into_owned();
    assert!(said.contains("of several upscalers four is taken"), "{said}");
    let other = data("lora/moss.pt");
    for (arguments, word, code) in [
        (&["--model", "three"][..], "no upscaler three", 1),
        (&["--scale", "0"][..], "--scale", 2),
        (&["--model", &other][..], "ESRGAN", 1),
    ] {
        let output = upscale(arguments);
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(code) && words.contains(word), "{arguments:?}: {words}");
    }
}
