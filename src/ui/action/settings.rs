//! What can be asked for in the settings.

use std::path::PathBuf;

use crate::engine::device::Card;
use crate::store::keys::KeyNames;
use crate::store::settings::Settings;
use crate::ui::machine::{MachineChoice, MachineFound, MachineNearby, MachineProblem};

#[derive(Clone, Debug)]
pub enum SettingsAction {
    Open,
    /// Opens them where this is found.
    Find(&'static str),
    /// Holds from now on; only what the settings' window shows is taken from it.
    Change(Box<Settings>),
    /// Asks for the folder of new pictures.
    PicturesFolderDialog,
    PicturesFolder(PathBuf),
    /// The keys that are otherwise than usual.
    Keys(KeyNames),
    ForgetPrompts,
    /// "CPU · f32", for the status line.
    ProcessorNamed(String),
    /// Those that pictures can be computed on.
    CardsFound(Vec<Card>),
    /// Has another machine compute, if it can be reached.
    Connect(MachineChoice),
    /// What came of it.
    Connected(Box<Result<MachineFound, MachineProblem>>),
    /// Looks for machines on this network.
    LookForMachines,
    MachinesNearby(Result<Vec<MachineNearby>, String>),
    /// This machine computes again.
    ComputeHere,
}
