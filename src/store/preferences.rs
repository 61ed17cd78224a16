//! What a person decided for good rather than for the next picture: a part of the settings' file.

use serde::{Deserialize, Serialize};

use crate::engine::device::Processor;
use crate::store::pictures::saving::Saving;

/// The one colour of the window that is no grey.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Accent {
    #[default]
    Amber,
    Rose,
    Violet,
    Blue,
    Green,
}

impl Accent {
    pub const ALL: [Self; 5] = [Self::Amber, Self::Rose, Self::Violet, Self::Blue, Self::Green];
}

/// Its token is kept elsewhere, where only its owner can read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptMachine {
    /// `http(s)://host:7860`.
    pub address: String,
    /// Of a certificate that a person trusts.
    #[serde(default)]
    pub fingerprint: Option<String>,
}

/// How this machine's engine is shared with others. Its token is kept elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sharing {
    pub is_on: bool,
    /// By a certificate of our own making.
    pub is_encrypted: bool,
    /// Others on the network find it by themselves.
    pub is_announced: bool,
}

impl Default for Sharing {
    fn default() -> Self {
        Self { is_on: false, is_encrypted: true, is_announced: false }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub struct Preferences {
    pub accent: Accent,
    /// Panels and folds open at once.
    pub less_motion: bool,
    pub saving: Saving,
    /// Whether a copy of a picture ("Save as") says how it was made.
    pub settings_in_copies: bool,
    pub processor: Processor,
    /// Another machine that computes instead of this one.
    pub machine: Option<KeptMachine>,
    pub sharing: Sharing,
    /// Nothing is fetched from the network.
    pub works_offline: bool,
    /// Whether the page of releases is asked at each start for a newer version.
    pub looks_for_updates: bool,
    /// Whether prompts are remembered for the history.
    pub keeps_prompts: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            accent: Accent::default(),
            less_motion: false,
            saving: Saving::default(),
            settings_in_copies: true,
            processor: Processor::default(),
            machine: None,
            sharing: Sharing::default(),
            works_offline: false,
            looks_for_updates: false,
            keeps_prompts: true,
        }
    }
}
