//! The schedulers' names as the command line, the settings and the window know them.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SchedulerName {
    #[serde(rename = "ddim")]
    Ddim,
    #[serde(rename = "euler")]
    Euler,
    #[serde(rename = "euler-a")]
    EulerAncestral,
}

impl SchedulerName {
    pub const ALL: [Self; 3] = [Self::Ddim, Self::Euler, Self::EulerAncestral];

    /// As on the command line.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Ddim => "ddim",
            Self::Euler => "euler",
            Self::EulerAncestral => "euler-a",
        }
    }

    /// As in the window and in the pictures' metadata (AUTOMATIC1111's spelling).
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Ddim => "DDIM",
            Self::Euler => "Euler",
            Self::EulerAncestral => "Euler a",
        }
    }

    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.id() == id)
    }
}
