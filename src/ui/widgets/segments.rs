//! One of a few: a trough with the chosen word raised.

use egui::{Align, CornerRadius, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2};

use super::look::{Look, paint_focus_ring};
use super::paint;
use crate::ui::theme::fonts;
use crate::ui::theme::{self, CONTROL_HEIGHT, RADIUS, RADIUS_SMALL};

/// One of the words.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    pub text: &'a str,
    /// Told on hover, "" for nothing: for a segment that cannot be pressed now, how to get there.
    pub hint: &'a str,
}

#[must_use = "call `show` to show it"]
pub struct Segments<'a> {
    name: &'a str,
    words: &'a [Segment<'a>],
    names: &'a [&'a str],
    chosen: usize,
    fixed: bool,
    width: Option<f32>,
}

impl<'a> Segments<'a> {
    /// `name` begins the accessible name of each.
    pub fn new(name: &'a str, words: &'a [Segment<'a>], chosen: usize) -> Self {
        Self { name, words, names: &[], chosen, fixed: false, width: None }
    }

    /// What each is called where its text is only a sign: the name does not depend on the room.
    pub fn named(mut self, names: &'a [&'a str]) -> Self {
        self.names = names;
        self
    }

    /// Only shows what is; a press changes nothing.
    pub fn fixed(mut self) -> Self {
        self.fixed = true;
        self
    }

    pub fn width(mut self, width: f32) -> Self {
        self.width = Some(width);
        self
    }

    /// Returns the index that was pressed, unless it was chosen already.
    pub fn show(self, ui: &mut Ui) -> Option<usize> {
        let width = self.width.unwrap_or_else(|| ui.available_width());
        let (rect, _) = ui.allocate_exact_size(vec2(width, CONTROL_HEIGHT), Sense::hover());
        let tokens = theme::tokens(ui);
        let stroke = Stroke::new(1.0, tokens.stroke);
        ui.painter().rect(rect, CornerRadius::same(RADIUS), tokens.inset, stroke, StrokeKind::Inside);
        let inner = rect.shrink(2.0);
        let mut pressed = None;
        let mut start = inner.min;
        for (index, (segment, share)) in self.words.iter().zip(self.shares(ui, inner.width())).enumerate() {
            let part = Rect::from_min_size(start, vec2(share, inner.height()));
            start.x += share;
            if self.part(ui, part, index, segment).clicked() && !self.fixed && index != self.chosen {
                pressed = Some(index);
            }
        }
        pressed
    }

    /// Equal parts; where a word has no room in its own, each gets what it needs and a part of the rest.
    fn shares(&self, ui: &Ui, width: f32) -> Vec<f32> {
        const LEAST_PADDING: f32 = 4.0;
        let equal = width / self.words.len().max(1) as f32;
        let strong = fonts::strong(fonts::BODY_PT);
        // Whichever is chosen: the parts stay where they are.
        let need = |segment: &Segment<'_>| {
            let colour = theme::tokens(ui).text_1;
            paint::line(ui, segment.text, strong.clone(), colour, f32::INFINITY).size().x.ceil() + LEAST_PADDING
        };
        let needs: Vec<f32> = self.words.iter().map(need).collect();
        if needs.iter().all(|need| *need <= equal) {
            return vec![equal; needs.len()];
        }
        let rest = (width - needs.iter().sum::<f32>()) / needs.len().max(1) as f32;
        needs.into_iter().map(|need| (need + rest).max(0.0)).collect()
    }

    fn part(&self, ui: &mut Ui, rect: Rect, index: usize, segment: &Segment<'_>) -> Response {
        let tokens = theme::tokens(ui);
        let chosen = index == self.chosen;
        let sense = if self.fixed { Sense::hover() } else { Sense::click() };
        let response = ui.interact(rect, ui.scope_id().with((self.name, index)), sense);
        let name = format!("{}: {}", self.name, self.names.get(index).unwrap_or(&segment.text));
        response.widget_info(|| WidgetInfo::selected(Role::RadioButton, ui.is_enabled(), chosen, &name));
        let look = if self.fixed { Look::Rest } else { Look::of(ui, &response) };
        if chosen {
            let stroke = if tokens.is_dark { Stroke::NONE } else { Stroke::new(1.0, tokens.stroke) };
            ui.painter().rect(rect, CornerRadius::same(RADIUS_SMALL), tokens.segment, stroke, StrokeKind::Inside);
        }
        paint_focus_ring(ui, rect, RADIUS_SMALL, look);
        let (font, colour) = if chosen {
            (fonts::strong(fonts::BODY_PT), tokens.text_1)
        } else if self.fixed {
            (fonts::body(), tokens.text_3)
        } else {
            (fonts::body(), look.quiet_text(tokens))
        };
        paint::text(ui, rect, Align::Center, segment.text, font, colour);
        if segment.hint.is_empty() { response } else { response.on_hover_text(segment.hint) }
    }
}
