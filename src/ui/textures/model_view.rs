//! What the model will see of the canvas, as small pictures: the mask cell by cell of its latents, and what the masked
//! part begins with.

use std::sync::Arc;

use egui::{Color32, ColorImage, Context, TextureHandle, TextureOptions};

use crate::canvas::Document;
use crate::job::{Frame, InpaintSettings, MaskedContent};
use crate::mask::{MaskPlane, PixelRect};
use crate::raster;
use crate::raster::Picture;

/// Pixels of one latent.
const CELL_PX: u32 = 8;
/// The fill is smooth: it is shown at no more than this many pixels a side.
const FILL_SIDE_PX: u32 = 192;

/// Made once for a mask and its settings, and kept until one of them changes.
#[derive(Clone)]
pub(crate) struct ModelView {
    pub crop: PixelRect,
    /// White, as dense as each cell is repainted.
    pub cells: TextureHandle,
    /// Where the picture may change at all.
    pub feather: PixelRect,
    /// What the masked part begins with, where that is not the picture itself.
    pub fill: Option<TextureHandle>,
}

/// What a view was made of.
#[derive(Clone, PartialEq)]
pub(crate) struct Source {
    revision: u64,
    settings: InpaintSettings,
    frame: Frame,
}

impl Source {
    #[must_use]
    pub(crate) fn new(document: &Document, settings: &InpaintSettings, frame: Frame) -> Self {
        Self { revision: document.revision(), settings: settings.clone(), frame }
    }
}

impl ModelView {
    #[must_use]
    pub(crate) fn make(ctx: &Context, document: &Document, source: &Source) -> Self {
        let Source { settings, frame, .. } = source;
        let mask = settings.prepared(&part_of(document.mask().plane(), frame.crop));
        // Yes or no is all that a cell knows, unless the mask releases it step by step.
        let seen = if settings.soft { mask.clone() } else { mask.hardened() };
        let cells = cells(&seen, frame.width, frame.height);
        let pixels = cells.values().iter().map(|v| Color32::from_rgba_premultiplied(*v, *v, *v, *v)).collect();
        let image = ColorImage::new([cells.width() as usize, cells.height() as usize], pixels);
        let fill = document.whole_picture().and_then(|picture| fill(&picture, &mask, settings, frame.crop));
        let fill = fill.map(|picture| {
            let image = ColorImage::from_rgba_unmultiplied(picture.size(), picture.rgba());
            ctx.load_texture("fill", image, TextureOptions::LINEAR)
        });
        Self {
            crop: frame.crop,
            cells: ctx.load_texture("cells", image, TextureOptions::NEAREST),
            feather: feather(&mask, settings, frame.crop),
            fill,
        }
    }
}

fn part_of(plane: &MaskPlane, rect: PixelRect) -> MaskPlane {
    let mut part = MaskPlane::empty(rect.width(), rect.height());
    for y in 0..rect.height() {
        part.row_mut(y).copy_from_slice(&plane.row(rect.top + y)[rect.left as usize..rect.right as usize]);
    }
    part
}

/// The most that is masked in each cell of a frame of this size.
fn cells(mask: &MaskPlane, width: u32, height: u32) -> MaskPlane {
    let (across, down) = ((width / CELL_PX).max(1), (height / CELL_PX).max(1));
    let mut cells = MaskPlane::empty(across, down);
    let range = |at: u32, of: u32, side: u32| {
        let place = |at: u32| (u64::from(side) * u64::from(at) / u64::from(of)) as u32;
        place(at)..place(at + 1).max(place(at) + 1).min(side)
    };
    for y in 0..down {
        for x in 0..across {
            let columns = range(x, across, mask.width());
            let (start, end) = (columns.start as usize, columns.end as usize);
            let rows = range(y, down, mask.height());
            let most = rows.map(|row| mask.row(row)[start..end].iter().copied().max().unwrap_or(0)).max();
            cells.row_mut(y)[x as usize] = most.unwrap_or(0);
        }
    }
    cells
}

fn feather(mask: &MaskPlane, settings: &InpaintSettings, crop: PixelRect) -> PixelRect {
    let bounds = mask.bounds().unwrap_or_default().padded(settings.feather_reach_px(), mask.rect());
    let (left, top) = (crop.left, crop.top);
    PixelRect::new(left + bounds.left, top + bounds.top, left + bounds.right, top + bounds.bottom)
}

/// `None` where the first step begins with the picture or with noise.
fn fill(picture: &Arc<Picture>, mask: &MaskPlane, settings: &InpaintSettings, crop: PixelRect) -> Option<Picture> {
    let scale = (f64::from(FILL_SIDE_PX) / f64::from(crop.width().max(crop.height()))).min(1.0);
    let side = |side: u32| (f64::from(side) * scale).round().max(1.0) as u32;
    let (width, height) = (side(crop.width()), side(crop.height()));
    let small = |content: MaskedContent| {
        let seen = raster::resized(&raster::over_white(&raster::crop(picture, crop)), width, height);
        let hard = cells(mask, width * CELL_PX, height * CELL_PX).hardened();
        let filled = match content {
            MaskedContent::Blurred => raster::filled_from_border(&seen, &hard),
            MaskedContent::Colour(colour) => raster::filled_with(&seen, &hard, colour),
            MaskedContent::Original | MaskedContent::Noise => return None,
        };
        let mut rgba = filled.into_rgba();
        rgba.chunks_exact_mut(4).zip(hard.values()).for_each(|(pixel, value)| pixel[3] = *value);
        Picture::from_rgba(width, height, rgba).ok()
    };
    small(settings.content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_thin_stroke_is_lost_among_the_cells() {
        let mut mask = MaskPlane::empty(200, 120);
        mask.row_mut(61)[13..190].fill(200);
        let cells = cells(&mask, 64, 32);
        assert_eq!((cells.width(), cells.height()), (8, 4));
        assert_eq!(cells.row(2), [200; 8]);
        assert_eq!(cells.row(1), [0; 8]);
    }
}
