//! The backend that really draws: keeps the pipeline of the model used last, and goes another way where a device fails.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;

use candle_core::DType;

use super::backend::{Backend, BackendError};
use super::device::{DeviceChoice, DtypeChoice};
use super::failure;
use super::fallback::Fallback;
use crate::checkpoint::{CheckpointError, ModelFiles, builtin_model};
use crate::job::{CancelToken, Compute, Drawn, ErrorKind, JobError, ModelRef, Progress, Remedy, Request, WorkGrid};
use crate::model::{Execution, ModelError, OperatorFailure};
use crate::pipeline::{
    Adapters, FallbackStep, Fit, LoadOptions, ModelSpec, Pipeline, PipelineError, Stage, check_sampling, work_grid_of,
};
use crate::store::device_failure::DeviceFailure;

pub struct CandleBackend {
    device_choice: DeviceChoice,
    dtype_choice: DtypeChoice,
    execution: Option<Execution>,
    /// Where a device's failure is noted.
    failure_file: Option<PathBuf>,
    loaded: Option<(Loaded, Pipeline)>,
    /// What was said about the pictures before, so that it is not said of each.
    told: Vec<FallbackStep>,
}

/// What a pipeline was read from, and how.
#[derive(Clone, PartialEq)]
struct Loaded {
    model: ModelRef,
    adapters: Adapters,
    dtype: DType,
    sequential_offload: bool,
    is_kernels: bool,
    /// Of weights that stay.
    held_bytes: u64,
}

impl Loaded {
    /// All but LoRAs and embeddings.
    fn has_same_base(&self, other: &Self) -> bool {
        let adapters = Adapters {
            loras: other.adapters.loras.clone(),
            embeddings: other.adapters.embeddings.clone(),
            ..self.adapters.clone()
        };
        Self { adapters, held_bytes: other.held_bytes, ..self.clone() } == *other
    }
}

impl CandleBackend {
    #[must_use]
    pub fn new(device_choice: DeviceChoice, dtype_choice: DtypeChoice) -> Self {
        Self { device_choice, dtype_choice, execution: None, failure_file: None, loaded: None, told: Vec::new() }
    }

    /// One that draws by `execution`, whatever device that is.
    #[must_use]
    pub fn by(execution: Execution, dtype_choice: DtypeChoice) -> Self {
        Self { execution: Some(execution), ..Self::new(DeviceChoice::Cpu, dtype_choice) }
    }

    /// Notes in `file` when a device fails.
    #[must_use]
    pub fn noting_failures(self, file: PathBuf) -> Self {
        Self { failure_file: Some(file), ..self }
    }

    fn fallback(&mut self, request: &Request) -> Result<Fallback, BackendError> {
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
        Ok(Fallback::new(execution, self.dtype_choice, request.compute))
    }

    fn draw_by(
        &mut self,
        fallback: &Fallback,
        request: &Request,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(Progress),
        settled: &mut Option<Compute>,
    ) -> Result<Drawn, PipelineError> {
        let pipeline = self.pipeline(fallback, request, cancel, progress)?;
        let mut tell = |stage: Stage| {
            progress(match stage {
                Stage::Settled { peak_bytes, compute } => {
                    *settled = Some(compute);
                    Progress::Resolved { compute, peak_bytes }
                }
                Stage::Step { done, total, seconds, predicted } => {
                    Progress::Step { done, total, seconds, preview: Some(Arc::new(predicted)) }
                }
                Stage::Decoded { seconds } => Progress::Decoded { seconds },
                Stage::Loading { part, fraction } => Progress::Loading { part, fraction },
                Stage::Notice(notice) => Progress::Notice(notice),
            });
        };
        let (picture, request) = pipeline.run(request, cancel, &mut tell)?;
        Ok(Drawn { picture, request })
    }

    /// The pipeline of this model, read now if another one was used last, or the picture wants it otherwise.
    fn pipeline(
        &mut self,
        fallback: &Fallback,
        request: &Request,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<&Pipeline, PipelineError> {
        let mut needed = Loaded {
            model: request.model.clone(),
            adapters: Adapters::of(request),
            dtype: fallback.dtype,
            sequential_offload: fallback.sequential_offload,
            is_kernels: fallback.execution.operators().is_none(),
            held_bytes: 0,
        };
        let mut sequential_guidance = fallback.sequential_guidance;
        match self.foretold(fallback, request) {
            Ok(fit) => {
                sequential_guidance |= fit.plan.sequential_guidance;
                needed.dtype = fit.plan.dtype;
                needed.sequential_offload |= fit.sequential_offload;
                needed.held_bytes = if needed.sequential_offload { 0 } else { fit.costs.weight_bytes() as u64 };
                self.tell_savings(&fit, progress);
            }
            // Whoever reads the model will say it better.
            Err(error) => tracing::debug!("what the picture takes is not foretold: {error}"),
        }
        let kept = self.loaded.take().filter(|(loaded, _)| loaded.has_same_base(&needed));
        let pipeline = match kept {
            Some((loaded, pipeline)) if loaded.adapters == needed.adapters => pipeline,
            kept => {
                let files = files_of(&request.model)?;
                check_sampling(&files, request)?;
                let progress = RefCell::new(progress);
                let told = |part, fraction| {
                    (progress.borrow_mut())(Progress::Loading { part, fraction });
                    if cancel.is_cancelled() { Err(ModelError::Cancelled) } else { Ok(()) }
                };
                if let Some((_, pipeline)) = kept {
                    pipeline.with_adapters(&needed.adapters, &told)?
                } else {
                    let Loaded { dtype, sequential_offload, .. } = needed;
                    let options = LoadOptions { execution: fallback.execution.clone(), dtype, sequential_offload };
                    Pipeline::load_with_options(&files, &needed.adapters, &options, &told)?
                }
            }
        };
        pipeline.set_sequential_guidance(sequential_guidance);
        let (_, pipeline) = self.loaded.insert((needed, pipeline));
        Ok(pipeline)
    }

    /// How the picture is made so that it fits, by what is known of the model already if it was used last.
    fn foretold(&self, fallback: &Fallback, request: &Request) -> Result<Fit, PipelineError> {
        let by = (&fallback.execution, fallback.dtype);
        let is_same = |loaded: &Loaded| loaded.model == request.model && loaded.adapters.vae == request.vae;
        let held_bytes = self.loaded.as_ref().map_or(0, |(loaded, _)| loaded.held_bytes);
        if let Some((_, pipeline)) = self.loaded.as_ref().filter(|(loaded, _)| is_same(loaded)) {
            return pipeline.spec().fit(request, by, fallback.may_halve, held_bytes);
        }
        let spec = ModelSpec::read(&files_of(&request.model)?, request)?;
        spec.fit(request, by, fallback.may_halve, held_bytes)
    }

    /// Says what is done for want of memory, once.
    fn tell_savings(&mut self, fit: &Fit, progress: &mut dyn FnMut(Progress)) {
        // Tiles are as good as one piece; the kernels take them without a word.
        let is_device = fit.plan.card.is_some();
        let is_told = |saving: &FallbackStep| {
            is_device || matches!(saving, FallbackStep::HalfPrecision | FallbackStep::SequentialOffload)
        };
        let fallback_steps: Vec<FallbackStep> = fit.fallback_steps.iter().copied().filter(is_told).collect();
        if fallback_steps != self.told
            && !fallback_steps.is_empty()
            && let Some(free) = fit.free_bytes
        {
            let words: Vec<&str> = fallback_steps.iter().map(|saving| saving.words()).collect();
            let sentence = format!("to fit into {:.1} GB, {}", free as f64 / 1e9, words.join(" and "));
            progress(Progress::Notice(sentence.into()));
        }
        self.told = fallback_steps;
    }

    fn note(&self, failure: &OperatorFailure) {
        if let Some(file) = &self.failure_file {
            let OperatorFailure { device, operator, dtype, reason, .. } = failure;
            DeviceFailure::now(device, operator.name(), dtype, reason).keep(file);
        }
    }
}

/// Where a model's files are.
///
/// # Errors
/// When the built-in model is not part of this build and not beside it.
pub fn files_of(model: &ModelRef) -> Result<ModelFiles, CheckpointError> {
    match model {
        ModelRef::BuiltIn => builtin_model(),
        ModelRef::Folder(path) => Ok(ModelFiles::Folder(path.clone())),
        ModelRef::File(path) => ModelFiles::open_file(path),
    }
}

/// What sizes a model works at, from its small files alone: for showing which part of a photo it will see.
#[must_use]
pub fn work_grid(model: &ModelRef) -> Option<WorkGrid> {
    work_grid_of(&files_of(model).ok()?).ok()
}

impl Backend for CandleBackend {
    fn draw(
        &mut self,
        request: &Request,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Drawn, BackendError> {
        let mut fallback = self.fallback(request)?;
        loop {
            let mut settled = None;
            let asked = Request { compute: fallback.compute, ..request.clone() };
            let error = match self.draw_by(&fallback, &asked, cancel, progress, &mut settled) {
                Ok(drawn) => return Ok(drawn),
                Err(error) => error,
            };
            let PipelineError::Model(ModelError::Operator(failure)) = &error else {
                return Err(failure::backend_error(error));
            };
            // Whatever is half done is forgotten, and its memory given back.
            self.loaded = None;
            let Some(notice) = fallback.turn(failure, settled, request.compute) else {
                return Err(failure::backend_error(error));
            };
            if fallback.execution.operators().is_none() {
                self.note(failure);
            }
            progress(Progress::Notice(notice));
        }
    }

    fn reset(&mut self) {
        self.loaded = None;
    }
}
