//! What live painting takes from the panel and the canvas, and what of it is seen.

use super::{AppState, Mode};
use crate::ui::action::LookingAt;
use crate::ui::live::state::{LiveMade, Wish};

impl AppState {
    /// What shall be drawn now; `None` where live painting is off, or has nothing to begin from.
    #[must_use]
    pub(crate) fn live_wish(&self) -> Option<Wish> {
        let has_something = self.mode() != Mode::Create || self.steering_layers().next().is_some();
        if !self.live.is_on || !self.canvas.is_restored || !has_something || !self.is_ready() {
            return None;
        }
        let request = self.request_without_mask(self.live_seed());
        Some(Wish { request, revision: self.canvas.document.revision(), strength: self.next_strength() })
    }

    /// The panel's, or one that stays while live painting is on: only what is changed shall change.
    #[must_use]
    pub(crate) fn live_seed(&self) -> u64 {
        self.prompt.fixed_seed().unwrap_or(self.live.seed)
    }

    /// Whether the canvas shows the drawing and its live result.
    #[must_use]
    pub(crate) fn shows_live(&self) -> bool {
        self.live.is_on && self.canvas.has_picture() && *self.canvas.shown() == LookingAt::Canvas
    }

    /// The result that can be kept or used.
    #[must_use]
    pub(crate) fn live_result(&self) -> Option<&LiveMade> {
        let is_seen = self.live.is_on && self.canvas.looking_at == LookingAt::Canvas;
        self.live.made.as_ref().filter(|_| is_seen)
    }
}
