//! What rows are called, and what stands at their right end.

use crate::canvas::{Content, Layer, LayerId, LayerUse, RegionLayer};
use crate::job::ControlKind;
use crate::ui::action::LayerRow;
use crate::ui::state::{AppState, Mode};
use crate::ui::theme::icons;

/// All rows, front first. The picture's and the mask's are there as soon as there is a picture.
#[must_use]
pub(in crate::ui) fn rows(state: &AppState) -> Vec<LayerRow> {
    let layers = state.canvas.document.stack().layers().iter().flat_map(|layer| {
        let mask = layer.mask.is_some().then_some(LayerRow::LayerMask(layer.id));
        std::iter::once(LayerRow::Layer(layer.id)).chain(mask)
    });
    let below = state.canvas.has_picture().then_some([LayerRow::Mask, LayerRow::Picture]);
    layers.chain(below.into_iter().flatten()).collect()
}

#[must_use]
pub(super) fn name(state: &AppState, row: LayerRow) -> String {
    match row {
        LayerRow::Picture => "Picture".into(),
        LayerRow::Mask => "Mask".into(),
        LayerRow::Layer(id) => layer(state, id).map(|layer| layer.settings.name.clone()).unwrap_or_default(),
        LayerRow::LayerMask(id) => {
            layer(state, id).map(|layer| format!("Mask of {}", layer.settings.name)).unwrap_or_default()
        }
    }
}

#[must_use]
pub(super) fn icon(state: &AppState, row: LayerRow) -> &'static str {
    match row {
        LayerRow::Picture => icons::IMAGE,
        LayerRow::Mask | LayerRow::LayerMask(_) => icons::CIRCLE_HALF,
        LayerRow::Layer(id) => match layer(state, id) {
            Some(Layer { content, settings, .. }) => match (&settings.layer_use, content) {
                (LayerUse::Region(_), _) => icons::POLYGON,
                (LayerUse::Reference(_), _) => icons::PAPERCLIP,
                (LayerUse::Control(_), Content::Drawing(_)) => icons::SCRIBBLE_LOOP,
                (LayerUse::Control(control), Content::Picture(_)) => match control.kind {
                    Some(ControlKind::Depth | ControlKind::Normal) => icons::MOUNTAINS,
                    _ => icons::IMAGE_SQUARE,
                },
            },
            None => icons::SCRIBBLE_LOOP,
        },
    }
}

/// The weight, or how much is seen of it; or why it does not count.
#[must_use]
pub(super) fn value(state: &AppState, row: LayerRow) -> String {
    let percent = |share: f32| format!("{:.0} %", share * 100.0);
    match row {
        LayerRow::Picture => percent(state.canvas.document.stack().base().picture_opacity),
        LayerRow::Mask if state.canvas.document.mask().is_empty() => "empty".into(),
        // With the picture switched off there is nothing to be filled.
        LayerRow::Mask if state.mode() == Mode::Create => "not used".into(),
        LayerRow::Mask => percent(state.canvas.tools.mask_opacity),
        LayerRow::Layer(id) => match layer(state, id) {
            Some(layer) if layer.content.is_empty() => "empty".into(),
            Some(layer) if layer.settings.layer_use.region().is_some_and(RegionLayer::is_wordless) => "no words".into(),
            Some(layer) if is_unread(state, layer) => "not read".into(),
            Some(layer) => format!("{:.2}", layer.settings.layer_use.weight()),
            None => String::new(),
        },
        LayerRow::LayerMask(id) => match layer(state, id).and_then(Layer::counts_where) {
            Some(_) => String::new(),
            None => "all of it".into(),
        },
    }
}

/// Whether it is a picture for the prompt that the model will not read as it stands.
fn is_unread(state: &AppState, layer: &Layer) -> bool {
    let reference = layer.settings.layer_use.reference();
    reference.is_some_and(|reference| state.layers.reference_misfit(reference, state.model()).is_some())
}

#[must_use]
pub(super) fn is_on(state: &AppState, row: LayerRow) -> bool {
    match row {
        LayerRow::Picture => !state.canvas.document.stack().base().picture_is_off,
        LayerRow::Mask => !state.canvas.overlay.hides_mask,
        LayerRow::Layer(id) | LayerRow::LayerMask(id) => layer(state, id).is_some_and(|layer| layer.settings.is_on),
    }
}

#[must_use]
pub(super) fn is_locked(state: &AppState, row: LayerRow) -> bool {
    let base = state.canvas.document.stack().base();
    match row {
        LayerRow::Picture => base.picture_is_locked,
        LayerRow::Mask => base.mask_is_locked,
        LayerRow::Layer(id) | LayerRow::LayerMask(id) => layer(state, id).is_some_and(|layer| layer.settings.is_locked),
    }
}

/// The region whose row it is.
#[must_use]
pub(super) fn region(state: &AppState, row: LayerRow) -> Option<&RegionLayer> {
    match row {
        LayerRow::Layer(id) => layer(state, id)?.settings.layer_use.region(),
        _ => None,
    }
}

fn layer(state: &AppState, id: LayerId) -> Option<&Layer> {
    state.canvas.document.stack().get(id)
}
