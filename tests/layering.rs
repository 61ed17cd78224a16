//! The rules of the house: which part of the program may know which.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests

use std::fs;
use std::path::{Path, PathBuf};

fn sources(under: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(under).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Code alone: a comment may name what the code must not.
fn code_of(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn no_part_knows_what_it_must_not() {
    let src = root().join("src");
    let window: &[&str] = &["egui::", "eframe::", "rfd::"];
    let tensors: &[&str] = &["candle_core", "candle_nn"];
    let mut broken = Vec::new();
    for path in sources(&src) {
        let inside = path.strip_prefix(&src).unwrap().to_string_lossy().replace('\\', "/");
        let room = inside.split('/').next().unwrap_or_default();
        let forbidden = match room {
            "job" | "prompt" | "mask" | "raster" | "canvas" | "sampling" | "store" => [window, tensors].concat(),
            "ui" => [tensors, &["crate::pipeline", "crate::model::"]].concat(),
            "pipeline" => [window, &["crate::engine", "std::thread"]].concat(),
            "engine" => [window, &["crate::ui"]].concat(),
            "checkpoint" => [window, &["crate::model", "crate::engine", "crate::pipeline", "crate::store"]].concat(),
            "model" | "kernels" => [window, &["crate::engine", "crate::pipeline", "crate::store"]].concat(),
            _ => window.to_vec(),
        };
        let code = code_of(&path);
        broken
            .extend(forbidden.iter().filter(|name| code.contains(**name)).map(|name| format!("{inside} knows {name}")));
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn unsafe_code_stays_where_it_is_explained() {
    let src = root().join("src");
    for path in sources(&src) {
        let allowed = path.starts_with(src.join("kernels"));
        assert!(allowed || !code_of(&path).contains("unsafe {"), "unsafe code in {}", path.display());
    }
}

#[test]
fn a_devices_operators_are_called_in_one_room() {
    let src = root().join("src");
    for path in sources(&src).iter().filter(|path| !path.starts_with(src.join("model/operators"))) {
        let code = code_of(path);
        assert!(!code.contains("candle_nn") && !code.contains("candle_flash_attn"), "{}", path.display());
        // Whoever moves a tensor to a device goes past the room's names.
        assert!(!code.contains(".to_device("), "{} moves a tensor", path.display());
    }
}

#[test]
fn a_panic_can_be_survived() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(!manifest.contains("panic = \"abort\""), "the engine turns a panic into Event::Failed");
}
