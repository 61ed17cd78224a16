//! The studio as a whole: its state drained and changed in `logic`, drawn in `ui`, actions applied in one place.

mod annotate;
pub(crate) mod apply;
mod areas;
pub(crate) mod asker;
pub(crate) mod background;
pub(crate) mod clipboard;
pub(crate) mod completions;
mod dialogs;
pub(crate) mod engine_events;
mod gallery_events;
mod gallery_start;
mod kept;
mod layers;
pub(crate) mod live;
pub(crate) mod live_events;
mod middle;
pub(crate) mod queue;
mod right_room;
mod rooms;
pub(crate) mod runs;
pub(super) mod services;
pub(crate) mod settings;
pub(crate) mod store_events;
pub(super) mod studio;
pub(crate) mod update;
pub(crate) mod window;
