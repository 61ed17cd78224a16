//! One line of a menu: an icon, words, and the key at the right.

use egui::{Align, Color32, CornerRadius, Response, Role, Sense, Ui, Widget, WidgetInfo, vec2};

use super::look::Look;
use super::{paint, tooltip};
use crate::ui::theme::fonts;
use crate::ui::theme::{self, CONTROL_HEIGHT, MENU_ICON_PT, RADIUS};

#[must_use = "a widget shows only when it is added to a Ui"]
pub struct MenuItem<'a> {
    words: &'a str,
    icon: Option<&'a str>,
    key: &'a str,
    danger: bool,
}

const PADDING: f32 = 8.0;
const KEY_GAP: f32 = 16.0;
const ICON_SLOT: f32 = MENU_ICON_PT + 8.0;

impl<'a> MenuItem<'a> {
    pub fn new(words: &'a str) -> Self {
        Self { words, icon: None, key: "", danger: false }
    }

    pub fn icon(mut self, icon: &'a str) -> Self {
        self.icon = Some(icon);
        self
    }

    /// How the key is written on this system, "" for none.
    pub fn key(mut self, key: &'a str) -> Self {
        self.key = key;
        self
    }

    /// Something that takes a picture away.
    pub fn danger(mut self) -> Self {
        self.danger = true;
        self
    }

    /// What it takes to show its words and its key whole, in points.
    #[must_use]
    pub fn width(&self, ui: &Ui) -> f32 {
        let width = |text: &str| paint::line(ui, text, fonts::body(), Color32::PLACEHOLDER, f32::INFINITY).size().x;
        let icon = if self.icon.is_some() { ICON_SLOT } else { 0.0 };
        2.0 * PADDING + icon + width(self.words) + KEY_GAP + width(self.key)
    }
}

impl Widget for MenuItem<'_> {
    fn ui(self, ui: &mut Ui) -> Response {
        let tokens = theme::tokens(ui);
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), CONTROL_HEIGHT), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::MenuItem, ui.is_enabled(), self.words));
        tooltip::describe_key(ui, &response, self.key);
        let look = Look::of(ui, &response);
        let fill = match look {
            Look::Rest => Color32::TRANSPARENT,
            // In a menu the line that the keyboard stands on looks like the pointer's.
            Look::Hover | Look::Focus => tokens.control_hover,
            Look::Press => tokens.control_press,
        };
        ui.painter().rect_filled(rect, CornerRadius::same(RADIUS), fill);
        let mut inner = paint::between(rect, PADDING, PADDING);
        let (words, quiet) = if self.danger { (tokens.danger, tokens.text_2) } else { (tokens.text_1, tokens.text_2) };
        if let Some(icon) = self.icon {
            paint::icon(ui, paint::left_part(inner, MENU_ICON_PT), icon, MENU_ICON_PT, quiet);
            inner = paint::between(inner, ICON_SLOT, 0.0);
        }
        let key = paint::text(ui, inner, Align::Max, self.key, fonts::body(), tokens.text_2);
        paint::text(ui, paint::between(inner, 0.0, key + KEY_GAP), Align::Min, self.words, fonts::body(), words);
        response
    }
}
