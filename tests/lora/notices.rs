//! What is said of a LoRA that is used in part, or in more ways than one.

use candle_core::DType;
use inkwick::checkpoint::inspect_file;
use inkwick::model::Execution;
use inkwick::pipeline::{Adapters, ExecutionPlan, LoadOptions, ModelSpec, Pipeline};

use super::{asked, data, draw, drawn, folder, load, ones, tensors, with, written, zeros};

#[test]
fn layers_without_a_place_are_left_out_and_reported() {
    let request = asked("a red apple in a castle");
    let whole = with(&[(data("lora/sd1-kohya.safetensors"), 1.0)]);
    let mut more = tensors("sd1-kohya.safetensors");
    let layers = more.keys().filter(|key| key.ends_with("lora_up.weight")).count();
    // Of an inpainting model, of another text encoder, of a form that cannot be merged; and no layer at all.
    more.insert("lora_unet_conv_in.lora_down.weight".into(), ones(&[2, 9, 3, 3]));
    more.insert("lora_unet_conv_in.lora_up.weight".into(), ones(&[32, 2, 1, 1]));
    more.insert("lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_down.weight".into(), ones(&[2, 9]));
    more.insert("lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_up.weight".into(), ones(&[9, 2]));
    more.insert("lora_unet_conv_out.vera_lambda_b".into(), ones(&[9]));
    more.insert("lora_unet_conv_norm_out.lora_up.weight".into(), ones(&[9, 2]));
    more.insert("training_step".into(), ones(&[1]));
    more.insert("bundle_emb.nothing.t5".into(), ones(&[1, 1, 1, 1]));
    let (_home, path) = written(&more, "more.safetensors");
    let adapters = with(&[(path.clone(), 1.0)]);
    for sequential_offload in [false, true] {
        let plan = ExecutionPlan { sequential_offload, ..ExecutionPlan::plain(None, DType::F32) };
        let options = LoadOptions::of(&Execution::Kernels, &plan);
        let load = |adapters: &Adapters| {
            let spec = ModelSpec::read(&folder("sd1"), None).unwrap();
            Pipeline::load_planned(spec, adapters, &options, &|_, _| Ok(())).unwrap()
        };
        let mut pipeline = load(&adapters);
        let (found, notices) = drawn(&mut pipeline, &request);
        assert_eq!(found, draw(&mut load(&whole), &request));
        let all = layers + 4;
        assert_eq!(notices.len(), 2, "{notices:?}");
        let left_out = format!("4 of {all} layers of the LoRA more.safetensors were left out: ");
        assert!(notices[0].starts_with(&left_out), "{notices:?}");
        assert!(notices[1].contains("more.safetensors holds 2 tensors"), "{notices:?}");
        // Once is enough.
        assert_eq!(drawn(&mut pipeline, &request).1, [""; 0]);
    }
    let report = inspect_file(&path).unwrap();
    let facts = report.lora.unwrap();
    assert_eq!((report.kind.label(), facts.layers), ("LoRA", layers + 4));
    assert_eq!(facts.forms, ["LoRA", "VeRA"]);
    assert_eq!(report.unmatched, ["training_step"]);

    // One is enough to say which.
    let mut one = tensors("sd1-kohya.safetensors");
    one.insert("lora_unet_conv_in.diff".into(), ones(&[32, 9, 3, 3]));
    let (_home, path) = written(&one, "one.safetensors");
    let (found, notices) = drawn(&mut load(&folder("sd1"), &with(&[(path, 1.0)])).unwrap(), &request);
    assert_eq!(found, draw(&mut load(&folder("sd1"), &whole).unwrap(), &request));
    let said =
        format!("1 of {} layers of the LoRA one.safetensors was left out: its conv_in does not fit ", layers + 1);
    assert!(notices.len() == 1 && notices[0].starts_with(&said), "{notices:?}");
}

#[test]
fn a_file_of_several_forms_is_merged_whole_and_says_so() {
    let request = asked("a red apple in a castle");
    let layer = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q";
    let mut mixed = tensors("sd1-kohya.safetensors");
    let layers = mixed.keys().filter(|key| key.ends_with("lora_up.weight")).count();
    let outputs = mixed[&format!("{layer}.lora_up.weight")].dims()[0];
    mixed.retain(|key, _| !key.starts_with(layer));
    let (_home, without) = written(&mixed, "without.safetensors");
    let (without, notices) = drawn(&mut load(&folder("sd1"), &with(&[(without, 1.0)])).unwrap(), &request);
    assert_eq!(notices, [""; 0]);
    mixed.insert(format!("{layer}.weight"), ones(&[outputs]));
    mixed.insert(format!("{layer}.on_input"), zeros(&[]));
    let (_home, path) = written(&mixed, "mixed.safetensors");
    let (found, notices) = drawn(&mut load(&folder("sd1"), &with(&[(path, 1.0)])).unwrap(), &request);
    assert_ne!(found, without);
    let said = format!(
        "the layers of the LoRA mixed.safetensors are of several forms (IA3 in 1, LoRA in {}), all of which are merged",
        layers - 1
    );
    assert_eq!(notices, [said]);
}
