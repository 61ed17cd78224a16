//! A layer over the picture: what is drawn on it or lies on it, and what it is for.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::layer_use::LayerUse;
use super::mask_layer::MaskLayer;
use crate::job::Placement;
use crate::mask::{MaskPlane, flood};
use crate::raster::{Extension, Picture, padded};

/// No other layer of the same canvas has it, nor had it before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LayerId(pub u32);

/// What of a layer is painted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LayerPart {
    Drawing(LayerId),
    /// Where it counts.
    Mask(LayerId),
}

impl LayerPart {
    #[must_use]
    pub fn layer(self) -> LayerId {
        let (Self::Drawing(id) | Self::Mask(id)) = self;
        id
    }
}

impl Default for LayerPart {
    fn default() -> Self {
        Self::Drawing(LayerId::default())
    }
}

/// All of a layer but its pixels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LayerSettings {
    pub name: String,
    /// Whether it is seen, and counts for the next picture.
    pub is_on: bool,
    /// Nothing is painted on it, and it is not deleted.
    pub is_locked: bool,
    /// Over the picture, 0 to 1; it changes nothing of what comes of it.
    pub opacity: f32,
    pub layer_use: LayerUse,
    /// How its pixels are moved, scaled, turned and flipped on the canvas.
    #[serde(skip_serializing_if = "Placement::is_none")]
    pub placement: Placement,
}

impl Default for LayerSettings {
    fn default() -> Self {
        Self {
            name: String::new(),
            is_on: true,
            is_locked: false,
            opacity: 1.0,
            layer_use: LayerUse::default(),
            placement: Placement::default(),
        }
    }
}

/// A layer's pixels. A copy shares them until one of both is painted on.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// White strokes on black, or a region's area, as large as the canvas.
    Drawing(MaskLayer),
    /// Of any size: it is fitted to the canvas.
    Picture(Arc<Picture>),
}

impl Content {
    /// Nothing is drawn yet.
    #[must_use]
    pub fn empty_drawing([width, height]: [u32; 2]) -> Self {
        Self::Drawing(MaskLayer::new(MaskPlane::empty(width, height)))
    }

    /// A picture as a layer: one that is white strokes on black, and as large as the canvas, can be drawn on.
    #[must_use]
    pub fn of_picture(picture: Arc<Picture>, canvas_px: [u32; 2]) -> Self {
        let is_as_large = [picture.width(), picture.height()] == canvas_px;
        match strokes_of(&picture).filter(|_| is_as_large) {
            Some(plane) => Self::Drawing(MaskLayer::new(plane)),
            None => Self::Picture(picture),
        }
    }

    /// As a network is shown it.
    #[must_use]
    pub fn seen(&self) -> Arc<Picture> {
        match self {
            Self::Drawing(drawing) => Arc::new(drawn(drawing.plane())),
            Self::Picture(picture) => Arc::clone(picture),
        }
    }

    /// A region's area as it lies on the canvas, its border so many pixels soft. `None` for what is no drawing.
    #[must_use]
    pub fn area(&self, placement: &Placement, softness_px: u32) -> Option<MaskPlane> {
        let Self::Drawing(drawing) = self else { return None };
        if placement.is_none() {
            return Some(drawing.plane().blurred(softness_px));
        }
        Some(plane_of(&placement.place(&drawn(drawing.plane()))).blurred(softness_px))
    }

    /// Of the same kind with these pixels.
    pub(super) fn replaced_by(&self, picture: Arc<Picture>) -> Self {
        match self {
            Self::Drawing(_) => Self::Drawing(MaskLayer::new(plane_of(&picture))),
            Self::Picture(_) => Self::Picture(picture),
        }
    }

    /// Whether nothing is drawn on it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Drawing(drawing) if drawing.is_empty())
    }

    /// Width and height in pixels.
    #[must_use]
    pub fn size_px(&self) -> [u32; 2] {
        match self {
            Self::Drawing(drawing) => drawing.plane().size_px(),
            Self::Picture(picture) => [picture.width(), picture.height()],
        }
    }

    /// What was white is black, and the other way round.
    #[must_use]
    pub fn inverted(&self) -> Self {
        match self {
            Self::Drawing(drawing) => {
                let mut plane = drawing.plane().clone();
                plane.invert();
                Self::Drawing(MaskLayer::new(plane))
            }
            Self::Picture(picture) => {
                let change = |pixel: &[u8]| [255 - pixel[0], 255 - pixel[1], 255 - pixel[2], pixel[3]];
                let rgba = picture.rgba().chunks_exact(4).flat_map(change).collect();
                let inverted = Picture::from_rgba(picture.width(), picture.height(), rgba);
                Self::Picture(inverted.map_or_else(|_| Arc::clone(picture), Arc::new))
            }
        }
    }

    /// What the strokes' outline encloses around a pixel is drawn too. `None` where that is nothing.
    #[must_use]
    pub fn flooded(&self, x: u32, y: u32) -> Option<Self> {
        let Self::Drawing(drawing) = self else { return None };
        let mut plane = drawing.plane().clone();
        flood(&mut plane, x, y)?;
        Some(Self::Drawing(MaskLayer::new(plane)))
    }

    /// On a canvas that has become larger.
    pub(super) fn extended(&self, canvas_px: [u32; 2], sides: Extension) -> Option<Self> {
        match self {
            Self::Drawing(drawing) => {
                let grey = drawn(drawing.plane());
                Some(Self::Drawing(MaskLayer::new(plane_of(&padded(&grey, sides)))))
            }
            // What does not lie on the canvas pixel by pixel is fitted to it as before.
            Self::Picture(picture) if [picture.width(), picture.height()] == canvas_px => {
                Some(Self::Picture(Arc::new(padded(picture, sides))))
            }
            Self::Picture(_) => None,
        }
    }

    /// How much of the memory it takes, in bytes.
    pub(super) fn byte_count(&self) -> usize {
        match self {
            Self::Drawing(drawing) => drawing.plane().values().len(),
            Self::Picture(picture) => picture.rgba().len(),
        }
    }
}

/// A layer as it lies on the canvas.
#[derive(Clone, Debug)]
pub struct Layer {
    pub id: LayerId,
    pub settings: LayerSettings,
    pub content: Content,
    /// Where it counts, as large as the canvas; everywhere without one, or where nothing is painted on it.
    pub mask: Option<MaskLayer>,
    /// The canvas's revision when this content came to lie here as a whole.
    pub made: u64,
    /// The same of its mask.
    pub mask_made: u64,
    /// And when it was changed last, by a stroke or as a whole.
    pub changed: u64,
}

impl Layer {
    /// Where it counts; `None` is everywhere.
    #[must_use]
    pub fn counts_where(&self) -> Option<&MaskLayer> {
        self.mask.as_ref().filter(|mask| !mask.is_empty())
    }

    /// What can be painted on of it.
    #[must_use]
    pub fn plane(&self, part: LayerPart) -> Option<&MaskLayer> {
        match (part, &self.content) {
            (LayerPart::Mask(_), _) => self.mask.as_ref(),
            (LayerPart::Drawing(_), Content::Drawing(drawing)) => Some(drawing),
            (LayerPart::Drawing(_), Content::Picture(_)) => None,
        }
    }

    pub(super) fn plane_mut(&mut self, part: LayerPart) -> Option<&mut MaskLayer> {
        match (part, &mut self.content) {
            (LayerPart::Mask(_), _) => self.mask.as_mut(),
            (LayerPart::Drawing(_), Content::Drawing(drawing)) => Some(drawing),
            (LayerPart::Drawing(_), Content::Picture(_)) => None,
        }
    }
}

/// White where it is drawn.
fn drawn(plane: &MaskPlane) -> Picture {
    let rgba = plane.values().iter().flat_map(|value| [*value, *value, *value, 255]).collect();
    Picture::from_rgba(plane.width(), plane.height(), rgba)
        .unwrap_or_else(|_| Picture::filled(plane.width(), plane.height(), [0, 0, 0, 255]))
}

fn plane_of(picture: &Picture) -> MaskPlane {
    let values = picture.rgba().chunks_exact(4).map(|pixel| pixel[0]).collect();
    let (width, height) = (picture.width(), picture.height());
    MaskPlane::from_values(width, height, values).unwrap_or_else(|| MaskPlane::empty(width, height))
}

/// The strokes of a picture that is nothing else: grey and opaque, and black where nothing is drawn, which is most of it.
fn strokes_of(picture: &Picture) -> Option<MaskPlane> {
    let (mut black, mut all) = (0_usize, 0_usize);
    for pixel in picture.rgba().chunks_exact(4) {
        if pixel[0] != pixel[1] || pixel[1] != pixel[2] || pixel[3] != 255 {
            return None;
        }
        black += usize::from(pixel[0] == 0);
        all += 1;
    }
    (black * 4 >= all * 3).then(|| plane_of(picture))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strokes_on_black_can_be_drawn_on_and_other_pictures_are_pictures() {
        let mut plane = MaskPlane::empty(20, 10);
        plane.row_mut(4)[3..9].fill(200);
        let strokes = Arc::new(drawn(&plane));
        let layer = Content::of_picture(Arc::clone(&strokes), [20, 10]);
        assert!(matches!(&layer, Content::Drawing(drawing) if *drawing.plane() == plane));
        assert_eq!(*layer.seen(), *strokes);
        let is_picture = |picture: Arc<Picture>, px| matches!(Content::of_picture(picture, px), Content::Picture(_));
        assert!(is_picture(strokes, [40, 20]), "another size than the canvas");
        for pixel in [[9, 9, 8, 255], [0, 0, 0, 254], [255, 255, 255, 255]] {
            assert!(is_picture(Arc::new(Picture::filled(20, 10, pixel)), [20, 10]), "{pixel:?}");
        }
    }

    #[test]
    fn a_layer_stays_where_it_was_on_a_larger_canvas() {
        let mut plane = MaskPlane::empty(20, 10);
        plane.row_mut(4)[3] = 77;
        let sides = Extension { left: 5, top: 2, right: 0, bottom: 1 };
        let Some(Content::Drawing(larger)) = Content::Drawing(MaskLayer::new(plane.clone())).extended([20, 10], sides)
        else {
            panic!("a drawing stays one")
        };
        assert_eq!((larger.plane().size_px(), larger.plane().row(6)[8]), ([25, 13], 77));
        assert_eq!(larger.plane().values().iter().filter(|value| **value != 0).count(), 1);
        let other = Content::Picture(Arc::new(Picture::filled(7, 7, [1; 4])));
        assert!(other.extended([20, 10], sides).is_none());
    }
}
