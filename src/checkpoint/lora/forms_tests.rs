//! One small layer in every form, as `LyCORIS` and PEFT merge it (`tests/reference/lora_forms.py`).

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use serde_json::Value;

use super::{Lora, Patches};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data/lora").join(name)
}

/// Both of a layer's parameters, patched by one file.
fn patched(lora: Lora, layer: &str, base: &BTreeMap<String, Tensor>) -> (BTreeMap<String, Tensor>, Lora) {
    let names: Vec<String> = base.keys().map(|kind| format!("{layer}.{kind}")).collect();
    let loras = [lora];
    let patches =
        Patches::new(&loras, "unet", &names.iter().map(|name| (name.as_str(), &[][..])).collect::<BTreeMap<_, _>>());
    let apply = |(kind, tensor): (&String, &Tensor)| {
        let changed = patches.apply(&format!("{layer}.{kind}"), tensor).unwrap();
        (kind.clone(), changed.unwrap_or_else(|| tensor.clone()))
    };
    let changed = base.iter().map(apply).collect();
    let [lora] = loras;
    (changed, lora)
}

#[test]
fn every_form_is_merged_as_its_library_merges_it() {
    let tensors = candle_core::safetensors::load(data("forms.safetensors"), &Device::Cpu).unwrap();
    let listed: Value = serde_json::from_slice(&std::fs::read(data("forms.json")).unwrap()).unwrap();
    let layer = listed["layer"].as_str().unwrap();
    let mut wrong = Vec::new();
    for case in listed["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("adapter_model.safetensors");
        let file = case["file"].as_array().unwrap().iter().map(|key| key.as_str().unwrap());
        let file: Vec<(&str, &Tensor)> = file.map(|key| (key, &tensors[&format!("{name}/file/{key}")])).collect();
        let metadata: HashMap<String, String> = serde_json::from_value(case["metadata"].clone()).unwrap();
        safetensors::serialize_to_file(file, Some(metadata), &path).unwrap();
        if case["config"].is_object() {
            std::fs::write(home.path().join("adapter_config.json"), case["config"].to_string()).unwrap();
        }
        let of = |what: &str| -> BTreeMap<String, Tensor> {
            let own = |kind: &str| Some((kind.to_owned(), tensors.get(&format!("{name}/{what}/{kind}"))?.clone()));
            ["weight", "bias"].into_iter().filter_map(own).collect()
        };
        let base = of("base");
        for weight in case["weights"].as_array().unwrap() {
            let wanted = of(&weight.to_string());
            let (found, lora) = patched(Lora::open(&path, weight.as_f64().unwrap()).unwrap(), layer, &base);
            let notices = lora.finish().map_err(|error| error.to_string());
            if notices != Ok(Vec::new()) {
                wrong.push(format!("{name} at {weight} says {notices:?}"));
            }
            for (kind, wanted) in &wanted {
                let distance = |a: &Tensor| {
                    let off = (a.to_dtype(DType::F32).unwrap() - wanted).unwrap().abs().unwrap();
                    off.flatten_all().unwrap().max(0).unwrap().to_scalar::<f32>().unwrap()
                };
                let (off, effect) = (distance(&found[kind]), distance(&base[kind]));
                if off > 2e-5 || kind == "weight" && effect < 1e-3 {
                    wrong.push(format!("{name} at {weight}: {kind} off by {off}, effect {effect}"));
                }
            }
        }
        // A weight of 0 is no LoRA at all, in every form.
        let (found, _) = patched(Lora::open(&path, 0.0).unwrap(), layer, &base);
        for (kind, base) in &base {
            let off = (&found[kind] - base).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap();
            if off.to_scalar::<f32>().unwrap() != 0.0 {
                wrong.push(format!("{name} at 0 changes the {kind}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_form_that_cannot_be_merged_is_refused_by_its_name() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("x.safetensors");
    for (ends, wanted) in [
        (&["lora_A", "lora_B", "lora_E"][..], "AdaLoRA"),
        (&["vera_lambda_b", "vera_lambda_d"], "VeRA"),
        (&["q_layer.weight", "p_layer.weight", "lambda_layer"], "T-LoRA"),
        (&["fourierft_spectrum"], "FourierFT"),
        (&["glora_A.Xd", "glora_A.Xu", "glora_B.X"], "PEFT's GLoRA"),
        (&["oft_r"], "OFT as PEFT had it before 0.14"),
    ] {
        let tensor = Tensor::ones((2, 2), DType::F32, &Device::Cpu).unwrap();
        let file = ends.iter().map(|end| (format!("unet.mid_block.attentions.0.proj_in.{end}"), tensor.clone()));
        candle_core::safetensors::save(&file.collect::<HashMap<_, _>>(), &path).unwrap();
        let said = Lora::open(&path, 1.0).err().unwrap().to_string();
        assert!(said.contains(wanted) && said.contains("cannot merge"), "{said}");
    }
}
