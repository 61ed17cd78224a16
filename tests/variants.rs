//! Networks that are given more than noise and words, as folders and in one file, in single and in half precision:
//! inpainting (9 channels), instructions (8), and guidance embedded in the time step (`tests/reference/lcm.py`).
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests

mod copied;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use inkwick::checkpoint::{ModelFiles, SingleFile};
use inkwick::job::{CancelToken, InitPicture, InpaintMask, InpaintSettings, ModelRef, PromptSyntax, Request};
use inkwick::mask::MaskPlane;
use inkwick::pipeline::Pipeline;
use inkwick::raster::Picture;
use inkwick::sampling::SchedulerName;
use inkwick::store::models;
use serde_json::{Value, json};
use tempfile::TempDir;

use copied::copied;

const CPU: Device = Device::Cpu;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data").join(name)
}

/// A network of the repository with one tensor more, or another one.
struct Variant {
    kind: &'static str,
    pipeline: &'static str,
    /// In `unet/config.json`.
    field: (&'static str, Value),
    /// diffusers' name in the UNet, the original code's, and the tensor.
    tensor: (&'static str, &'static str, Tensor),
}

impl Variant {
    fn with_channels(kind: &'static str, extra: &str, pipeline: &'static str) -> Self {
        let tensors = candle_core::safetensors::load(data("paint/reference.safetensors"), &CPU).unwrap();
        let conv_in = tensors[&format!("{kind}.{extra}.conv_in")].clone();
        Self {
            kind,
            pipeline,
            field: ("in_channels", json!(conv_in.dim(1).unwrap())),
            tensor: ("conv_in.weight", "input_blocks.0.0.weight", conv_in),
        }
    }

    fn with_guidance(pipeline: &'static str) -> Self {
        let tensors = candle_core::safetensors::load(data("lcm/reference.safetensors"), &CPU).unwrap();
        let projection = tensors["cond_proj"].clone();
        Self {
            kind: "sd1",
            pipeline,
            field: ("time_cond_proj_dim", json!(projection.dim(1).unwrap())),
            tensor: ("time_embedding.cond_proj.weight", "time_embed.cond_proj.weight", projection),
        }
    }

    /// As diffusers would have saved it.
    fn folder(&self, folder: &Path) -> ModelFiles {
        copied(&data(self.kind).join("model"), folder);
        changed(&folder.join("model_index.json"), ("_class_name", self.pipeline.into()));
        changed(&folder.join("unet/config.json"), self.field.clone());
        let file = weights_in(&folder.join("unet")).remove(0);
        let mut tensors = candle_core::safetensors::load(&file, &CPU).unwrap();
        let dtype = tensors["conv_in.weight"].dtype();
        tensors.insert(self.tensor.0.to_owned(), self.tensor.2.to_dtype(dtype).unwrap());
        candle_core::safetensors::save(&tensors, file).unwrap();
        ModelFiles::Folder(folder.to_owned())
    }

    /// In one file with the original code's names; its sidecar says what is too small to be told from shapes.
    fn file(&self, path: &Path, dtype: DType) -> ModelFiles {
        let ending = if self.kind == "sd1" { "ckpt" } else { "safetensors" };
        let original = SingleFile::open(&data("single").join(format!("{}.{ending}", self.kind))).unwrap();
        let mut tensors = HashMap::new();
        for (network, part) in &original.parts().networks {
            let files = weights_in(&data(self.kind).join("model").join(network));
            let whole: HashMap<String, Tensor> =
                files.iter().flat_map(|file| candle_core::safetensors::load(file, &CPU).unwrap()).collect();
            for (name, source) in part {
                let stored = original.archive_of(network).load(&source.name, &CPU).unwrap();
                // The folder's own numbers where the file has the same tensor.
                let own = whole.get(name).or_else(|| whole.get(&format!("text_model.{name}")));
                let own = own.filter(|own| own.elem_count() == stored.elem_count() && network != &"text_encoder_2");
                let tensor = own.map_or(stored.clone(), |own| own.reshape(stored.shape()).unwrap());
                tensors.insert(source.name.clone(), tensor.to_dtype(dtype).unwrap());
            }
        }
        let name = format!("model.diffusion_model.{}", self.tensor.1);
        // No finer than in its folder.
        let own = if self.kind == "sdxl" { DType::F16 } else { DType::F32 };
        tensors.insert(name, self.tensor.2.to_dtype(own).unwrap().to_dtype(dtype).unwrap());
        candle_core::safetensors::save(&tensors, path).unwrap();
        let sidecar = fs::read_to_string(data("single").join(format!("{}.json", self.kind))).unwrap();
        let mut sidecar: Value = serde_json::from_str(&sidecar).unwrap();
        for tokenizer in ["tokenizer", "tokenizer_2"] {
            if let Some(place) = sidecar[tokenizer].as_str() {
                sidecar[tokenizer] = json!(data("single").join(place));
            }
        }
        fs::write(path.with_extension("json"), sidecar.to_string()).unwrap();
        ModelFiles::open_file(path).unwrap()
    }
}

fn changed(file: &Path, (key, value): (&str, Value)) {
    let mut json: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    json[key] = value;
    fs::write(file, json.to_string()).unwrap();
}

fn weights_in(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|ending| ending == "safetensors")).collect()
}

fn drawn(files: &ModelFiles, request: &Request) -> Picture {
    let mut pipeline = Pipeline::load(files, &CPU, DType::F32, &|_, _| Ok(())).unwrap();
    pipeline.run(request, &CancelToken::default(), &mut |_| ()).unwrap().0
}

fn mean_difference(a: &Picture, b: &Picture) -> f64 {
    assert_eq!(a.size(), b.size());
    let sum: f64 = a.rgba().iter().zip(b.rgba()).map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
    sum / a.rgba().len() as f64
}

fn painting(masked: bool) -> Request {
    let photo = image::open(data("paint/even.png")).unwrap().to_rgba8();
    let (width, height) = photo.dimensions();
    let photo = Picture::from_rgba(width, height, photo.into_raw()).unwrap();
    let mask = image::open(data("paint/even-mask.png")).unwrap().to_luma8();
    let mask = MaskPlane::from_values(width, height, mask.into_raw()).unwrap();
    Request {
        prompt: "a red apple in a castle".into(),
        negative: Some("blue".into()),
        prompt_syntax: PromptSyntax::Plain,
        scheduler: Some(SchedulerName::Euler),
        steps: 4,
        guidance: Some(5.0),
        seed: 9,
        width: Some(width),
        height: Some(height),
        init: Some(InitPicture { picture: Arc::new(photo), strength: 1.0 }),
        mask: masked.then(|| InpaintMask { plane: Arc::new(mask) }),
        inpaint: InpaintSettings { composite: false, mask_blur_px: 0, ..InpaintSettings::default() },
        ..Request::default()
    }
}

#[test]
fn a_file_that_paints_or_obeys_draws_what_its_folder_draws() {
    for (kind, extra, pipeline, told) in [
        ("sd1", "mask", "StableDiffusionInpaintPipeline", "for inpainting"),
        ("sd1", "picture", "StableDiffusionInstructPix2PixPipeline", "by instruction"),
        ("sdxl", "mask", "StableDiffusionXLInpaintPipeline", "for inpainting"),
        ("sdxl", "picture", "StableDiffusionXLInstructPix2PixPipeline", "by instruction"),
    ] {
        let home = TempDir::new().unwrap();
        let variant = Variant::with_channels(kind, extra, pipeline);
        let request = painting(extra == "mask");
        let folder = drawn(&variant.folder(&home.path().join("folder")), &request);
        for (dtype, most) in [(DType::F32, 0.0), (DType::F16, 1.0)] {
            let path = home.path().join(format!("{kind}-{extra}.safetensors"));
            let found = mean_difference(&folder, &drawn(&variant.file(&path, dtype), &request));
            assert!(found <= most, "{kind} {extra} {dtype:?} is off by a mean of {found}");
            let entry = models::list::inspect(&path).unwrap();
            assert!(entry.kind.contains(told), "{}", entry.kind);
        }
    }
}

#[test]
fn embedded_guidance_draws_what_diffusers_draws() {
    let answers = candle_core::safetensors::load(data("lcm/reference.safetensors"), &CPU).unwrap();
    let runs: Vec<Value> = serde_json::from_slice(&fs::read(data("lcm/reference.json")).unwrap()).unwrap();
    let home = TempDir::new().unwrap();
    let variant = Variant::with_guidance("LatentConsistencyModelPipeline");
    let folder = variant.folder(&home.path().join("folder"));
    for (index, run) in runs.iter().enumerate() {
        let request = Request {
            prompt: run["prompt"].as_str().unwrap().to_owned(),
            prompt_syntax: PromptSyntax::Plain,
            scheduler: run["scheduler"].as_str().and_then(SchedulerName::from_id),
            steps: run["steps"].as_u64().unwrap() as u32,
            guidance: run["guidance"].as_f64(),
            seed: run["seed"].as_u64().unwrap(),
            width: Some(48),
            height: Some(40),
            ..Request::default()
        };
        let wanted = answers[&format!("run.{index}")].flatten_all().unwrap().to_vec1::<u8>().unwrap();
        let wanted = wanted.chunks_exact(3).flat_map(|pixel| [pixel[0], pixel[1], pixel[2], 255]).collect();
        let wanted = Picture::from_rgba(48, 40, wanted).unwrap();
        let found = mean_difference(&wanted, &drawn(&folder, &request));
        assert!(found < 1.0, "{run} is off by a mean of {found}");
        let path = home.path().join("lcm.safetensors");
        for (dtype, most) in [(DType::F32, 1.0), (DType::F16, 2.0)] {
            let found = mean_difference(&wanted, &drawn(&variant.file(&path, dtype), &request));
            assert!(found < most, "{run} in one file, {dtype:?}, is off by a mean of {found}");
        }
    }
}

#[test]
fn a_latent_consistency_model_begins_with_few_steps_and_its_own_guidance() {
    let home = TempDir::new().unwrap();
    let variant = Variant::with_guidance("LatentConsistencyModelPipeline");
    variant.folder(&home.path().join("folder"));
    let path = home.path().join("lcm.safetensors");
    variant.file(&path, DType::F16);
    fs::remove_file(path.with_extension("json")).unwrap();
    for place in [home.path().join("folder"), path.clone()] {
        let entry = models::list::inspect(&place).unwrap();
        assert_eq!((entry.defaults.steps, entry.defaults.guidance), (4, 8.5), "{}", place.display());
        let is_file = matches!(entry.reference, ModelRef::File(_));
        assert!(!is_file || entry.defaults.scheduler == Some(SchedulerName::Lcm));
    }
}
