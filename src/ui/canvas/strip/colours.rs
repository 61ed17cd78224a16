//! The colour brush's two colours and the palette.

use egui::{Color32, CornerRadius, Popup, PopupCloseBehavior, Rect, Response, Sense, Stroke, StrokeKind, Ui, vec2};

use super::parts::MENU_WIDTH;
use crate::ui::input::keymap;
use crate::ui::input::shortcuts::Command;
use crate::ui::state::AppState;
use crate::ui::theme;

/// Of the colour in hand.
pub(super) const CHOSEN_SIDE: f32 = 28.0;
/// Of the one that comes back with a key.
pub(super) const OTHER_SIDE: f32 = 20.0;

/// The colour in hand; a press opens the palette.
pub(super) fn chosen(ui: &mut Ui, state: &mut AppState) {
    let tools = &mut state.canvas.tools;
    let swatch = colour_button(ui, "Colour", tools.colour, CHOSEN_SIDE);
    Popup::menu(&swatch).close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
        ui.set_width(MENU_WIDTH);
        ui.spacing_mut().item_spacing = vec2(6.0, 6.0);
        ui.horizontal_wrapped(|ui| {
            for (index, colour) in tools.palette.clone().into_iter().enumerate() {
                if colour_button(ui, &format!("Palette {}", index + 1), colour, 26.0).clicked() {
                    tools.colour = colour;
                }
            }
        });
        let [red, green, blue] = tools.colour;
        let mut colour = Color32::from_rgb(red, green, blue);
        ui.spacing_mut().slider_width = MENU_WIDTH - 16.0;
        egui::color_picker::color_picker_color32(ui, &mut colour, egui::color_picker::Alpha::Opaque);
        tools.colour = [colour.r(), colour.g(), colour.b()];
    });
}

/// A press changes the two.
pub(super) fn other(ui: &mut Ui, state: &mut AppState) {
    let tools = &mut state.canvas.tools;
    let other = colour_button(ui, "The other colour", tools.other_colour, OTHER_SIDE);
    let key = keymap::written(ui.ctx(), Command::SwapTool);
    if other.on_hover_text(format!("Swap with the other colour  {key}")).clicked() {
        std::mem::swap(&mut tools.colour, &mut tools.other_colour);
    }
}

fn colour_button(ui: &mut Ui, name: &str, [red, green, blue]: [u8; 3], side: f32) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, ui.is_enabled(), name));
    let inner: Rect = rect.shrink(2.0);
    let stroke = if response.hovered() { theme::tokens(ui).text_1 } else { theme::tokens(ui).stroke_hover };
    let fill = Color32::from_rgb(red, green, blue);
    ui.painter().rect(inner, CornerRadius::same(theme::RADIUS), fill, Stroke::new(1.0, stroke), StrokeKind::Outside);
    response
}
