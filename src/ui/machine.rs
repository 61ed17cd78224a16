//! Another machine that computes for this window: what is asked of whoever can reach it, and how that stands.

use std::fmt;
use std::sync::Arc;

use crate::store::models::entry::ModelEntry;

/// Which machine, as a person wrote it. Its token is never printed.
#[derive(Clone, Default, PartialEq)]
pub struct MachineChoice {
    /// `http(s)://host:7860`.
    pub address: String,
    /// Empty: the one that is kept, if there is one.
    pub token: String,
    /// Of a certificate that a person trusts.
    pub fingerprint: Option<String>,
}

/// A machine that was reached, and computes from now on.
#[derive(Clone, Debug, PartialEq)]
pub struct MachineFound {
    /// As it is kept.
    pub address: String,
    pub fingerprint: Option<String>,
    /// "desk · CUDA", for the status line.
    pub label: String,
    /// What it can draw with.
    pub models: Vec<ModelEntry>,
    /// What a person should know of this connection.
    pub notice: Option<String>,
}

/// Why it does not compute.
#[derive(Clone, Debug, PartialEq)]
pub enum MachineProblem {
    Failed(String),
    /// It shows a certificate that nobody vouches for; whether it is trusted is a person's choice.
    Unknown {
        fingerprint: String,
    },
}

/// Takes its time: it is called on a thread of its own.
pub type Connect = Arc<dyn Fn(&MachineChoice) -> Result<MachineFound, MachineProblem> + Send + Sync>;

/// A machine that lets itself be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineNearby {
    pub name: String,
    pub address: String,
}

/// Takes its time, as [`Connect`].
pub type LookForMachines = Arc<dyn Fn() -> Result<Vec<MachineNearby>, String> + Send + Sync>;

/// Whoever can reach other machines.
#[derive(Clone)]
pub struct Machines {
    /// Looks through the network; asked only when a person asks.
    pub look: LookForMachines,
    pub connect: Connect,
    /// From the next picture on this machine computes.
    pub leave: Arc<dyn Fn() + Send + Sync>,
}

impl fmt::Debug for MachineChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("MachineChoice").field("address", &self.address).finish_non_exhaustive()
    }
}

/// What the settings show of it. Its token is never printed.
#[derive(Clone, Default, PartialEq)]
pub struct MachinePanel {
    pub address: String,
    /// Until it is connected.
    pub token: String,
    pub stage: MachineStage,
    pub nearby: NearbyMachines,
}

/// What is on the same network.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum NearbyMachines {
    #[default]
    NotAsked,
    Looking,
    Found(Vec<MachineNearby>),
    Failed(String),
}

impl fmt::Debug for MachinePanel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MachinePanel")
            .field("address", &self.address)
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub enum MachineStage {
    /// This machine computes.
    #[default]
    Here,
    Connecting,
    /// Asks whether the certificate is trusted.
    Unknown {
        fingerprint: String,
    },
    Failed(String),
    Connected {
        label: String,
    },
}
