//! How the panels fold when the window is small. Sizes are in points.

use egui::Vec2;

use crate::ui::theme;

pub(crate) const PROMPT_WIDTH: f32 = 320.0;
pub(crate) const PROMPT_WIDTH_NARROW: f32 = 272.0;
pub(crate) const PROMPT_WIDTH_WIDEST: f32 = 400.0;
pub(crate) const GALLERY_WIDTH: f32 = 260.0;
pub(crate) const GALLERY_WIDTH_WIDEST: f32 = 740.0;
pub(crate) const RAIL_WIDTH: f32 = 48.0;
pub(crate) const MENU_HEIGHT: f32 = 32.0;
pub(crate) const STATUS_HEIGHT: f32 = 28.0;

/// Which panels the person wants to see; a narrow window folds further.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PanelsState {
    pub prompt: SidePanel,
    pub gallery: SidePanel,
    /// As they were dragged, in points.
    pub prompt_width: f32,
    pub gallery_width: f32,
}

impl Default for PanelsState {
    fn default() -> Self {
        let (prompt, gallery) = (SidePanel::default(), SidePanel::default());
        Self { prompt, gallery, prompt_width: PROMPT_WIDTH, gallery_width: GALLERY_WIDTH }
    }
}

impl PanelsState {
    /// Widths from a file that somebody may have changed.
    #[must_use]
    pub(crate) fn in_range(self) -> Self {
        let within = |width: f32, least: f32, most: f32, usual: f32| {
            if width.is_finite() { width.clamp(least, most) } else { usual }
        };
        Self {
            prompt_width: within(self.prompt_width, PROMPT_WIDTH_NARROW, PROMPT_WIDTH_WIDEST, PROMPT_WIDTH),
            gallery_width: within(self.gallery_width, GALLERY_WIDTH, GALLERY_WIDTH_WIDEST, GALLERY_WIDTH),
            ..self
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SidePanel {
    pub open: bool,
    /// Where only a rail fits: opened from there, for the moment.
    pub over_canvas: bool,
}

impl Default for SidePanel {
    fn default() -> Self {
        Self { open: true, over_canvas: false }
    }
}

/// How a side panel is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PanelForm {
    Hidden,
    Rail,
    Full,
}

/// The arrangement for one frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Layout {
    pub prompt: PanelForm,
    pub prompt_width: f32,
    pub gallery: PanelForm,
    /// Under 1024 points: the status line drops the time per step, number fields are 50 wide.
    pub narrow: bool,
    /// Under 640 points of height: two prompt rows, tiles of 56 without text, short actions.
    pub short: bool,
}

impl Layout {
    #[must_use]
    pub(crate) fn for_window(size: Vec2, panels: PanelsState) -> Self {
        let form = |open: bool, rail_under: f32| match (open, size.x < rail_under) {
            (false, _) => PanelForm::Hidden,
            (true, true) => PanelForm::Rail,
            (true, false) => PanelForm::Full,
        };
        let narrow = size.x < 1024.0;
        Self {
            prompt: form(panels.prompt.open, 720.0),
            prompt_width: if narrow { PROMPT_WIDTH_NARROW } else { panels.prompt_width },
            gallery: form(panels.gallery.open, 1200.0),
            narrow,
            short: size.y < 640.0,
        }
    }

    /// Of a number's field.
    #[must_use]
    pub(crate) fn number_width(self) -> f32 {
        if self.narrow { theme::NUMBER_WIDTH_NARROW } else { theme::NUMBER_WIDTH }
    }
}
