//! What frames the panels: menu bar, status bar, sheets, toasts, and how the panels fold.

pub mod layout;
pub(crate) mod menu;
pub(crate) mod sheets;
pub(crate) mod status_bar;
pub mod toasts;
pub(crate) mod toasts_view;
