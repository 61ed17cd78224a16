//! A quiet button with words: an icon before them and the key behind them, if asked for.

use egui::{Align, CornerRadius, FontId, Response, Role, Sense, Ui, Widget, WidgetInfo, vec2};

use super::look::{Look, paint_focus_ring};
use super::{paint, tooltip};
use crate::ui::theme::{self, CONTROL_HEIGHT, MENU_ICON_PT, RADIUS};
use crate::ui::theme::{Tokens, fonts};

/// What the button stands on and how loud it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Ground {
    /// A grey of its own.
    #[default]
    Control,
    /// The panel's grey, for buttons that lie on the surround.
    Panel,
    /// Nothing until the pointer comes.
    Bare,
}

#[must_use = "a widget shows only when it is added to a Ui"]
pub struct TextButton<'a> {
    text: &'a str,
    icon: Option<&'a str>,
    key: &'a str,
    height: f32,
    width: Option<f32>,
    ground: Ground,
    strong: bool,
    accent: bool,
    centred: bool,
    name: Option<&'a str>,
}

impl<'a> TextButton<'a> {
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            icon: None,
            key: "",
            height: CONTROL_HEIGHT,
            width: None,
            ground: Ground::Control,
            strong: false,
            accent: false,
            centred: false,
            name: None,
        }
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

    pub fn height(mut self, height: f32) -> Self {
        self.height = height;
        self
    }

    pub fn width(mut self, width: f32) -> Self {
        self.width = Some(width);
        self
    }

    /// For a button on the surround.
    pub fn on_surround(mut self) -> Self {
        self.ground = Ground::Panel;
        self
    }

    /// Without a fill until the pointer comes.
    pub fn bare(mut self) -> Self {
        self.ground = Ground::Bare;
        self
    }

    /// A toast's action: semi-bold, in the accent's text colour, bare.
    pub fn action(mut self) -> Self {
        self.ground = Ground::Bare;
        self.strong = true;
        self.accent = true;
        self
    }

    pub fn centred(mut self) -> Self {
        self.centred = true;
        self
    }

    /// Its accessible name, where the text on it is not enough.
    pub fn named(mut self, name: &'a str) -> Self {
        self.name = Some(name);
        self
    }

    /// What its words, icon and key need.
    #[must_use]
    pub fn natural_width(&self, ui: &Ui) -> f32 {
        let tokens = theme::tokens(ui);
        let text = paint::line(ui, self.text, self.font(), tokens.text_1, f32::INFINITY).size().x;
        let key = paint::line(ui, self.key, fonts::body(), tokens.text_3, f32::INFINITY).size().x;
        let key = if self.key.is_empty() { 0.0 } else { key + ICON_GAP };
        (text + key + self.icon_width() + 2.0 * self.padding()).ceil()
    }

    fn icon_width(&self) -> f32 {
        if self.icon.is_some() { MENU_ICON_PT + ICON_GAP } else { 0.0 }
    }

    fn padding(&self) -> f32 {
        if self.height > CONTROL_HEIGHT { PADDING + 4.0 } else { PADDING }
    }

    fn font(&self) -> FontId {
        if self.strong { fonts::strong(fonts::BODY_PT) } else { fonts::body() }
    }

    fn fill(&self, look: Look, tokens: &Tokens) -> egui::Color32 {
        match (self.ground, look) {
            (Ground::Bare, Look::Rest | Look::Focus) => egui::Color32::TRANSPARENT,
            (Ground::Panel, Look::Rest | Look::Focus) => tokens.panel,
            (Ground::Panel, Look::Hover) => tokens.control,
            _ => look.control_fill(tokens),
        }
    }
}

const PADDING: f32 = 10.0;
const ICON_GAP: f32 = 8.0;
const KEY_GAP: f32 = 16.0;

impl Widget for TextButton<'_> {
    fn ui(self, ui: &mut Ui) -> Response {
        let tokens = theme::tokens(ui);
        let icon_width = self.icon_width();
        let padding = self.padding();
        let width = self.width.unwrap_or_else(|| self.natural_width(ui));
        let (rect, response) = ui.allocate_exact_size(vec2(width, self.height), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), self.name.unwrap_or(self.text)));
        tooltip::describe_key(ui, &response, self.key);
        if ui.is_rect_visible(rect) {
            let look = Look::of(ui, &response);
            ui.painter().rect_filled(rect, CornerRadius::same(RADIUS), self.fill(look, tokens));
            paint_focus_ring(ui, rect, RADIUS, look);
            let quiet = self.ground == Ground::Bare;
            let colour = match (self.accent, quiet) {
                (true, _) => tokens.accent_text,
                (false, true) => look.quiet_text(tokens),
                (false, false) => tokens.text_1,
            };
            let mut inner = paint::between(rect, padding, padding);
            if let Some(icon) = self.icon {
                paint::icon(ui, paint::left_part(inner, MENU_ICON_PT), icon, MENU_ICON_PT, look.quiet_text(tokens));
                inner = paint::between(inner, icon_width, 0.0);
            }
            if !self.key.is_empty() {
                let key = paint::text(ui, inner, Align::Max, self.key, fonts::body(), look.hint_text(tokens));
                inner = paint::between(inner, 0.0, key + if self.width.is_some() { KEY_GAP } else { ICON_GAP });
            }
            let align = if self.centred { Align::Center } else { Align::Min };
            paint::text(ui, inner, align, self.text, self.font(), colour);
        }
        response
    }
}
