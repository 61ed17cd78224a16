//! What is known while one paints live: the newest result, and what is under way.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::pace::Pace;
use crate::job::{JobId, Request};
use crate::raster::Picture;

/// Below so many points of canvas the result is only laid over the drawing.
pub(crate) const LEAST_WIDTH_BESIDE: f32 = 720.0;

#[derive(Default)]
pub struct LiveState {
    pub is_on: bool,
    /// Laid over the drawing though there is room beside it.
    pub is_over: bool,
    /// Every drawing's, as long as the panel holds none.
    pub(crate) seed: u64,
    pub(crate) pace: Pace<Wish>,
    pub made: Option<LiveMade>,
    /// The one before, until the new one is on the graphics card.
    pub(crate) before: Option<Arc<Picture>>,
    /// On their way into the gallery.
    pub(crate) keeping: Vec<LiveMade>,
    /// Sentences that were shown since it was switched on: each once, not at every pause.
    pub(crate) said: BTreeSet<String>,
}

/// All that a live picture is drawn from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wish {
    /// Without the canvas's picture and mask, for which its revision stands.
    pub request: Request,
    pub revision: u64,
    pub strength: f64,
}

/// A result that nobody has kept yet.
#[derive(Clone, Debug)]
pub struct LiveMade {
    pub job: JobId,
    pub picture: Arc<Picture>,
    pub request: Request,
    /// From the pause of the hand.
    pub seconds: f64,
    /// It stands in the strip, or is on its way there.
    pub is_kept: bool,
}

impl LiveState {
    /// Takes in a new result.
    pub(crate) fn show(&mut self, made: LiveMade) {
        self.before = self.made.replace(made).map(|old| old.picture);
    }

    /// The drawing that the engine has, if it has one.
    #[must_use]
    pub fn job(&self) -> Option<JobId> {
        self.pace.job()
    }

    /// Whether what is wished for was drawn.
    #[must_use]
    pub fn is_up_to_date(&self) -> bool {
        self.pace.is_up_to_date()
    }

    /// "0.42 s · 4 steps"
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let made = self.made.as_ref()?;
        let steps = made.request.steps;
        let steps = if steps == 1 { "1 step".to_owned() } else { format!("{steps} steps") };
        Some(format!("{:.2} s · {steps}", made.seconds))
    }
}
