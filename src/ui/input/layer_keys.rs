//! What the keys of the layers mean: they go to the chosen one.

use crate::ui::action::{LayerAction, NewLayer, PlaceAction};
use crate::ui::input::shortcuts::Command;
use crate::ui::state::AppState;

/// `None` when the command means nothing now.
#[must_use]
pub(super) fn action_of(command: Command, state: &AppState) -> Option<LayerAction> {
    let layer = state.canvas.chosen_layer().map(|layer| layer.id);
    match command {
        Command::Layers => Some(LayerAction::ToggleList),
        Command::NewLayer => Some(LayerAction::Add(NewLayer::Scribble)),
        Command::LayerAbove => Some(LayerAction::Step { by: -1 }),
        Command::LayerBelow => Some(LayerAction::Step { by: 1 }),
        Command::LayerUp => layer.map(|_| LayerAction::Move { by: -1 }),
        Command::LayerDown => layer.map(|_| LayerAction::Move { by: 1 }),
        Command::LayerEye => Some(LayerAction::ToggleEye(state.canvas.chosen())),
        Command::LayerLock => Some(LayerAction::ToggleLock(state.canvas.chosen())),
        Command::RenameLayer => layer.map(LayerAction::BeginRename),
        Command::DuplicateLayer => layer.map(LayerAction::Duplicate),
        Command::MergeDown => layer.map(LayerAction::MergeDown),
        Command::PlaceLayer => layer.map(|_| LayerAction::Place(PlaceAction::Toggle)),
        _ => None,
    }
}
