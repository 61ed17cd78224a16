//! What the pipeline's and the model's errors are to a job: their kind, and what helps.

use super::backend::BackendError;
use crate::job::{ErrorKind, JobError, Remedy};
use crate::model::{FailureKind, ModelError};
use crate::pipeline::PipelineError;

/// What a job ends with.
pub(super) fn backend_error(error: PipelineError) -> BackendError {
    match error {
        PipelineError::Model(ModelError::Cancelled) => BackendError::Cancelled,
        error => BackendError::Failed(job_error(error)),
    }
}

pub(super) fn job_error(error: impl Into<PipelineError>) -> JobError {
    let error = error.into();
    let (kind, remedy) = kind_of(&error);
    JobError::caused(kind, error).with_remedy(remedy)
}

fn kind_of(error: &PipelineError) -> (ErrorKind, Option<Remedy>) {
    match error {
        PipelineError::Request(error) => (ErrorKind::Request, error.remedy()),
        PipelineError::Model(error) => kind_of_model_error(error),
        PipelineError::Sampling(_) | PipelineError::SizeStep(_) | PipelineError::OtherLatents => {
            (ErrorKind::Request, None)
        }
        PipelineError::Tokenizer(_) => (ErrorKind::Unreadable, None),
        PipelineError::NeedsPicture => (ErrorKind::Request, Some(Remedy::GivePicture)),
        PipelineError::FaintMask => (ErrorKind::Request, Some(Remedy::SoftInpainting)),
        PipelineError::Unsupported(_) => (ErrorKind::Unsupported, None),
        PipelineError::TooLarge { remedy, .. } | PipelineError::ModelTooLarge { remedy, .. } => {
            (ErrorKind::Memory, Some(*remedy))
        }
        PipelineError::HalfPrecision { .. } | PipelineError::RanAway { .. } | PipelineError::VaeNotANumber => {
            (ErrorKind::Device, None)
        }
    }
}

fn kind_of_model_error(error: &ModelError) -> (ErrorKind, Option<Remedy>) {
    match error {
        // A job that was cancelled has no error; a model that is read for another reason is never cancelled.
        ModelError::Cancelled | ModelError::Tensor(_) | ModelError::Shape(_) => (ErrorKind::Internal, None),
        ModelError::Operator(failure) => match failure.kind {
            FailureKind::OutOfMemory => (ErrorKind::Memory, Some(Remedy::FreeMemory)),
            FailureKind::Unsupported | FailureKind::Other => (ErrorKind::Device, Some(Remedy::ListDevices)),
        },
        ModelError::Checkpoint(error) => (error.kind(), error.remedy()),
        ModelError::Misfit(_) => (ErrorKind::Unreadable, None),
        ModelError::NoSegmenter { .. } | ModelError::OtherAnnotator { .. } => (ErrorKind::Unsupported, None),
    }
}
