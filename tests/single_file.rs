//! Checkpoints in one file: the same pictures as their folders, and a sentence for every file that is none.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use inkwick::checkpoint::{CheckpointError, ModelFiles, builtin_model};
use inkwick::job::{CancelToken, PromptSyntax, Request};
use inkwick::kernels::Level;
use inkwick::pipeline::{Adapters, Pipeline};
use tempfile::TempDir;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data").join(name)
}

fn draw(files: &ModelFiles, adapters: &Adapters) -> Vec<u8> {
    let mut pipeline = Pipeline::load_with(files, adapters, &Device::Cpu, DType::F32, &|_, _| Ok(())).unwrap();
    let request = Request {
        prompt: "a red apple in a castle".into(),
        negative: Some("blue".into()),
        prompt_syntax: PromptSyntax::Plain,
        scheduler: Some(inkwick::sampling::SchedulerName::Euler),
        steps: 4,
        seed: 5,
        width: Some(64),
        height: Some(48),
        ..Request::default()
    };
    let (picture, _) = pipeline.run(&request, &CancelToken::default(), &mut |_| ()).unwrap();
    picture.rgba().to_vec()
}

fn mean_difference(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / a.len() as f64
}

#[test]
fn a_checkpoint_draws_what_its_folder_draws() {
    // SDXL's folder is in half precision too, so nothing may differ; the others are halves of a folder in single.
    for (kind, file, most) in
        [("sd1", "sd1.ckpt", 1.0), ("sd2", "sd2.safetensors", 1.0), ("sdxl", "sdxl.safetensors", 0.0)]
    {
        let folder = draw(&ModelFiles::Folder(data(kind).join("model")), &Adapters::default());
        let file = ModelFiles::open_file(&data("single").join(file)).unwrap();
        let found = mean_difference(&folder, &draw(&file, &Adapters::default()));
        assert!(found <= most, "{kind} is off by a mean of {found}");
    }
}

#[test]
fn a_vae_can_be_taken_from_another_file() {
    let own = ModelFiles::open_file(&data("single/sd1.ckpt")).unwrap();
    let with = |vae: &str| draw(&own, &Adapters { vae: Some(data("single").join(vae)), ..Adapters::default() });
    let plain = draw(&own, &Adapters::default());
    assert_eq!(plain, with("sd1.ckpt"));
    // SD 2's has another number of levels: the picture is another, and half as large.
    let vae = Adapters { vae: Some(data("single/sd2.safetensors")), ..Adapters::default() };
    let mut pipeline = Pipeline::load_with(&own, &vae, &Device::Cpu, DType::F32, &|_, _| Ok(())).unwrap();
    let request = Request { steps: 2, width: Some(32), height: Some(32), ..Request::default() };
    assert!(pipeline.run(&request, &CancelToken::default(), &mut |_| ()).is_ok());
}

#[test]
fn a_vae_alone_is_scaled_as_its_config_says_or_else_as_the_model_is() {
    let home = TempDir::new().unwrap();
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/builtin/model");
    let file = home.path().join("sharp.safetensors");
    fs::copy(built_in.join("vae/diffusion_pytorch_model.safetensors"), &file).unwrap();
    let model = builtin_model().unwrap();
    let with_file = || draw(&model, &Adapters { vae: Some(file.clone()), ..Adapters::default() });
    let own = draw(&model, &Adapters::default());
    // Nothing in the file says by what latents are divided, or how many groups its norms have.
    assert!(own == with_file(), "the model's own numbers are taken");
    let config = fs::read_to_string(built_in.join("vae/config.json")).unwrap();
    let other = config.replace("0.48904", "0.9");
    for (name, text) in [
        ("config.json", other.clone()),
        ("sharp.json", other.clone()),
        ("sharp.json", r#"{"vae": {"scaling_factor": 0.9}}"#.to_owned()),
    ] {
        let beside = home.path().join(name);
        fs::write(&beside, text).unwrap();
        assert!(mean_difference(&own, &with_file()) > 8.0, "{name}: less contrast");
        fs::write(&beside, &config).unwrap();
        assert!(own == with_file(), "{name} says what the model says");
        fs::remove_file(&beside).unwrap();
    }
    // A config of another network that happens to lie there says nothing.
    fs::write(home.path().join("config.json"), other.replace("32,", "16,")).unwrap();
    assert!(own == with_file(), "the config of another network");
}

/// What `change` makes of a good file, opened.
fn changed(name: &str, change: impl FnOnce(&mut Vec<u8>)) -> Result<(), CheckpointError> {
    let folder = TempDir::new().unwrap();
    let mut bytes = fs::read(data("single").join(name)).unwrap();
    change(&mut bytes);
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    let opened = ModelFiles::open_file(&path);
    opened.map(|_| ())
}

#[test]
fn a_damaged_file_is_one_sentence() {
    let refused = |result: Result<(), CheckpointError>| {
        let sentence = result.unwrap_err().to_string();
        assert!(sentence.contains("damaged") && !sentence.contains('\n'), "{sentence}");
    };
    for name in ["sdxl.safetensors", "sd1.ckpt"] {
        refused(changed(name, |bytes| bytes.truncate(bytes.len() / 2)));
        refused(changed(name, |bytes| bytes.truncate(3)));
        refused(changed(name, Vec::clear));
    }
    refused(changed("sdxl.safetensors", |bytes| bytes[..8].copy_from_slice(&100_000_001u64.to_le_bytes())));
    refused(changed("sdxl.safetensors", |bytes| bytes[..8].copy_from_slice(&u64::MAX.to_le_bytes())));
    refused(changed("sdxl.safetensors", |bytes| bytes[9] = b'{'));
    // Compressed, as a zip bomb must be.
    refused(changed("sd1.ckpt", |bytes| {
        let at = bytes.windows(4).rposition(|window| window == b"PK\x01\x02").unwrap() + 10;
        bytes[at] = 8;
    }));
    // Offsets that overlap.
    refused(changed("sdxl.safetensors", |bytes| {
        let at = bytes.windows(16).position(|window| window == b"\"data_offsets\":[").unwrap() + 16;
        bytes[at] = if bytes[at] == b'1' { b'2' } else { b'1' };
    }));
}

#[test]
fn no_change_of_a_few_bytes_breaks_the_reader() {
    let mut state = 1u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for name in ["sdxl.safetensors", "sd1.ckpt"] {
        let whole = fs::read(data("single").join(name)).unwrap();
        // The parts that are parsed: a header at the start, a pickle near the start, a directory at the end.
        let near = whole.len().min(60_000);
        for _ in 0..300 {
            let positions: Vec<usize> = (0..=random(4)).map(|_| random(near)).collect();
            let _ = changed(name, |bytes| {
                for at in positions {
                    let from_end = random(2) == 0 && name.ends_with("ckpt");
                    let at = if from_end { bytes.len() - 1 - at } else { at };
                    bytes[at] = random(256) as u8;
                }
            });
        }
    }
}

/// A file whose header is as long as `header`, and its data behind.
fn with_header(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat()
}

#[test]
fn a_header_of_a_hundred_megabytes_is_refused_before_it_is_read() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("huge.safetensors");
    let file = fs::File::create(&path).unwrap();
    std::io::Write::write_all(&mut &file, &99_000_000u64.to_le_bytes()).unwrap();
    file.set_len(100_000_000).unwrap();
    let said = ModelFiles::open_file(&path).err().unwrap().to_string();
    assert!(said.contains("99 MB") && said.contains("larger than any model's"), "{said}");
    let deep = format!("{{\"a\":{}", "[".repeat(1_000_000));
    fs::write(&path, with_header(&deep, &[])).unwrap();
    assert!(ModelFiles::open_file(&path).err().unwrap().to_string().contains("damaged"));
}

/// A copy of a good checkpoint with other tensors; `change` is given each with its name.
fn rewritten(
    folder: &Path,
    from: &str,
    change: impl Fn(&str, Tensor) -> Tensor,
    more: Vec<(String, Tensor)>,
) -> PathBuf {
    let from = data("single").join(from);
    let tensors = candle_core::safetensors::load(&from, &Device::Cpu).unwrap();
    let changed = tensors.into_iter().map(|(name, tensor)| (name.clone(), change(&name, tensor)));
    let changed: HashMap<String, Tensor> = changed.chain(more).collect();
    let path = folder.join("changed.safetensors");
    candle_core::safetensors::save(&changed, &path).unwrap();
    fs::copy(from.with_extension("json"), folder.join("changed.json")).unwrap();
    path
}

fn drawn(path: &Path) -> Result<Vec<u8>, String> {
    let files = ModelFiles::open_file(path).map_err(|error| error.to_string())?;
    let mut pipeline =
        Pipeline::load(&files, &Device::Cpu, DType::F32, &|_, _| Ok(())).map_err(|error| error.to_string())?;
    let request = Request { steps: 2, width: Some(32), height: Some(32), ..Request::default() };
    let (picture, _) =
        pipeline.run(&request, &CancelToken::default(), &mut |_| ()).map_err(|error| error.to_string())?;
    Ok(picture.into_rgba())
}

#[test]
fn weights_that_are_no_numbers_are_one_sentence_and_no_picture() {
    let folder = TempDir::new().unwrap();
    let spoil = |name: &str, tensor: Tensor| {
        if name.ends_with("out.2.bias") { (tensor.zeros_like().unwrap() / 0.0).unwrap() } else { tensor }
    };
    let said = drawn(&rewritten(folder.path(), "sd2.safetensors", spoil, Vec::new())).unwrap_err();
    assert!(said.contains("NaN"), "{said}");
}

#[test]
fn what_is_trained_on_other_noise_levels_is_refused() {
    let folder = TempDir::new().unwrap();
    let mark = vec![("edm_mean".to_owned(), Tensor::zeros(4, DType::F32, &Device::Cpu).unwrap())];
    let said = drawn(&rewritten(folder.path(), "sdxl.safetensors", |_, tensor| tensor, mark)).unwrap_err();
    assert!(said.contains("EDM") && said.contains("Playground"), "{said}");
}

#[test]
fn eight_bit_weights_of_five_and_two_are_widened() {
    let folder = TempDir::new().unwrap();
    let whole = fs::read(data("single/sd2.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&whole).unwrap();
    // The upper byte of each half, once as eight bits and once as the half that it stands for.
    let mut eight = Vec::new();
    let mut halves = Vec::new();
    for (name, view) in file.tensors() {
        let tensor = candle_core::safetensors::Load::load(&view, &Device::Cpu).unwrap();
        let values = tensor.to_dtype(DType::F16).unwrap().flatten_all().unwrap().to_vec1::<half::f16>().unwrap();
        let upper: Vec<u8> = values.iter().map(|value| (value.to_bits() >> 8) as u8).collect();
        let wide: Vec<u8> = upper.iter().flat_map(|byte| [0, *byte]).collect();
        eight.push((name.clone(), view.shape().to_vec(), upper));
        halves.push((name, view.shape().to_vec(), wide));
    }
    let drawn_from = |name: &str, dtype, tensors: &[(String, Vec<usize>, Vec<u8>)]| {
        let path = folder.path().join(format!("{name}.safetensors"));
        let views = tensors.iter().map(|(name, shape, bytes)| {
            (name, safetensors::tensor::TensorView::new(dtype, shape.clone(), bytes).unwrap())
        });
        safetensors::serialize_to_file(views, None, &path).unwrap();
        fs::copy(data("single/sd2.json"), path.with_extension("json")).unwrap();
        drawn(&path).unwrap()
    };
    let expected = drawn_from("halves", safetensors::Dtype::F16, &halves);
    assert_eq!(drawn_from("eight", safetensors::Dtype::F8_E5M2, &eight), expected);
}

#[test]
fn a_quantized_file_draws_what_its_numbers_draw() {
    use candle_core::quantized::{GgmlDType, QTensor, gguf_file};
    let folder = TempDir::new().unwrap();
    let tensors = candle_core::safetensors::load(data("single/sd2.safetensors"), &Device::Cpu).unwrap();
    let (mut packed, mut plain) = (Vec::new(), HashMap::new());
    // A scalar is nothing that is quantized, and nothing that is read.
    for (name, tensor) in tensors.into_iter().filter(|(_, tensor)| tensor.rank() > 0) {
        let fits = tensor.rank() == 2 && tensor.dim(1).unwrap().is_multiple_of(32);
        let kind = if !fits {
            GgmlDType::F16
        } else if name.contains("ff.net") {
            GgmlDType::Q5_1
        } else {
            GgmlDType::Q8_0
        };
        let quantized = QTensor::quantize(&tensor.to_dtype(DType::F32).unwrap(), kind).unwrap();
        plain.insert(name.clone(), quantized.dequantize(&Device::Cpu).unwrap().reshape(tensor.shape()).unwrap());
        packed.push((name, quantized));
    }
    let (quantized, numbers) = (folder.path().join("a.gguf"), folder.path().join("b.safetensors"));
    let packed: Vec<(&str, &QTensor)> = packed.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    gguf_file::write(&mut fs::File::create(&quantized).unwrap(), &[], &packed).unwrap();
    candle_core::safetensors::save(&plain, &numbers).unwrap();
    for path in [&quantized, &numbers] {
        fs::copy(data("single/sd2.json"), path.with_extension("json")).unwrap();
    }
    assert!(fs::metadata(&quantized).unwrap().len() * 2 < fs::metadata(&numbers).unwrap().len());
    let (found, wanted) = (drawn(&quantized).unwrap(), drawn(&numbers).unwrap());
    assert_eq!(found.len(), wanted.len());
    // To the last bit, but where this machine multiplies the numbers as whole ones.
    let off: usize = found.iter().zip(&wanted).map(|(a, b)| usize::from(a.abs_diff(*b))).sum();
    let allowed = if Level::current().has_integer_products() { found.len() / 20 } else { 0 };
    assert!(off <= allowed, "{off} of {} values", found.len());
}

/// The tensors of a good file whose names `keep` likes, as a file of its own.
fn part_of(from: &str, to: &Path, keep: impl Fn(&str) -> bool) {
    let tensors = candle_core::safetensors::load(data("single").join(from), &Device::Cpu).unwrap();
    let kept: HashMap<String, Tensor> = tensors.into_iter().filter(|(name, _)| keep(name)).collect();
    candle_core::safetensors::save(&kept, to).unwrap();
}

#[test]
fn what_a_file_lacks_is_taken_from_where_its_neighbours_say() {
    let folder = TempDir::new().unwrap();
    let (whole, unet) = (folder.path().join("whole.safetensors"), folder.path().join("unet.safetensors"));
    fs::copy(data("single/sd2.safetensors"), &whole).unwrap();
    let sidecar = fs::read_to_string(data("single/sd2.json")).unwrap();
    fs::write(whole.with_extension("json"), &sidecar).unwrap();
    let wanted = drawn(&whole).unwrap();

    // A UNet alone, as GGUF files often are: a sentence says how the rest is named.
    part_of("sd2.safetensors", &unet, |name| name.starts_with("model.diffusion_model."));
    let said = drawn(&unet).unwrap_err();
    assert!(said.contains("{\"base\": \"FILE.safetensors\"}"), "{said}");
    assert!(inkwick::store::models::list::inspect(&unet).is_err());
    let mut fields: serde_json::Value = serde_json::from_str(&sidecar).unwrap();
    fields["base"] = "whole.safetensors".into();
    fs::write(unet.with_extension("json"), fields.to_string()).unwrap();
    assert_eq!(drawn(&unet).unwrap(), wanted);
    assert!(inkwick::store::models::list::inspect(&unet).is_ok());

    // A VAE beside the checkpoint takes the place of its own, as in AUTOMATIC1111, and of one that is not there.
    let bare = folder.path().join("bare.safetensors");
    part_of("sd2.safetensors", &bare, |name| !name.starts_with("first_stage_model."));
    fs::write(bare.with_extension("json"), &sidecar).unwrap();
    let said = drawn(&bare).unwrap_err();
    assert!(said.contains("no VAE"), "{said}");
    part_of("sd2.safetensors", &folder.path().join("bare.vae.safetensors"), |name| {
        name.starts_with("first_stage_model.")
    });
    assert_eq!(drawn(&bare).unwrap(), wanted);
    fields["base"] = "gone.safetensors".into();
    fs::write(unet.with_extension("json"), fields.to_string()).unwrap();
    assert!(drawn(&unet).unwrap_err().contains("gone.safetensors"));
}
