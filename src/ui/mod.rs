//! The window. The only place that knows egui; it meets the engine and the store through their handles alone.

pub mod action;
pub mod app;
pub mod canvas;
pub mod chrome;
pub mod gallery;
pub mod input;
pub mod library;
pub(crate) mod numbers;
pub mod prompt;
pub mod results;
pub mod state;
pub mod textures;
pub mod theme;
pub mod widgets;
mod words;

pub use app::dialogs::DialogRequest;
pub use app::studio::{Services, Studio};
pub use app::window::{Behind, run};
pub use prompt::estimate::EstimatePicture;
pub use prompt::token_count::{CountTokens, TokenCount, TokenQuestion};
