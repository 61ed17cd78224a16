//! The picture whose steps are looked through, and the step that is seen.

use std::sync::Arc;

use crate::engine::{KeptStep, KeptSteps};
use crate::job::JobId;
use crate::raster::Picture;

#[derive(Default)]
pub struct BranchState {
    pub open: Option<OpenBranch>,
}

pub struct OpenBranch {
    pub job: JobId,
    pub(crate) kept: KeptSteps,
    /// Among those that are kept.
    at: usize,
    /// Only what is masked on the canvas changes.
    pub is_masked: bool,
}

impl OpenBranch {
    /// At the middle of its steps, where words and guidance still change much; `None` where none is kept.
    #[must_use]
    pub(crate) fn of(job: JobId, kept: KeptSteps) -> Option<Self> {
        let at = kept.steps.len().checked_sub(1)? / 2;
        Some(Self { job, kept, at, is_masked: false })
    }

    #[must_use]
    pub(crate) fn step(&self) -> Option<&KeptStep> {
        self.kept.steps.get(self.at)
    }

    /// The numbers of the first and the last one that can be looked at.
    #[must_use]
    pub fn range(&self) -> [u32; 2] {
        let number = |step: Option<&KeptStep>| step.map_or(1, |step| step.number);
        [number(self.kept.steps.first()), number(self.kept.steps.last())]
    }

    /// The number of the one that is seen.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.step().map_or(1, |step| step.number)
    }

    #[must_use]
    pub fn total(&self) -> u32 {
        self.kept.total
    }

    /// Looks at the step of this number, or the nearest one.
    pub fn go_to(&mut self, number: u32) {
        let distance = |step: &KeptStep| step.number.abs_diff(number);
        let nearest = self.kept.steps.iter().enumerate().min_by_key(|(_, step)| distance(step));
        self.at = nearest.map_or(self.at, |(index, _)| index);
    }

    pub fn go_by(&mut self, by: isize) {
        let last = self.kept.steps.len().saturating_sub(1);
        self.at = self.at.saturating_add_signed(by).min(last);
    }
}

impl BranchState {
    /// So many steps stay that there is room for them: those of some fifty pictures of Stable Diffusion 1.5.
    pub(crate) const MOST_BYTES: usize = 256 << 20;

    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// What is seen of this picture instead of itself.
    #[must_use]
    pub(crate) fn shown(&self, job: JobId) -> Option<&Arc<Picture>> {
        self.open.as_ref().filter(|open| open.job == job)?.step()?.preview.as_ref()
    }
}
