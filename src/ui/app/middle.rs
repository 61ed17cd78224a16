//! The middle of the window: the canvas with its results, or pictures that are compared.

use egui::Ui;

use crate::ui::action::Action;
use crate::ui::chrome::layout::Layout;
use crate::ui::state::AppState;
use crate::ui::textures::Textures;
use crate::ui::{canvas, compare, results};

pub(super) fn show(
    ui: &mut Ui,
    state: &mut AppState,
    textures: &mut Textures,
    layout: Layout,
    actions: &mut Vec<Action>,
) {
    if let Some(comparison) = &mut state.compare.open {
        compare::show(ui, comparison, textures, layout, actions);
        // Nothing of the canvas lies under the pointer.
        state.canvas.placed = None;
        return;
    }
    let picture_rect = canvas::show(ui, state, textures, layout, actions);
    results::strip::show(ui, picture_rect, state, textures, layout, actions);
}
