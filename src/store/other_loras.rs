//! LoRAs that lie on another machine, which computes: known by their names alone.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Shared by who chooses the machine and all who look for a LoRA.
#[derive(Clone, Debug, Default)]
pub struct OtherLoras(Arc<Mutex<Vec<String>>>);

impl OtherLoras {
    /// All that there are; none where this machine computes.
    pub fn set(&self, names: Vec<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = names;
    }

    /// As a file of that name, which is found there.
    #[must_use]
    pub(crate) fn called(&self, name: &str) -> Option<PathBuf> {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.iter().find(|known| known.eq_ignore_ascii_case(name)).map(PathBuf::from)
    }
}

impl PartialEq for OtherLoras {
    fn eq(&self, other: &Self) -> bool {
        let names = |loras: &Self| loras.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        names(self) == names(other)
    }
}

impl Eq for OtherLoras {}
