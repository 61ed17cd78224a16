//! The model of a `ComfyUI` picture: from a sampler's `model`, and a prompt's `clip`, back through LoRAs to the file.

use serde_json::Value;

use crate::sampling::PredictionChoice;
use crate::store::pictures::programs::comfy_graph::{Graph, Input, Node};
use crate::store::pictures::programs::loose;
use crate::store::pictures::programs::told::Told;

const FILES: [&str; 5] = ["ckpt_name", "unet_name", "gguf_name", "model_name", "base_ckpt_name"];
/// A bound for circles.
const DEEPEST: usize = 500;

/// Follows `model`.
pub(crate) fn weights(graph: &Graph, node: &Node, told: &mut Told) {
    let mut loras = Vec::new();
    walk(graph, node, "model", told, |node, told| {
        if let Some(file) = graph.any_value(node, &FILES).and_then(file_of) {
            told.model(&file);
        }
        loras.extend(loras_of(graph, node));
        match node.kind.as_str() {
            "ModelSamplingDiscrete" => sampling(graph, node, told),
            "RescaleCFG" => {
                if let Some(multiplier) = graph.value(node, "multiplier").and_then(loose::number) {
                    told.rescale(multiplier);
                }
            }
            kind if graph.behind(node, "model").is_some()
                && loras_of(graph, node).is_empty()
                && !kind.contains("Lora") =>
            {
                told.note(format!("the node {kind} changes the model, which is not done here"));
            }
            _ => {}
        }
    });
    // What lies nearest to the file was laid on first.
    for (name, weight) in loras.into_iter().rev() {
        told.lora(&name, weight);
    }
}

/// Follows `clip`: how many layers are skipped.
pub(crate) fn text_encoder(graph: &Graph, node: &Node, told: &mut Told) {
    walk(graph, node, "clip", told, |node, told| {
        let last = graph.any_value(node, &["stop_at_clip_layer", "clip_skip"]).and_then(loose::number);
        if let Some(last) = last.filter(|last| *last < 0.0) {
            told.clip_skip(-last as u64);
        }
        let (whole, text) = (graph.value(node, "strength_model"), graph.value(node, "strength_clip"));
        if let (Some(whole), Some(text)) = (whole.and_then(loose::number), text.and_then(loose::number))
            && (whole - text).abs() > f64::EPSILON
        {
            told.note(format!(
                "a LoRA's weight is {whole} for the model and {text} for its text encoder; Inkwick takes the first"
            ));
        }
    });
}

/// The VAE, where it has a loader of its own.
pub(crate) fn vae(graph: &Graph, node: &Node, told: &mut Told) {
    if let Some((_, loader, _)) = graph.behind(node, "vae")
        && let Some(name) = graph.text(loader, "vae_name")
    {
        // Some loaders of checkpoints say so when they use their own.
        if !name.starts_with("Baked") {
            told.vae(&name);
        }
    }
}

fn walk(graph: &Graph, node: &Node, input: &str, told: &mut Told, mut look: impl FnMut(&Node, &mut Told)) {
    let mut node = node;
    for _ in 0..DEEPEST {
        let Some((_, behind, _)) = graph.behind(node, input) else { return };
        look(behind, told);
        node = behind;
    }
}

fn loras_of(graph: &Graph, node: &Node) -> Vec<(String, f64)> {
    let mut found = Vec::new();
    if let Some(name) = graph.value(node, "lora_name").and_then(file_of) {
        let weight =
            graph.any_value(node, &["strength_model", "lora_model_strength", "strength"]).and_then(loose::number);
        found.push((name, weight.unwrap_or(1.0)));
    }
    // rgthree's loader of many: `{"on": true, "lora": "a.safetensors", "strength": 0.8}`.
    for input in node.inputs.values() {
        if let Input::Value(Value::Object(row)) = input
            && let Some(name) = row.get("lora").and_then(file_of)
            && row.get("on").is_none_or(loose::is_true)
        {
            found.push((name, row.get("strength").and_then(loose::number).unwrap_or(1.0)));
        }
    }
    found.retain(|(name, _)| name != "None");
    found
}

/// A file's name, which some extensions put into an object.
fn file_of(value: &Value) -> Option<String> {
    value.as_str().or_else(|| value.get("content").and_then(Value::as_str)).map(str::to_owned)
}

fn sampling(graph: &Graph, node: &Node, told: &mut Told) {
    match graph.text(node, "sampling").as_deref() {
        Some("v_prediction") => told.set("prediction", |request| request.prediction = PredictionChoice::Velocity),
        Some("eps") => told.set("prediction", |request| request.prediction = PredictionChoice::Epsilon),
        Some("x0") => told.set("prediction", |request| request.prediction = PredictionChoice::Sample),
        Some("lcm") | None => {}
        Some(other) => told.note(format!("the model is sampled as {other}, which is not done here")),
    }
    if graph.value(node, "zsnr").is_some_and(loose::is_true) {
        told.note(
            "the noise levels are rescaled to end in noise alone (zsnr), which the model's own files decide here",
        );
    }
}
