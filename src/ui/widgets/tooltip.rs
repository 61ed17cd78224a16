//! Tooltips with a name and its key.

use egui::{Response, RichText};

use crate::ui::theme;

/// Adds the tooltip.
pub(super) fn name_and_key(response: Response, name: &str, key: &str) -> Response {
    response.on_hover_ui(|ui| {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 12.0;
            ui.label(name);
            if !key.is_empty() {
                ui.label(RichText::new(key).color(theme::tokens(ui).text_3));
            }
        });
    })
}
