//! The backend that really draws: keeps the pipeline of the model used last, and tries another way where a device fails.

use std::cell::RefCell;

use candle_core::DType;

use super::backend::{Backend, BackendError};
use super::device::{DeviceChoice, DtypeChoice, WantedProcessor};
use super::failure;
use super::fallback::{Attempt, Fallback};
use super::upscale::Upscaling;
use crate::checkpoint::{CheckpointError, ModelFiles, builtin_four_steps, builtin_model, profile_of};
use crate::job::{
    CancelToken, Drawn, ErrorKind, JobError, MemoryMode, ModelDefaults, ModelRef, Progress, Remedy, Request, Task,
    WorkGrid,
};
use crate::model::{Execution, FailureKind, ModelError, OperatorFailure};
use crate::pipeline::{
    Adapters, ExecutionPlan, FallbackStep, FittedPlan, LoadOptions, LoadingSteps, ModelSpec, Pipeline, PipelineError,
    memory_budget, work_grid_of,
};

/// Is given a failure that made the backend leave its device for the CPU.
pub(crate) type OnDeviceFailure = Box<dyn Fn(&OperatorFailure) + Send>;

/// The real backend: it owns the device and the loaded model.
pub struct CandleBackend {
    device_choice: DeviceChoice,
    dtype_choice: DtypeChoice,
    /// Looked at before each picture, with which of its devices this one has.
    wanted: Option<(WantedProcessor, usize)>,
    /// Whether another device could take a picture over.
    has_others: bool,
    execution: Option<Execution>,
    on_device_failure: Option<OnDeviceFailure>,
    loaded: Option<(Loaded, Pipeline)>,
    /// What was reported of the picture before, so that it is not reported of each.
    reported_steps: Vec<FallbackStep>,
    upscaling: Upscaling,
    /// So many pictures are drawn, and then it ends.
    pictures: Option<u32>,
}

/// Why a device gives a picture up that another one may well make.
#[derive(Clone, Copy)]
enum Loss {
    Memory,
    Device,
}

impl Loss {
    /// `None` where the picture itself is why.
    fn of(error: &PipelineError) -> Option<Self> {
        match error {
            PipelineError::Model(ModelError::Operator(failure)) => match failure.kind {
                FailureKind::OutOfMemory => Some(Self::Memory),
                FailureKind::Other => Some(Self::Device),
                // The others are of the same build.
                FailureKind::Unsupported => None,
            },
            PipelineError::TooLarge { .. } | PipelineError::ModelTooLarge { .. } => Some(Self::Memory),
            _ => None,
        }
    }
}

/// What a pipeline was read from, and how.
#[derive(Clone, PartialEq)]
#[allow(clippy::struct_excessive_bools)] // as the plan's
struct Loaded {
    model: ModelRef,
    adapters: Adapters,
    dtype: DType,
    winograd: bool,
    sequential_offload: bool,
    streamed_weights: bool,
    is_kernels: bool,
}

impl Loaded {
    fn of(request: &Request, plan: &ExecutionPlan) -> Self {
        Self {
            model: request.model.clone(),
            adapters: Adapters::of(request),
            dtype: plan.dtype,
            winograd: plan.winograd,
            sequential_offload: plan.sequential_offload,
            streamed_weights: plan.streamed_weights,
            is_kernels: plan.card.is_none(),
        }
    }

    /// Whether all but LoRAs and embeddings are the same.
    fn has_same_base(&self, other: &Self) -> bool {
        let adapters = Adapters { vae: self.adapters.vae.clone(), ..other.adapters.clone() };
        Self { adapters, ..self.clone() } == *other
    }
}

impl CandleBackend {
    #[must_use]
    pub fn new(device_choice: DeviceChoice, dtype_choice: DtypeChoice) -> Self {
        Self {
            device_choice,
            dtype_choice,
            wanted: None,
            has_others: false,
            execution: None,
            on_device_failure: None,
            loaded: None,
            reported_steps: Vec::new(),
            upscaling: Upscaling::default(),
            pictures: None,
        }
    }

    /// One that draws by `execution`, whatever device that is.
    #[must_use]
    pub fn by(execution: Execution, dtype_choice: DtypeChoice) -> Self {
        Self { execution: Some(execution), ..Self::new(DeviceChoice::Cpu, dtype_choice) }
    }

    /// Calls `report` when a device fails and the CPU goes on.
    #[must_use]
    pub fn on_device_failure(self, report: impl Fn(&OperatorFailure) + Send + 'static) -> Self {
        Self { on_device_failure: Some(Box::new(report)), ..self }
    }

    /// Draws so many pictures and no more: what only many repay is left out.
    #[must_use]
    pub fn for_pictures(self, count: u32) -> Self {
        Self { pictures: Some(count), ..self }
    }

    /// Follows what is wanted from one picture to the next, on the device of this number among those that are chosen.
    #[must_use]
    pub fn following(self, wanted: WantedProcessor, number: usize) -> Self {
        Self { wanted: Some((wanted, number)), ..self }
    }

    fn follow(&mut self) {
        let Some((processor, number)) = self.wanted.as_ref().map(|(wanted, number)| (wanted.get(), *number)) else {
            return;
        };
        // One that is not wanted any more finishes what it has begun.
        let device = processor.devices().get(number).unwrap_or(self.device_choice);
        let dtype = processor.dtype;
        if (device, dtype) != (self.device_choice, self.dtype_choice) {
            (self.device_choice, self.dtype_choice) = (device, dtype);
            // What is loaded lies on the other device, or in the other precision.
            (self.execution, self.loaded) = (None, None);
        }
    }

    fn fallback(&mut self) -> Result<Fallback, BackendError> {
        self.follow();
        let execution = if let Some(execution) = &self.execution {
            execution.clone()
        } else {
            let device = self
                .device_choice
                .open()
                .map_err(|error| JobError::caused(ErrorKind::Device, error).with_remedy(Some(Remedy::ListDevices)))?;
            let dtype = self.dtype_choice.on(&device);
            self.execution.insert(Execution::on(&device, dtype)).clone()
        };
        Ok(Fallback::new(execution, self.dtype_choice))
    }

    fn attempt(
        &mut self,
        fallback: &Fallback,
        request: &Request,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(Progress),
        attempt: &mut Attempt,
    ) -> Result<Drawn, PipelineError> {
        let fitted = self.plan(fallback, request)?;
        self.notice_fallback_steps(&fitted, progress);
        *attempt = Attempt::Loading(fitted.plan);
        let pipeline = self.pipeline(request, (&fallback.execution, &fitted), cancel, progress)?;
        *attempt = Attempt::Running(fitted.plan);
        let (picture, request) = pipeline.run_planned(request, &fitted, cancel, progress)?;
        Ok(Drawn { picture, request, latents: None })
    }

    /// What the job ends with: it is another device's where there is one and this one is why.
    fn given_up(&mut self, error: BackendError, reason: Option<Loss>) -> BackendError {
        match (error, reason.filter(|_| self.has_others)) {
            (BackendError::Failed(error), Some(loss)) => {
                let is_broken = matches!(loss, Loss::Device);
                if is_broken {
                    // Opened anew where it is tried again.
                    (self.execution, self.loaded) = (None, None);
                }
                BackendError::HandOver { device: self.device_choice.to_string(), error, is_broken }
            }
            (error, _) => error,
        }
    }

    /// How the picture is computed so that it fits, from the model's small files, or from what is loaded.
    fn plan(&self, fallback: &Fallback, request: &Request) -> Result<FittedPlan, PipelineError> {
        // Weights that are there can be used again, or their memory can.
        let held_bytes = self.loaded.as_ref().map_or(0, |(_, pipeline)| pipeline.resident_weight_bytes());
        let budget_bytes = memory_budget::free_bytes(&fallback.execution).map(|free| free + held_bytes);
        let constraints = fallback.constraints(budget_bytes);
        let is_same = |loaded: &Loaded| loaded.model == request.model && loaded.adapters.vae == request.vae;
        let Some((loaded, pipeline)) = self.loaded.as_ref().filter(|(loaded, _)| is_same(loaded)) else {
            let spec = ModelSpec::read(&files_of(&request.model)?, request.vae.as_deref())?;
            let is_brief = match self.pictures.filter(|_| request.compute.memory == MemoryMode::Auto) {
                Some(pictures) => !spec.repays_transform(request, pictures)?,
                None => false,
            };
            let constraints = if is_brief { constraints.with_winograd(false) } else { constraints };
            let fitted = spec.plan(request, &fallback.execution, &constraints)?;
            spec.check_fits(&fitted)?;
            return Ok(fitted);
        };
        let spec = pipeline.spec();
        let mut fitted = None;
        if request.compute.memory == MemoryMode::Auto {
            // Kept as they are packed, if they are kept at all.
            let constraints = fallback.constraints(budget_bytes).with_winograd(loaded.winograd);
            let kept = spec.plan(request, &fallback.execution, &constraints)?;
            fitted = Some(kept).filter(|kept| loaded.has_same_base(&Loaded::of(request, &kept.plan)));
        }
        let fitted = match fitted {
            Some(fitted) => fitted,
            None => spec.plan(request, &fallback.execution, &constraints)?,
        };
        spec.check_fits(&fitted)?;
        Ok(fitted)
    }

    /// The pipeline of this model, read now if another one was used last, or the picture wants it otherwise.
    fn pipeline(
        &mut self,
        request: &Request,
        (execution, fitted): (&Execution, &FittedPlan),
        cancel: &CancelToken,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<&mut Pipeline, PipelineError> {
        let needed = Loaded::of(request, &fitted.plan);
        let (progress, steps) = (RefCell::new(progress), LoadingSteps::default());
        let on_loading = |part, fraction| {
            if steps.is_new(part, fraction) {
                (progress.borrow_mut())(Progress::Loading { part, fraction });
            }
            if cancel.is_cancelled() { Err(ModelError::Cancelled) } else { Ok(()) }
        };
        let pipeline = match self.loaded.take().filter(|(loaded, _)| loaded.has_same_base(&needed)) {
            Some((loaded, pipeline)) if loaded.adapters == needed.adapters => pipeline,
            Some((_, pipeline)) => pipeline.with_adapters(&needed.adapters, &on_loading)?,
            None => {
                let spec = ModelSpec::read(&files_of(&request.model)?, request.vae.as_deref())?;
                let options = LoadOptions::of(execution, &fitted.plan);
                Pipeline::load_planned(spec, &needed.adapters, &options, &on_loading)?
            }
        };
        let (_, pipeline) = self.loaded.insert((needed, pipeline));
        Ok(pipeline)
    }

    /// Reports what is done for want of memory, once.
    fn notice_fallback_steps(&mut self, fitted: &FittedPlan, progress: &mut dyn FnMut(Progress)) {
        // Tiles are as good as one piece; the kernels take them without a word.
        let is_device = fitted.plan.card.is_some();
        let is_reported = |step: &FallbackStep| is_device || step.shrinks_weights();
        let steps: Vec<FallbackStep> = fitted.fallback_steps.iter().copied().filter(is_reported).collect();
        if steps != self.reported_steps
            && !steps.is_empty()
            && let Some(budget) = fitted.budget_bytes
        {
            let descriptions: Vec<String> = steps.iter().map(|step| fitted.description(*step)).collect();
            let sentence = format!("to fit into {:.1} GB, {}", budget as f64 / 1e9, descriptions.join(" and "));
            progress(Progress::Notice(sentence.into()));
        }
        self.reported_steps = steps;
    }
}

/// Where a model's files are.
///
/// # Errors
/// When the built-in model is not part of this build and not beside it.
pub(crate) fn files_of(model: &ModelRef) -> Result<ModelFiles, CheckpointError> {
    match model {
        ModelRef::BuiltIn => builtin_model(),
        ModelRef::BuiltInFourSteps => builtin_four_steps(),
        ModelRef::Folder(path) => Ok(ModelFiles::Folder(path.clone())),
        ModelRef::File(path) => ModelFiles::open_file(path),
    }
}

/// What a picture takes by default with a model, by its small files; `None` where they cannot be read, which is refused
/// when the model is loaded.
#[must_use]
pub(crate) fn defaults_of(model: &ModelRef) -> Option<ModelDefaults> {
    profile_of(&files_of(model).ok()?).ok().map(|profile| profile.defaults())
}

/// What sizes a model works at, from its small files alone: for showing which part of a photo it will see.
#[must_use]
pub(crate) fn work_grid(model: &ModelRef) -> Option<WorkGrid> {
    work_grid_of(&files_of(model).ok()?).ok()
}

impl Backend for CandleBackend {
    fn run(
        &mut self,
        task: &Task,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Drawn, BackendError> {
        let request = match task {
            Task::Generate(request) => request,
            Task::Upscale(request) => return self.upscaling.run(request, cancel, progress),
        };
        let mut fallback = self.fallback().map_err(|error| self.given_up(error, Some(Loss::Device)))?;
        loop {
            let mut attempt = Attempt::default();
            let error = match self.attempt(&fallback, request, cancel, progress, &mut attempt) {
                Ok(drawn) => return Ok(drawn),
                Err(error) => error,
            };
            let loss = Loss::of(&error);
            let PipelineError::Model(ModelError::Operator(failure)) = &error else {
                return Err(self.given_up(failure::backend_error(error), loss));
            };
            // Whatever is half done is forgotten, and its memory given back.
            self.loaded = None;
            let next = fallback.advance(failure, attempt, self.has_others && loss.is_some());
            let has_left = next.is_none() || fallback.execution.operators().is_none();
            if let Some(report) = self.on_device_failure.as_ref().filter(|_| has_left) {
                report(failure);
            }
            let Some(notice) = next else { return Err(self.given_up(failure::backend_error(error), loss)) };
            progress(Progress::Notice(notice));
        }
    }

    fn has_others(&mut self, has_others: bool) {
        self.has_others = has_others;
    }

    fn reset(&mut self) {
        self.loaded = None;
        self.upscaling.forget();
    }
}
