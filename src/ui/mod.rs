//! The window. The only place that knows egui; it meets the engine and the store through their handles alone.

pub mod action;
pub mod candidate;
pub mod fonts;
pub mod gallery_state;
pub mod icons;
pub mod layout;
pub mod prompt_state;
pub mod state;
pub mod theme;
pub mod toasts;
