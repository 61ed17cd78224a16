//! A request with every default filled in for one model.

use super::PipelineError;
use super::prompt_plan::{PromptPlan, is_undivided, part_weights};
use super::spec::ModelSpec;
use super::workload::Workload;
use crate::job::{Frame, ModelInput, Request};

pub(super) struct ResolvedRequest {
    /// As the network works, in pixels.
    pub width: u32,
    /// In pixels, a multiple of the model's step.
    pub height: u32,
    /// The request's, or the model's own.
    pub guidance: f64,
    /// Whether two passes are compared: with the prompt and against it.
    pub is_pair: bool,
}

impl ResolvedRequest {
    /// `frame` is what the network is shown of a photo, where there is one.
    pub(crate) fn new(request: &Request, frame: Option<Frame>, spec: &ModelSpec) -> Result<Self, PipelineError> {
        let guidance = request.guidance.unwrap_or_else(|| spec.profile().defaults().guidance);
        let (width, height) =
            if let Some(frame) = frame { (frame.width, frame.height) } else { spec.grid.size_of(request) };
        spec.grid.check(width, height)?;
        // Parts are weighed against what is there without them, at any guidance.
        let is_composed = !is_undivided(&part_weights(request));
        let is_pair = (guidance > 1.0 || is_composed) && !spec.embeds_guidance();
        Ok(Self { width, height, guidance, is_pair })
    }

    /// What it costs is estimated by this; `encodes` where there is a photo.
    pub(crate) fn workload(&self, request: &Request, spec: &ModelSpec, encodes: bool) -> Workload {
        let prompts = PromptPlan::new(request, request.steps as usize);
        let against = match (self.is_pair, spec.input) {
            (false, _) => 0,
            (true, ModelInput::Instruction) => 2,
            (true, _) => 1,
        };
        let read = request.read_pictures().map(|picture| [picture.width(), picture.height()]);
        Workload {
            width: self.width as usize,
            height: self.height as usize,
            rows: against + prompts.weights.len(),
            windows: 1,
            texts: prompts.texts.len().max(2),
            encodes,
            reads_canvas: spec.reads_references() && request.edits_canvas(),
            references: spec.read_pictures(read),
            regions: request.regions.len(),
        }
    }
}
