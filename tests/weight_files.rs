//! A model's weights under every name and in every format that they come in: the same pictures, or a sentence.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests

mod copied;
mod torch_file;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use inkwick::checkpoint::{ModelFiles, inspect_file};
use inkwick::job::{CancelToken, Progress, Request};
use inkwick::pipeline::Pipeline;
use inkwick::sampling::SchedulerName;
use inkwick::store::models;
use serde_json::json;
use tempfile::TempDir;

use copied::copied;

const NETWORKS: [(&str, &str); 3] =
    [("unet", "diffusion_pytorch_model"), ("vae", "diffusion_pytorch_model"), ("text_encoder", "model")];

type Tensors = HashMap<String, Tensor>;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data").join(name)
}

fn sd1() -> TempDir {
    let folder = TempDir::new().unwrap();
    copied(&data("sd1/model"), folder.path());
    folder
}

/// A small picture, and what was said on the way.
fn drawn(files: &ModelFiles) -> Result<(Vec<u8>, Vec<String>), String> {
    let loaded = Pipeline::load(files, &Device::Cpu, DType::F32, &|_, _| Ok(()));
    let mut pipeline = loaded.map_err(|error| error.to_string())?;
    let request =
        Request { prompt: "a red apple".into(), steps: 2, width: Some(32), height: Some(32), ..Request::default() };
    let mut said = Vec::new();
    let mut sink = |progress| {
        if let Progress::Notice(notice) = progress {
            said.push(notice.message);
        }
    };
    let picture = pipeline.run(&request, &CancelToken::default(), &mut sink).map_err(|error| error.to_string())?;
    Ok((picture.0.into_rgba(), said))
}

fn folder(path: &Path) -> ModelFiles {
    ModelFiles::Folder(path.to_owned())
}

/// Takes a network's safetensors out of a folder.
fn taken(path: &Path, network: &str, stem: &str) -> Tensors {
    let file = path.join(network).join(format!("{stem}.safetensors"));
    let tensors = candle_core::safetensors::load(&file, &Device::Cpu).unwrap();
    fs::remove_file(file).unwrap();
    tensors
}

#[test]
fn a_folder_of_pytorch_files_draws_what_its_safetensors_draw() {
    let wanted = drawn(&folder(&data("sd1/model"))).unwrap();
    let copy = sd1();
    for (network, stem) in NETWORKS {
        let tensors = taken(copy.path(), network, stem);
        // transformers calls its file otherwise.
        let name = if network == "text_encoder" { "pytorch_model.bin" } else { "diffusion_pytorch_model.bin" };
        torch_file::save(&copy.path().join(network).join(name), &tensors);
    }
    assert_eq!(drawn(&folder(copy.path())).unwrap(), wanted);
    let entry = models::list::inspect(copy.path()).unwrap();
    assert_eq!(entry.facts.precision, "F32");
    assert!(entry.facts.bytes > 1_000_000, "{}", entry.facts.bytes);
    // What training left beside them is not taken, safetensors though it is.
    fs::write(copy.path().join("unet/diffusion_pytorch_model.non_ema.safetensors"), "not this one").unwrap();
    assert_eq!(drawn(&folder(copy.path())).unwrap(), wanted);
    // Where both are there, the .bin is never opened.
    let both = sd1();
    for (network, _) in NETWORKS {
        fs::write(both.path().join(network).join("diffusion_pytorch_model.bin"), "no weights").unwrap();
        fs::write(both.path().join(network).join("pytorch_model.bin"), "no weights").unwrap();
    }
    assert_eq!(drawn(&folder(both.path())).unwrap(), wanted);
}

#[test]
fn shards_are_found_with_and_without_their_index() {
    let wanted = drawn(&folder(&data("sd1/model"))).unwrap();
    let save = |path: &Path, tensors: &Tensors| {
        if path.extension().unwrap() == "bin" {
            torch_file::save(path, tensors);
        } else {
            candle_core::safetensors::save(tensors, path).unwrap();
        }
    };
    for (ending, variant) in [("bin", ""), ("safetensors", ""), ("safetensors", ".fp16"), ("bin", ".fp16")] {
        let copy = sd1();
        let (network, stem) = NETWORKS[0];
        let tensors = taken(copy.path(), network, stem);
        let mut parts = [Tensors::new(), Tensors::new()];
        let mut map = serde_json::Map::new();
        let names = [1, 2].map(|number| format!("{stem}{variant}-{number:05}-of-00002.{ending}"));
        for (at, (name, tensor)) in tensors.into_iter().enumerate() {
            map.insert(name.clone(), json!(names[at % 2]));
            parts[at % 2].insert(name, tensor);
        }
        for (name, part) in names.iter().zip(&parts) {
            save(&copy.path().join(network).join(name), part);
        }
        assert_eq!(drawn(&folder(copy.path())).unwrap(), wanted, "without an index, {ending}");
        let index = copy.path().join(network).join(format!("{stem}.{ending}.index{variant}.json"));
        fs::write(&index, json!({"weight_map": map}).to_string()).unwrap();
        assert_eq!(drawn(&folder(copy.path())).unwrap(), wanted, "with an index, {ending}");
        fs::remove_file(copy.path().join(network).join(&names[1])).unwrap();
        assert!(drawn(&folder(copy.path())).unwrap_err().contains(&names[1]));
    }
}

#[test]
fn a_variant_is_taken_where_there_is_nothing_else_and_an_odd_one_is_reported() {
    let wanted = drawn(&folder(&data("sd1/model"))).unwrap();
    for (variants, notice) in [
        (&["fp16"][..], None),
        (&["bf16"], None),
        (&["non_ema"], Some("called non_ema, which training left")),
        (&["pruned"], Some("called pruned; they are used")),
        (&["non_ema", "fp16"], None),
        (&["non_ema", "pruned"], Some("called pruned; they are used")),
    ] {
        for ending in ["safetensors", "bin"] {
            let copy = sd1();
            let (network, stem) = NETWORKS[0];
            let tensors = taken(copy.path(), network, stem);
            for variant in variants {
                let path = copy.path().join(network).join(format!("{stem}.{variant}.{ending}"));
                if *variant == "non_ema" && variants.len() > 1 {
                    fs::write(path, "not this one").unwrap();
                } else if ending == "bin" {
                    torch_file::save(&path, &tensors);
                } else {
                    candle_core::safetensors::save(&tensors, path).unwrap();
                }
            }
            let (picture, said) = drawn(&folder(copy.path())).unwrap();
            assert_eq!(picture, wanted.0, "{variants:?}");
            match notice {
                Some(words) => assert!(said.len() == 1 && said[0].contains(words), "{said:?}"),
                None => assert!(said.is_empty(), "{said:?}"),
            }
        }
    }
}

/// The tensors with `rename`d names.
fn renamed(tensors: Tensors, rename: impl Fn(&str) -> String) -> Tensors {
    tensors.into_iter().map(|(name, tensor)| (rename(&name), tensor)).collect()
}

/// The configs of `single/sd2.safetensors` beside a copy of it: what is named there is named from there.
fn write_sidecar(copy: &Path) {
    let text = fs::read_to_string(data("single/sd2.json")).unwrap();
    let mut sidecar: serde_json::Value = serde_json::from_str(&text).unwrap();
    let tokenizer = data("single").join(sidecar["tokenizer"].as_str().unwrap());
    sidecar["tokenizer"] = tokenizer.display().to_string().into();
    fs::write(copy.with_extension("json"), sidecar.to_string()).unwrap();
}

#[test]
fn what_wrappers_put_before_names_is_no_part_of_them() {
    let wanted = drawn(&folder(&data("sd1/model"))).unwrap().0;
    let single = data("single/sd2.safetensors");
    let from_file = |path: &Path| drawn(&ModelFiles::open_file(path).unwrap()).unwrap().0;
    let wanted_of_file = from_file(&single);
    let place = TempDir::new().unwrap();
    for wrapper in
        ["_orig_mod.", "module.", "module._orig_mod.", "_orig_mod.module.", "_fsdp_wrapped_module._orig_mod."]
    {
        let copy = sd1();
        for (network, stem) in NETWORKS {
            let tensors = renamed(taken(copy.path(), network, stem), |name| format!("{wrapper}{name}"));
            let file = copy.path().join(network).join(format!("{stem}.safetensors"));
            candle_core::safetensors::save(&tensors, file).unwrap();
        }
        assert_eq!(drawn(&folder(copy.path())).unwrap().0, wanted, "{wrapper}");
        let inside = format!("model.{wrapper}diffusion_model.{wrapper}");
        for (number, inside) in [(0, None), (1, Some(&inside))] {
            let tensors = candle_core::safetensors::load(&single, &Device::Cpu).unwrap();
            let tensors = renamed(tensors, |name| match inside {
                Some(inside) => name.replacen("model.diffusion_model.", inside, 1),
                None => format!("{wrapper}{name}"),
            });
            let path = place.path().join(format!("{number}.safetensors"));
            candle_core::safetensors::save(&tensors, &path).unwrap();
            write_sidecar(&path);
            assert_eq!(from_file(&path), wanted_of_file, "{wrapper}");
            assert_eq!(inspect_file(&path).unwrap().unmatched, inspect_file(&single).unwrap().unmatched);
        }
    }
    for around in ["model.", "state_dict.", "pipeline.model."] {
        let tensors = candle_core::safetensors::load(&single, &Device::Cpu).unwrap();
        let path = place.path().join("around.safetensors");
        candle_core::safetensors::save(&renamed(tensors, |name| format!("{around}{name}")), &path).unwrap();
        write_sidecar(&path);
        assert_eq!(from_file(&path), wanted_of_file, "{around}");
    }
}

#[test]
fn the_layer_that_sd_2_never_runs_goes_by_any_mark_of_the_whole_of_openclip() {
    let from_file = |path: &Path| drawn(&ModelFiles::open_file(path).unwrap()).unwrap().0;
    let single = data("single/sd2.safetensors");
    let wanted = from_file(&single);
    let place = TempDir::new().unwrap();
    let path = place.path().join("a.safetensors");
    write_sidecar(&path);
    let tensors = candle_core::safetensors::load(&single, &Device::Cpu).unwrap();
    let marks = ["text_projection", "logit_scale"].map(|mark| format!("cond_stage_model.model.{mark}"));
    for gone in &marks {
        let mut fewer = tensors.clone();
        fewer.remove(gone).unwrap();
        candle_core::safetensors::save(&fewer, &path).unwrap();
        assert_eq!(from_file(&path), wanted, "without {gone}");
    }
    // A file without any mark has only what is run, as diffusers' converter writes it.
    let mut run = tensors;
    for mark in &marks {
        run.remove(mark);
    }
    let layer =
        |name: &str| name.split("resblocks.").nth(1).and_then(|rest| rest.split('.').next()?.parse::<usize>().ok());
    let last = run.keys().filter_map(|name| layer(name)).max().unwrap();
    run.retain(|name, _| layer(name) != Some(last));
    candle_core::safetensors::save(&run, &path).unwrap();
    assert_eq!(from_file(&path), wanted);
}

#[test]
fn what_lies_in_the_place_of_a_file_of_a_folder_is_called_by_its_name() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0a\nsize 3438167540\n";
    for (file, words) in [
        ("unet/diffusion_pytorch_model.safetensors", "this file is a Git LFS pointer"),
        ("text_encoder/model.safetensors", "this file is a Git LFS pointer"),
        ("unet/config.json", "it is a Git LFS pointer"),
        ("model_index.json", "it is a Git LFS pointer"),
    ] {
        let copy = sd1();
        fs::write(copy.path().join(file), pointer).unwrap();
        let said = drawn(&folder(copy.path())).unwrap_err();
        assert!(said.contains(words) && said.contains("git lfs pull") && said.contains(file), "{file}: {said}");
        assert!(!said.contains("damaged"), "{said}");
    }
}

#[test]
fn a_precision_that_is_not_read_is_named_before_anything_is_loaded() {
    let copy = sd1();
    let (network, stem) = NETWORKS[0];
    let tensors = taken(copy.path(), network, stem);
    let bytes: Vec<(String, Vec<usize>, Vec<u8>)> = tensors
        .iter()
        .map(|(name, tensor)| (name.clone(), tensor.dims().to_vec(), vec![127; tensor.elem_count()]))
        .collect();
    let views = bytes.iter().map(|(name, shape, bytes)| {
        (name, safetensors::tensor::TensorView::new(safetensors::Dtype::F8_E8M0, shape.clone(), bytes).unwrap())
    });
    let file = copy.path().join(network).join(format!("{stem}.safetensors"));
    safetensors::serialize_to_file(views, None, &file).unwrap();
    let said = drawn(&folder(copy.path())).unwrap_err();
    assert!(said.contains(&format!("{} tensors of the unet", tensors.len())) && said.contains("F8_E8M0"), "{said}");
}

#[test]
fn numbers_that_are_none_are_blamed_on_whoever_has_them() {
    for (network, stem, tensor) in [
        ("unet", "diffusion_pytorch_model", "conv_out.bias"),
        ("text_encoder", "model", "final_layer_norm.bias"),
        ("vae", "diffusion_pytorch_model", "decoder.conv_out.bias"),
    ] {
        let copy = sd1();
        let mut tensors = taken(copy.path(), network, stem);
        let spoilt = tensors.get_mut(tensor).unwrap();
        *spoilt = (spoilt.zeros_like().unwrap() / 0.0).unwrap();
        let file = copy.path().join(network).join(format!("{stem}.safetensors"));
        candle_core::safetensors::save(&tensors, &file).unwrap();
        let said = drawn(&folder(copy.path())).unwrap_err();
        assert!(said.contains(tensor) && said.contains(&file.display().to_string()), "{said}");
        assert!(!said.contains("half precision"), "{said}");
    }
}

#[test]
fn steps_that_lead_nowhere_are_refused_before_the_first() {
    let files = folder(&data("sd1/model"));
    let mut pipeline = Pipeline::load(&files, &Device::Cpu, DType::F32, &|_, _| Ok(())).unwrap();
    for scheduler in [SchedulerName::DpmMultistep, SchedulerName::DpmMultistepSde, SchedulerName::UniPc] {
        for steps in [999, 1000] {
            let request =
                Request { steps, scheduler: Some(scheduler), width: Some(32), height: Some(32), ..Request::default() };
            let mut taken = 0;
            let said = pipeline.run(&request, &CancelToken::default(), &mut |progress| {
                taken += usize::from(matches!(progress, Progress::Step { .. }));
            });
            let said = said.err().unwrap().to_string();
            assert!(said.contains(&format!("{steps} steps")) && said.contains(scheduler.id()), "{said}");
            assert!(!said.contains("half precision") && taken == 0, "{said}");
        }
    }
}
