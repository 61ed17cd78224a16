//! The canvas as one thing: every change goes through here, can be taken back, and is noted for the journal.

use std::sync::Arc;

use super::change::{Change, Origin, PackedMask, Record, Sheet, TilesChange};
use super::history::History;
use super::mask_layer::MaskLayer;
use super::picture_layer::PictureLayer;
use super::prepared::{Prepared, Snapshot, Step};
use super::stroke::{Ink, Stroke};
use crate::mask::shape::ShapeCover;
use crate::mask::{Brush, BrushPoint, MaskPlane, PixelRect};
use crate::raster::Picture;

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

    // What changes all of it.

    /// What a change of the whole canvas is worked out from, here or on another thread.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            revision: self.revision,
            picture: self.picture.clone(),
            origin: self.origin.clone(),
            mask: self.mask.clone(),
        }
    }

    /// Puts a step in place that was worked out from a snapshot. `false`, and nothing is done, when the canvas has
    /// changed since then.
    pub fn put(&mut self, prepared: Prepared) -> bool {
        if prepared.revision != self.revision {
            return false;
        }
        self.end_stroke();
        self.revision += 1;
        match prepared.step {
            Step::Mask { mask, rect, before, after } => {
                self.mask = mask;
                self.dirty.mask = self.dirty.mask.union(rect);
                self.records.push(Record::Tiles(after));
                self.history.push(Change::Tiles(before));
            }
            Step::Sheet { sheet, mask, before } => {
                self.mask = mask;
                self.picture.clone_from(&sheet.picture);
                self.origin.clone_from(&sheet.origin);
                self.dirty.sheet = true;
                self.records.push(Record::Sheet(Box::new(sheet)));
                self.history.push(Change::Sheet(Box::new(before)));
            }
        }
        true
    }

    /// Works a step out and puts it in place. `false` when it changes nothing.
    pub fn change(&mut self, work: impl FnOnce(&Snapshot) -> Option<Prepared>) -> bool {
        self.end_stroke();
        work(&self.snapshot()).is_some_and(|prepared| self.put(prepared))
    }

    /// Puts another picture on the canvas, or none. The mask stays, stretched where the size is another.
    pub fn replace(&mut self, picture: Option<(Arc<Picture>, Origin)>) {
        if let Some((picture, origin)) = picture {
            self.change(|canvas| Some(canvas.replaced(picture, origin)));
            return;
        }
        self.end_stroke();
        self.records.push(Record::Sheet(Box::default()));
        let back = self.swap(Change::Sheet(Box::default()));
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
        self.change(|canvas| canvas.with_mask(plane))
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
