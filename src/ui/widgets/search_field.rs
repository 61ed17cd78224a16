//! A field to search in: a glass before the words, a cross behind them.

use egui::{Frame, Margin, Rect, Response, StrokeKind, TextEdit, Ui};

use super::look::{Look, paint_field_ring};
use super::{IconButton, paint};
use crate::ui::theme::{self, CONTROL_HEIGHT, MENU_ICON_PT, RADIUS, icons};

const ICON: f32 = 30.0;

#[must_use = "call `show` to show it"]
pub struct SearchField<'a> {
    name: &'a str,
    hint: &'a str,
    text: &'a mut String,
}

impl<'a> SearchField<'a> {
    /// `name` is its accessible name.
    pub fn new(name: &'a str, hint: &'a str, text: &'a mut String) -> Self {
        Self { name, hint, text }
    }

    /// Fills `rect`.
    pub fn show(self, ui: &mut Ui, rect: Rect) -> Response {
        let tokens = theme::tokens(ui);
        ui.painter().rect_filled(rect, RADIUS, tokens.inset);
        let glass = paint::between(paint::left_part(rect, ICON), 2.0, 0.0);
        paint::icon(ui, glass, icons::MAGNIFYING_GLASS, MENU_ICON_PT, tokens.text_2);
        let filled = !self.text.is_empty();
        let above = ((rect.height() - 18.0) / 2.0) as i8;
        let edit = TextEdit::singleline(self.text)
            .hint_text(self.hint)
            .frame(Frame::NONE.inner_margin(Margin::symmetric(0, above)))
            .desired_width(f32::INFINITY);
        let right = if filled { CONTROL_HEIGHT } else { 8.0 };
        let response = ui.put(paint::between(rect, ICON, right), edit).accessible_name(self.name);
        if response.has_focus() {
            paint_field_ring(ui, rect, RADIUS);
        } else {
            let stroke = Look::of(ui, &response).field_stroke(tokens);
            ui.painter().rect_stroke(rect, RADIUS, stroke, StrokeKind::Inside);
        }
        if filled
            && ui.put(paint::right_part(rect, CONTROL_HEIGHT), IconButton::new(icons::X, "Clear the search")).clicked()
        {
            self.text.clear();
            response.request_focus();
        }
        response
    }
}
