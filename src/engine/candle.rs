//! The backend that really draws: keeps the pipeline of the model used last.

use std::cell::RefCell;
use std::sync::Arc;

use candle_core::Device;

use super::backend::{Backend, BackendError, Drawn, Progress};
use super::device::{DeviceChoice, DtypeChoice};
use crate::job::{CancelToken, ModelRef, Request, WorkGrid};
use crate::model::{ModelError, ModelFiles, builtin_model};
use crate::pipeline::{Additions, Pipeline, PipelineError, Stage, check_sampling, work_grid_of};

pub struct CandleBackend {
    device_choice: DeviceChoice,
    dtype_choice: DtypeChoice,
    device: Option<Device>,
    loaded: Option<(Loaded, Pipeline)>,
}

/// What a pipeline was read from.
#[derive(Clone, PartialEq)]
struct Loaded {
    model: ModelRef,
    additions: Additions,
}

impl Loaded {
    /// All but LoRAs and embeddings.
    fn has_same_base(&self, other: &Self) -> bool {
        self.model == other.model
            && self.additions.vae == other.additions.vae
            && self.additions.memory == other.additions.memory
    }
}

impl CandleBackend {
    #[must_use]
    pub fn new(device_choice: DeviceChoice, dtype_choice: DtypeChoice) -> Self {
        Self { device_choice, dtype_choice, device: None, loaded: None }
    }

    fn open_device(&mut self) -> Result<Device, BackendError> {
        if let Some(device) = &self.device {
            return Ok(device.clone());
        }
        let device = self.device_choice.open().map_err(|error| BackendError::Failed(error.to_string()))?;
        self.device = Some(device.clone());
        Ok(device)
    }

    /// The pipeline of this model, read now if another one was used last.
    fn pipeline(
        &mut self,
        request: &Request,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<&Pipeline, BackendError> {
        let device = self.open_device()?;
        let needed = Loaded { model: request.model.clone(), additions: Additions::of(request) };
        let kept = self.loaded.take().filter(|(loaded, _)| loaded.has_same_base(&needed));
        let pipeline = match kept {
            Some((loaded, pipeline)) if loaded == needed => pipeline,
            kept => {
                let files = files_of(&needed.model).map_err(|error| failed(&error.into()))?;
                check_sampling(&files, request).map_err(|error| failed(&error))?;
                let progress = RefCell::new(progress);
                let told = |part, fraction| {
                    (progress.borrow_mut())(Progress::Loading { part, fraction });
                    if cancel.is_cancelled() { Err(ModelError::Cancelled) } else { Ok(()) }
                };
                if let Some((_, pipeline)) = kept {
                    pipeline.laid_over(&files, &needed.additions, &told).map_err(|error| failed(&error))?
                } else {
                    let dtype = self.dtype_choice.on(&device);
                    Pipeline::load_with(&files, &needed.additions, &device, dtype, &told)
                        .map_err(|error| failed(&error))?
                }
            }
        };
        let (_, pipeline) = self.loaded.insert((needed, pipeline));
        Ok(pipeline)
    }
}

/// Where a model's files are.
///
/// # Errors
/// When the built-in model is not part of this build and not beside it.
pub fn files_of(model: &ModelRef) -> Result<ModelFiles, ModelError> {
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
        let pipeline = self.pipeline(request, cancel, progress)?;
        let mut tell = |stage: Stage| {
            progress(match stage {
                Stage::Step { done, total, seconds, predicted } => {
                    Progress::Step { done, total, seconds, preview: Some(Arc::new(predicted)) }
                }
                Stage::Decoded { seconds } => Progress::Decoded { seconds },
            });
        };
        let (picture, request) = pipeline.run(request, cancel, &mut tell).map_err(|error| failed(&error))?;
        Ok(Drawn { picture, request })
    }

    fn reset(&mut self) {
        self.loaded = None;
    }
}

fn failed(error: &PipelineError) -> BackendError {
    match error {
        PipelineError::Model(ModelError::Cancelled) => BackendError::Cancelled,
        // A tensor library's error may carry a backtrace; a person wants its first line.
        other => BackendError::Failed(other.to_string().lines().next().unwrap_or_default().to_owned()),
    }
}
