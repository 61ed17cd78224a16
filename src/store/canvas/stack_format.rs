//! How the list of layers is written: their settings as JSON and their drawings packed, then their pictures as PNG files.

use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::canvas::{BaseSettings, Content, LayerId, LayerMask, LayerSettings, LayerState, StackChange};
use crate::store::canvas::pieces::{
    Bytes, mask_of_tiles, mask_tiles_of, packed, picture_of, push_block, push_mask_tiles, tiles_of_mask, unpacked,
};
use crate::store::pictures::metadata::png_text;

/// More than a person keeps in view; beyond is damage.
const MAX_LAYERS: usize = 1024;
/// Of all drawings together: two dozen of a camera's size.
const MAX_DRAWN_PIXELS: u64 = 1 << 29;

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Written {
    base: BaseSettings,
    layers: Vec<WrittenLayer>,
}

#[derive(Serialize, Deserialize)]
struct WrittenLayer {
    id: LayerId,
    settings: LayerSettings,
    /// `None` where the layer keeps what it has.
    content: Option<WrittenContent>,
    #[serde(default, skip_serializing_if = "WrittenMask::is_as_it_is")]
    mask: WrittenMask,
}

/// What becomes of a layer's mask, with its size in pixels; its tiles follow those of all drawings.
#[derive(Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WrittenMask {
    #[default]
    AsItIs,
    None,
    Of(u32, u32),
}

impl WrittenMask {
    fn is_as_it_is(&self) -> bool {
        *self == Self::AsItIs
    }
}

/// What follows of a layer, and its size in pixels.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WrittenContent {
    Drawing(u32, u32),
    Picture(u32, u32),
}

/// # Errors
/// When a picture cannot be packed.
pub(super) fn encode(stack: &StackChange) -> io::Result<Vec<u8>> {
    let of_content = |content: &Content| {
        let [width, height] = content.size_px();
        match content {
            Content::Drawing(_) => WrittenContent::Drawing(width, height),
            Content::Picture(_) => WrittenContent::Picture(width, height),
        }
    };
    let of_layer = |layer: &LayerState| {
        let mut settings = layer.settings.clone();
        settings.layer_use = settings.layer_use.writable();
        let mask = match &layer.mask {
            LayerMask::AsItIs => WrittenMask::AsItIs,
            LayerMask::None => WrittenMask::None,
            LayerMask::Of(mask) => WrittenMask::Of(mask.plane().width(), mask.plane().height()),
        };
        WrittenLayer { id: layer.id, settings, content: layer.content.as_ref().map(of_content), mask }
    };
    let written = Written { base: stack.base, layers: stack.layers.iter().map(of_layer).collect() };
    let mut plain = Vec::new();
    push_block(&mut plain, &serde_json::to_vec(&written)?);
    let mut pictures = Vec::new();
    for content in stack.layers.iter().filter_map(|layer| layer.content.as_ref()) {
        match content {
            Content::Drawing(drawing) => push_mask_tiles(&mut plain, &tiles_of_mask(drawing)),
            Content::Picture(picture) => {
                push_block(&mut pictures, &png_text::encode(picture, None).map_err(io::Error::other)?);
            }
        }
    }
    for layer in &stack.layers {
        if let LayerMask::Of(mask) = &layer.mask {
            push_mask_tiles(&mut plain, &tiles_of_mask(mask));
        }
    }
    let mut body = Vec::new();
    push_block(&mut body, &packed(&plain)?);
    body.extend(pictures);
    Ok(body)
}

pub(super) fn decode(body: &[u8]) -> Option<StackChange> {
    let mut body = Bytes(body);
    let plain = unpacked(body.block()?)?;
    let mut plain = Bytes(&plain);
    let Written { base, layers } = serde_json::from_slice(plain.block()?).ok()?;
    if layers.len() > MAX_LAYERS {
        return None;
    }
    let mut pixels_left = MAX_DRAWN_PIXELS;
    let mut found = StackChange { base, layers: Vec::with_capacity(layers.len()) };
    let mut masks = Vec::with_capacity(layers.len());
    for WrittenLayer { id, settings, content, mask } in layers {
        masks.push(mask);
        let content = match content {
            None => None,
            Some(WrittenContent::Drawing(width, height)) => {
                pixels_left = pixels_left.checked_sub(u64::from(width) * u64::from(height))?;
                let tiles = mask_tiles_of(&mut plain)?;
                Some(Content::Drawing(mask_of_tiles((width, height), &tiles)))
            }
            Some(WrittenContent::Picture(width, height)) => {
                Some(Content::Picture(Arc::new(picture_of(body.block()?, (width, height))?)))
            }
        };
        found.layers.push(LayerState { id, settings, content, mask: LayerMask::AsItIs });
    }
    for (layer, mask) in found.layers.iter_mut().zip(masks) {
        layer.mask = match mask {
            WrittenMask::AsItIs => LayerMask::AsItIs,
            WrittenMask::None => LayerMask::None,
            WrittenMask::Of(width, height) => {
                pixels_left = pixels_left.checked_sub(u64::from(width) * u64::from(height))?;
                let tiles = mask_tiles_of(&mut plain)?;
                LayerMask::Of(mask_of_tiles((width, height), &tiles))
            }
        };
    }
    Some(found)
}
