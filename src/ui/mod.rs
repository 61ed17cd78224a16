//! The window. The only place that knows egui; it meets the engine and the store through their handles alone.

pub mod action;
pub mod app;
mod apply;
pub mod candidate;
mod dialogs;
mod engine_events;
mod fields;
pub mod fonts;
pub mod gallery_state;
pub mod icons;
pub mod layout;
mod menu;
mod model_box;
mod notice;
mod prompt_fields;
mod prompt_panel;
pub mod prompt_state;
mod settings_link;
mod sheets;
mod shortcuts;
mod size;
pub mod state;
mod status_bar;
mod store_events;
mod stubs;
pub mod theme;
pub mod toasts;
mod toasts_view;
mod token_count;
pub mod widgets;
mod window;

pub use app::{Services, Studio};
pub use dialogs::DialogRequest;
use stubs::{candidates, canvas, gallery_panel, textures};
pub use token_count::CountTokens;
pub use window::run;
