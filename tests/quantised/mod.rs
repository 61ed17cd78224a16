//! Matrices that stay quantised in memory: what they take, what becomes of them under a LoRA, and the tokenizer that a GGUF
//! file brings along.

use std::fs;
use std::path::Path;

use candle_core::quantized::{GgmlDType, gguf_file::Value};
use candle_core::{DType, Tensor};
use inkwick::checkpoint::ModelFiles;
use inkwick::job::{CancelToken, LoraRef, ModelPart, Progress, Request};
use inkwick::model::Execution;
use inkwick::pipeline::{Adapters, Constraints, CostModel, ExecutionPlan, LoadOptions, ModelSpec, Pipeline};

use crate::original_names::{Tensors, llama, original};
use crate::{
    CPU, KINDS, assert_near, draw, draw_file, draw_with, float8, home, mean_difference, network, refusal, save,
    save_gguf, save_gguf_with,
};

/// Of the text encoders and of what takes noise away, in bytes.
fn weights_of(file: &Path, dtype: DType) -> [usize; 2] {
    let model = CostModel::read(&ModelFiles::open_file(file).unwrap()).unwrap();
    let costs = model.costs(model.native_workload(), ExecutionPlan::plain(None, dtype)).unwrap();
    [costs.weights[0], costs.weights[1]]
}

fn encoder_as(home: &Path, kind: &str, packed: GgmlDType, words: &[(&str, &Value)]) {
    let text: Tensors =
        network(kind, "text_encoder").into_iter().map(|(name, tensor)| (llama(&name), tensor)).collect();
    fs::remove_file(home.join("text_encoders/qwen_3_4b.safetensors")).unwrap();
    save_gguf_with(&text, packed, words, &home.join("text_encoders/qwen_3_4b.gguf"));
}

#[test]
fn what_stays_quantised_is_estimated_and_kept_as_such() {
    for kind in KINDS {
        let (home, file) = home(kind);
        let tensors = original(kind, &network(kind, "transformer"));
        save(&tensors, &file);
        let wide = weights_of(&file, DType::F32);
        let loaded = |file: &Path| {
            let files = ModelFiles::open_file(file).unwrap();
            Pipeline::load(&files, &CPU, DType::F32, &|_, _| Ok(())).unwrap().resident_weight_bytes() as usize
        };
        let all = loaded(&file);
        fs::remove_file(&file).unwrap();
        let gguf = file.with_extension("gguf");
        save_gguf(&tensors, GgmlDType::Q8_0, &gguf);
        encoder_as(home.path(), kind, GgmlDType::Q8_0, &[]);
        let kept = weights_of(&gguf, DType::F32);
        // Of what has whole blocks 34 bytes stay of 128; what is turned on its way is not among it.
        let is_packed = |tensor: &&Tensor| {
            tensor.rank() == 2 && tensor.dim(1).unwrap().is_multiple_of(32) && tensor.dim(0).unwrap() > 1
        };
        let packed: usize = tensors.values().filter(is_packed).map(Tensor::elem_count).sum();
        let less = wide[1] - kept[1];
        assert!(less > packed * 2 && less < packed * 3, "{kind}: {less} bytes less for {packed} numbers");
        assert!(kept[0] < wide[0], "{kind}: {kept:?} of {wide:?}");
        // Half precision is for what is not quantised.
        assert!(weights_of(&gguf, DType::F16)[1] <= kept[1], "{kind}");
        let saved: usize = wide.iter().zip(kept).map(|(wide, kept)| wide - kept).sum();
        assert_eq!(all - loaded(&gguf), saved, "{kind}: the pipeline takes what was estimated");
        save(&float8(&tensors, "scale_weight", true).0, &file);
        fs::remove_file(&gguf).unwrap();
        let scaled = weights_of(&file, DType::F32)[1];
        let less = wide[1] - scaled;
        assert!(less > packed * 2 && less < packed * 4, "{kind}: {less} bytes less for {packed} numbers");
    }
}

#[test]
fn every_packing_is_drawn_with_its_numbers() {
    let packings = [GgmlDType::Q4_0, GgmlDType::Q4_1, GgmlDType::Q5_0, GgmlDType::Q5_1, GgmlDType::Q8_0];
    for (kind, packed) in KINDS.into_iter().flat_map(|kind| packings.map(|packed| (kind, packed))) {
        let (_home, file) = home(kind);
        let gguf = file.with_extension("gguf");
        let meant = save_gguf(&original(kind, &network(kind, "transformer")), packed, &gguf);
        let found = draw_file(&gguf);
        save(&meant, &file);
        assert_near(&found, &draw_file(&file), &format!("{kind} as {packed:?}"));
    }
}

/// A LoRA of one layer in `ComfyUI`'s names.
fn lora_of(tensors: &Tensors, layer: &str, path: &Path) {
    let (rows, columns) = tensors[&format!("{layer}.weight")].dims2().unwrap();
    let numbers = |count: usize| (0..count).map(|at| ((at * 7919) % 1009) as f32 / 1009.0 - 0.5).collect::<Vec<_>>();
    let down = Tensor::from_vec(numbers(columns), (1, columns), &CPU).unwrap();
    let up = Tensor::from_vec(numbers(rows), (rows, 1), &CPU).unwrap();
    let named = |kind: &str| format!("diffusion_model.{layer}.lora_{kind}.weight");
    save(&[(named("A"), down), (named("B"), up)].into_iter().collect(), path);
}

#[test]
fn a_lora_widens_the_matrices_that_it_changes_and_no_others() {
    for kind in KINDS {
        let (home, file) = home(kind);
        let gguf = file.with_extension("gguf");
        let tensors = original(kind, &network(kind, "transformer"));
        let meant = save_gguf(&tensors, GgmlDType::Q8_0, &gguf);
        let lora = home.path().join("lora.safetensors");
        let layer = if kind == "klein" { "single_blocks.0.linear1" } else { "layers.0.attention.qkv" };
        lora_of(&tensors, layer, &lora);
        let adapters = Adapters { loras: vec![LoraRef::new(&lora, 1.0)], ..Adapters::default() };
        let files = ModelFiles::open_file(&gguf).unwrap();
        let (plain, changed) = (draw(&files), draw_with(&files, &adapters));
        save(&meant, &file);
        let wanted = draw_with(&ModelFiles::open_file(&file).unwrap(), &adapters);
        let (counts, off) = (mean_difference(&plain, &wanted), mean_difference(&changed, &wanted));
        // What it changes is rounded to half precision.
        assert!(counts > 1.0 && off < counts / 10.0, "{kind}: the LoRA changes {counts}, and is off by {off}");
        let spec = ModelSpec::read(&files, None).unwrap();
        let weights = |loras: Vec<LoraRef>| {
            let request = Request { loras, ..Request::default() };
            let fitted = spec.plan(&request, &Execution::Kernels, &Constraints::new(DType::F32, None)).unwrap();
            fitted.costs.weights[1]
        };
        let more = weights(adapters.loras.clone()) - weights(Vec::new());
        let count = tensors[&format!("{layer}.weight")].elem_count();
        let by = more as f64 / count as f64;
        // Two bytes instead of 34 / 32.
        assert!(by > 0.8 && by < 1.1, "{kind}: {by} bytes more for a number");
    }
}

#[test]
fn a_gguf_encoder_brings_its_tokenizer_along() {
    for kind in KINDS {
        let (home, file) = home(kind);
        save(&original(kind, &network(kind, "transformer")), &file);
        let json = fs::read(home.path().join("tokenizer/tokenizer.json")).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        let mut words: Vec<(u64, String)> = json["model"]["vocab"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(word, id)| (id.as_u64().unwrap(), word.clone()))
            .collect();
        let added = json["added_tokens"].as_array().unwrap().iter();
        words.extend(added.map(|token| (token["id"].as_u64().unwrap(), token["content"].as_str().unwrap().to_owned())));
        words.sort();
        let merges = json["model"]["merges"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| Value::String(format!("{} {}", pair[0].as_str().unwrap(), pair[1].as_str().unwrap())));
        let merges = Value::Array(merges.collect());
        let tokens = Value::Array(words.into_iter().map(|(_, word)| Value::String(word)).collect());
        let model = Value::String("gpt2".to_owned());
        let words =
            [("tokenizer.ggml.model", &model), ("tokenizer.ggml.tokens", &tokens), ("tokenizer.ggml.merges", &merges)];
        encoder_as(home.path(), kind, GgmlDType::F32, &words);
        let wanted = draw_file(&file);
        fs::remove_dir_all(home.path().join("tokenizer")).unwrap();
        assert!(wanted == draw_file(&file), "{kind}");
        // One without, and one of another kind.
        let other = Value::String("llama".to_owned());
        for words in [&[][..], &[("tokenizer.ggml.model", &other), words[1], words[2]]] {
            let text: Tensors =
                network(kind, "text_encoder").into_iter().map(|(name, tensor)| (llama(&name), tensor)).collect();
            save_gguf_with(&text, GgmlDType::F32, words, &home.path().join("text_encoders/qwen_3_4b.gguf"));
            assert!(refusal(&file).contains("tokenizer.json"), "{kind}");
        }
    }
}

/// Where memory is short the networks are there one at a time, and a prompt that was read stays read.
#[test]
fn the_encoder_is_let_go_and_not_read_again_for_the_same_words() {
    for kind in KINDS {
        let (_home, file) = home(kind);
        save(&original(kind, &network(kind, "transformer")), &file);
        let spec = || ModelSpec::read(&ModelFiles::open_file(&file).unwrap(), None).unwrap();
        let request = Request { steps: 1, width: Some(48), height: Some(32), ..Request::default() };
        let plan = |budget: Option<u64>, auto: bool| {
            let constraints = Constraints { may_halve: auto, ..Constraints::new(DType::F32, budget) };
            spec().plan(&request, &Execution::Kernels, &constraints).unwrap()
        };
        let roomy = plan(None, true);
        assert!(!roomy.plan.sequential_offload, "{kind}");
        let [text, denoiser, _] = roomy.costs.weights;
        // Not as much as both networks take.
        let short = plan(Some((text.max(denoiser) + text.min(denoiser) / 2) as u64), false);
        assert!(short.plan.sequential_offload, "{kind}");
        assert!(short.costs.peak_weight_bytes() < text + denoiser, "{kind}");
        let options = LoadOptions::of(&Execution::Kernels, &short.plan);
        let mut pipeline = Pipeline::load_planned(spec(), &Adapters::default(), &options, &|_, _| Ok(())).unwrap();
        assert_eq!(pipeline.resident_weight_bytes(), 0, "{kind}");
        let mut run = |prompt: &str| {
            let mut parts = Vec::new();
            let mut note = |progress: Progress| {
                if let Progress::Loading { part, .. } = progress
                    && parts.last() != Some(&part)
                {
                    parts.push(part);
                }
            };
            let request = Request { prompt: prompt.to_owned(), ..request.clone() };
            let (picture, _) = pipeline.run(&request, &CancelToken::default(), &mut note).unwrap();
            (picture.rgba().to_vec(), parts)
        };
        let (first, parts) = run("a red apple");
        assert!(parts.contains(&ModelPart::TextEncoder) && parts.contains(&ModelPart::Unet), "{kind}: {parts:?}");
        let at = |part| parts.iter().rposition(|found| *found == part);
        assert!(at(ModelPart::TextEncoder) < at(ModelPart::Unet), "{kind}: {parts:?}");
        let (again, parts) = run("a red apple");
        assert!(!parts.contains(&ModelPart::TextEncoder) && parts.contains(&ModelPart::Unet), "{kind}: {parts:?}");
        assert!(first == again, "{kind}");
        let (other, parts) = run("a green pear");
        assert!(parts.contains(&ModelPart::TextEncoder), "{kind}: {parts:?}");
        assert!(first != other, "{kind}");
    }
}
