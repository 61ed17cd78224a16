//! A colour that can be pressed.

use egui::{Color32, CornerRadius, Rect, Response, Sense, Stroke, StrokeKind, Ui, vec2};

use super::look::{Look, paint_focus_ring};
use crate::ui::theme;

/// A square of this colour; its name is read aloud.
pub(crate) fn swatch(ui: &mut Ui, name: &str, [red, green, blue]: [u8; 3], side: f32) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, ui.is_enabled(), name));
    let inner: Rect = rect.shrink(2.0);
    let stroke = if response.hovered() { theme::tokens(ui).text_1 } else { theme::tokens(ui).stroke_hover };
    let fill = Color32::from_rgb(red, green, blue);
    ui.painter().rect(inner, CornerRadius::same(theme::RADIUS), fill, Stroke::new(1.0, stroke), StrokeKind::Outside);
    paint_focus_ring(ui, inner, theme::RADIUS, Look::of(ui, &response));
    response
}
