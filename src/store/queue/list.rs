//! In which order the jobs run, and how often each was begun to no avail. Losing it loses no job.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::store::atomic;

const NAME: &str = "order.json";

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct List {
    /// By their keys, the next one first.
    pub order: Vec<u64>,
    /// Only of those that were begun and have come to no kept step since.
    pub begun: BTreeMap<u64, u32>,
}

impl List {
    /// Empty where there is none, or none that can be read.
    pub(super) fn load(folder: &Path) -> Self {
        let text = fs::read(folder.join(NAME)).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    pub(super) fn save(&self, folder: &Path) -> io::Result<()> {
        atomic::write(&folder.join(NAME), &serde_json::to_vec(self)?)
    }

    /// Where a job stands; what is in no list was added last.
    pub(super) fn place(&self, key: u64) -> (usize, u64) {
        (self.order.iter().position(|known| *known == key).unwrap_or(usize::MAX), key)
    }
}
