//! A job's fields: what each means in a sentence, and what it may hold as the reader says it.

use serde_json::{Value, json};

use super::schema::{
    Object, any_of, anything, flag, list_of, number_from, of, pattern, picture, text, whole_from, word_of,
};
use crate::job::Request;
use crate::service::fields::Kind;
use crate::service::request::MOST_LETTERS;

/// Each field of a job in a sentence.
const MEANINGS: &[(&str, &str)] = &[
    ("operation", "What is wanted; checked against the pictures that are given."),
    ("count", "So many pictures, with the seed counted up; each is a job of its own."),
    ("previews", "Whether the stream shows each step's picture."),
    ("prompt", "What the picture shows."),
    ("negative_prompt", "What it does not show."),
    ("prompt_syntax", "Whether brackets weigh words or are text."),
    ("clip_skip", "The text encoder's layer that is read, counted from the last."),
    ("model", "By its name in /v1/models; the built-in one where none is given."),
    ("vae", "By its name in /v1/vaes, instead of the model's own."),
    ("loras", "By name, with a weight, and one for the text encoders where it differs."),
    ("embeddings", "Learned words by their names in /v1/embeddings; those in the prompt are found by themselves."),
    ("steps", "Denoising steps; the model's own number where none is given."),
    ("guidance_scale", "How closely the prompt is followed."),
    ("scheduler", "As /v1/schedulers lists them; the model's own where none is given."),
    ("sigmas", "How noise is spread over the steps."),
    ("prediction", "What the network predicts, where the model's files are wrong about it."),
    ("seed", "The same seed gives the same picture; a fresh one where none is given."),
    ("rng", "Whose generator makes the noise."),
    ("variation_seed", "A second noise, mixed in by variation_strength."),
    ("variation_strength", "How much of the second noise."),
    ("guidance_rescale", "How far the guided prediction is brought back to the size of the plain one."),
    ("guidance_until", "The share of the steps that is guided."),
    ("width", "Pixels, a multiple of 8, or of 16 for some models; the model's own where none is given."),
    ("height", "Pixels, a multiple of 8, or of 16 for some models; the model's own where none is given."),
    ("attention", "auto, full, sliced, sliced:N, tiled or flash: speed against memory, the picture stays."),
    ("vae_tiling", "Whether the VAE works in tiles: less memory, the picture stays."),
    ("memory", "Whether weights are held for speed or in little memory."),
    (
        "init_image",
        "The picture that is changed: base64 of a PNG, JPEG, WebP, BMP, TIFF, GIF or AVIF file, with or without data: before it.",
    ),
    ("mask_image", "White is repainted: base64 of a picture as large as init_image."),
    ("mask_channel", "Which channel of mask_image is the mask."),
    ("fit_mask", "Brings a mask of another size to the picture's."),
    ("strength", "How much of the picture is made anew."),
    ("resize", "What is done where the size differs from the picture's."),
    ("image_guidance", "How closely the picture is followed, with models for instructions."),
    ("extend", "Pixels that are added and painted: left, top, right, bottom."),
    ("masked_content", "What the masked part begins from: original, blurred, noise, or a colour as #a0c8ff."),
    ("inpaint_area", "Whether the network sees the whole picture or the masked part, enlarged."),
    ("padding", "Pixels around the masked part that the network sees."),
    ("mask_blur", "How far the edge is feathered, in pixels."),
    ("mask_grow", "Pixels by which the mask grows, or shrinks."),
    ("mask_invert", "Repaints what is not masked."),
    ("soft_inpaint", "Grey in the mask is repainted in part."),
    ("colour_match", "Brings the new part's colours to those around it."),
    ("composite", "Keeps every byte outside the mask and its blur as it was."),
    ("controls", "Pictures that steer, each through a network of its own (GET /v1/controls)."),
    ("regions", "Painted areas with words of their own, for Stable Diffusion models."),
    ("references", "Pictures that the prompt speaks of: alone for models that read such, else through an adapter."),
];

/// The whole body.
pub(super) fn job(known: &[(&'static str, Kind)]) -> Value {
    let example = json!({"prompt": "a red apple", "seed": 7, "steps": 4, "width": 128, "height": 128});
    let body = Object::strict().example(example);
    let described = known.iter().fold(body, |body, (name, kind)| match *name {
        "prompt" => body.needs(name, field(name, kind)),
        _ => body.may([(name, field(name, kind))]),
    });
    described.into()
}

/// Each field of a control in a sentence.
const OF_CONTROLS: &[(&str, &str)] = &[
    ("network", "By its name in /v1/controls; scribble comes with the built-in model."),
    ("image", "The picture that steers: base64 of a file."),
    ("mask", "Where it counts: base64 of a picture as large as image; with preprocess inpaint, what is left open."),
    ("mask_channel", "Which channel of mask is the mask."),
    ("preprocess", "What is made of the picture before."),
    ("low", "Canny's first threshold."),
    ("high", "Canny's second threshold."),
    ("radius", "How far blur reaches, in pixels."),
    ("weight", "How much it counts: 1 as trained."),
    ("from", "The share of the steps from which it counts."),
    ("to", "The share of the steps up to which it counts."),
    ("type", "What the picture shows; networks for several kinds must be told."),
    ("mode", "Whom the network helps where prompt and picture differ."),
    ("resize", "How a picture of another shape is fitted."),
];

/// Each field of a region in a sentence.
const OF_REGIONS: &[(&str, &str)] = &[
    ("mask", "Where it is: base64 of a picture in the shape of what is drawn; grey counts in part."),
    ("mask_channel", "Which channel of mask is the mask."),
    ("prompt", "What is drawn there."),
    ("negative_prompt", "What is not, instead of the job's negative_prompt."),
    ("weight", "1 where its words count alone, less where the job's prompt counts too."),
];

/// Each field of a reference in a sentence.
const OF_REFERENCES: &[(&str, &str)] = &[
    ("image", "The picture: base64 of a file."),
    ("adapter", "An IP-Adapter by its name in /v1/adapters; left out for models that read pictures themselves."),
    ("mask", "Where it counts: base64 of a picture in the shape of what is drawn."),
    ("mask_channel", "Which channel of mask is the mask."),
    ("weight", "How much it counts: 1 as trained."),
    ("from", "The share of the steps from which it counts."),
    ("to", "The share of the steps up to which it counts."),
    ("use", "What of the picture is passed on: all of it, its style, or where things are."),
];

/// A list of objects: its field's name, what each object is called, its fields in sentences, and those it must have.
type List = (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static [&'static str]);

const LISTS: [List; 3] = [
    ("controls", "Control", OF_CONTROLS, &["network", "image"]),
    ("regions", "Region", OF_REGIONS, &["mask", "prompt"]),
    ("references", "Reference", OF_REFERENCES, &["image"]),
];

/// What stands in a job's lists of objects, each by its name.
pub(super) fn in_lists(known: &[(&'static str, Kind)]) -> Vec<(&'static str, Value)> {
    let described = |(name, kind): &(&'static str, Kind)| {
        let (_, called, meanings, needed) = LISTS.iter().find(|(list, ..)| list == name)?;
        let Kind::Objects { fields, .. } = kind else { return None };
        Some((*called, item(fields, meanings, needed)))
    };
    known.iter().filter_map(described).collect()
}

fn item(known: &[(&'static str, Kind)], meanings: &[(&str, &str)], needed: &[&str]) -> Value {
    let described = known.iter().fold(Object::strict(), |body, (name, kind)| {
        let mut shape = match *name {
            "image" | "mask" => picture(),
            name => shape(name, kind),
        };
        if let Some((_, sentence)) = meanings.iter().find(|(known, _)| known == name) {
            shape["description"] = (*sentence).into();
        }
        if needed.contains(name) { body.needs(name, shape) } else { body.may([(*name, shape)]) }
    });
    described.into()
}

/// One field, with what it means.
pub(super) fn field(name: &str, kind: &Kind) -> Value {
    let mut shape = shape(name, kind);
    if let Some((_, sentence)) = MEANINGS.iter().find(|(known, _)| *known == name) {
        shape["description"] = (*sentence).into();
    }
    shape
}

fn shape(name: &str, kind: &Kind) -> Value {
    match (name, kind) {
        ("init_image" | "mask_image", _) => picture(),
        ("prompt" | "negative_prompt", _) => json!({"type": "string", "maxLength": MOST_LETTERS}),
        ("attention", _) => pattern("^(auto|full|sliced|sliced:[1-9][0-9]{0,3}|tiled|flash)$"),
        ("masked_content", _) => pattern("^(original|blurred|noise|#[0-9a-fA-F]{6})$"),
        ("extend", _) => list_of(4, 4, whole_from(0, Request::MAX_SIDE_PX)),
        ("loras", Kind::List { most }) => list_of(0, *most, any_of([text(), of("Lora")])),
        (_, Kind::List { most }) => list_of(0, *most, text()),
        (name, Kind::Objects { most, .. }) => {
            let called = LISTS.iter().find(|(list, ..)| *list == name).map(|(_, called, ..)| *called);
            list_of(0, *most, called.map_or_else(anything, of))
        }
        (_, Kind::Text) => text(),
        (_, Kind::Flag) => flag(),
        (_, Kind::Whole { least, most }) => whole_from(*least, *most),
        (_, Kind::Number { least, most }) => number_from(*least, *most),
        (_, Kind::OneOf(words)) => word_of(words.iter().cloned()),
        (_, Kind::Any) => anything(),
    }
}
