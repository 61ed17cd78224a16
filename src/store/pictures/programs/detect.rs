//! Which program wrote a picture's texts, and the settings in them.

use serde_json::{Map, Value};

use crate::store::pictures::programs::picture_settings::PictureSettings;
use crate::store::pictures::programs::program::Program;
use crate::store::pictures::programs::texts::{
    CAMERA, CAPTION, DESCRIPTION, MAKE, PARAMETERS, SOFTWARE, Texts, USER_COMMENT, WINDOWS_COMMENT, WINDOWS_TITLE,
};
use crate::store::pictures::programs::{
    automatic1111, comfy_ui, draw_things, fooocus, invoke_ai, invoke_ai_2, loose, mochi, novel_ai, swarm_ui,
};

/// The settings in a picture's texts; `None` when they have none. Inkwick's own exact record is not among them.
#[must_use]
pub fn settings_of(texts: &Texts) -> Option<PictureSettings> {
    by_keyword(texts).or_else(|| by_comment(texts)).filter(is_useful)
}

/// A workflow that is not understood is worth its notice.
fn is_useful(settings: &PictureSettings) -> bool {
    settings.has_settings() || !settings.notices.is_empty()
}

/// The settings in a text that hides in the picture's pixels.
#[must_use]
pub fn settings_of_hidden(text: &str) -> Option<PictureSettings> {
    let Some(map) = loose::object(text) else { return by_words(text) };
    let texts = novel_ai::texts_of(map.clone());
    novel_ai::read(&texts).or_else(|| by_json(map)).or_else(|| settings_of(&texts)).filter(is_useful)
}

/// By keywords of PNG, which belong to one program each.
fn by_keyword(texts: &Texts) -> Option<PictureSettings> {
    let json = |name: &str| texts.get(name).and_then(loose::object);
    if let Some(map) = json("invokeai_metadata") {
        return Some(invoke_ai::read(map));
    }
    if let Some(map) = json("sd-metadata") {
        return Some(invoke_ai_2::read(map));
    }
    if let Some(settings) = texts.any(&["Dream", "dream"]).and_then(invoke_ai_2::read_dream) {
        return Some(settings);
    }
    let parameters = texts.get(PARAMETERS).and_then(by_words);
    let graph = || comfy_ui::read(json("prompt").as_ref(), json("workflow").as_ref());
    match parameters {
        // Nodes that save write this text beside the graph, and it is what they were given.
        Some(mut settings) => {
            if settings.program == Program::Automatic1111 && (json("prompt").is_some() || json("workflow").is_some()) {
                settings.program = Program::ComfyUi;
            }
            Some(settings)
        }
        None => graph().or_else(|| novel_ai::read(texts)),
    }
}

/// By the fields that JPEG and WebP have instead.
fn by_comment(texts: &Texts) -> Option<PictureSettings> {
    let names = [
        USER_COMMENT,
        CAPTION,
        WINDOWS_COMMENT,
        DESCRIPTION,
        WINDOWS_TITLE,
        "Caption-Abstract",
        "Description",
        "Comment",
    ];
    for text in names.into_iter().flat_map(|name| texts.all(name)) {
        if mochi::claims(text) {
            return Some(mochi::read(text));
        }
        if let Some(settings) = draw_things::read_description(text) {
            return Some(settings);
        }
        // A photo's caption is no prompt: settings must stand there too.
        let is_made = |settings: &PictureSettings| {
            settings.fields.iter().any(|field| !matches!(*field, "prompt" | "negative" | "noise"))
        };
        if let Some(settings) =
            by_words(text).filter(|settings| is_made(settings) || settings.program != Program::Automatic1111)
        {
            return Some(settings);
        }
    }
    // ComfyUI's savers: `prompt:{…}` and `workflow:{…}` in fields that were meant for cameras.
    let graph = |key: &str| {
        [CAMERA, MAKE, DESCRIPTION, USER_COMMENT, SOFTWARE].iter().find_map(|name| {
            texts.all(name).find_map(|text| {
                let (start, rest) = text.trim_start().split_at_checked(key.len())?;
                loose::object(rest.trim_start().strip_prefix(':')?).filter(|_| start.eq_ignore_ascii_case(key))
            })
        })
    };
    comfy_ui::read(graph("prompt").as_ref(), graph("workflow").as_ref())
        // SwarmUI can be set to write its record as the camera's name.
        .or_else(|| [CAMERA, MAKE].iter().find_map(|name| texts.get(name).and_then(loose::object).and_then(by_json)))
}

/// A text that shows by itself whose it is: JSON, or AUTOMATIC1111's form.
fn by_words(text: &str) -> Option<PictureSettings> {
    if let Some(map) = loose::object(text) {
        return by_json(map);
    }
    automatic1111::read(text)
}

fn by_json(map: Map<String, Value>) -> Option<PictureSettings> {
    if swarm_ui::claims(&map) {
        return Some(swarm_ui::read(map));
    }
    // NovelAI's texts, all in one comment where a format has no others.
    if map.contains_key("Comment")
        && let Some(settings) = novel_ai::read(&novel_ai::texts_of(map.clone()))
    {
        return Some(settings);
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
