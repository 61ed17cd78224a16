//! Small helpers to paint text and icons into a given rectangle, so that nothing moves when a text grows.

use std::sync::Arc;

use egui::epaint::text::{LayoutJob, TextWrapping};
use egui::{Align, Align2, Color32, FontId, Galley, Rect, Ui, pos2};

use crate::ui::theme::fonts;

/// One line, cut with "…" where it does not fit.
#[must_use]
pub fn line(ui: &Ui, text: &str, font: FontId, colour: Color32, max_width: f32) -> Arc<Galley> {
    let mut job = LayoutJob::simple_singleline(text.to_owned(), font, colour);
    job.wrap = TextWrapping { max_width, max_rows: 1, break_anywhere: true, overflow_character: Some('…') };
    ui.painter().layout_job(job)
}

/// Paints one line into `rect`, vertically centred, and returns its width.
#[allow(clippy::must_use_candidate, reason = "painting is the point, the width a help")]
pub fn text(ui: &Ui, rect: Rect, align: Align, text: &str, font: FontId, colour: Color32) -> f32 {
    let galley = line(ui, text, font, colour, rect.width().max(0.0));
    let width = galley.size().x;
    let x = match align {
        Align::Min => rect.left(),
        Align::Center => rect.center().x - width / 2.0,
        Align::Max => rect.right() - width,
    };
    let pos = pos2(x, rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(pos, galley, colour);
    width
}

/// Paints an icon in the middle of `rect`.
pub fn icon(ui: &Ui, rect: Rect, icon: &str, size_pt: f32, colour: Color32) {
    let galley = ui.painter().layout_no_wrap(icon.to_owned(), fonts::icon(size_pt), colour);
    // By its ink: a line of text is rounded up to whole points, which puts an icon off the middle.
    let pos = rect.center() - galley.mesh_bounds.center().to_vec2();
    ui.painter().galley(pos, galley, colour);
}

/// The part of `rect` between `left` and `right` points from its sides.
#[must_use]
pub fn between(rect: Rect, left: f32, right: f32) -> Rect {
    let start = rect.left() + left;
    Rect::from_min_max(pos2(start, rect.top()), pos2((rect.right() - right).max(start), rect.bottom()))
}

/// `width` points at the left end.
#[must_use]
pub fn left_part(rect: Rect, width: f32) -> Rect {
    Rect::from_min_max(rect.min, pos2(rect.left() + width, rect.bottom()))
}

/// `width` points at the right end.
#[must_use]
pub fn right_part(rect: Rect, width: f32) -> Rect {
    Rect::from_min_max(pos2(rect.right() - width, rect.top()), rect.max)
}

/// Paints an icon turned about its middle, left for right.
pub fn icon_mirrored(ui: &Ui, rect: Rect, icon: &str, size_pt: f32, colour: Color32) {
    let galley = ui.painter().layout_no_wrap(icon.to_owned(), fonts::icon(size_pt), colour);
    let pos = rect.center() - galley.size() / 2.0;
    // Half a turn does for an icon that is the same upside down, as the sidebar's is.
    let shape = egui::epaint::TextShape::new(pos, galley, colour)
        .with_angle_and_anchor(std::f32::consts::PI, Align2::CENTER_CENTER);
    ui.painter().add(shape);
}
