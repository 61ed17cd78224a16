//! The choices of speed and memory, from outside: each gives the same picture, and the last event names what ran.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests

use std::path::Path;
use std::process::Command;

use inkwick::kernels::{Level, SIMD_VARIABLE};
use serde_json::Value;
use tempfile::TempDir;

struct Run {
    pixels: Vec<u8>,
    finished: Value,
}

fn run(home: &Path, level: &str, arguments: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_inkwick"))
        .args(["generate", "--out", "out.png", "--json", "--prompt", "a red apple", "--seed", "3", "--device", "cpu"])
        .args(arguments)
        .current_dir(home)
        .env("INKWICK_HOME", home.join("home"))
        .env(SIMD_VARIABLE, level)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {text}");
    let finished = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    Run { pixels: image::open(home.join("out.png")).unwrap().to_rgba8().into_raw(), finished }
}

/// Of 255.
fn mean_difference(a: &Run, b: &Run) -> f64 {
    assert_eq!(a.pixels.len(), b.pixels.len());
    let sum: f64 = a.pixels.iter().zip(&b.pixels).map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
    sum / a.pixels.len() as f64
}

#[test]
fn every_way_gives_the_same_picture_and_is_named() {
    let home = TempDir::new().unwrap();
    let best = Level::available()[0].name();
    let size = ["--steps", "6", "--width", "128", "--height", "96"];
    let wanted = run(home.path(), best, &size);
    assert_eq!(wanted.finished["attention"], "tiled");
    assert_eq!(wanted.finished["instruction_set"], best);
    for (flag, value, key, named) in [
        ("--attention", "full", "attention", "full"),
        ("--attention", "sliced:1", "attention", "sliced:1"),
        ("--attention", "sliced:3", "attention", "sliced:3"),
        ("--attention", "sliced", "attention", "sliced:8"),
        ("--memory", "low", "memory", "low"),
        ("--memory", "high", "memory", "high"),
        ("--vae-tiling", "off", "vae_tiling", "off"),
    ] {
        let found = run(home.path(), best, &[&size[..], &[flag, value]].concat());
        assert_eq!(found.finished[key], named, "{flag} {value}");
        let difference = mean_difference(&wanted, &found);
        assert!(difference <= 0.05, "{flag} {value}: {difference}");
    }
    for level in Level::available() {
        let found = run(home.path(), level.name(), &size);
        assert_eq!(found.finished["instruction_set"], level.name());
        let difference = mean_difference(&wanted, &found);
        assert!(difference <= 0.05, "{level:?}: {difference}");
    }
    // Weights in half precision are other values, but of the same picture.
    for dtype in ["f16", "bf16"] {
        let difference = mean_difference(&wanted, &run(home.path(), best, &[&size[..], &["--dtype", dtype]].concat()));
        assert!(difference <= 6.0, "{dtype}: {difference}");
    }
}

#[test]
fn tiles_leave_no_seam() {
    let home = TempDir::new().unwrap();
    let best = Level::available()[0].name();
    // 80 latent pixels: two tiles.
    let size = ["--steps", "4", "--width", "640", "--height", "64"];
    let whole = run(home.path(), best, &[&size[..], &["--vae-tiling", "off"]].concat());
    let tiled = run(home.path(), best, &[&size[..], &["--vae-tiling", "on"]].concat());
    assert_eq!(tiled.finished["vae_tiling"], "on");
    let difference = mean_difference(&whole, &tiled);
    assert!(difference <= 3.0, "{difference}");
    assert!(difference > 0.0, "the tiled picture was not made of tiles");
}

#[test]
fn what_this_build_cannot_do_is_said() {
    let home = TempDir::new().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_inkwick"))
        .args(["generate", "--out", "out.png", "--prompt", "x", "--steps", "1", "--device", "cpu"])
        .args(["--attention", "flash"])
        .current_dir(home.path())
        .env("INKWICK_HOME", home.path().join("home"))
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("CUDA in half precision") && message.contains("tiled"), "{message}");
    assert!(!home.path().join("out.png").exists());
}

#[cfg(target_os = "linux")] // which keeps a process's peak
#[test]
fn memory_is_estimated() {
    let home = TempDir::new().unwrap();
    let best = Level::available()[0].name();
    for flags in [
        "--memory high",
        "--memory low --dtype f16",
        "--memory low --width 448 --height 512",
        "--memory high --width 512 --height 512 --attention full",
        "--memory low --width 512 --height 384 --attention sliced:1",
        "--memory low --width 640 --height 640 --vae-tiling on",
    ] {
        let flags: Vec<&str> = flags.split(' ').chain(["--steps", "1"]).collect();
        let finished = run(home.path(), best, &flags).finished;
        let (found, estimated) = (&finished["peak_memory_bytes"], &finished["predicted_peak_bytes"]);
        let ratio = estimated.as_f64().unwrap() / found.as_f64().unwrap();
        assert!((0.85..1.15).contains(&ratio), "{flags:?}: {estimated} estimated, {found} found");
    }
}

#[test]
fn what_does_not_fit_is_refused_with_what_would() {
    let home = TempDir::new().unwrap();
    let refused = |free_bytes: u64, flags: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_inkwick"))
            .args(["generate", "--out", "out.png", "--prompt", "a red apple", "--steps", "1", "--device", "cpu"])
            .args(flags.split_whitespace())
            .current_dir(home.path())
            .env("INKWICK_HOME", home.path().join("home"))
            .env("INKWICK_FREE_MEMORY", free_bytes.to_string())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{flags}");
        String::from_utf8(output.stderr).unwrap()
    };
    let said = refused(400_000_000, "--width 768 --height 768 --attention full --memory low");
    assert!(said.contains("--attention tiled --vae-tiling on"), "{said}");
    let said = refused(150_000_000, "--width 2048 --height 1024 --memory low");
    let size = said.split("; ").nth(1).and_then(|instead| instead.strip_suffix(" would fit\n"));
    let (width, height) = size.unwrap_or_else(|| panic!("{said}")).split_once('×').unwrap();
    let (width, height): (u32, u32) = (width.parse().unwrap(), height.parse().unwrap());
    assert!(width < 2048 && width.abs_diff(2 * height) <= 64, "{said}");
    // The size that is named does fit.
    let size = format!("--width {width} --height {height} --memory low");
    let output = Command::new(env!("CARGO_BIN_EXE_inkwick"))
        .args(["generate", "--out", "out.png", "--prompt", "a red apple", "--steps", "1", "--device", "cpu"])
        .args(size.split(' '))
        .current_dir(home.path())
        .env("INKWICK_HOME", home.path().join("home"))
        .env("INKWICK_FREE_MEMORY", "150000000")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(refused(60_000_000, "--memory high").contains("this model needs"));
}
