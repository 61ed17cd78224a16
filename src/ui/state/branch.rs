//! What goes on from a step of another picture: that picture's request, with what the panel says otherwise.

use super::{AppState, Mode};
use crate::job::{Branch, InpaintArea, InpaintMask, InpaintSettings, Request};
use crate::ui::action::LookingAt;
use crate::ui::branch::state::OpenBranch;

impl AppState {
    /// A picture's steps are left when something else is looked at, whatever the reason.
    pub(in crate::ui) fn leave_branch(&mut self) {
        let is_left = |open: &OpenBranch| self.canvas.looking_at != LookingAt::Candidate(open.job);
        if self.branch.open.as_ref().is_some_and(is_left) {
            self.branch.open = None;
        }
    }

    /// The canvas's mask, where it may bound what goes on: the canvas is as large as the picture, which was drawn whole.
    #[must_use]
    pub fn branch_mask(&self) -> Option<InpaintMask> {
        let open = self.branch.open.as_ref()?;
        let size_px = self.candidates.get(open.job)?.size_px()?;
        let fits = self.canvas.document.size_px() == Some(size_px) && self.mode() == Mode::Fill;
        let mask = || InpaintMask { plane: self.canvas.document.mask().shared() };
        (fits && open.kept.request.mask.is_none()).then(mask)
    }

    /// Model, seed and size stay the other picture's: its latents mean nothing to others. Without the canvas's picture, which
    /// a mask needs.
    #[must_use]
    pub fn branch_request(&self) -> Option<Request> {
        let open = self.branch.open.as_ref()?;
        let step = open.step()?;
        let before = (*open.kept.request).clone();
        let panel = self.request_without_mask(before.seed);
        let mask = self.branch_mask().filter(|_| open.is_masked);
        let inpaint = match mask {
            // The latents are of the whole picture.
            Some(_) => InpaintSettings { area: InpaintArea::Whole, ..panel.inpaint },
            None => before.inpaint.clone(),
        };
        Some(Request {
            prompt: panel.prompt,
            negative: panel.negative,
            drawn_prompt: None,
            drawn_negative: None,
            scheduler: panel.scheduler,
            sigmas: panel.sigmas,
            steps: panel.steps,
            guidance: panel.guidance,
            guidance_rescale: panel.guidance_rescale,
            guidance_until: panel.guidance_until,
            clip_skip: panel.clip_skip,
            loras: panel.loras,
            embeddings: Vec::new(),
            mask: mask.or(before.mask),
            inpaint,
            from_step: None,
            branch: Some(Branch {
                step: step.number,
                steps: open.total(),
                decodes_in_single: false,
                state: Some(step.state.clone()),
            }),
            ..before
        })
    }
}
