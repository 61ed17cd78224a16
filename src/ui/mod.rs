//! The window. The only place that knows egui; it meets the engine and the store through their handles alone.

pub mod action;
mod app;
mod branch;
mod canvas;
mod chrome;
mod compare;
pub mod gallery;
mod grid;
mod input;
mod layers;
mod library;
mod live;
pub mod machine;
mod numbers;
mod palette;
pub(crate) mod project;
pub mod prompt;
mod queue;
pub mod results;
mod settings;
pub mod share;
mod state;
pub mod textures;
pub mod theme;
pub(crate) mod tour;
pub mod widgets;
mod words;

pub use action::DialogRequest;
pub use app::services::{AskForUpdate, CopyFiles, FindCards, LookAtModel, Note, Services, ShowNote};
pub use app::studio::Studio;
pub use app::window::{Behind, run};
pub use grid::state::AxisText;
pub use machine::{MachineChoice, MachineFound, MachineNearby, MachineProblem, Machines};
pub use prompt::estimate::EstimatePicture;
pub use prompt::token_count::{CountTokens, TokenCount, TokenQuestion};
pub use share::{Share, ShareGuest, Shared, TokenChoice};
