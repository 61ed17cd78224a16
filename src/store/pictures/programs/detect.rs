//! Which program a picture's texts are of, and what they tell.

use serde_json::{Map, Value};

use crate::store::pictures::programs::program::Program;
use crate::store::pictures::programs::texts::{CAMERA, CAPTION, DESCRIPTION, MAKE, SOFTWARE, Texts, USER_COMMENT, XMP};
use crate::store::pictures::programs::told::Told;
use crate::store::pictures::programs::{
    automatic1111, comfy_ui, draw_things, fooocus, invoke_ai, invoke_ai_2, loose, mochi, novel_ai, swarm_ui, xmp,
};

/// What the texts tell; `None` when they tell nothing of a picture's making. Inkwick's own exact record is not among them.
#[must_use]
pub fn told_by(texts: &Texts) -> Option<Told> {
    let texts = &with_xmp(texts);
    by_keyword(texts).or_else(|| by_comment(texts)).filter(tells)
}

/// A workflow that is not understood is told as well.
fn tells(told: &Told) -> bool {
    told.says_something() || !told.notices.is_empty()
}

/// Texts that hide in the picture's pixels.
#[must_use]
pub fn told_by_hidden(text: &str) -> Option<Told> {
    let Some(map) = loose::object(text) else { return by_words(text) };
    let texts = novel_ai::texts_of(map.clone());
    novel_ai::read(&texts).or_else(|| by_json(map)).or_else(|| told_by(&texts)).filter(tells)
}

/// XMP's fields beside those that they repeat.
fn with_xmp(texts: &Texts) -> Texts {
    let mut texts = texts.clone();
    let Some(block) = texts.any(&[XMP, "XML:com.adobe.xmp"]).map(str::to_owned) else { return texts };
    for (field, name) in [
        ("exif:UserComment", USER_COMMENT),
        ("sdcpp:parameters", "parameters"),
        ("dc:description", DESCRIPTION),
        ("xmp:CreatorTool", SOFTWARE),
    ] {
        if let Some(text) = xmp::field(&block, field) {
            texts.add(name, text);
        }
    }
    texts
}

/// By keywords of PNG, which say whose they are.
fn by_keyword(texts: &Texts) -> Option<Told> {
    let json = |name: &str| texts.get(name).and_then(loose::object);
    if let Some(map) = json("invokeai_metadata") {
        return Some(invoke_ai::read(map));
    }
    if let Some(map) = json("sd-metadata") {
        return Some(invoke_ai_2::read(map));
    }
    if let Some(told) = texts.any(&["Dream", "dream"]).and_then(invoke_ai_2::read_dream) {
        return Some(told);
    }
    let parameters = texts.get("parameters").and_then(by_words);
    let graph = || comfy_ui::read(json("prompt").as_ref(), json("workflow").as_ref());
    match parameters {
        // Nodes that save write this text beside the graph, and it is what they were given.
        Some(mut told) => {
            if told.program == Program::Automatic1111 && (json("prompt").is_some() || json("workflow").is_some()) {
                told.program = Program::ComfyUi;
            }
            Some(told)
        }
        None => graph().or_else(|| novel_ai::read(texts)),
    }
}

/// By the fields that JPEG and WebP have instead.
fn by_comment(texts: &Texts) -> Option<Told> {
    for name in [USER_COMMENT, CAPTION, DESCRIPTION, "Caption-Abstract", "Description", "Comment"] {
        let Some(text) = texts.get(name) else { continue };
        if mochi::claims(text) {
            return Some(mochi::read(text));
        }
        if let Some(told) = draw_things::read_description(text) {
            return Some(told);
        }
        // A photo's caption is no prompt: settings must stand there too.
        let is_made = |told: &Told| told.said.iter().any(|field| !matches!(*field, "prompt" | "negative" | "noise"));
        if let Some(told) = by_words(text).filter(|told| is_made(told) || told.program != Program::Automatic1111) {
            return Some(told);
        }
    }
    // ComfyUI's savers: `prompt:{…}` and `workflow:{…}` in fields that were meant for cameras.
    let graph = |key: &str| {
        [CAMERA, MAKE, DESCRIPTION, USER_COMMENT, SOFTWARE].iter().find_map(|name| {
            let text = texts.get(name)?.trim_start();
            let (start, rest) = text.split_at_checked(key.len())?;
            loose::object(rest.trim_start().strip_prefix(':')?).filter(|_| start.eq_ignore_ascii_case(key))
        })
    };
    comfy_ui::read(graph("prompt").as_ref(), graph("workflow").as_ref())
        // SwarmUI has its record in the camera's name where it is told to.
        .or_else(|| [CAMERA, MAKE].iter().find_map(|name| texts.get(name).and_then(loose::object).and_then(by_json)))
}

/// A text that says by itself whose it is: JSON, or AUTOMATIC1111's words.
fn by_words(text: &str) -> Option<Told> {
    if let Some(map) = loose::object(text) {
        return by_json(map);
    }
    automatic1111::read(text)
}

fn by_json(map: Map<String, Value>) -> Option<Told> {
    if swarm_ui::claims(&map) {
        return Some(swarm_ui::read(map));
    }
    // NovelAI's texts, all in one comment where a format has no others.
    if map.contains_key("Comment")
        && let Some(told) = novel_ai::read(&novel_ai::texts_of(map.clone()))
    {
        return Some(told);
    }
    if draw_things::claims(&map) {
        return Some(draw_things::read(map));
    }
    if fooocus::claims(&map) {
        return Some(fooocus::read(map));
    }
    let inside = |name: &str| {
        map.get(name).and_then(|value| match value {
            Value::Object(map) => Some(map.clone()),
            Value::String(text) => loose::object(text),
            _ => None,
        })
    };
    // One JSON with both of ComfyUI's texts in it, or one of them.
    let (prompt, workflow) = (inside("prompt"), inside("workflow"));
    if prompt.is_some() || workflow.is_some() {
        return comfy_ui::read(prompt.as_ref(), workflow.as_ref());
    }
    comfy_ui::read(Some(&map), Some(&map))
}
