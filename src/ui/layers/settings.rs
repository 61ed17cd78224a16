//! The chosen row's few settings.

use egui::Ui;

use super::rows::opacity_row;
use super::{control, placement, reference, region};
use crate::canvas::LayerUse;
use crate::ui::action::{Action, LayerAction, LayerRow};
use crate::ui::chrome::layout::Layout;
use crate::ui::state::AppState;

pub(super) fn show(ui: &mut Ui, state: &mut AppState, layout: Layout, actions: &mut Vec<Action>) {
    match state.canvas.chosen() {
        LayerRow::Picture => {
            let before = state.canvas.document.stack().base().picture_opacity;
            if let Some(opacity) = opacity_row(ui, before, 1.0, layout) {
                actions.push(Action::Layers(LayerAction::SetPictureOpacity(opacity)));
            }
        }
        LayerRow::Mask => {
            let before = state.canvas.tools.mask_opacity;
            let usual = crate::canvas::tools::ToolSettings::DEFAULT_MASK_OPACITY;
            if let Some(opacity) = opacity_row(ui, before, usual, layout) {
                state.canvas.tools.mask_opacity = opacity.max(0.1);
            }
        }
        LayerRow::Layer(_) | LayerRow::LayerMask(_) => layer(ui, state, layout, actions),
    }
}

fn layer(ui: &mut Ui, state: &mut AppState, layout: Layout, actions: &mut Vec<Action>) {
    let Some(layer) = state.canvas.chosen_layer() else { return };
    let (id, before) = (layer.id, layer.settings.clone());
    let mut settings = before.clone();
    match &mut settings.layer_use {
        LayerUse::Control(control) => control::show(ui, state, control, &mut settings.opacity, layout),
        LayerUse::Region(of) => region::show(ui, state, id, of, layout),
        LayerUse::Reference(reference) => reference::show(ui, state, reference, layout),
    }
    // A skeleton is moved by its points, and what has no place on the canvas by nothing.
    let may_be_placed = settings.layer_use.pose().is_none() && settings.layer_use.lies_on_canvas();
    if may_be_placed && placement::section(ui, state, &mut settings, layout, actions) {
        actions.push(Action::Layers(LayerAction::ApplyPlacement(id)));
    } else if settings != before {
        actions.push(Action::Layers(LayerAction::Set { layer: id, settings: Box::new(settings) }));
    }
}
