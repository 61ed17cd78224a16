//! The last time that a device failed at an operator, kept so that a report can name it.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::atomic;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceFailure {
    /// Local time.
    pub when: String,
    pub version: String,
    pub system: String,
    pub device: String,
    pub operator: String,
    pub dtype: String,
    /// In the device's own words.
    pub reason: String,
}

impl DeviceFailure {
    /// Of now, of this program.
    #[must_use]
    pub fn now(device: &str, operator: &str, dtype: &str, reason: &str) -> Self {
        Self {
            when: chrono::Local::now().format("%Y-%m-%d %H:%M:%S").to_string(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            device: device.to_owned(),
            operator: operator.to_owned(),
            dtype: dtype.to_owned(),
            reason: reason.to_owned(),
        }
    }

    /// Puts it in the place of an earlier one. A picture matters more than a note about it: what fails is only logged.
    pub fn keep(&self, file: &Path) {
        let kept = serde_json::to_vec_pretty(self).map_err(std::io::Error::from).and_then(|text| {
            fs::create_dir_all(atomic::folder_of(file))?;
            atomic::write(file, &text)
        });
        if let Err(error) = kept {
            tracing::warn!("the device's failure could not be noted ({error}): {}", file.display());
        }
    }

    /// The one that is kept, if there is one that can be read.
    #[must_use]
    pub fn read(file: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(file).ok()?).ok()
    }

    /// One line for a person.
    #[must_use]
    pub fn line(&self) -> String {
        let Self { when, version, system, device, operator, dtype, reason } = self;
        format!("{when}: {device} could not carry out {operator} in {dtype} ({reason}); Inkwick {version}, {system}")
    }
}
