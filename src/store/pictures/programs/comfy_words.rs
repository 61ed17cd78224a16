//! The prompts of a `ComfyUI` picture: from a sampler's `positive` or `negative` back to the words.

use crate::store::pictures::programs::comfy_graph::{Graph, Node};
use crate::store::pictures::programs::told::Told;

/// More texts than are ever put together, and a bound for graphs with many ways through.
const MOST_NODES: usize = 200;

/// The words behind an input, with what changes them on the way told. `encoder` is the first node that encodes.
pub(crate) struct Words<'a> {
    pub texts: Vec<String>,
    pub encoder: Option<&'a Node>,
}

pub(crate) fn of<'a>(graph: &'a Graph, node: &'a Node, input: &str, told: &mut Told) -> Words<'a> {
    let mut words = Words { texts: Vec::new(), encoder: None };
    let is_negative = input == "negative";
    let mut waiting: Vec<_> = graph.behind(node, input).into_iter().collect();
    let mut seen: Vec<&str> = Vec::new();
    while let Some((id, node, slot)) = waiting.pop() {
        if seen.contains(&id) || seen.len() >= MOST_NODES {
            continue;
        }
        seen.push(id);
        if let Some(text) = encoded(graph, node, is_negative, told) {
            if !words.texts.contains(&text) {
                words.texts.push(text);
            }
            words.encoder.get_or_insert(node);
            continue;
        }
        note(graph, node, told);
        let has_both = ["positive", "negative"].iter().all(|side| graph.behind(node, side).is_some());
        let is_other = if has_both { slot == 1 } else { is_negative };
        let side = if is_other { "negative" } else { "positive" };
        let names: Vec<&str> = if graph.behind(node, side).is_some() {
            vec![side]
        } else if graph.behind(node, "conditioning").is_some() {
            vec!["conditioning"]
        } else {
            node.inputs.keys().map(String::as_str).filter(|name| name.starts_with("cond")).collect()
        };
        // What is pushed last is looked at first.
        waiting.extend(names.iter().rev().filter_map(|name| graph.behind(node, name)));
    }
    if words.texts.len() > 1 {
        told.note("several prompts are put together in the workflow, which Inkwick joins by BREAK");
    }
    words
}

/// The words of a node that encodes some.
fn encoded(graph: &Graph, node: &Node, is_negative: bool, told: &mut Told) -> Option<String> {
    let named = |name: &str| graph.text(node, name);
    if node.kind.contains("ZeroOut") {
        return Some(String::new());
    }
    if let Some(text) = named("text") {
        return Some(text);
    }
    // SDXL, SD3 and FLUX: a text for each encoder.
    let each: Vec<String> =
        ["text_g", "clip_g", "t5xxl", "text_l", "clip_l"].iter().filter_map(|name| named(name)).collect();
    if let Some(first) = each.iter().find(|text| !text.is_empty()).or(each.first()) {
        for other in each.iter().filter(|text| *text != first && !text.is_empty()) {
            told.note(format!("the second text encoder was given other words, which is not done here: {other}"));
        }
        return Some(first.clone());
    }
    // Loaders that encode as well.
    let has_conditioning = node.inputs.keys().any(|name| name.starts_with("conditioning"));
    let side = if is_negative { "negative" } else { "positive" };
    let direct =
        [side, "prompt"].iter().find_map(|name| graph.behind(node, name).is_none().then(|| named(name)).flatten());
    if has_conditioning { None } else { direct }
}

/// What a node on the way does to the picture.
fn note(graph: &Graph, node: &Node, told: &mut Told) {
    let kind = node.kind.as_str();
    if kind.contains("ControlNet") {
        let network =
            graph.behind(node, "control_net").and_then(|(_, loader, _)| graph.text(loader, "control_net_name"));
        let strength = graph.text(node, "strength");
        let details = [network, strength.map(|strength| format!("strength {strength}"))];
        let details: Vec<String> = details.into_iter().flatten().collect();
        told.note(format!("ControlNet is not used here ({})", details.join(", ")));
    } else if ["SetArea", "SetMask", "Regional", "AreaStrength"].iter().any(|part| kind.contains(part)) {
        told.note(format!("prompts for single regions are not used here ({kind})"));
    } else if kind == "FluxGuidance" {
        let guidance = graph.text(node, "guidance").unwrap_or_default();
        told.note(format!("the guidance {guidance} that FLUX has built in has no place in Inkwick"));
    } else if !["ConditioningCombine", "ConditioningConcat", "ConditioningAverage"].contains(&kind) {
        told.note(format!("the node {kind} changes the prompt, which is not done here"));
    }
}
