//! `ComfyUI`: the graph of nodes is walked from the picture back to its sampler, and from there to everything else.

use std::collections::{BTreeSet, VecDeque};

use serde_json::{Map, Value};

use crate::sampling::NoiseKind;
use crate::store::pictures::programs::comfy_graph::{Graph, Input, Node};
use crate::store::pictures::programs::program::Program;
use crate::store::pictures::programs::told::Told;
use crate::store::pictures::programs::{comfy_model, comfy_words, loose};

/// Nodes that save or show pictures which are walked from.
const MOST_PICTURES: usize = 50;

/// `prompt` before `workflow`: the first is what was run.
pub(crate) fn read(prompt: Option<&Map<String, Value>>, workflow: Option<&Map<String, Value>>) -> Option<Told> {
    let graphs = [prompt.and_then(Graph::of_prompt), workflow.and_then(Graph::of_workflow)];
    let mut first = None;
    for graph in graphs.into_iter().flatten() {
        let told = told_of(&graph);
        if told.says_something() {
            return Some(told);
        }
        first.get_or_insert(told);
    }
    first
}

fn told_of(graph: &Graph) -> Told {
    let mut told = Told::new(Program::ComfyUi);
    // All pictures of a batch from one stream of the processor's noise.
    told.noise(NoiseKind::Torch);
    let Some(last) = last_sampler(graph, &mut told) else {
        told.note("the workflow has no sampler that Inkwick knows");
        return told;
    };
    let sampler = first_sampler(graph, last, &mut told);
    sampled(graph, sampler, &mut told);
    told
}

/// By what goes in rather than by name, so that other people's samplers count; links may lead nowhere.
fn is_sampler(node: &Node) -> bool {
    let is_linked = |name: &str| matches!(node.inputs.get(name), Some(Input::Link(..)));
    let has_latent = ["latent_image", "latent", "samples", "optional_latent"].iter().any(|name| is_linked(name));
    let is_guided = ["positive", "guider"].iter().any(|name| is_linked(name));
    let is_seeded = ["seed", "noise_seed", "noise"].iter().any(|name| node.inputs.contains_key(*name));
    let is_named = ["KSampler", "SamplerCustom"].iter().any(|name| node.kind.contains(name));
    is_seeded && (is_named || has_latent && is_guided)
}

/// The sampler nearest to a picture that is saved, else any.
fn last_sampler<'a>(graph: &'a Graph, told: &mut Told) -> Option<&'a Node> {
    let ends = |kind: &'static str| {
        graph.nodes.iter().filter(move |(_, node)| node.kind.contains(kind)).map(|(id, _)| id.as_str())
    };
    for end in ends("SaveImage").chain(ends("Image Save")).chain(ends("PreviewImage")).take(MOST_PICTURES) {
        if let Some(found) = nearest(graph, end, told) {
            return Some(found);
        }
    }
    graph.nodes.values().find(|node| is_sampler(node))
}

/// Breadth first, so that the sampler of this picture comes before those of pictures that it began with.
fn nearest<'a>(graph: &'a Graph, end: &'a str, told: &mut Told) -> Option<&'a Node> {
    let (mut waiting, mut seen) = (VecDeque::from([end]), BTreeSet::from([end]));
    while let Some(id) = waiting.pop_front() {
        let Some(node) = graph.node(id) else { continue };
        if is_sampler(node) {
            return Some(node);
        }
        if let Some(decoder) = Some(node).filter(|node| node.kind.contains("VAEDecode")) {
            comfy_model::vae(graph, decoder, told);
        }
        let worked_on = ["UpscaleModel", "WithModel", "Detailer", "UltimateSDUpscale", "FaceRestore", "ReActor"];
        if worked_on.iter().any(|part| node.kind.contains(part)) && !node.kind.contains("Loader") {
            told.note(format!("the picture was worked on afterwards, which is not done here ({})", node.kind));
        }
        for (behind, _) in node.links() {
            if seen.insert(behind) {
                waiting.push_back(behind);
            }
        }
    }
    None
}

/// A sampler may go on with what another has drawn (hires fix, refiner): the first is the picture's own.
fn first_sampler<'a>(graph: &'a Graph, last: &'a Node, told: &mut Told) -> &'a Node {
    const MOST: usize = 50;
    let mut sampler = last;
    for _ in 0..MOST {
        let Some((before, between)) = sampler_before(graph, sampler) else { break };
        let number = |name| graph.value(sampler, name).and_then(loose::text);
        let details = ["steps", "denoise", "start_at_step"]
            .iter()
            .filter_map(|name| number(name).map(|value| format!("{name}: {value}")));
        let details: Vec<String> = between.into_iter().chain(details).collect();
        told.note(format!("the second pass (hires fix or refiner) is not made here ({})", details.join(", ")));
        sampler = before;
    }
    sampler
}

fn latent_of<'a>(graph: &'a Graph, node: &'a Node) -> Option<(&'a str, &'a Node, usize)> {
    ["latent_image", "latent", "samples", "optional_latent"].iter().find_map(|name| graph.behind(node, name))
}

fn sampler_before<'a>(graph: &'a Graph, sampler: &'a Node) -> Option<(&'a Node, Vec<String>)> {
    const MOST: usize = 200;
    let (mut between, mut node) = (Vec::new(), latent_of(graph, sampler)?.1);
    for _ in 0..MOST {
        if std::ptr::eq(node, sampler) {
            return None;
        }
        if is_sampler(node) {
            return Some((node, between));
        }
        if node.kind.contains("Upscale") {
            between.push(node.kind.clone());
        }
        let names = ["samples", "latent", "pixels", "image", "images"];
        node = names.iter().find_map(|name| graph.behind(node, name))?.1;
    }
    None
}

/// What the sampler itself says, and the nodes that it is put together from.
fn sampled(graph: &Graph, sampler: &Node, told: &mut Told) {
    let part = |name: &str| graph.behind(sampler, name).map_or(sampler, |(_, node, _)| node);
    let (noise, guider, sigmas, method) = (part("noise"), part("guider"), part("sigmas"), part("sampler"));
    whole(told, "seed", graph.any_value(noise, &["noise_seed", "seed"]), Told::seed);
    let guidance = graph.any_value(guider, &["cfg", "cfg_conds"]);
    if guidance.is_none() && guider.kind == "BasicGuider" {
        told.guidance(1.0);
    }
    number(told, "cfg", guidance, Told::guidance);
    let sigmas = through_splits(graph, sigmas, told);
    let steps = graph.value(sigmas, "steps");
    whole(told, "steps", steps, Told::steps);
    method_and_schedule(graph, (sampler, method, sigmas), told);
    let denoise = graph.value(sigmas, "denoise").or_else(|| graph.value(sampler, "denoise")).and_then(loose::number);
    let starts = graph.value(sampler, "start_at_step").and_then(loose::number).filter(|start| *start > 0.0);
    let steps = steps.and_then(loose::number);
    let denoise = starts.zip(steps).map_or(denoise, |(start, steps)| Some(1.0 - start / steps.max(1.0)));
    if let (Some(end), Some(steps)) = (graph.value(sampler, "end_at_step").and_then(loose::number), steps)
        && end < steps
    {
        told.note(format!("its sampler stops at step {end} of {steps}, and Inkwick draws them all"));
    }
    latent(graph, sampler, denoise, told);
    comfy_model::weights(graph, if graph.behind(guider, "model").is_some() { guider } else { sampler }, told);
    let positive = if graph.behind(guider, "conditioning").is_some() { "conditioning" } else { "positive" };
    let words = comfy_words::of(graph, guider, positive, told);
    if let Some(encoder) = words.encoder {
        comfy_model::text_encoder(graph, encoder, told);
    }
    let negative = comfy_words::of(graph, guider, "negative", told);
    let join = |texts: Vec<String>| (!texts.is_empty()).then(|| texts.join("\nBREAK\n"));
    told.prompts(join(words.texts), join(negative.texts));
}

fn method_and_schedule(graph: &Graph, (sampler, method, sigmas): (&Node, &Node, &Node), told: &mut Told) {
    let name = graph.text(method, "sampler_name").or_else(|| graph.text(sampler, "sampler_name"));
    // Nodes that are a sampler by themselves: `SamplerEulerAncestral`.
    let name =
        name.or_else(|| method.kind.strip_prefix("Sampler").filter(|rest| !rest.starts_with("Custom")).map(snake_case));
    let schedule = match sigmas.kind.as_str() {
        "KarrasScheduler" => Some("karras".to_owned()),
        "ExponentialScheduler" => Some("exponential".to_owned()),
        kind => graph.text(sigmas, "scheduler").or_else(|| kind.strip_suffix("Scheduler").map(snake_case)),
    };
    if name.is_some() || schedule.is_some() {
        told.sampling(name.as_deref().unwrap_or_default(), schedule.as_deref());
    }
}

/// `EulerAncestral` to `euler_ancestral`, `DPMPP_2M_SDE` to `dpmpp_2m_sde`.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    let mut before: Option<char> = None;
    for letter in name.chars() {
        if letter.is_uppercase() && before.is_some_and(char::is_lowercase) {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
        before = Some(letter);
    }
    snake
}

/// The node that lays the noise levels, behind those that cut them.
fn through_splits<'a>(graph: &'a Graph, sigmas: &'a Node, told: &mut Told) -> &'a Node {
    const MOST: usize = 50;
    let mut node = sigmas;
    for _ in 0..MOST {
        let Some((_, behind, _)) = graph.behind(node, "sigmas") else { break };
        told.note(format!("the node {} changes the noise levels, which is not done here", node.kind));
        node = behind;
    }
    node
}

/// What the sampler begins with: an empty latent of some size, or a picture.
fn latent(graph: &Graph, sampler: &Node, denoise: Option<f64>, told: &mut Told) {
    const MOST: usize = 200;
    let mut node = latent_of(graph, sampler).map(|(_, node, _)| node);
    let mut is_picture = false;
    for _ in 0..MOST {
        let Some(found) = node else { break };
        let side = |names: &[&str]| graph.any_value(found, names).and_then(loose::whole);
        if let (Some(width), Some(height), false) = (
            side(&["width", "empty_latent_width"]),
            side(&["height", "empty_latent_height"]),
            told.said.contains(&"width"),
        ) {
            told.size((width, height));
        }
        if let Some(count) = side(&["batch_size", "amount"]).filter(|count| *count > 1) {
            told.note(format!("it is one of {count} pictures of a batch: only the first comes from its seed alone"));
        }
        if found.kind.contains("Mask") || found.kind.contains("Inpaint") {
            told.note("parts of the picture were masked, and the mask is not in its file");
        }
        if let Some(Input::Value(file)) = found.inputs.get("image")
            && let Some(file) = loose::text(file)
        {
            is_picture = true;
            told.note(format!("the picture began with another one, which is not in its file ({file})"));
        }
        let names = ["samples", "latent", "pixels", "image", "images", "latent_image", "video_latent"];
        node = names.iter().find_map(|name| graph.behind(found, name)).map(|(_, node, _)| node);
    }
    if let Some(denoise) = denoise.filter(|denoise| is_picture || *denoise < 1.0) {
        told.strength(denoise);
    }
}

fn whole(told: &mut Told, what: &str, value: Option<&Value>, use_it: impl FnOnce(&mut Told, u64)) {
    match value.map(|value| (loose::whole(value), value)) {
        Some((Some(read), _)) => use_it(told, read),
        Some((None, value)) => told.unreadable(what, &value.to_string()),
        None => {}
    }
}

fn number(told: &mut Told, what: &str, value: Option<&Value>, use_it: impl FnOnce(&mut Told, f64)) {
    match value.map(|value| (loose::number(value), value)) {
        Some((Some(read), _)) => use_it(told, read),
        Some((None, value)) => told.unreadable(what, &value.to_string()),
        None => {}
    }
}
