//! The layers over the picture in their order, and a change of them as a value.

use serde::{Deserialize, Serialize};

use super::extend;
use super::layer::{Content, Layer, LayerId, LayerPart, LayerSettings};
use super::mask_layer::MaskLayer;
use super::posing;
use crate::raster::Extension;

/// What holds for the picture and for the mask.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BaseSettings {
    /// The picture is neither seen nor worked on: the next one is made from words and layers alone.
    pub picture_is_off: bool,
    /// No colour is painted on it.
    pub picture_is_locked: bool,
    /// 0 to 1; only how it is seen.
    pub picture_opacity: f32,
    /// Nothing is masked and nothing is taken out of the mask.
    pub mask_is_locked: bool,
}

impl Default for BaseSettings {
    fn default() -> Self {
        Self { picture_is_off: false, picture_is_locked: false, picture_opacity: 1.0, mask_is_locked: false }
    }
}

/// What becomes of a layer's mask.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum LayerMask {
    /// The layer keeps what it has; one that is new has none.
    #[default]
    AsItIs,
    None,
    Of(MaskLayer),
}

/// A layer as it is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerState {
    pub id: LayerId,
    pub settings: LayerSettings,
    /// `None` leaves what the layer of this id has.
    pub content: Option<Content>,
    pub mask: LayerMask,
}

impl LayerState {
    /// One that lies there as a whole.
    #[must_use]
    pub fn new(id: LayerId, settings: LayerSettings, content: Content, mask: Option<MaskLayer>) -> Self {
        Self { id, settings, content: Some(content), mask: mask.map_or(LayerMask::None, LayerMask::Of) }
    }
}

/// The whole list as it is to be; what stays costs nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StackChange {
    pub base: BaseSettings,
    /// Front first.
    pub layers: Vec<LayerState>,
}

impl StackChange {
    pub(super) fn byte_count(&self) -> usize {
        let contents = self.layers.iter().filter_map(|layer| layer.content.as_ref());
        let masks = self.layers.iter().map(|layer| match &layer.mask {
            LayerMask::Of(mask) => mask.plane().values().len(),
            LayerMask::AsItIs | LayerMask::None => 0,
        });
        contents.map(Content::byte_count).chain(masks).sum::<usize>() + self.layers.len() * 256
    }
}

/// All that lies over the picture besides the mask.
#[derive(Clone, Debug, Default)]
pub struct Stack {
    base: BaseSettings,
    layers: Vec<Layer>,
}

impl Stack {
    #[must_use]
    pub fn base(&self) -> &BaseSettings {
        &self.base
    }

    /// Front first.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    #[must_use]
    pub fn get(&self, id: LayerId) -> Option<&Layer> {
        self.layers.iter().find(|layer| layer.id == id)
    }

    pub(super) fn get_mut(&mut self, id: LayerId) -> Option<&mut Layer> {
        self.layers.iter_mut().find(|layer| layer.id == id)
    }

    /// What can be painted on of a layer.
    pub(super) fn plane_mut(&mut self, part: LayerPart) -> Option<&mut MaskLayer> {
        self.get_mut(part.layer())?.plane_mut(part)
    }

    /// The list as it is, to be changed.
    #[must_use]
    pub fn as_it_is(&self) -> StackChange {
        let state = |layer: &Layer| LayerState {
            id: layer.id,
            settings: layer.settings.clone(),
            content: None,
            mask: LayerMask::AsItIs,
        };
        StackChange { base: self.base, layers: self.layers.iter().map(state).collect() }
    }

    /// The same with everything that lies on it.
    pub(super) fn in_full(&self) -> StackChange {
        let mut change = self.as_it_is();
        for (state, layer) in change.layers.iter_mut().zip(&self.layers) {
            state.content = Some(layer.content.clone());
            state.mask = layer.mask.clone().map_or(LayerMask::None, LayerMask::Of);
        }
        change
    }

    /// Puts a list in the place of this one and returns what makes this one again. `revision` marks what is new.
    pub(super) fn swap(&mut self, change: StackChange, revision: u64) -> StackChange {
        let mut before = self.in_full();
        for state in &mut before.layers {
            // What stays costs nothing.
            let Some(new) = change.layers.iter().find(|new| new.id == state.id) else { continue };
            if new.content.is_none() {
                state.content = None;
            }
            if new.mask == LayerMask::AsItIs {
                state.mask = LayerMask::AsItIs;
            }
        }
        let old = std::mem::take(&mut self.layers);
        self.base = change.base;
        for LayerState { id, settings, content, mask } in change.layers {
            // A damaged journal may name a layer twice, or one that is not there.
            if self.get(id).is_some() {
                continue;
            }
            let known = old.iter().find(|layer| layer.id == id);
            let (mask, mask_made) = match (mask, known) {
                (LayerMask::AsItIs, Some(known)) => (known.mask.clone(), known.mask_made),
                (LayerMask::AsItIs | LayerMask::None, _) => (None, revision),
                (LayerMask::Of(mask), _) => (Some(mask), revision),
            };
            let (content, made) = match (content, known) {
                (Some(content), _) => (content, revision),
                (None, Some(known)) => (known.content.clone(), known.made),
                (None, None) => continue,
            };
            let before = known.map_or(revision, |known| known.changed);
            let changed = before.max(made).max(mask_made);
            self.layers.push(Layer { id, settings, content, mask, made, mask_made, changed });
        }
        before
    }

    /// A drawing of another size than the canvas, as a damaged journal may hold one, cannot be drawn on.
    pub(super) fn fit(&mut self, [width, height]: [u32; 2]) {
        for layer in &mut self.layers {
            if let Content::Drawing(drawing) = &mut layer.content
                && drawing.plane().size_px() != [width, height]
            {
                *drawing = extend::stretched(drawing, width, height);
            }
            if let Some(mask) = layer.mask.as_mut().filter(|mask| mask.plane().size_px() != [width, height]) {
                *mask = extend::stretched(mask, width, height);
            }
        }
    }

    /// What makes the layers fit a canvas of another size; drawings are stretched.
    pub(super) fn stretched(&self, from_px: Option<[u32; 2]>, [width, height]: [u32; 2]) -> StackChange {
        let mut change = self.as_it_is();
        let [from_width, from_height] = from_px.unwrap_or([width, height]);
        for (state, layer) in change.layers.iter_mut().zip(&self.layers) {
            if let Content::Drawing(drawing) = &layer.content
                && drawing.plane().size_px() != [width, height]
            {
                state.content = Some(Content::Drawing(extend::stretched(drawing, width, height)));
            }
            if let Some(mask) = layer.mask.as_ref().filter(|mask| mask.plane().size_px() != [width, height]) {
                state.mask = LayerMask::Of(extend::stretched(mask, width, height));
            }
            let placement = &mut state.settings.placement;
            placement.x *= width as f32 / from_width.max(1) as f32;
            placement.y *= height as f32 / from_height.max(1) as f32;
            posing::follow(&mut state.settings, &mut state.content, |pose| pose.scaled_to([width, height]));
        }
        change
    }

    /// What makes the layers fit a canvas that has grown.
    pub(super) fn extended(&self, canvas_px: [u32; 2], sides: Extension) -> StackChange {
        let mut change = self.as_it_is();
        for (state, layer) in change.layers.iter_mut().zip(&self.layers) {
            if layer.settings.layer_use.lies_on_canvas() {
                state.content = layer.content.extended(canvas_px, sides);
            }
            if !state.settings.placement.is_none() {
                state.settings.placement = state.settings.placement.on_larger(sides);
            }
            if let Some(mask) = &layer.mask
                && let Some(Content::Drawing(mask)) = Content::Drawing(mask.clone()).extended(canvas_px, sides)
            {
                state.mask = LayerMask::Of(mask);
            }
            posing::follow(&mut state.settings, &mut state.content, |pose| pose.scaled_to(canvas_px).extended(sides));
        }
        change
    }
}
