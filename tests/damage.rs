//! Files that somebody else wrote, with bytes changed by chance: every parser gives an answer, none breaks or hangs.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests

use std::fs;
use std::path::{Path, PathBuf};

use inkwick::model::{Lora, ModelFiles, TextualInversion, inspect_file};
use inkwick::store::{inspection::Inspection, model_roots, models, picture_file};
use tempfile::TempDir;

/// Enough to reach most branches, few enough for every run of the tests.
const ROUNDS: usize = 250;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data").join(name)
}

/// Chance that is the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end.max(1)
    }

    /// Bytes changed, a piece left out, a piece doubled, or the end cut off; near the start, where the parsing is.
    fn damage(&mut self, bytes: &mut Vec<u8>, near: usize) {
        let near = near.min(bytes.len()).max(1);
        let at = self.below(near);
        let length = self.below(24).min(bytes.len() - at);
        match self.below(5) {
            0 => drop(bytes.drain(at..at + length)),
            1 => {
                let piece = bytes[at..at + length].to_vec();
                bytes.splice(at..at, piece);
            }
            2 => bytes.truncate(at),
            _ => {
                for _ in 0..=self.below(4) {
                    let at = self.below(near);
                    bytes[at] = self.below(256) as u8;
                }
            }
        }
    }
}

/// Damages a good file again and again; `read` must come back each time.
fn survives(name: &str, near: usize, read: impl Fn(&Path)) {
    let folder = TempDir::new().unwrap();
    let whole = fs::read(data(name)).unwrap();
    let path = folder.path().join(Path::new(name).file_name().unwrap());
    let mut chance = Chance(7);
    for _ in 0..ROUNDS {
        let mut bytes = whole.clone();
        chance.damage(&mut bytes, near);
        fs::write(&path, bytes).unwrap();
        read(&path);
    }
}

#[test]
fn loras_and_embeddings() {
    for name in ["lora/sd1-kohya.safetensors", "lora/sd1-lycoris.safetensors", "lora/sd1-dora.safetensors"] {
        survives(name, 20_000, |path| {
            let _ = Lora::open(path, 0.5).map(|lora| lora.layers());
            let _ = Inspection::of(path, None);
        });
    }
    for name in ["lora/moss.pt", "lora/zig-zag.safetensors"] {
        survives(name, 4_000, |path| {
            if let Ok(file) = TextualInversion::open(path) {
                let _ = file.vectors_for(32, None);
            }
            let _ = inspect_file(path);
        });
    }
}

#[test]
fn pictures_and_what_they_tell() {
    survives("lora/0.png", 600, |path| {
        let _ = picture_file::read_request(path);
        let _ = picture_file::read_painting(path);
        let _ = picture_file::read(path);
    });
}

#[test]
fn what_lies_beside_a_checkpoint() {
    let folder = TempDir::new().unwrap();
    let checkpoint = folder.path().join("sd2.safetensors");
    fs::copy(data("single/sd2.safetensors"), &checkpoint).unwrap();
    let yaml = "model:\n  params:\n    parameterization: v\n    linear_start: 0.00085\n    unet_config:\n      params:\n        \
                num_heads: 2\n        model_channels: 32\n        channel_mult: [1, 2, 4]\n    scale_factor: 0.18215\n";
    let json = fs::read_to_string(data("single/sd2.json")).unwrap();
    for (ending, text) in [("yaml", yaml), ("json", json.as_str())] {
        let mut chance = Chance(3);
        for _ in 0..ROUNDS {
            let mut bytes = text.as_bytes().to_vec();
            chance.damage(&mut bytes, usize::MAX);
            fs::write(checkpoint.with_extension(ending), &bytes).unwrap();
            let _ = ModelFiles::open_file(&checkpoint);
            let _ = models::inspect(&checkpoint);
        }
        fs::remove_file(checkpoint.with_extension(ending)).unwrap();
    }
    let mut chance = Chance(5);
    for _ in 0..ROUNDS {
        let mut bytes = b"a:\n  base_path: models\n  checkpoints: |\n    one\n    ../two\n".to_vec();
        chance.damage(&mut bytes, usize::MAX);
        fs::write(folder.path().join("extra_model_paths.yaml"), &bytes).unwrap();
        let _ = model_roots::models_under(folder.path());
    }
}
