//! The one filled button of the window: it makes the picture. Its caret opens what else it can do.

use egui::{Align, Color32, CornerRadius, Rect, Response, Role, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};

use super::look::{Look, paint_focus_ring};
use super::{paint, tooltip};
use crate::ui::theme::{self, CARET_PT, PRIMARY_HEIGHT, RADIUS_LARGE, Tokens};
use crate::ui::theme::{fonts, icons};

#[must_use = "call `show` to show it"]
pub struct PrimaryButton<'a> {
    text: &'a str,
    key: &'a str,
    enabled: bool,
    quiet: bool,
    caret: Option<&'a str>,
}

/// The button and, where it was asked for, its caret.
pub struct PrimaryResponse {
    pub button: Response,
    pub caret: Option<Response>,
}

const CARET_WIDTH: f32 = 40.0;
const PADDING: f32 = 16.0;

impl<'a> PrimaryButton<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, key: "", enabled: true, quiet: false, caret: None }
    }

    /// How the key is written on this system.
    pub fn key(mut self, key: &'a str) -> Self {
        self.key = key;
        self
    }

    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// Grey instead of amber, at the same place and size: while a run goes.
    pub fn quiet(mut self, quiet: bool) -> Self {
        self.quiet = quiet;
        self
    }

    /// Adds the caret; `name` is its accessible name. It stays enabled.
    pub fn caret(mut self, name: &'a str) -> Self {
        self.caret = Some(name);
        self
    }

    /// As wide as there is room.
    pub fn show(self, ui: &mut Ui) -> PrimaryResponse {
        let size = vec2(ui.available_width(), PRIMARY_HEIGHT);
        let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
        let caret_width = if self.caret.is_some() { CARET_WIDTH } else { 0.0 };
        let main_rect = paint::between(rect, 0.0, caret_width + if self.caret.is_some() { 1.0 } else { 0.0 });
        let button = self.main(ui, main_rect);
        let caret = self.caret.map(|name| self.caret_part(ui, paint::right_part(rect, caret_width), name));
        PrimaryResponse { button, caret }
    }

    fn main(&self, ui: &mut Ui, rect: Rect) -> Response {
        // A child of its own can be disabled without its caret.
        let mut child = ui.new_child(UiBuilder::new().max_rect(rect).id_salt("primary"));
        let ui = &mut child;
        if !self.enabled {
            ui.disable();
        }
        let response = ui.interact(rect, ui.scope_id().with("button"), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), self.text));
        tooltip::describe_key(ui, &response, self.key);
        let look = Look::of(ui, &response);
        let tokens = theme::tokens(ui);
        let corners = if self.caret.is_some() { left_corners() } else { CornerRadius::same(RADIUS_LARGE) };
        ui.painter().rect_filled(rect, corners, self.fill(look, tokens));
        paint_focus_ring(ui, rect, RADIUS_LARGE, look);
        let (text, hint) = self.text_colours(look, tokens);
        let inner = paint::between(rect, PADDING, PADDING);
        let key = paint::text(ui, inner, Align::Max, self.key, fonts::body(), hint);
        let inner = paint::between(inner, 0.0, if key > 0.0 { key + theme::GRID } else { 0.0 });
        paint::text(ui, inner, Align::Min, self.text, fonts::strong(fonts::LARGE_PT), text);
        response
    }

    fn caret_part(&self, ui: &mut Ui, rect: Rect, name: &str) -> Response {
        let response = ui.interact(rect, ui.scope_id().with(name), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), name));
        let look = Look::of(ui, &response);
        let tokens = theme::tokens(ui);
        ui.painter().rect_filled(rect, right_corners(), self.fill(look, tokens));
        paint_focus_ring(ui, rect, RADIUS_LARGE, look);
        // What lies between the halves: the panel on grey, the ink's own colour on amber.
        let seam = if self.is_grey() { tokens.panel } else { tokens.on_accent };
        let line = Rect::from_min_max(pos2(rect.left() - 1.0, rect.top()), rect.left_bottom());
        ui.painter().rect_filled(line, CornerRadius::ZERO, seam);
        paint::icon(ui, rect, icons::CARET_DOWN, CARET_PT + 2.0, self.text_colours(look, tokens).0);
        response
    }

    fn is_grey(&self) -> bool {
        self.quiet || !self.enabled
    }

    fn fill(&self, look: Look, tokens: &Tokens) -> Color32 {
        if self.is_grey() {
            return look.control_fill(tokens);
        }
        match look {
            Look::Rest | Look::Focus => tokens.accent,
            Look::Hover => tokens.accent_hover,
            Look::Press => tokens.accent_press,
        }
    }

    fn text_colours(&self, look: Look, tokens: &Tokens) -> (Color32, Color32) {
        if self.is_grey() { (tokens.text_1, look.hint_text(tokens)) } else { (tokens.on_accent, tokens.on_accent) }
    }
}

fn left_corners() -> CornerRadius {
    CornerRadius { nw: RADIUS_LARGE, sw: RADIUS_LARGE, ne: 0, se: 0 }
}

fn right_corners() -> CornerRadius {
    CornerRadius { nw: 0, sw: 0, ne: RADIUS_LARGE, se: RADIUS_LARGE }
}
