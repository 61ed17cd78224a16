//! Tooltips with a name and its key.

use egui::{Response, RichText, Ui};

use crate::ui::theme;

/// The key for who hears the window instead of seeing it.
pub(super) fn describe_key(ui: &Ui, response: &Response, key: &str) {
    if !key.is_empty() {
        ui.ctx().accesskit_node_builder(response.id, |node| node.set_description(key));
    }
}

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
