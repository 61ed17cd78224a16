//! What frames the panels: menu bar, status bar, sheets, toasts, and how the panels fold.

pub(super) mod layout;
mod licences_sheet;
mod manual_sheet;
pub(crate) mod menu;
pub(crate) mod menu_items;
pub(super) mod path_sheet;
pub(crate) mod seams;
mod share_sheet;
pub(crate) mod sheets;
pub(crate) mod status_bar;
pub(crate) mod system_menus;
pub(super) mod toasts;
pub(crate) mod toasts_view;
