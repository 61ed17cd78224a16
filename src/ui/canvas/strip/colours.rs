//! The colour brush's two colours.

use egui::{Id, Popup, PopupCloseBehavior, Ui};

use super::colour_popup;
use crate::ui::input::keymap;
use crate::ui::input::shortcuts::Command;
use crate::ui::state::AppState;
use crate::ui::widgets::swatch::swatch;

/// Of the colour in hand.
pub(super) const CHOSEN_SIDE: f32 = 28.0;
/// Of the one that comes back with a key.
pub(super) const OTHER_SIDE: f32 = 20.0;

/// The colour in hand; a press opens its popup.
pub(super) fn chosen(ui: &mut Ui, state: &mut AppState) {
    let tools = &mut state.canvas.tools;
    let button = swatch(ui, "Colour", tools.colour, CHOSEN_SIDE);
    let popup = Popup::menu(&button).close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let seen = Id::unique("the colour popup was open");
    let was_open = ui.data(|data| data.get_temp(seen)).unwrap_or(false);
    let is_open = popup.is_open();
    popup.show(|ui| colour_popup::show(ui, tools, !was_open));
    ui.data_mut(|data| data.insert_temp(seen, is_open));
    if was_open && !is_open {
        button.request_focus();
    }
}

/// A press changes the two.
pub(super) fn other(ui: &mut Ui, state: &mut AppState) {
    let tools = &mut state.canvas.tools;
    let other = swatch(ui, "The other colour", tools.other_colour, OTHER_SIDE);
    let key = keymap::written(ui.ctx(), Command::SwapTool);
    if other.on_hover_text(format!("Swap with the other colour  {key}")).clicked() {
        std::mem::swap(&mut tools.colour, &mut tools.other_colour);
    }
}
