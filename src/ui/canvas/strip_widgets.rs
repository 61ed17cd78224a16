//! What the tool strip and the options in it are made of.

use egui::{CornerRadius, Response, Ui, vec2};

use crate::ui::input::keymap;
use crate::ui::input::shortcuts::Command;
use crate::ui::theme;
use crate::ui::widgets::IconButton;

/// What the mask's buttons take at the right end of the options.
pub(super) const MASK_BUTTONS_WIDTH: f32 = 4.0 * 30.0 + 13.0;

/// A line between two groups of the strip.
pub(super) fn line(ui: &mut Ui) {
    ui.add_space(6.0);
    let (rect, _) = ui.allocate_exact_size(vec2(1.0, 20.0), egui::Sense::hover());
    ui.painter().rect_filled(rect, CornerRadius::ZERO, theme::tokens(ui).line);
    ui.add_space(6.0);
}

/// An icon with its command's key.
pub(super) fn button(
    ui: &mut Ui,
    enabled: bool,
    (icon, name, command): (&str, &str, Command),
    reason: &str,
) -> Response {
    let key = keymap::written(ui.ctx(), command);
    ui.add_enabled(enabled, IconButton::new(icon, name).key(&key)).on_disabled_hover_text(reason)
}
