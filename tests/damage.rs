//! Files that somebody else wrote, with bytes changed by chance: every parser gives an answer, none breaks or hangs.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests

mod readers;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use candle_core::{DType, Device};
use inkwick::checkpoint::{Lora, ModelFiles, TextualInversion, inspect_file};
use inkwick::job::LoraRef;
use inkwick::pipeline::{Adapters, Pipeline};
use inkwick::store::models;
use inkwick::store::models::inspection::Inspection;
use inkwick::store::pictures::picture_file;
use inkwick::system::peak::peak_memory_bytes;
use tempfile::TempDir;

/// Enough to reach most branches, few enough for every run of the tests.
const ROUNDS: usize = 250;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data").join(name)
}

fn corpus(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name)
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
    for name in ["lora/moss.pt", "lora/moss-parameters.pt", "lora/zig-zag.safetensors"] {
        survives(name, 4_000, |path| {
            if let Ok(file) = TextualInversion::open(path) {
                let _ = file.vectors_for(32, None);
            }
            let _ = inspect_file(path);
        });
    }
}

#[test]
fn files_of_pytorch_in_every_form() {
    let forms = ["layouts.pt", "layouts-legacy.pt", "kinds.bin", "kinds-legacy.bin", "deflated.pt", "storage-views.pt"];
    for name in forms.into_iter().chain(["unread.pt", "lightning-legacy.ckpt", "parameter-dict.pt", "whole-model.pt"]) {
        survives(&format!("weights/{name}"), 20_000, |path| {
            let _ = Inspection::of(path, None);
            let _ = ModelFiles::open_file(path).map_err(|error| error.to_string());
            // Reads the numbers of whatever is small enough to be a word's.
            let _ = TextualInversion::open(path).map_err(|error| error.to_string());
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
            let _ = models::list::inspect(&checkpoint);
        }
        fs::remove_file(checkpoint.with_extension(ending)).unwrap();
    }
    let mut chance = Chance(5);
    for _ in 0..ROUNDS {
        let mut bytes = b"a:\n  base_path: models\n  checkpoints: |\n    one\n    ../two\n".to_vec();
        chance.damage(&mut bytes, usize::MAX);
        fs::write(folder.path().join("extra_model_paths.yaml"), &bytes).unwrap();
        let _ = models::scan::models_under(folder.path());
    }
}

#[test]
fn what_once_was_found_is_read_in_every_run() {
    for (name, _) in readers::ALL {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name);
        let files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(!files.is_empty(), "no corpus for {name}");
        for file in files {
            readers::read(name, &fs::read(file).unwrap());
        }
    }
}

/// Few rounds in every run; `INKWICK_DAMAGE_SECONDS` has each reader search on for so long, where there is no fuzzer.
#[test]
fn quantised_files_changed_by_chance() {
    const FEW: usize = 40;
    let seconds = std::env::var("INKWICK_DAMAGE_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    for name in ["quantised", "encoder"] {
        let files = fs::read_dir(corpus(name)).unwrap().map(|entry| entry.unwrap().path());
        let mut seeds: Vec<_> = files.map(|file| fs::read(file).unwrap()).collect();
        seeds.sort();
        let (mut chance, started, mut rounds) = (Chance(11), Instant::now(), 0);
        while rounds < FEW || started.elapsed().as_secs() < seconds {
            let mut bytes = seeds[chance.below(seeds.len())].clone();
            // What follows the header is damaged as often as the header.
            let near = if chance.below(2) == 0 { 4096 } else { usize::MAX };
            for _ in 0..=chance.below(3) {
                if !bytes.is_empty() {
                    chance.damage(&mut bytes, near);
                }
            }
            readers::read(name, &bytes);
            rounds += 1;
        }
    }
}

/// A safetensors file of halves, each tensor's numbers all zero.
fn halves(path: &Path, tensors: &[(&str, &[usize])]) {
    let (mut header, mut end) = (serde_json::Map::new(), 0);
    for (name, shape) in tensors {
        let start = end;
        end += 2 * shape.iter().product::<usize>();
        header.insert(
            (*name).to_owned(),
            serde_json::json!({"dtype": "F16", "shape": shape, "data_offsets": [start, end]}),
        );
    }
    let header = serde_json::to_vec(&header).unwrap();
    let file = fs::File::create(path).unwrap();
    std::io::Write::write_all(&mut &file, &[&(header.len() as u64).to_le_bytes()[..], &header].concat()).unwrap();
    file.set_len((8 + header.len() + end) as u64).unwrap();
}

#[test]
fn thin_matrices_of_a_lora_do_not_become_one_that_fills_the_memory() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("thin.safetensors");
    // Four megabytes whose product would be a thousand gigabytes; as low rank, Hadamard and Kronecker product.
    let at = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q";
    let (long, one) = (500_000, 1);
    for roles in [
        vec![("lora_up.weight", [long, one]), ("lora_down.weight", [one, long])],
        vec![
            ("hada_w1_a", [long, one]),
            ("hada_w1_b", [one, long]),
            ("hada_w2_a", [long, one]),
            ("hada_w2_b", [one, long]),
        ],
        vec![("lokr_w1", [long, one]), ("lokr_w2", [one, long])],
        vec![("lora_embedding_A", [one, long]), ("lora_embedding_B", [long, one])],
        vec![
            ("a1.weight", [one, long]),
            ("a2.weight", [long, one]),
            ("b1.weight", [one, long]),
            ("b2.weight", [long, one]),
        ],
        // Rotations of nothing take no bytes.
        vec![("oft_R.weight", [1 << 40, 0])],
        vec![("oft_R.weight", [one, long])],
    ] {
        let names: Vec<(String, [usize; 2])> =
            roles.into_iter().map(|(role, shape)| (format!("{at}.{role}"), shape)).collect();
        halves(&path, &names.iter().map(|(name, shape)| (name.as_str(), &shape[..])).collect::<Vec<_>>());
        let base = ModelFiles::open_file(&corpus("base.safetensors")).unwrap();
        let adapters = Adapters { loras: vec![LoraRef::new(&path, 1.0)], ..Adapters::default() };
        let said = Pipeline::load_with(&base, &adapters, &Device::Cpu, DType::F32, &|_, _| Ok(()));
        let said = said.err().unwrap().to_string();
        assert!(said.contains("another kind of model"), "{said}");
    }
}

#[test]
fn configs_that_no_network_has_are_refused_before_anything_is_made() {
    let folder = TempDir::new().unwrap();
    let checkpoint = folder.path().join("a.safetensors");
    fs::copy(corpus("base.safetensors"), &checkpoint).unwrap();
    for (part, field, value) in [
        ("unet", "layers_per_block", "1000000000"),
        ("unet", "block_out_channels", "[4000000000000]"),
        ("unet", "transformer_layers_per_block", "1000000000"),
        ("unet", "sample_size", "100000000"),
        ("vae", "block_out_channels", "[]"),
        ("vae", "layers_per_block", "1000000000"),
        ("text_encoder", "num_hidden_layers", "1000000000"),
        ("text_encoder", "hidden_size", "0"),
    ] {
        fs::write(checkpoint.with_extension("json"), format!("{{\"{part}\": {{\"{field}\": {value}}}}}")).unwrap();
        let files = ModelFiles::open_file(&checkpoint).unwrap();
        let said = Pipeline::load(&files, &Device::Cpu, DType::F32, &|_, _| Ok(())).err().unwrap().to_string();
        assert!(said.contains(field), "{field}: {said}");
    }
    // Within what networks have, and far more than the file holds: told of without being made.
    let wide = r#"{"unet": {"block_out_channels": [512], "attention_head_dim": 8, "norm_num_groups": 32}}"#;
    fs::write(checkpoint.with_extension("json"), wide).unwrap();
    let files = ModelFiles::open_file(&checkpoint).unwrap();
    let said = Pipeline::load(&files, &Device::Cpu, DType::F32, &|_, _| Ok(())).err().unwrap().to_string();
    assert!(said.contains("do not fit the config"), "{said}");
}

/// A pickle that says the same few bytes' tensor under many names, or copies a long text again and again.
#[test]
fn pickles_that_multiply_what_they_hold_are_refused() {
    let text = |text: &str| [&[b'X'][..], &(text.len() as u32).to_le_bytes(), text.as_bytes()].concat();
    let global = |module: &str, name: &str| format!("c{module}\n{name}\n").into_bytes();
    // One storage of 4096 bytes, remembered as 0.
    let storage = [
        b"(".to_vec(),
        text("storage"),
        global("torch", "HalfStorage"),
        text("0"),
        text("cpu"),
        b"K\x01tQq\x00".to_vec(),
    ]
    .concat();
    let sizes = b"(M\x00\x08t(K\x01t".to_vec();
    let tensor =
        [global("torch._utils", "_rebuild_tensor_v2"), b"(h\x00K\x00".to_vec(), sizes, b"\x89NtR".to_vec()].concat();
    let names: Vec<u8> = (0..1000).flat_map(|number| [text(&format!("a{number}")), tensor.clone()].concat()).collect();
    let shared = [b"\x80\x02".to_vec(), storage, b"0}(".to_vec(), names, b"u.".to_vec()].concat();
    // A long text, then again and again a parameter that is this text.
    let long = "x".repeat(1 << 20);
    let copy = [global("torch._utils", "_rebuild_parameter"), b"(h\x00tR0".to_vec()].concat();
    let copies = [b"\x80\x02".to_vec(), text(&long), b"q\x000".to_vec(), copy.repeat(50_000), b"}.".to_vec()].concat();
    // A shape of a hundred thousand sides, for thousands of tensors.
    let sides = [b"(".to_vec(), b"K\x01".repeat(100_000), b"tq\x01".to_vec()].concat();
    let one = [global("torch._utils", "_rebuild_tensor_v2"), b"(h\x00K\x00h\x01h\x01tR0".to_vec()].concat();
    let shapes = [b"\x80\x02N0(X\x00\x00\x00\x00tq\x000".to_vec(), sides, one.repeat(50_000), b"}.".to_vec()].concat();
    let many = [b"\x80\x02".to_vec(), b"]".repeat(8 << 20), b".".to_vec()].concat();
    let before = peak_memory_bytes().unwrap_or(0);
    for pickle in [&shared, &copies, &shapes, &many] {
        readers::read("checkpoint", pickle);
    }
    let path = TempDir::new().unwrap();
    let file = path.path().join("shared.ckpt");
    fs::write(&file, readers::zipped(&shared)).unwrap();
    let said = inspect_file(&file).unwrap_err().to_string();
    assert!(said.contains("share their bytes"), "{said}");
    let grown = peak_memory_bytes().unwrap_or(0) - before;
    assert!(grown < 1 << 30, "reading pickles took {} MB", grown >> 20);
}
