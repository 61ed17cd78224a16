//! A box that is ticked or not, and its words.

use egui::{Align, CornerRadius, Rect, Response, Role, Sense, StrokeKind, Ui, Widget, WidgetInfo, vec2};

use super::look::{Look, paint_focus_ring};
use super::paint;
use crate::ui::theme::{self, CONTROL_HEIGHT};
use crate::ui::theme::{fonts, icons};

#[must_use = "a widget shows only when it is added to a Ui"]
pub struct Check<'a> {
    words: &'a str,
    ticked: &'a mut bool,
}

const BOX: f32 = 16.0;
const GAP: f32 = 8.0;

impl<'a> Check<'a> {
    pub fn new(words: &'a str, ticked: &'a mut bool) -> Self {
        Self { words, ticked }
    }
}

impl Widget for Check<'_> {
    fn ui(self, ui: &mut Ui) -> Response {
        let tokens = theme::tokens(ui);
        let width = paint::line(ui, self.words, fonts::body(), tokens.text_1, f32::INFINITY).size().x;
        let width = (BOX + GAP + width).min(ui.available_width());
        let (rect, mut response) = ui.allocate_exact_size(vec2(width, CONTROL_HEIGHT), Sense::click());
        if response.clicked() {
            *self.ticked = !*self.ticked;
            response.mark_changed();
        }
        let ticked = *self.ticked;
        response.widget_info(|| WidgetInfo::selected(Role::CheckBox, ui.is_enabled(), ticked, self.words));
        let look = Look::of(ui, &response);
        let corner = rect.left_center() - vec2(0.0, BOX / 2.0);
        let square = Rect::from_min_size(corner, vec2(BOX, BOX));
        let stroke = look.field_stroke(tokens);
        ui.painter().rect(square, CornerRadius::same(theme::RADIUS_SMALL), tokens.inset, stroke, StrokeKind::Inside);
        if ticked {
            paint::icon(ui, square, icons::CHECK, 12.0, tokens.text_1);
        }
        paint_focus_ring(ui, square, theme::RADIUS_SMALL, look);
        let words = paint::between(rect, BOX + GAP, 0.0);
        paint::text(ui, words, Align::Min, self.words, fonts::body(), tokens.text_1);
        response
    }
}
