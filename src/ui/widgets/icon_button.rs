//! A square button that is only an icon. Its tooltip shows its name and its key.

use egui::{Align, Color32, CornerRadius, Response, Role, Sense, Ui, Vec2, Widget, WidgetInfo};

use super::look::{Look, paint_focus_ring};
use super::{paint, tooltip};
use crate::ui::theme::{self, CONTROL_HEIGHT, ICON_PT, RADIUS, fonts};

#[must_use = "a widget shows only when it is added to a Ui"]
pub struct IconButton<'a> {
    icon: &'a str,
    name: &'a str,
    key: &'a str,
    selected: bool,
    framed: bool,
    mirrored: bool,
    word: &'a str,
}

impl<'a> IconButton<'a> {
    pub fn new(icon: &'a str, name: &'a str) -> Self {
        Self { icon, name, key: "", selected: false, framed: false, mirrored: false, word: "" }
    }

    /// How the key is written on this system, "" for none.
    pub fn key(mut self, key: &'a str) -> Self {
        self.key = key;
        self
    }

    /// A tool that is chosen, a toggle that is on.
    pub fn selected(mut self, selected: bool) -> Self {
        self.selected = selected;
        self
    }

    /// With a control's grey at rest: beside a field.
    pub fn framed(mut self) -> Self {
        self.framed = true;
        self
    }

    /// With a word behind the icon: it takes the whole width that there is.
    pub fn word(mut self, word: &'a str) -> Self {
        self.word = word;
        self
    }

    /// Turned about, as the right panel's sidebar icon is.
    pub fn mirrored(mut self) -> Self {
        self.mirrored = true;
        self
    }
}

impl Widget for IconButton<'_> {
    fn ui(self, ui: &mut Ui) -> Response {
        let tokens = theme::tokens(ui);
        let width = if self.word.is_empty() { CONTROL_HEIGHT } else { ui.available_width() };
        let (rect, response) = ui.allocate_exact_size(Vec2::new(width, CONTROL_HEIGHT), Sense::click());
        response.widget_info(|| WidgetInfo::selected(Role::Button, ui.is_enabled(), self.selected, self.name));
        tooltip::describe_key(ui, &response, self.key);
        if ui.is_rect_visible(rect) {
            let look = Look::of(ui, &response);
            let fill = match (self.selected, self.framed, look) {
                (true, _, _) => tokens.selected,
                (false, false, Look::Rest | Look::Focus) => Color32::TRANSPARENT,
                _ => look.control_fill(tokens),
            };
            ui.painter().rect_filled(rect, CornerRadius::same(RADIUS), fill);
            paint_focus_ring(ui, rect, RADIUS, look);
            let colour = if self.selected { tokens.on_selected } else { look.quiet_text(tokens) };
            let place = paint::left_part(rect, CONTROL_HEIGHT);
            if self.mirrored {
                paint::icon_mirrored(ui, place, self.icon, ICON_PT, colour);
            } else {
                paint::icon(ui, place, self.icon, ICON_PT, colour);
            }
            let rest = paint::between(rect, CONTROL_HEIGHT, 0.0);
            paint::text(ui, rest, Align::Min, self.word, fonts::body(), colour);
        }
        if response.enabled() { tooltip::name_and_key(response, self.name, self.key) } else { response }
    }
}
