//! The canvas as one thing: every change goes through here, can be taken back, and is noted for the journal.

use std::sync::Arc;

use super::change::{Change, Origin, PackedMask, Record, Sheet, TilesChange};
use super::extend;
use super::history::History;
use super::mask_layer::MaskLayer;
use super::picture_layer::PictureLayer;
use super::stroke::{Ink, Stroke};
use crate::mask::shape::ShapeCover;
use crate::mask::{Brush, BrushPoint, MaskPlane, PixelRect, flood};
use crate::raster::Picture;
use crate::raster::{Extension, extended};

/// What looks different since it was asked last, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dirty {
    pub mask: PixelRect,
    pub colour: PixelRect,
    /// Another picture, or none: everything.
    pub sheet: bool,
}

#[derive(Debug)]
pub struct Document {
    picture: Option<PictureLayer>,
    origin: Origin,
    /// As large as the picture; nothing where there is none.
    mask: MaskLayer,
    history: History,
    stroke: Option<Stroke>,
    dirty: Dirty,
    revision: u64,
    records: Vec<Record>,
}

impl Default for Document {
    fn default() -> Self {
        Self {
            picture: None,
            origin: Origin::default(),
            mask: MaskLayer::new(MaskPlane::empty(0, 0)),
            history: History::default(),
            stroke: None,
            dirty: Dirty { sheet: true, ..Dirty::default() },
            revision: 0,
            records: Vec::new(),
        }
    }
}

impl Document {
    #[must_use]
    pub fn picture(&self) -> Option<&PictureLayer> {
        self.picture.as_ref()
    }

    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    #[must_use]
    pub fn mask(&self) -> &MaskLayer {
        &self.mask
    }

    /// Width and height in pixels, if a picture lies there.
    #[must_use]
    pub fn size_px(&self) -> Option<[u32; 2]> {
        self.picture.as_ref().map(|picture| [picture.width(), picture.height()])
    }

    /// The picture with everything that was painted on it.
    #[must_use]
    pub fn whole_picture(&self) -> Option<Arc<Picture>> {
        self.picture.as_ref().map(PictureLayer::whole)
    }

    /// The same, remembered until the next change: for what asks often.
    pub fn settled_picture(&mut self) -> Option<Arc<Picture>> {
        self.picture.as_mut().map(PictureLayer::settle)
    }

    /// What is to be drawn again. Asking takes the note away.
    pub fn take_dirty(&mut self) -> Dirty {
        std::mem::take(&mut self.dirty)
    }

    /// Another number after every change, for what is made of the canvas and kept.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The steps since it was asked last, for the journal.
    pub fn take_records(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.records)
    }

    // Whole sheets.

    /// Lays another picture on the canvas, or none. The mask stays, stretched where the size is another.
    pub fn replace(&mut self, picture: Option<(Arc<Picture>, Origin)>) {
        let sheet = match picture {
            Some((picture, origin)) => {
                let mask = extend::stretched(&self.mask, picture.width(), picture.height());
                Sheet::of(picture, origin, PackedMask::of(&mask))
            }
            None => Sheet::default(),
        };
        self.do_sheet(sheet);
    }

    /// Makes the canvas larger: the new part continues the picture's border and is masked.
    pub fn extend(&mut self, sides: Extension) -> bool {
        let Some(picture) = self.picture.as_ref().filter(|_| !sides.is_empty()) else { return false };
        let (larger, mask) = (extended(&picture.whole(), sides), extend::mask(&self.mask, sides));
        let origin = Origin { file: None, made_here: self.origin.made_here };
        self.do_sheet(Sheet::of(Arc::new(larger), origin, PackedMask::of(&mask)));
        true
    }

    fn do_sheet(&mut self, sheet: Sheet) {
        self.end_stroke();
        self.records.push(Record::Sheet(Box::new(sheet.clone())));
        let back = self.swap(Change::Sheet(Box::new(sheet)));
        self.history.push(back);
    }

    // Strokes and shapes.

    /// Puts a brush down. Nothing is painted before the first point; nothing at all without a picture.
    pub fn begin_stroke(&mut self, ink: Ink, brush: Brush) {
        self.end_stroke();
        if let Some([width, height]) = self.size_px() {
            self.stroke = Some(Stroke::new(ink, brush, width, height));
        }
    }

    #[must_use]
    pub fn is_painting(&self) -> bool {
        self.stroke.is_some()
    }

    /// Draws on to `point`, in picture pixels; it may lie outside.
    pub fn stroke_to(&mut self, point: BrushPoint) {
        let (Some(stroke), Some(picture)) = (&mut self.stroke, &mut self.picture) else { return };
        let rect = stroke.go_to(point, &mut self.mask, picture);
        self.note(rect);
    }

    /// Lifts the brush: the stroke becomes one step.
    pub fn end_stroke(&mut self) {
        let Some(stroke) = self.stroke.take() else { return };
        self.keep(stroke.into_before());
    }

    /// Covers an outline's inside, as one step.
    pub fn fill_shape(&mut self, ink: Ink, opacity: f32, shape: &ShapeCover) {
        self.begin_stroke(ink, Brush { diameter_px: 1.0, hardness: 1.0, opacity: 1.0 });
        let (Some(stroke), Some(picture)) = (&mut self.stroke, &mut self.picture) else { return };
        let level = opacity.clamp(0.0, 1.0);
        let rect = if level < 1.0 {
            let values = shape.values.iter().map(|value| (f32::from(*value) * level + 0.5) as u8).collect();
            stroke.stamp(&ShapeCover { rect: shape.rect, values }, &mut self.mask, picture)
        } else {
            stroke.stamp(shape, &mut self.mask, picture)
        };
        self.note(rect);
        self.end_stroke();
    }

    fn note(&mut self, rect: PixelRect) {
        self.revision += 1;
        let colour = self.stroke.as_ref().is_some_and(Stroke::paints_colour);
        let target = if colour { &mut self.dirty.colour } else { &mut self.dirty.mask };
        *target = target.union(rect);
    }

    /// Notes a step that has been applied already. One that changed nothing is none.
    fn keep(&mut self, before: TilesChange) -> bool {
        let mask = before.mask.into_iter().filter(|(tile, content)| self.mask.tile(*tile) != *content);
        let picture = self.picture.as_ref();
        let colour = before.colour.into_iter().filter(|(tile, before)| {
            let now = picture.and_then(|picture| picture.tile(*tile));
            now.as_deref() != before.as_deref()
        });
        let before = TilesChange { mask: mask.collect(), colour: colour.collect() };
        if before.is_empty() {
            return false;
        }
        let after = TilesChange {
            mask: before.mask.iter().map(|(tile, _)| (*tile, self.mask.tile(*tile))).collect(),
            colour: before.colour.iter().map(|(tile, _)| (*tile, picture.and_then(|p| p.tile(*tile)))).collect(),
        };
        self.records.push(Record::Tiles(after));
        self.history.push(Change::Tiles(before));
        true
    }

    // The mask as a whole.

    /// Puts another mask of the same size in the place of this one, as one step. `false` when nothing is different.
    pub fn set_mask(&mut self, plane: MaskPlane) -> bool {
        self.end_stroke();
        if (plane.width(), plane.height()) != (self.mask.plane().width(), self.mask.plane().height()) {
            return false;
        }
        let new = MaskLayer::new(plane);
        let tiles: Vec<_> = (0..new.grid().count())
            .filter(|tile| new.has(*tile) || self.mask.has(*tile))
            .map(|tile| (tile, new.tile(tile)))
            .filter(|(tile, content)| self.mask.tile(*tile) != *content)
            .collect();
        if tiles.is_empty() {
            return false;
        }
        let after = TilesChange { mask: tiles, colour: Vec::new() };
        self.records.push(Record::Tiles(after.clone()));
        let back = self.swap(Change::Tiles(after));
        self.history.push(back);
        true
    }

    /// Puts what `edit` makes of the mask's part within `rect` in its place, as one step. `false` when nothing is
    /// different.
    pub fn edit_mask(&mut self, rect: PixelRect, edit: impl FnOnce(MaskPlane) -> MaskPlane) -> bool {
        self.end_stroke();
        let rect = rect.intersection(self.mask.plane().rect());
        let new = edit(self.mask.plane().cropped(rect));
        if rect.is_empty() || new.size_px() != [rect.width(), rect.height()] {
            return false;
        }
        let before: Vec<_> = self.mask.grid().touching(rect).map(|tile| (tile, self.mask.tile(tile))).collect();
        for y in rect.top..rect.bottom {
            self.mask.row_mut(y, rect).copy_from_slice(new.row(y - rect.top));
        }
        self.mask.look_again(rect);
        self.note(rect);
        self.keep(TilesChange { mask: before, colour: Vec::new() })
    }

    /// A mask of any size, stretched to the picture's.
    pub fn load_mask(&mut self, plane: MaskPlane) -> bool {
        let [width, height] = self.size_px().unwrap_or_default();
        self.set_mask(extend::stretched(&MaskLayer::new(plane), width, height).plane().clone())
    }

    pub fn clear_mask(&mut self) -> bool {
        let plane = self.mask.plane();
        self.set_mask(MaskPlane::empty(plane.width(), plane.height()))
    }

    /// Masks what the mask's outline encloses around a pixel.
    pub fn flood_mask(&mut self, x: u32, y: u32) -> bool {
        let mut plane = self.mask.plane().clone();
        flood(&mut plane, x, y).is_some() && self.set_mask(plane)
    }

    // Back and forth.

    #[must_use]
    pub fn can_undo(&self) -> bool {
        self.history.undo_count() > 0
    }

    #[must_use]
    pub fn can_redo(&self) -> bool {
        self.history.redo_count() > 0
    }

    /// Returns whether the picture's size changed, so that the view must be laid anew.
    pub fn undo(&mut self) -> bool {
        self.step(Record::Undo)
    }

    pub fn redo(&mut self) -> bool {
        self.step(Record::Redo)
    }

    fn step(&mut self, record: Record) -> bool {
        self.end_stroke();
        let size_px = self.size_px();
        let mut history = std::mem::take(&mut self.history);
        let done = match record {
            Record::Undo => history.undo(|change| self.swap(change)),
            _ => history.redo(|change| self.swap(change)),
        };
        self.history = history;
        if done {
            self.records.push(record);
        }
        self.size_px() != size_px
    }

    /// Puts a change in place and returns what was there.
    fn swap(&mut self, change: Change) -> Change {
        self.revision += 1;
        match change {
            Change::Sheet(sheet) => {
                let mask = PackedMask::of(&self.mask);
                let Sheet { picture, origin, mask: new_mask } = *sheet;
                self.mask = new_mask.unpack();
                let picture = std::mem::replace(&mut self.picture, picture);
                let origin = std::mem::replace(&mut self.origin, origin);
                self.dirty.sheet = true;
                Change::Sheet(Box::new(Sheet { picture, origin, mask }))
            }
            Change::Tiles(tiles) => Change::Tiles(self.swap_tiles(tiles)),
        }
    }

    fn swap_tiles(&mut self, tiles: TilesChange) -> TilesChange {
        let mut before = TilesChange::default();
        for (tile, content) in tiles.mask {
            before.mask.push((tile, self.mask.tile(tile)));
            self.mask.put(tile, &content);
            self.dirty.mask = self.dirty.mask.union(self.mask.grid().rect(tile));
        }
        if let Some(picture) = &mut self.picture {
            for (tile, content) in tiles.colour {
                before.colour.push((tile, picture.tile(tile)));
                picture.put(tile, content);
                self.dirty.colour = self.dirty.colour.union(picture.grid().rect(tile));
            }
        }
        before
    }

    // The journal.

    /// Makes a step that was noted before. Nothing of it is noted again.
    pub fn replay(&mut self, record: Record) {
        match record {
            Record::Start(sheet) => {
                self.swap(Change::Sheet(sheet));
                self.history = History::default();
            }
            Record::Sheet(sheet) => {
                let back = self.swap(Change::Sheet(sheet));
                self.history.push(back);
            }
            Record::Tiles(tiles) => {
                let back = self.swap(Change::Tiles(tiles));
                self.history.push(back);
            }
            Record::Undo | Record::Redo => {
                self.step(record);
            }
        }
        self.records.clear();
    }

    /// The shortest row of records that makes this canvas with all its steps.
    pub fn condensed(&mut self) -> Vec<Record> {
        self.end_stroke();
        let forth_count = self.history.redo_count();
        while self.can_undo() {
            self.undo();
        }
        let start =
            Sheet { picture: self.picture.clone(), origin: self.origin.clone(), mask: PackedMask::of(&self.mask) };
        let mut records = vec![Record::Start(Box::new(start))];
        let mut history = std::mem::take(&mut self.history);
        while history.redo(|change| {
            records.push(match &change {
                Change::Tiles(tiles) => Record::Tiles(tiles.clone()),
                Change::Sheet(sheet) => Record::Sheet(sheet.clone()),
            });
            self.swap(change)
        }) {}
        self.history = history;
        for _ in 0..forth_count {
            self.undo();
            records.push(Record::Undo);
        }
        self.records.clear();
        records
    }
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
