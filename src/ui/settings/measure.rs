//! The measures of the settings' window, in points.

pub(super) const WINDOW: egui::Vec2 = egui::vec2(960.0, 704.0);
/// Between it and the window's edges, both together.
pub(super) const AROUND: f32 = 48.0;
pub(super) const HEAD: f32 = 52.0;
pub(super) const SECTIONS: f32 = 200.0;
/// Under this the sections become a menu box.
pub(super) const FOLD_UNDER: f32 = 760.0;
/// Of the line under a name.
pub(super) const HINT: f32 = 20.0;
const LABEL: f32 = 296.0;
const LEAST_LABEL: f32 = 180.0;
const CONTROL: f32 = 358.0;
/// The way back, and the gap before it.
const RESET: f32 = 36.0;

/// How a row's room is shared out.
pub(super) struct Row {
    pub label: f32,
    pub control: f32,
}

/// A narrow page takes from the label first.
pub(super) fn of(width: f32) -> Row {
    let rest = width - RESET;
    let label = (rest - CONTROL).clamp(LEAST_LABEL, LABEL);
    Row { label, control: (rest - label).clamp(120.0, CONTROL) }
}
