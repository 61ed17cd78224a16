//! This machine's engine for others: what is asked of whoever serves it, and how that stands.

use std::fmt;
use std::sync::Arc;

use crate::store::preferences::Sharing;

/// How others reach it. Its token is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Shared {
    /// `https://192.168.1.5:7860`, one for each network.
    pub addresses: Vec<String>,
    pub token: String,
    /// Of the certificate, where there is one.
    pub fingerprint: Option<String>,
    /// What a person should know, besides.
    pub notice: Option<String>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Shared").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

/// Whoever asked lately.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareGuest {
    /// Its address.
    pub machine: String,
    /// As it calls itself; empty where it does not.
    pub program: String,
    pub seconds_ago: u64,
}

/// Shares, ends sharing, or begins with another token; takes its time and is called on a thread of its own.
pub type BeginSharing = Arc<dyn Fn(Sharing, TokenChoice) -> Result<Shared, String> + Send + Sync>;

/// Which token lets others in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenChoice {
    Kept,
    /// Whoever has the old one stays outside.
    New,
}

/// Whoever serves the engine to others.
#[derive(Clone)]
pub struct Share {
    /// What was shared before ends.
    pub begin: BeginSharing,
    /// Takes its time, too.
    pub end: Arc<dyn Fn() + Send + Sync>,
    /// Answers at once.
    pub guests: Arc<dyn Fn() -> Vec<ShareGuest> + Send + Sync>,
}

/// What the sheet shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharePanel {
    /// There is somebody who serves.
    pub can: bool,
    /// What is chosen.
    pub wanted: Sharing,
    pub stage: ShareStage,
    pub guests: Vec<ShareGuest>,
}

impl SharePanel {
    #[must_use]
    pub fn is_on(&self) -> bool {
        matches!(self.stage, ShareStage::On(_))
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ShareStage {
    #[default]
    Off,
    /// It begins, or ends.
    Changing,
    On(Shared),
    Failed(String),
}
