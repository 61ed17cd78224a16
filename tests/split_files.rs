//! Z-Image and FLUX.2 klein in files of one network each, with their original names: the same pictures as their folders.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests

mod copied;
mod original_names;
mod quantised;
mod transformer_loras;

use std::fs;
use std::path::{Path, PathBuf};

use candle_core::quantized::{GgmlDType, QTensor, gguf_file};
use candle_core::{DType, Device, Tensor};
use inkwick::checkpoint::{ModelFiles, inspect_file, profile_of};
use inkwick::job::{CancelToken, Family, PromptSyntax, Request};
use inkwick::kernels::Level;
use inkwick::pipeline::{Adapters, Pipeline};
use tempfile::TempDir;

use copied::copied;
use original_names::{Tensors, llama, original, replaced};

const CPU: Device = Device::Cpu;
const KINDS: [&str; 2] = ["z-image", "klein"];

fn folder(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data").join(kind).join("model")
}

fn network(kind: &str, name: &str) -> Tensors {
    let files = fs::read_dir(folder(kind).join(name)).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|ending| ending == "safetensors"));
    files.flat_map(|file| candle_core::safetensors::load(file, &CPU).unwrap()).collect()
}

fn prefixed(tensors: &Tensors, prefix: &str) -> Tensors {
    tensors.iter().map(|(name, tensor)| (format!("{prefix}{name}"), tensor.clone())).collect()
}

fn save(tensors: &Tensors, path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    candle_core::safetensors::save(tensors, path).unwrap();
}

/// `ComfyUI`'s folders with everything but the transformer, and the transformer's place.
fn home(kind: &str) -> (TempDir, PathBuf) {
    let home = TempDir::new().unwrap();
    let root = home.path();
    save(&network(kind, "text_encoder"), &root.join("text_encoders/qwen_3_4b.safetensors"));
    let vae = network(kind, "vae").into_iter().map(|(name, tensor)| {
        // As FLUX.2's own file has them.
        let name = replaced(&name, &[("post_quant_conv.", "decoder.post_quant_conv.")]);
        (if name.starts_with("quant_conv.") { format!("encoder.{name}") } else { name }, tensor)
    });
    save(&vae.collect(), &root.join("vae/ae.safetensors"));
    copied(&folder(kind).join("tokenizer"), &root.join("tokenizer"));
    let file = root.join("diffusion_models/tiny-turbo.safetensors");
    // Shapes do not show how a head's channels are shared among axes, where a network is not of the published size.
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    if kind == "z-image" {
        fs::write(file.with_extension("json"), r#"{"transformer": {"axes_dims": [8, 4, 4]}}"#).unwrap();
    }
    (home, file)
}

fn draw(files: &ModelFiles) -> Vec<u8> {
    draw_with(files, &Adapters::default())
}

fn draw_with(files: &ModelFiles, adapters: &Adapters) -> Vec<u8> {
    let mut pipeline = Pipeline::load_with(files, adapters, &CPU, DType::F32, &|_, _| Ok(())).unwrap();
    let request = Request {
        prompt: "a red apple on a wooden table".into(),
        prompt_syntax: PromptSyntax::Plain,
        steps: 1,
        seed: 5,
        width: Some(48),
        height: Some(32),
        ..Request::default()
    };
    let (picture, _) = pipeline.run(&request, &CancelToken::default(), &mut |_| ()).unwrap();
    picture.rgba().to_vec()
}

fn draw_file(path: &Path) -> Vec<u8> {
    draw(&ModelFiles::open_file(path).unwrap())
}

fn mean_difference(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / a.len() as f64
}

/// To the last bit, but where this machine multiplies quantised numbers as whole ones.
fn assert_near(found: &[u8], wanted: &[u8], what: &str) {
    let off = mean_difference(found, wanted);
    let allowed = if Level::current().has_integer_products() { 0.05 } else { 0.0 };
    assert!(off <= allowed, "{what}: {off} of 255");
}

#[test]
fn a_transformer_alone_finds_the_rest_and_draws_what_the_folder_draws() {
    for kind in KINDS {
        let wanted = draw(&ModelFiles::Folder(folder(kind)));
        let (_home, file) = home(kind);
        let tensors = original(kind, &network(kind, "transformer"));
        for prefix in ["", "model.diffusion_model.", "diffusion_model."] {
            save(&prefixed(&tensors, prefix), &file);
            assert_eq!(wanted, draw_file(&file), "{kind} behind {prefix:?}");
        }
        // diffusers' own names in one file.
        save(&prefixed(&network(kind, "transformer"), ""), &file);
        assert_eq!(wanted, draw_file(&file), "{kind} with diffusers' names");
        let family = profile_of(&ModelFiles::open_file(&file).unwrap()).unwrap().family.value;
        let turbo = if kind == "klein" { Family::Klein } else { Family::ZImageTurbo };
        assert_eq!(family, turbo);
        let base = file.with_file_name("tiny-base.safetensors");
        fs::copy(&file, &base).unwrap();
        let family = profile_of(&ModelFiles::open_file(&base).unwrap()).unwrap().family.value;
        assert_eq!(family, if kind == "klein" { Family::KleinBase } else { Family::ZImage });
    }
}

#[test]
fn a_whole_checkpoint_draws_by_itself() {
    for kind in KINDS {
        let (home, file) = home(kind);
        let mut tensors = prefixed(&original(kind, &network(kind, "transformer")), "model.diffusion_model.");
        let text = network(kind, "text_encoder").into_iter().map(|(name, tensor)| {
            (format!("text_encoders.qwen3_4b.transformer.model.{}", name.trim_start_matches("model.")), tensor)
        });
        tensors.extend(text);
        tensors.extend(prefixed(&network(kind, "vae"), "vae."));
        save(&tensors, &file);
        fs::remove_dir_all(home.path().join("text_encoders")).unwrap();
        fs::remove_dir_all(home.path().join("vae")).unwrap();
        assert_eq!(draw(&ModelFiles::Folder(folder(kind))), draw_file(&file), "{kind}");
        let report = inspect_file(&file).unwrap();
        assert_eq!(report.kind.label(), "checkpoint", "{kind}");
        assert!(report.unmatched.is_empty(), "{kind}: {:?}", report.unmatched);
    }
}

/// Matrices in float8 times a scale: what is in the file, and the numbers that it means.
fn float8(tensors: &Tensors, scale_name: &str, rows: bool) -> (Tensors, Tensors) {
    let (mut kept, mut meant) = (Tensors::new(), Tensors::new());
    for (name, tensor) in tensors {
        let tensor = tensor.to_dtype(DType::F32).unwrap();
        if tensor.rank() != 2 || !name.ends_with(".weight") {
            kept.insert(name.clone(), tensor.clone());
            meant.insert(name.clone(), tensor);
            continue;
        }
        let largest = tensor.abs().unwrap();
        let largest = if rows { largest.max_keepdim(1).unwrap() } else { largest.max_all().unwrap() };
        let scale = (largest / 448.0).unwrap();
        let small = tensor.broadcast_div(&scale).unwrap().to_dtype(DType::F8E4M3).unwrap();
        let numbers = small.to_dtype(DType::F32).unwrap().broadcast_mul(&scale).unwrap();
        kept.insert(name.clone(), small);
        kept.insert(name.replace(".weight", &format!(".{scale_name}")), scale);
        meant.insert(name.clone(), numbers);
    }
    (kept, meant)
}

#[test]
fn scaled_float8_is_the_numbers_that_it_means() {
    for kind in KINDS {
        let (_home, file) = home(kind);
        let tensors = original(kind, &network(kind, "transformer"));
        let plain = draw(&ModelFiles::Folder(folder(kind)));
        for (scale, rows) in [("scale_weight", false), ("weight_scale", false), ("weight_scale", true)] {
            let (mut kept, meant) = float8(&tensors, scale, rows);
            save(&meant, &file);
            let wanted = draw_file(&file);
            let off = mean_difference(&plain, &wanted);
            assert!(off > 0.0 && off < 24.0, "{kind}: float8 is near and not the same: {off}");
            let mark = Tensor::zeros(0, DType::F8E4M3, &CPU).unwrap();
            kept.insert("scaled_fp8".to_owned(), mark);
            save(&kept, &file);
            assert_eq!(wanted, draw_file(&file), "{kind} with {scale}, by rows {rows}");
        }
        // The same with no scale is another picture.
        let (mut kept, _) = float8(&tensors, "scale_weight", false);
        save(&kept, &file);
        let wanted = draw_file(&file);
        kept.retain(|name, _| !name.ends_with(".scale_weight"));
        save(&kept, &file);
        assert!(mean_difference(&wanted, &draw_file(&file)) > 1.0, "{kind}: the scales count");
    }
}

/// Writes GGUF, matrices of whole blocks quantized; gives the numbers that it means.
fn save_gguf(tensors: &Tensors, kind: GgmlDType, path: &Path) -> Tensors {
    save_gguf_with(tensors, kind, &[], path)
}

/// The same with values besides the tensors.
fn save_gguf_with(tensors: &Tensors, kind: GgmlDType, values: &[(&str, &gguf_file::Value)], path: &Path) -> Tensors {
    let quantized = tensors.iter().map(|(name, tensor)| {
        let tensor = tensor.to_dtype(DType::F32).unwrap();
        let is_matrix = tensor.rank() == 2 && tensor.dim(1).unwrap().is_multiple_of(kind.block_size());
        let kind = if is_matrix && tensor.dim(0).unwrap() > 1 { kind } else { GgmlDType::F32 };
        (name.as_str(), QTensor::quantize(&tensor, kind).unwrap())
    });
    let quantized: Vec<(&str, QTensor)> = quantized.collect();
    let listed: Vec<(&str, &QTensor)> = quantized.iter().map(|(name, tensor)| (*name, tensor)).collect();
    gguf_file::write(&mut fs::File::create(path).unwrap(), values, &listed).unwrap();
    quantized.iter().map(|(name, tensor)| ((*name).to_owned(), tensor.dequantize(&CPU).unwrap())).collect()
}

#[test]
fn gguf_is_the_numbers_that_it_means() {
    for (kind, packed) in [("z-image", GgmlDType::Q8_0), ("klein", GgmlDType::Q8_0), ("z-image", GgmlDType::Q4_0)] {
        let (home, file) = home(kind);
        let gguf = file.with_extension("gguf");
        let encoder = home.path().join("text_encoders/qwen_3_4b.safetensors");
        let meant = save_gguf(&original(kind, &network(kind, "transformer")), packed, &gguf);
        let text: Tensors =
            network(kind, "text_encoder").into_iter().map(|(name, tensor)| (llama(&name), tensor)).collect();
        let text_gguf = encoder.with_extension("gguf");
        let text = save_gguf(&text, packed, &text_gguf);
        fs::remove_file(&encoder).unwrap();
        let found = draw_file(&gguf);
        fs::remove_file(&text_gguf).unwrap();
        save(&text, &encoder);
        save(&meant, &file);
        assert_near(&found, &draw_file(&file), &format!("{kind} as {packed:?}"));
    }
}

fn refusal(path: &Path) -> String {
    let opened = ModelFiles::open_file(path).map_err(|error| error.to_string());
    let read = opened.and_then(|files| {
        let loaded = Pipeline::load(&files, &CPU, DType::F32, &|_, _| Ok(()));
        loaded.map(|_| ()).map_err(|error| error.to_string())
    });
    let sentence = read.unwrap_err();
    assert!(!sentence.contains('\n') && !sentence.is_empty(), "{sentence}");
    sentence
}

#[test]
fn an_encoder_that_lies_elsewhere_is_named_beside_the_transformer() {
    for kind in KINDS {
        let (home, file) = home(kind);
        save(&original(kind, &network(kind, "transformer")), &file);
        let wanted = draw_file(&file);
        let elsewhere = home.path().join("language/models");
        fs::create_dir_all(&elsewhere).unwrap();
        fs::rename(home.path().join("text_encoders/qwen_3_4b.safetensors"), elsewhere.join("a.safetensors")).unwrap();
        assert!(refusal(&file).contains("Qwen3 text encoder"), "{kind}");
        let sidecar = file.with_extension("json");
        let mut fields: serde_json::Value =
            fs::read(&sidecar).map_or(serde_json::json!({}), |bytes| serde_json::from_slice(&bytes).unwrap());
        for named in [Path::new("../language/models/a.safetensors"), &elsewhere.join("a.safetensors")] {
            fields["text_encoder"] = named.to_str().unwrap().into();
            fs::write(&sidecar, fields.to_string()).unwrap();
            assert!(wanted == draw_file(&file), "{kind}: {}", named.display());
        }
    }
}

#[test]
fn what_is_missing_or_belongs_to_another_is_one_sentence() {
    for kind in KINDS {
        let other = if kind == "klein" { "z-image" } else { "klein" };
        let (home, file) = home(kind);
        save(&original(kind, &network(kind, "transformer")), &file);
        let encoder = home.path().join("text_encoders/qwen_3_4b.safetensors");
        // Of another model: not taken.
        save(&network(other, "text_encoder"), &encoder);
        let sentence = refusal(&file);
        assert!(sentence.contains("Qwen3 text encoder of width") && sentence.contains("GB"), "{sentence}");
        assert!(sentence.contains("{\"text_encoder\": \"FILE\"} in tiny-turbo.json"), "{sentence}");
        save(&network(kind, "text_encoder"), &encoder);
        let vae = home.path().join("vae/ae.safetensors");
        save(&network(other, "vae"), &vae);
        assert!(refusal(&file).contains("there is no VAE"), "{kind}");
        save(&network(kind, "vae"), &vae);
        fs::remove_dir_all(home.path().join("tokenizer")).unwrap();
        assert!(refusal(&file).contains("tokenizer.json"), "{kind}");
        copied(&folder(kind).join("tokenizer"), &home.path().join("tokenizer"));
        // A part is missing, and one is of another shape.
        let mut tensors = original(kind, &network(kind, "transformer"));
        let first =
            if kind == "klein" { "double_blocks.1.img_attn.proj.weight" } else { "layers.1.attention.out.weight" };
        let taken = tensors.remove(first).unwrap();
        save(&tensors, &file);
        let sentence = refusal(&file);
        assert!(sentence.contains("1 missing"), "{sentence}");
        tensors.insert(first.to_owned(), Tensor::cat(&[&taken, &taken], 0).unwrap());
        save(&tensors, &file);
        assert!(refusal(&file).contains("of another shape"), "{kind}");
        let bytes = fs::read(&file).unwrap();
        fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
        assert!(refusal(&file).contains("damaged"), "{kind}");
        // An encoder that is cut off does not fit, and is named as missing.
        save(&original(kind, &network(kind, "transformer")), &file);
        let bytes = fs::read(&encoder).unwrap();
        fs::write(&encoder, &bytes[..bytes.len() / 2]).unwrap();
        assert!(refusal(&file).contains("Qwen3 text encoder"), "{kind}");
    }
}

#[test]
fn models_of_other_families_are_called_by_their_names() {
    let home = TempDir::new().unwrap();
    let one = Tensor::zeros((2, 2), DType::F32, &CPU).unwrap();
    for (names, family) in [
        (
            vec![
                "model.diffusion_model.double_blocks.0.img_mod.lin.weight",
                "model.diffusion_model.single_blocks.0.linear1.weight",
            ],
            "FLUX.1",
        ),
        (vec!["joint_blocks.0.x_block.attn.ln_q.weight"], "Stable Diffusion 3.5"),
        (vec!["txt_norm.weight", "transformer_blocks.0.img_mod.1.weight"], "Qwen-Image"),
        (vec!["distilled_guidance_layer.norms.0.scale"], "Chroma"),
        (vec!["head.modulation", "blocks.0.cross_attn.k.weight"], "Wan"),
    ] {
        let path = home.path().join("other.safetensors");
        save(&names.iter().map(|name| ((*name).to_owned(), one.clone())).collect(), &path);
        let report = inspect_file(&path).unwrap();
        assert_eq!(report.family.as_deref(), Some(family));
        assert!(report.kind.label().contains("does not run"), "{}", report.kind.label());
        let sentence = refusal(&path);
        assert!(sentence.contains(family) && sentence.contains("does not run"), "{sentence}");
    }
    for (class, family) in
        [("FluxPipeline", "FLUX.1"), ("StableDiffusion3Pipeline", "Stable Diffusion 3"), ("WanPipeline", "Wan")]
    {
        let folder = home.path().join(class);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("model_index.json"), format!(r#"{{"_class_name": "{class}"}}"#)).unwrap();
        let error =
            Pipeline::load(&ModelFiles::Folder(folder), &CPU, DType::F32, &|_, _| Ok(())).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains(&format!("this is {family}, ")), "{error}");
    }
}
