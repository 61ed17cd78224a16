//! One picture, from a request and a plan.

use std::time::Instant;

use super::PipelineError;
use super::canvas::Canvas;
use super::control::steering::Steering;
use super::control::uses::control_uses;
use super::denoise::Denoising;
use super::guidance::Guidance;
use super::load::Pipeline;
use super::networks::Reporter;
use super::plan::FittedPlan;
use super::resolved::ResolvedRequest;
use super::unused::{unused_controls, unused_settings};
use crate::job::{Branch, CancelToken, ControlPlace, Progress, Request};
use crate::kernels;
use crate::model::{ModelError, in_pool};
use crate::raster::Picture;

impl Pipeline {
    /// Makes one picture by the plan that [`Pipeline::plan`] makes for it.
    ///
    /// # Errors
    /// As [`Pipeline::plan`] and [`Pipeline::run_planned`].
    pub fn run(
        &mut self,
        request: &Request,
        cancel: &CancelToken,
        sink: &mut dyn FnMut(Progress),
    ) -> Result<(Picture, Request), PipelineError> {
        let fitted = self.plan(request)?;
        self.run_planned(request, &fitted, cancel, sink)
    }

    /// Makes one picture, reporting to `sink`. Gives it with the request as it was really carried out.
    ///
    /// # Errors
    /// When the request does not fit the model, the token is cancelled, or the device fails.
    pub fn run_planned(
        &mut self,
        request: &Request,
        fitted: &FittedPlan,
        cancel: &CancelToken,
        sink: &mut dyn FnMut(Progress),
    ) -> Result<(Picture, Request), PipelineError> {
        let plan = fitted.plan;
        let canvas = Canvas::new(request, self.spec().grid, &mut self.remembered.mask.borrow_mut())?;
        let frame = canvas.as_ref().map(|canvas| canvas.frame);
        let resolved = ResolvedRequest::new(request, frame, self.spec())?;
        let spec = self.spec();
        let (scheduler_name, scheduler) =
            spec.sampling.scheduler(request, spec.tokens(resolved.width, resolved.height))?;
        let unused = unused_settings(request, &resolved, spec.input, spec.embeds_guidance(), spec.reads_references());
        for sentence in spec.sampling.substitution(request).map(str::to_owned).into_iter().chain(unused) {
            sink(Progress::Notice(sentence.into()));
        }
        sink(Progress::Resolved { compute: plan.compute(), peak_bytes: fitted.costs.peak_bytes() as u64 });
        tracing::info!("{plan:?}");
        let cancel_check = || if cancel.is_cancelled() { Err(ModelError::Cancelled) } else { Ok(()) };
        let reporter = Reporter::new(&cancel_check, sink);
        self.report_notices(&reporter);
        let uses = control_uses(self.spec(), &request.controls)?;
        let weight_bytes = fitted.costs.control_weights as u64;
        self.controls.prepare(&uses, weight_bytes, &self.loader, &|part, fraction| reporter.loading(part, fraction))?;
        let images = &mut self.controls.images;
        let loading = |part, fraction| reporter.loading(part, fraction);
        in_pool(|| images.prepare(&request.references, &self.loader, &loading))?;
        let place = ControlPlace::new(request, frame, (resolved.width, resolved.height));
        let first_step = self.first_call(request, scheduler.as_ref());
        let calls = scheduler.timesteps().len().saturating_sub(first_step);
        for sentence in unused_controls(request, calls) {
            reporter.report(Progress::Notice(sentence.into()));
        }
        let steps = match scheduler.timesteps().len().checked_sub(1) {
            Some(last) if first_step <= last => scheduler.step_of(last) - scheduler.step_of(first_step) + 1,
            _ => 0,
        };
        let conditioning = in_pool(|| self.condition(request, &resolved, steps, &reporter))?;
        self.release_idle_memory();
        let mut noise = request.noise.source(request.seed);
        let noise = noise.as_mut();
        let guidance = Guidance::new(resolved.guidance, request);
        let mut denoising = Denoising {
            resolved,
            plan,
            scheduler,
            scheduler_name,
            first_step,
            next_call: first_step,
            conditioning,
            guidance,
            concat: None,
            blend: None,
            references: Vec::new(),
        };
        let mut start = self.start_latents(request, canvas.as_ref(), &mut denoising, noise, &reporter)?;
        let branch = request.branch.as_ref();
        let notice = match (&request.from_step, branch.and_then(|branch| branch.state.as_ref())) {
            (Some(state), _) => denoising.go_on(state, &mut start, noise),
            (None, Some(state)) => denoising.branch_from(state, &mut start, noise)?,
            (None, None) => None,
        };
        if let Some(notice) = notice {
            reporter.report(Progress::Notice(notice));
        }
        denoising.references = self.reference_latents(request, canvas.as_ref(), &mut denoising.plan, &reporter)?;
        // The encoder's maps are of other sizes than the denoiser's, and those of other sizes than the decoder's.
        self.release_idle_memory();
        let execution = &self.loader.options.execution;
        let networks = (&self.controls, self.spec().configs.denoiser.unet());
        let steering = in_pool(|| Steering::new(request, &uses, networks, &place, execution))?;
        let _stoppable = kernels::stopped_by(cancel.flag());
        let latents = self.denoise(&mut denoising, start, noise, &steering, &reporter)?;
        drop(steering);
        if plan.sequential_offload {
            self.controls.clear();
        }
        // Networks that are read on demand are all read by now.
        self.report_notices(&reporter);

        self.release_idle_memory();
        let started = Instant::now();
        let Denoising { resolved, mut plan, .. } = denoising;
        if branch.is_some_and(|branch| branch.decodes_in_single) {
            self.use_vae_in_single(&reporter)?;
        }
        let decoded = self.decode(latents, &resolved, &mut plan, &reporter)?;
        self.release_idle_memory();
        let (mut width, mut height) = (Some(resolved.width), Some(resolved.height));
        let picture = if let Some(canvas) = &canvas {
            (width, height) = canvas.noted_size();
            canvas.finished(decoded)
        } else {
            decoded
        };
        reporter.report(Progress::Decoded { seconds: started.elapsed().as_secs_f64() });
        let carried_out = Request {
            width,
            height,
            guidance: Some(resolved.guidance),
            scheduler: Some(scheduler_name),
            compute: plan.compute(),
            worked_px: enlarged_from(request, &picture, &resolved),
            from_step: None,
            branch: request.branch.as_ref().map(|branch| Branch { state: None, ..branch.clone() }),
            ..request.clone()
        };
        Ok((picture, carried_out))
    }

    /// What was found about adapters while networks were read.
    fn report_notices(&self, reporter: &Reporter) {
        for notice in self.loader.take_notices() {
            reporter.report(Progress::Notice(notice));
        }
    }

    /// Gives back what the networks before left idle.
    pub(super) fn release_idle_memory(&self) {
        crate::kernels::release_idle_buffers();
        if let Some(operators) = self.loader.options.execution.operators() {
            operators.wait();
        }
    }
}

/// The size that the network worked at, where the whole picture is larger than that.
fn enlarged_from(request: &Request, picture: &Picture, resolved: &ResolvedRequest) -> Option<[u32; 2]> {
    let is_larger = picture.width() > resolved.width || picture.height() > resolved.height;
    // A size that the model's grid only rounds down is the picture's own.
    let is_enlarged = is_larger && u64::from(resolved.width) * 10 < u64::from(picture.width()) * 9;
    (request.mask.is_none() && is_enlarged).then_some([resolved.width, resolved.height])
}
