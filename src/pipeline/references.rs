//! Reference pictures: what a model that reads pictures beside the prompt is given of them.

use candle_core::Tensor;

use super::PipelineError;
use super::canvas::Canvas;
use super::encode::tensor_of;
use super::execution_plan::ExecutionPlan;
use super::load::Pipeline;
use super::networks::Reporter;
use super::reference_picture::prepared;
use crate::job::Request;

impl Pipeline {
    /// The clean latents of all pictures that the prompt speaks of, the canvas's first; none where the model reads none.
    pub(super) fn reference_latents(
        &mut self,
        request: &Request,
        canvas: Option<&Canvas>,
        plan: &mut ExecutionPlan,
        reporter: &Reporter,
    ) -> Result<Vec<Tensor>, PipelineError> {
        if !self.spec().reads_references() {
            return Ok(Vec::new());
        }
        let cell = self.spec().grid.cell_px;
        let own = canvas.filter(|_| request.edits_canvas()).map(|canvas| canvas.work.clone());
        let others = request.read_pictures().map(|picture| prepared(picture, cell));
        let mut latents = Vec::new();
        for picture in own.into_iter().chain(others) {
            latents.push(self.encode(&tensor_of(&picture)?, plan, reporter)?.mean);
        }
        Ok(latents)
    }
}
