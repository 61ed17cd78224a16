//! The folded sampling section: sampler and schedule with what they are good for, steps, CFG scale, and the finer things.

use egui::{RichText, TextEdit, Ui};

use crate::job::{ModelDefaults, Request};
use crate::sampling::{NoiseKind, SchedulerName, SigmaChoice};
use crate::ui::chrome::layout::Layout;
use crate::ui::prompt::state::PromptPanelState;
use crate::ui::state::AppState;
use crate::ui::theme;
use crate::ui::widgets::fields;
use crate::ui::widgets::{Segment, Segments};

/// Two lines of text.
const HINT_HEIGHT: f32 = 36.0;

pub(crate) fn show(ui: &mut Ui, state: &mut AppState, layout: Layout) {
    let defaults = state.model().map(|model| model.defaults.clone());
    let own_scheduler = defaults.as_ref().and_then(|defaults| defaults.scheduler);
    let own = own_scheduler.map_or("Model's own", SchedulerName::label);
    let prompt = &mut state.prompt;
    let shown = prompt.scheduler.map_or(own, SchedulerName::label);
    let summary = if prompt.sampling_open { String::new() } else { format!("{shown}, {} steps", prompt.steps) };
    fields::section(ui, "Sampling", &summary, &mut prompt.sampling_open);
    if !prompt.sampling_open {
        return;
    }
    scheduler_row(ui, prompt, own_scheduler);
    sigmas_row(ui, prompt, own_scheduler);
    steps_and_guidance(ui, prompt, defaults.as_ref(), layout);
    let summary = if prompt.fine.is_open { String::new() } else { prompt.fine.summary() };
    fields::section(ui, "Finer settings", &summary, &mut prompt.fine.is_open);
    if prompt.fine.is_open {
        finer(ui, prompt, layout);
    }
}

fn scheduler_row(ui: &mut Ui, prompt: &mut PromptPanelState, own: Option<SchedulerName>) {
    let own_label = own.map_or("Model's own", SchedulerName::label);
    let shown = prompt.scheduler.map_or(own_label, SchedulerName::label);
    fields::hinted_row(ui, "Sampler", "The sampler; diffusers calls it scheduler.", |ui, label| {
        let hint = if prompt.scheduler.is_none() { "default" } else { "" };
        fields::menu_box(ui, label, ui.available_width(), shown, hint, |ui| {
            if fields::choice(ui, prompt.scheduler.is_none(), "The model's own", own_label) {
                prompt.scheduler = None;
                ui.close();
            }
            for name in SchedulerName::ALL {
                if fields::explained_choice(ui, prompt.scheduler == Some(name), name.label(), name.hint(), None) {
                    prompt.scheduler = Some(name);
                    ui.close();
                }
            }
        });
    });
    if let Some(name) = prompt.scheduler.or(own) {
        fields::row(ui, "", |ui, _| {
            let words = RichText::new(name.hint()).color(theme::tokens(ui).text_2);
            // Two lines, needed or not: another scheduler must not move what stands below.
            let size = egui::vec2(ui.available_width(), HINT_HEIGHT);
            ui.allocate_ui(size, |ui| {
                ui.set_min_size(size);
                ui.add(egui::Label::new(words).wrap());
            });
        });
        // A choice that the new scheduler cannot have goes back to the model's own.
        prompt.sigmas = prompt.sigmas.filter(|sigmas| name.allows(*sigmas));
    }
}

fn sigma_words(sigmas: SigmaChoice) -> (&'static str, &'static str) {
    match sigmas {
        SigmaChoice::Default => ("As trained", "noise falls as in the model's training"),
        SigmaChoice::Karras => ("Karras", "more of the steps go to fine detail"),
        SigmaChoice::Exponential => ("Exponential", "even steps from noise to detail"),
    }
}

fn sigmas_row(ui: &mut Ui, prompt: &mut PromptPanelState, own: Option<SchedulerName>) {
    let scheduler = prompt.scheduler.or(own);
    let hint = "Schedule type: how the noise levels (sigmas) are spaced over the steps.";
    fields::hinted_row(ui, "Schedule", hint, |ui, label| {
        let (shown, hint) = match prompt.sigmas {
            None => ("The model's own", "default"),
            Some(sigmas) => (sigma_words(sigmas).0, ""),
        };
        fields::menu_box(ui, label, ui.available_width(), shown, hint, |ui| {
            if fields::choice(ui, prompt.sigmas.is_none(), "The model's own", "") {
                prompt.sigmas = None;
                ui.close();
            }
            for sigmas in SigmaChoice::ALL {
                let (words, hint) = sigma_words(sigmas);
                let cannot = scheduler.filter(|name| !name.allows(sigmas)).map(|name| {
                    format!("{} has its own schedule; Euler, Heun, LMS, DPM and UniPC can have these.", name.label())
                });
                let chosen = prompt.sigmas == Some(sigmas);
                if fields::explained_choice(ui, chosen, words, hint, cannot.as_deref()) {
                    prompt.sigmas = Some(sigmas);
                    ui.close();
                }
            }
        });
    });
}

fn steps_and_guidance(ui: &mut Ui, prompt: &mut PromptPanelState, defaults: Option<&ModelDefaults>, layout: Layout) {
    let (model_steps, model_guidance) = defaults
        .map_or((Request::DEFAULT_STEPS, Request::DEFAULT_GUIDANCE), |defaults| (defaults.steps, defaults.guidance));
    fields::row(ui, "Steps", |ui, label| {
        let mut steps = f64::from(prompt.steps);
        fields::Number::new(1.0, 1.0..=150.0).slider_to(60.0).default(f64::from(model_steps)).show_with_slider(
            ui,
            label,
            layout.number_width(),
            &mut steps,
        );
        prompt.steps = steps as u32;
    });
    let hint = "CFG scale, or guidance: how closely the picture follows the prompt.";
    fields::hinted_row(ui, "CFG scale", hint, |ui, label| {
        let mut guidance = prompt.guidance.unwrap_or(model_guidance);
        fields::Number::new(0.1, 0.0..=30.0).slider_to(15.0).default(model_guidance).decimals(1).show_with_slider(
            ui,
            label,
            layout.number_width(),
            &mut guidance,
        );
        // Back on the model's own value means following the model again.
        prompt.guidance = ((guidance - model_guidance).abs() > 1e-6).then_some(guidance);
    });
}

fn finer(ui: &mut Ui, prompt: &mut PromptPanelState, layout: Layout) {
    let fine = &mut prompt.fine;
    let width = layout.number_width();
    let share = |ui: &mut Ui, name: &str, hint: &str, default: f64, value: &mut f64| {
        fields::hinted_row(ui, name, hint, |ui, label| {
            let number = fields::Number::new(0.01, 0.0..=1.0).default(default).decimals(2);
            let response = ui.scope(|ui| number.show_with_slider(ui, label, width, value)).response;
            response.on_hover_text(hint);
        });
    };
    share(ui, "Variation", "How much of a second seed's noise is mixed in.", 0.0, &mut fine.variation_strength);
    if fine.variation_strength > 0.0 {
        fields::row(ui, "From seed", |ui, label| {
            fields::text_line(ui, label, ui.available_width(), |ui, id| {
                ui.add(
                    TextEdit::singleline(&mut fine.variation_seed_text)
                        .id(id)
                        .hint_text("random")
                        .char_limit(20)
                        .desired_width(f32::INFINITY)
                        .frame(egui::Frame::NONE),
                )
            });
            PromptPanelState::keep_seed(&mut fine.variation_seed_text);
        });
    }
    share(
        ui,
        "Rescale",
        "CFG rescale: takes back the contrast that a high CFG scale adds.",
        0.0,
        &mut fine.guidance_rescale,
    );
    share(
        ui,
        "CFG until",
        "The share of the steps that follow the CFG scale; the rest take half the time.",
        1.0,
        &mut fine.guidance_until,
    );
    fields::row(ui, "Clip skip", |ui, label| {
        let mut skip = f64::from(fine.clip_skip);
        fields::Number::new(1.0, 1.0..=12.0).default(1.0).show(ui, label, width, &mut skip);
        fine.clip_skip = skip as u32;
    });
    fields::hinted_row(ui, "RNG", "The random number generator that draws the noise.", |ui, _| {
        let words = [
            Segment { text: "PyTorch", hint: "As diffusers and ComfyUI draw it; the same on every machine." },
            Segment { text: "NVIDIA", hint: "As AUTOMATIC1111 draws it on NVIDIA cards; the same on every machine." },
        ];
        let chosen = usize::from(fine.noise == NoiseKind::Philox);
        if let Some(picked) = Segments::new("RNG", &words, chosen).show(ui) {
            fine.noise = if picked == 1 { NoiseKind::Philox } else { NoiseKind::Torch };
        }
    });
}
