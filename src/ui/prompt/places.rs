//! The fields of the prompt panel by their names: what lists them leads to them, whatever is folded away.

use crate::sampling::{NoiseKind, SchedulerName};
use crate::ui::state::{AppState, Mode};

/// One field.
pub(crate) struct FieldPlace {
    pub name: &'static str,
    /// What stands before it in the panel.
    pub label: &'static str,
    /// What else people call it.
    pub words: &'static str,
    section: Section,
    /// Why it is not there now.
    pub cannot: fn(&AppState) -> Option<&'static str>,
    /// In one or two words.
    pub value: fn(&AppState) -> String,
}

/// What it is folded into.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    None,
    Negative,
    Sampling,
    Finer,
    Inpaint,
}

const OWN: &str = "the model's own";

const FIELD: FieldPlace =
    FieldPlace { name: "", label: "", words: "", section: Section::None, cannot: |_| None, value: |_| String::new() };

/// In the panel's order.
pub(crate) const PLACES: &[FieldPlace] = &[
    FieldPlace {
        name: "Negative prompt",
        label: "Negative prompt",
        words: "exclude without unwanted avoid",
        section: Section::Negative,
        value: |state| if state.prompt.negative.trim().is_empty() { "empty" } else { "written" }.to_owned(),
        ..FIELD
    },
    FieldPlace {
        name: "Denoising strength",
        label: "Denoising",
        words: "denoise img2img image to image amount",
        cannot: |state| (state.mode() == Mode::Create).then_some("no picture is repainted"),
        value: |state| {
            let is_filled = state.mode() == Mode::Fill;
            format!("{:.2}", if is_filled { state.inpaint.strength } else { state.prompt.strength })
        },
        ..FIELD
    },
    FieldPlace {
        name: "Size",
        label: "Size",
        words: "width height resolution aspect ratio dimensions pixels portrait landscape square",
        cannot: |state| (state.mode() == Mode::Fill).then_some("what is filled keeps its size"),
        value: |state| {
            let [width, height] = state.prompt.size_px;
            if state.canvas.has_picture() { String::new() } else { format!("{width} × {height}") }
        },
        ..FIELD
    },
    FieldPlace {
        name: "Seed",
        label: "Seed",
        words: "random noise fixed lock dice reproduce",
        value: |state| or_random(&state.prompt.seed_text),
        ..FIELD
    },
    FieldPlace {
        name: "How many pictures",
        label: "Pictures",
        words: "batch count size number of images several",
        value: |state| state.prompt.picture_count.to_string(),
        ..FIELD
    },
    FieldPlace {
        name: "Sampler",
        label: "Sampler",
        words: "scheduler sampling method euler heun lms dpm dpm++ ddim ddpm pndm unipc lcm",
        section: Section::Sampling,
        value: |state| state.prompt.scheduler.map_or(OWN, SchedulerName::label).to_owned(),
        ..FIELD
    },
    FieldPlace {
        name: "Schedule",
        label: "Schedule",
        words: "type noise sigmas karras exponential",
        section: Section::Sampling,
        value: |state| state.prompt.sigmas.map_or(OWN, |sigmas| sigmas.id()).to_owned(),
        ..FIELD
    },
    FieldPlace {
        name: "Steps",
        label: "Steps",
        words: "sampling iterations quality speed",
        section: Section::Sampling,
        value: |state| state.prompt.steps.to_string(),
        ..FIELD
    },
    FieldPlace {
        name: "CFG scale",
        label: "CFG scale",
        words: "guidance classifier free prompt strength",
        section: Section::Sampling,
        value: |state| state.prompt.guidance.map_or_else(|| OWN.to_owned(), |guidance| format!("{guidance:.1}")),
        ..FIELD
    },
    FieldPlace {
        name: "Variation",
        label: "Variation",
        words: "variations subseed second seed extra noise strength similar",
        section: Section::Finer,
        value: |state| format!("{:.2}", state.prompt.fine.variation_strength),
        ..FIELD
    },
    FieldPlace {
        name: "CFG rescale",
        label: "Rescale",
        words: "guidance contrast burnt zero terminal snr",
        section: Section::Finer,
        value: |state| format!("{:.2}", state.prompt.fine.guidance_rescale),
        ..FIELD
    },
    FieldPlace {
        name: "CFG until",
        label: "CFG until",
        words: "guidance end stop skip faster speed",
        section: Section::Finer,
        value: |state| format!("{:.2}", state.prompt.fine.guidance_until),
        ..FIELD
    },
    FieldPlace {
        name: "Clip skip",
        label: "Clip skip",
        words: "text encoder layers last",
        section: Section::Finer,
        value: |state| state.prompt.fine.clip_skip.to_string(),
        ..FIELD
    },
    FieldPlace {
        name: "RNG",
        label: "RNG",
        words: "random number generator noise source philox torch gpu nvidia",
        section: Section::Finer,
        value: |state| if state.prompt.fine.noise == NoiseKind::Philox { "NVIDIA" } else { "PyTorch" }.to_owned(),
        ..FIELD
    },
    FieldPlace {
        name: "Mask blur",
        label: "Mask blur",
        words: "feather soft edge inpaint border",
        section: Section::Inpaint,
        cannot: |state| (state.mode() != Mode::Fill).then_some("nothing is masked yet"),
        value: |state| format!("{} px", state.inpaint.settings.mask_blur_px),
    },
];

fn or_random(seed: &str) -> String {
    if seed.is_empty() { "random" } else { seed }.to_owned()
}

/// Unfolds what the field lies in; gives what stands before it.
pub(crate) fn unfold(name: &str, state: &mut AppState) -> Option<&'static str> {
    let place = PLACES.iter().find(|place| place.name == name)?;
    let prompt = &mut state.prompt;
    match place.section {
        Section::None => {}
        Section::Negative => prompt.negative_open = true,
        Section::Sampling => prompt.sampling_open = true,
        Section::Finer => (prompt.sampling_open, prompt.fine.is_open) = (true, true),
        Section::Inpaint => state.inpaint.is_open = true,
    }
    Some(place.label)
}
