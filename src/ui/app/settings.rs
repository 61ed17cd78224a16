//! The window's state as settings, and back: what must be there again after a restart.

use std::time::{Duration, Instant};

use egui::ThemePreference;

use crate::job::Request;
use crate::store::models::notes::ModelNote;
use crate::store::settings::{PanelSection, Settings, Theme};
use crate::ui::canvas::state::CanvasState;
use crate::ui::chrome::layout::{PanelsState, SidePanel};
use crate::ui::layers::state::LayersState;
use crate::ui::prompt::estimate::MemoryPanel;
use crate::ui::prompt::loras::state::LoraShelf;
use crate::ui::prompt::state::InpaintPanel;
use crate::ui::prompt::state::{FineSampling, PromptPanelState};
use crate::ui::state::AppState;

#[must_use]
pub(crate) fn theme_of(settings: &Settings) -> ThemePreference {
    match settings.theme {
        Theme::Dark => ThemePreference::Dark,
        Theme::Light => ThemePreference::Light,
        Theme::System => ThemePreference::System,
    }
}

/// The prompt panel as it was left.
#[must_use]
pub(crate) fn prompt_of(settings: &Settings) -> PromptPanelState {
    let Settings { draft, open_sections, .. } = settings;
    let request = &draft.request;
    let fallback = PromptPanelState::default();
    PromptPanelState {
        prompt: request.prompt.clone(),
        negative: request.negative.clone().unwrap_or_default(),
        negative_open: open_sections.contains(&PanelSection::Negative),
        model: request.model.clone(),
        size_px: request.width.zip(request.height).map_or(fallback.size_px, |(width, height)| [width, height]),
        seed_text: draft.seed.map(|seed| seed.to_string()).unwrap_or_default(),
        picture_count: draft.pictures.clamp(1, PromptPanelState::MAX_PICTURES),
        sampling_open: open_sections.contains(&PanelSection::Sampling),
        fine: FineSampling {
            is_open: open_sections.contains(&PanelSection::FineSampling),
            ..FineSampling::of(request)
        },
        scheduler: request.scheduler,
        sigmas: request.sigmas,
        steps: request.steps.clamp(1, Request::MAX_STEPS),
        guidance: request.guidance,
        strength: draft.strength.clamp(0.0, 1.0),
        repaint_size_px: draft.repaint_size,
        resize: draft.resize,
        ..fallback
    }
}

/// The inpaint section as it was left.
#[must_use]
pub(crate) fn inpaint_of(settings: &Settings) -> InpaintPanel {
    InpaintPanel {
        settings: settings.draft.request.inpaint.clone(),
        strength: settings.draft.fill_strength.clamp(0.0, 1.0),
        is_open: settings.open_sections.contains(&PanelSection::Inpainting),
        before_expanding: None,
    }
}

/// The shelf of LoRAs as it was left.
#[must_use]
pub(crate) fn loras_of(settings: &Settings) -> LoraShelf {
    LoraShelf::of(&settings.loras, settings.open_sections.contains(&PanelSection::Loras))
}

/// The memory section as it was left.
#[must_use]
pub(crate) fn memory_of(settings: &Settings) -> MemoryPanel {
    MemoryPanel {
        compute: settings.draft.request.compute,
        is_open: settings.open_sections.contains(&PanelSection::MemoryAndSpeed),
        ..MemoryPanel::default()
    }
}

/// The canvas's tools as they were left; what lies on it comes from the journal.
#[must_use]
pub(crate) fn canvas_of(settings: &Settings) -> CanvasState {
    CanvasState { tool: settings.tool, tools: settings.tools.clone().in_range(), ..CanvasState::default() }
}

/// The list of layers as it was left.
#[must_use]
pub(crate) fn layers_of(settings: &Settings) -> LayersState {
    LayersState { open: settings.layers_open, ..LayersState::default() }
}

#[must_use]
pub(crate) fn panels_of(settings: &Settings) -> PanelsState {
    let side = |open| SidePanel { open, over_canvas: false };
    let usual = PanelsState::default();
    let panels = PanelsState {
        prompt: side(settings.prompt_panel_shown),
        gallery: side(settings.gallery_panel_shown),
        prompt_width: settings.prompt_panel_width.unwrap_or(usual.prompt_width),
        gallery_width: settings.gallery_panel_width.unwrap_or(usual.gallery_width),
    };
    panels.in_range()
}

/// `old` with what the window knows now.
#[must_use]
pub(crate) fn settings_of(state: &AppState, old: &Settings) -> Settings {
    let mut settings = old.clone();
    settings.theme = match state.theme {
        ThemePreference::Dark => Theme::Dark,
        ThemePreference::Light => Theme::Light,
        ThemePreference::System => Theme::System,
    };
    settings.prompt_panel_shown = state.panels.prompt.open;
    settings.gallery_panel_shown = state.panels.gallery.open;
    settings.prompt_panel_width = Some(state.panels.prompt_width);
    settings.gallery_panel_width = Some(state.panels.gallery_width);
    settings.layers_open = state.layers.open;
    settings.tool = state.canvas.tool;
    settings.results = state.candidates.files();
    settings.project = state.project.kept();
    settings.recent_projects.clone_from(&state.project.recent);
    let prompt = &state.prompt;
    settings.loras.clone_from(&state.loras.list);
    settings.tools = state.canvas.tools.clone();
    settings.draft.strength = prompt.strength;
    settings.draft.repaint_size = prompt.repaint_size_px;
    settings.draft.resize = prompt.resize;
    settings.draft.fill_strength = state.inpaint.strength;
    for (section, is_open) in [
        (PanelSection::Negative, prompt.negative_open),
        (PanelSection::Sampling, prompt.sampling_open),
        (PanelSection::FineSampling, prompt.fine.is_open),
        (PanelSection::Loras, state.loras.is_open),
        (PanelSection::Inpainting, state.inpaint.is_open),
        (PanelSection::MemoryAndSpeed, state.memory.is_open),
    ] {
        if is_open {
            settings.open_sections.insert(section);
        } else {
            settings.open_sections.remove(&section);
        }
    }
    settings.model_notes.clone_from(&state.library.notes);
    settings.model_notes.retain(|_, note| *note != ModelNote::default());
    settings.draft.seed = prompt.fixed_seed();
    settings.draft.pictures = prompt.picture_count;
    settings.draft.request = Request {
        prompt: prompt.prompt.clone(),
        negative: (!prompt.negative.is_empty()).then(|| prompt.negative.clone()),
        model: prompt.model.clone(),
        scheduler: prompt.scheduler,
        sigmas: prompt.sigmas,
        steps: prompt.steps,
        guidance: prompt.guidance,
        width: Some(prompt.size_px[0]),
        height: Some(prompt.size_px[1]),
        seed: 0,
        init: None,
        mask: None,
        worked_px: None,
        made_from: None,
        inpaint: state.inpaint.settings.clone(),
        compute: state.memory.compute,
        ..old.draft.request.clone()
    };
    // A second seed that shall be random is none that could be kept.
    let kept = FineSampling {
        variation_strength: if prompt.fine.variation_seed_text.is_empty() {
            0.0
        } else {
            prompt.fine.variation_strength
        },
        ..prompt.fine.clone()
    };
    kept.fill(&mut settings.draft.request);
    settings
}

/// Waits until nothing changes any more before the disk is troubled.
pub(crate) struct SettingsSaver {
    /// As they were sent last, or are on their way.
    pub current: Settings,
    changed_at: Option<Instant>,
}

impl SettingsSaver {
    const REST: Duration = Duration::from_secs(1);

    #[must_use]
    pub(crate) fn new(current: Settings) -> Self {
        Self { current, changed_at: None }
    }

    /// Notes what has changed and returns the settings once they have rested for a second.
    pub(crate) fn poll(&mut self, state: &AppState, ctx: &egui::Context) -> Option<Settings> {
        let settings = settings_of(state, &self.current);
        if settings != self.current {
            self.current = settings;
            self.changed_at = Some(Instant::now());
            ctx.request_repaint_after(Self::REST);
        }
        match self.changed_at {
            Some(changed_at) if changed_at.elapsed() >= Self::REST => {
                self.changed_at = None;
                Some(self.current.clone())
            }
            Some(changed_at) => {
                ctx.request_repaint_after(Self::REST.saturating_sub(changed_at.elapsed()));
                None
            }
            None => None,
        }
    }

    /// Marks what `current` was given from outside (history, window place) as changed.
    pub(crate) fn touch(&mut self) {
        self.changed_at.get_or_insert_with(Instant::now);
    }

    /// What is not on its way yet, for the end.
    pub(crate) fn rest(&mut self, state: &AppState) -> Option<Settings> {
        let settings = settings_of(state, &self.current);
        let unsaved = self.changed_at.take().is_some() || settings != self.current;
        self.current = settings;
        unsaved.then(|| self.current.clone())
    }
}
