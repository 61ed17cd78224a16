//! The jobs that a client waits for on one connection, and what became of each.

use std::sync::Arc;

use axum::http::StatusCode;

use super::answer::{Refusal, name_of, status_of};
use super::jobs::{Ended, Picture, Record};

/// The jobs of one request: cancelled when its client goes away.
pub(super) struct Waiting {
    pub records: Vec<Arc<Record>>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.records.iter().for_each(|record| record.cancel());
    }
}

pub(super) fn picture_in(ended: &Ended) -> Result<&Picture, Refusal> {
    match ended {
        Ended::Complete(picture) => Ok(picture),
        Ended::Cancelled => Err(Refusal::new(StatusCode::CONFLICT, "cancelled", "this picture was cancelled")),
        Ended::Failed { kind, message } => Err(Refusal::new(status_of(*kind), &name_of(*kind), message.clone())),
    }
}
