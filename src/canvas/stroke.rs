//! A stroke on its way: what it covers so far, and the tiles as they were before it.

use std::collections::BTreeMap;

use super::change::TilesChange;
use super::layer::LayerPart;
use super::mask_layer::{MaskLayer, MaskTile};
use super::picture_layer::{ColourTile, PictureLayer};
use super::tiles::TileIndex;
use crate::mask::shape::ShapeCover;
use crate::mask::{Brush, BrushPoint, Covered, MaskPlane, PixelRect};

/// What a brush leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Of the mask, or white on a drawing.
    Mask,
    /// Takes the mask away, or what is drawn.
    Eraser,
    /// Paints on the picture itself, RGB.
    Colour([u8; 3]),
}

/// Every pixel gets the stroke's greatest cover once, however often the hand passes over it.
#[derive(Debug)]
pub(super) struct Stroke {
    ink: Ink,
    /// What of a layer the `mask` is that it is given; `None` is the mask itself.
    part: Option<LayerPart>,
    brush: Brush,
    last: Option<BrushPoint>,
    coverage: MaskPlane,
    mask_before: BTreeMap<TileIndex, MaskTile>,
    colour_before: BTreeMap<TileIndex, (Option<ColourTile>, Vec<u8>)>,
}

impl Stroke {
    pub(crate) fn new(ink: Ink, part: Option<LayerPart>, brush: Brush, [width, height]: [u32; 2]) -> Self {
        Self {
            ink,
            part,
            brush,
            last: None,
            coverage: MaskPlane::empty(width, height),
            mask_before: BTreeMap::new(),
            colour_before: BTreeMap::new(),
        }
    }

    pub(crate) fn paints_colour(&self) -> bool {
        matches!(self.ink, Ink::Colour(_))
    }

    /// What of a layer it paints on; `None` where that is the mask or the picture.
    pub(crate) fn part(&self) -> Option<LayerPart> {
        self.part
    }

    /// Goes on to `point` and returns what may look different now.
    pub(crate) fn go_to(&mut self, point: BrushPoint, mask: &mut MaskLayer, picture: &mut PictureLayer) -> PixelRect {
        let from = self.last.replace(point).unwrap_or(point);
        let covered = self.brush.cover(from, point, &mut self.coverage);
        self.apply(&covered, mask, picture);
        covered.rect
    }

    /// Covers a whole shape at once.
    pub(crate) fn stamp(&mut self, shape: &ShapeCover, mask: &mut MaskLayer, picture: &mut PictureLayer) -> PixelRect {
        let rect = shape.rect.intersection(self.coverage.rect());
        for y in rect.top..rect.bottom {
            let row = &mut self.coverage.row_mut(y)[rect.left as usize..rect.right as usize];
            row.copy_from_slice(&shape.row(y)[..row.len()]);
        }
        self.apply(&Covered::all_of(rect), mask, picture);
        rect
    }

    fn apply(&mut self, covered: &Covered, mask: &mut MaskLayer, picture: &mut PictureLayer) {
        if covered.rect.is_empty() {
            return;
        }
        match self.ink {
            Ink::Mask => self.apply_to_mask(covered, mask, |before, cover| before + share(255 - before, cover)),
            Ink::Eraser => self.apply_to_mask(covered, mask, |before, cover| before - share(before, cover)),
            Ink::Colour(colour) => self.apply_colour(covered, colour, picture),
        }
    }

    fn apply_to_mask(&mut self, covered: &Covered, mask: &mut MaskLayer, mix: impl Fn(u8, u8) -> u8) {
        let grid = mask.grid();
        for tile in grid.touching(covered.rect) {
            let before = self.mask_before.entry(tile).or_insert_with(|| mask.tile(tile));
            let whole = grid.rect(tile);
            let part = whole.intersection(covered.rect);
            let width = whole.width() as usize;
            for y in part.top..part.bottom {
                let Some(span) = covered.span(y, part) else { continue };
                let start = span.start - whole.left as usize;
                let covers = &self.coverage.row(y)[span.clone()];
                let row = &mut mask.row_mut(y, whole)[start..][..covers.len()];
                match before {
                    MaskTile::Even(value) => {
                        row.iter_mut().zip(covers).for_each(|(target, cover)| *target = mix(*value, *cover));
                    }
                    MaskTile::Values(values) => {
                        let values = &values[(y - whole.top) as usize * width + start..];
                        for ((target, cover), value) in row.iter_mut().zip(covers).zip(values) {
                            *target = mix(*value, *cover);
                        }
                    }
                }
            }
        }
        mask.look_again(covered.rect);
    }

    fn apply_colour(&mut self, covered: &Covered, colour: [u8; 3], picture: &mut PictureLayer) {
        let grid = picture.grid();
        for tile in grid.touching(covered.rect) {
            let (_, before) =
                self.colour_before.entry(tile).or_insert_with(|| (picture.tile(tile), picture.pixels(tile)));
            let whole = grid.rect(tile);
            let part = whole.intersection(covered.rect);
            let width = whole.width() as usize;
            let pixels = picture.tile_mut(tile);
            for y in part.top..part.bottom {
                let Some(span) = covered.span(y, part) else { continue };
                let covers = &self.coverage.row(y)[span.clone()];
                let start = ((y - whole.top) as usize * width + span.start - whole.left as usize) * 4;
                let (targets, sources) = (&mut pixels[start..], &before[start..]);
                for ((target, source), cover) in targets.chunks_exact_mut(4).zip(sources.chunks_exact(4)).zip(covers) {
                    paint_over(target, source, colour, *cover);
                }
            }
        }
    }

    /// The tiles as they were, for going back.
    pub(crate) fn into_before(self) -> TilesChange {
        let colour = self.colour_before.into_iter().map(|(tile, (before, _))| (tile, before)).collect();
        let marked = self.mask_before.into_iter().collect();
        match self.part {
            Some(part) => TilesChange { drawn: marked, part, colour, ..TilesChange::default() },
            None => TilesChange { mask: marked, colour, ..TilesChange::default() },
        }
    }
}

/// `value · cover / 255`, rounded.
fn share(value: u8, cover: u8) -> u8 {
    ((u16::from(value) * u16::from(cover) + 127) / 255) as u8
}

/// Paint over straight (not premultiplied) RGBA.
fn paint_over(target: &mut [u8], source: &[u8], colour: [u8; 3], cover: u8) {
    if cover == 0 {
        target.copy_from_slice(source);
        return;
    }
    if source[3] == 255 {
        for (channel, target) in target[..3].iter_mut().enumerate() {
            let (new, old) = (u32::from(colour[channel]) * u32::from(cover), u32::from(source[channel]));
            *target = ((new + old * u32::from(255 - cover) + 127) / 255) as u8;
        }
        target[3] = 255;
        return;
    }
    let under = u32::from(share(source[3], 255 - cover));
    let alpha = u32::from(cover) + under;
    for channel in 0..3 {
        let sum = u32::from(colour[channel]) * u32::from(cover) + u32::from(source[channel]) * under;
        target[channel] = ((sum + alpha / 2) / alpha) as u8;
    }
    target[3] = alpha.min(255) as u8;
}
