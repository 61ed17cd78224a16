//! How many jobs ended in which way, for `/metrics`, and how long a picture takes.

use std::sync::atomic::{AtomicU64, Ordering};

use super::record::Ended;

#[derive(Default)]
pub(in crate::service) struct Tally {
    pub submitted: AtomicU64,
    pub complete: AtomicU64,
    pub cancelled: AtomicU64,
    pub failed: AtomicU64,
    pub steps: AtomicU64,
    /// Milliseconds of all finished pictures.
    millis: AtomicU64,
}

impl Tally {
    pub(super) fn count(&self, ended: &Ended) {
        let counter = match ended {
            Ended::Complete(picture) => {
                self.millis.fetch_add((picture.seconds * 1000.0) as u64, Ordering::Relaxed);
                &self.complete
            }
            Ended::Cancelled => &self.cancelled,
            Ended::Failed { .. } => &self.failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Of all finished pictures.
    #[must_use]
    pub(in crate::service) fn seconds(&self) -> f64 {
        self.millis.load(Ordering::Relaxed) as f64 / 1000.0
    }

    /// What one picture took, in the mean.
    #[must_use]
    pub(in crate::service) fn mean_seconds(&self) -> Option<f64> {
        let pictures = self.complete.load(Ordering::Relaxed);
        (pictures > 0).then(|| self.seconds() / pictures as f64)
    }
}
