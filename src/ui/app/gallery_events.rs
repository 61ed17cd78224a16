//! What the store reports of the gallery besides its pictures, and the parts of settings that are used.

use std::fmt::Write as _;
use std::path::Path;

use crate::store::pictures::programs::PictureSettings;
use crate::store::worker::{GalleryCommand, GalleryEvent};
use crate::ui::action::{LookingAt, SettingsPart};
use crate::ui::app::studio::Studio;
use crate::ui::gallery::view::facts;
use crate::ui::gallery::view::state::Family;
use crate::ui::state::AppState;

impl Studio {
    pub(super) fn take_from_gallery(&mut self, event: GalleryEvent) {
        let gallery = &mut self.state.gallery;
        match event {
            GalleryEvent::Family { of, from, made } => gallery.view.family = Some(Family { of, from, made }),
            GalleryEvent::Labels(labels) => {
                gallery.labels = labels;
                // What is found may depend on them.
                gallery.search.ask_again();
            }
            GalleryEvent::Facets(facets) => gallery.facets = facets,
            GalleryEvent::Exporting { done, asked } => {
                if let Some(running) = &mut gallery.export.running {
                    (running.done, running.asked) = (done, asked);
                }
            }
            GalleryEvent::Exported(exported) => self.exported(&exported),
        }
    }

    /// Asks for the family of the picture in the view.
    pub(in crate::ui) fn ask_family(&self) {
        if let LookingAt::Gallery(shown) = &self.state.canvas.looking_at
            && self.state.gallery.view.is_open
        {
            self.ask_gallery(GalleryCommand::FindFamily(shown.file.clone()));
        }
    }

    /// The view is for a picture of the gallery: whatever else is looked at, it closes.
    pub(super) fn keep_view(&mut self) {
        if self.state.gallery.view.is_open && !matches!(self.state.canvas.looking_at, LookingAt::Gallery(_)) {
            self.close_view();
        }
    }
}

/// Writes one part of a picture's settings into the panel, and says so; `false` where all of them are meant.
pub(super) fn use_part(state: &mut AppState, part: SettingsPart, settings: &PictureSettings, file: &Path) -> bool {
    let request = &settings.request;
    let words = match part {
        SettingsPart::All => return false,
        SettingsPart::Prompt => {
            state.prompt.prompt.clone_from(&request.prompt);
            "The prompt is in the panel.".to_owned()
        }
        SettingsPart::Negative => {
            state.prompt.negative = request.negative.clone().unwrap_or_default();
            state.prompt.negative_open |= !state.prompt.negative.is_empty();
            "The negative prompt is in the panel.".to_owned()
        }
        SettingsPart::Model => {
            let names_model = settings.is_exact || settings.model_is_here;
            if names_model && state.models.iter().any(|entry| entry.reference == request.model) {
                state.choose_model(request.model.clone());
                "The model is chosen.".to_owned()
            } else {
                let name = facts::model_name(settings).unwrap_or_else(|| "It".to_owned());
                format!("{name} is not among the models here, so the chosen one stays.")
            }
        }
        SettingsPart::Size => use_size(state, request.width.zip(request.height), file),
        SettingsPart::Seed => {
            state.prompt.seed_text = request.seed.to_string();
            format!("Seed {} is in the panel.", request.seed)
        }
        SettingsPart::Strength => match settings.strength {
            Some(strength) => {
                (state.prompt.strength, state.inpaint.strength) = (strength, strength);
                "The strength is in the panel.".to_owned()
            }
            None => "The picture was made from words alone.".to_owned(),
        },
        SettingsPart::Sampler => {
            state.prompt.scheduler = request.scheduler;
            "The sampler is in the panel.".to_owned()
        }
        SettingsPart::Schedule => {
            state.prompt.sigmas = request.sigmas;
            "The schedule is in the panel.".to_owned()
        }
        SettingsPart::Steps => {
            state.prompt.steps = request.steps;
            format!("{} steps are in the panel.", request.steps)
        }
        SettingsPart::Guidance => {
            state.prompt.guidance = request.guidance;
            "The guidance is in the panel.".to_owned()
        }
        SettingsPart::Loras => use_loras(state, settings),
    };
    state.toasts.note(words);
    true
}

/// Of the request where it names one, else of the picture itself.
fn use_size(state: &mut AppState, asked: Option<(u32, u32)>, file: &Path) -> String {
    let seen = match &state.canvas.looking_at {
        LookingAt::Gallery(shown) if shown.file == file => shown.picture.as_ref(),
        _ => None,
    };
    let Some((width, height)) = asked.or_else(|| seen.map(|picture| (picture.width(), picture.height()))) else {
        return "The picture does not say its size.".to_owned();
    };
    if state.canvas.has_picture() {
        state.prompt.repaint_size_px = Some([width, height]);
    } else {
        state.prompt.size_px = [width, height];
    }
    format!("{width} × {height} is in the panel.")
}

/// As tags behind the prompt, each once.
fn use_loras(state: &mut AppState, settings: &PictureSettings) -> String {
    let there: Vec<String> = crate::prompt::lora_tags(&state.prompt.prompt).into_iter().map(|tag| tag.name).collect();
    let new: Vec<_> = facts::loras(settings).into_iter().filter(|(name, _)| !there.contains(name)).collect();
    for (name, weight) in &new {
        let prompt = &mut state.prompt.prompt;
        if !prompt.is_empty() && !prompt.ends_with(' ') {
            prompt.push(' ');
        }
        // Writing into a string does not fail.
        let _ = write!(prompt, "<lora:{name}:{weight}>");
    }
    match new.len() {
        0 => "The prompt has these LoRAs already.".to_owned(),
        1 => format!("The LoRA {} is in the prompt.", new[0].0),
        count => format!("{count} LoRAs are in the prompt."),
    }
}
