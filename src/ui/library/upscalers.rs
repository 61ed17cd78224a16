//! The row under the table of models: what pictures are enlarged with.

use egui::{Ui, vec2};

use crate::store::models::upscalers::name_of;
use crate::ui::action::{Action, FilesAction};
use crate::ui::state::AppState;
use crate::ui::theme;
use crate::ui::widgets::fields;

const BOX_WIDTH: f32 = 280.0;

/// What it takes of the table's height: nothing where there is no upscaler.
#[must_use]
pub(super) fn height(state: &AppState) -> f32 {
    if state.library.upscalers.is_empty() { 0.0 } else { theme::CONTROL_HEIGHT + 12.0 }
}

pub(super) fn show(ui: &mut Ui, state: &AppState, actions: &mut Vec<Action>) {
    let library = &state.library;
    let Some(used) = library.upscaler() else { return };
    ui.add_space(8.0);
    ui.allocate_ui(vec2(ui.available_width(), theme::CONTROL_HEIGHT), |ui| {
        fields::row(ui, "Upscaler", |ui, label| {
            fields::menu_box(ui, label, BOX_WIDTH, &name_of(used), "", |ui| {
                for file in &library.upscalers {
                    if fields::choice(ui, file == used, &name_of(file), "") {
                        actions.push(Action::Files(FilesAction::UseUpscaler(file.clone())));
                        ui.close();
                    }
                }
            });
        });
    });
}
