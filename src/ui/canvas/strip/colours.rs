//! The colour brush's two colours.

use egui::{Color32, CornerRadius, Id, Popup, PopupCloseBehavior, Rect, Response, Sense, Stroke, StrokeKind, Ui, vec2};

use super::colour_popup;
use crate::ui::input::keymap;
use crate::ui::input::shortcuts::Command;
use crate::ui::state::AppState;
use crate::ui::theme;
use crate::ui::widgets::look::{Look, paint_focus_ring};

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

pub(super) fn swatch(ui: &mut Ui, name: &str, [red, green, blue]: [u8; 3], side: f32) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, ui.is_enabled(), name));
    let inner: Rect = rect.shrink(2.0);
    let stroke = if response.hovered() { theme::tokens(ui).text_1 } else { theme::tokens(ui).stroke_hover };
    let fill = Color32::from_rgb(red, green, blue);
    ui.painter().rect(inner, CornerRadius::same(theme::RADIUS), fill, Stroke::new(1.0, stroke), StrokeKind::Outside);
    paint_focus_ring(ui, inner, theme::RADIUS, Look::of(ui, &response));
    response
}
