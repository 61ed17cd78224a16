//! The canvas as one thing: every change goes through here, can be taken back, and is noted for the journal.

use std::sync::Arc;

use super::change::{Change, Origin, Record, Sheet, TilesChange};
use super::history::History;
use super::layer::{LayerId, LayerPart};
use super::mask_layer::MaskLayer;
use super::picture_layer::PictureLayer;
use super::prepared::{Prepared, Snapshot, Step};
use super::stack::{Stack, StackChange};
use super::stroke::Stroke;
use crate::mask::{MaskPlane, PixelRect};
use crate::raster::Picture;

/// What looks different since it was asked last, in pixels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dirty {
    pub mask: PixelRect,
    pub colour: PixelRect,
    /// Of single layers' drawings and masks; a layer whose content is another is known by its `made`.
    pub drawn: Vec<(LayerPart, PixelRect)>,
    /// Another picture, or none: everything.
    pub sheet: bool,
}

#[derive(Debug)]
pub struct Document {
    pub(super) picture: Option<PictureLayer>,
    pub(super) origin: Origin,
    /// As large as the picture; nothing where there is none.
    pub(super) mask: MaskLayer,
    pub(super) stack: Stack,
    /// For the next layer that is new: higher than any that history may bring back.
    next_layer: LayerId,
    pub(super) history: History,
    pub(super) stroke: Option<Stroke>,
    /// The list of layers before somebody began to set something in it.
    pub(super) editing: Option<StackChange>,
    pub(super) dirty: Dirty,
    pub(super) revision: u64,
    pub(super) records: Vec<Record>,
}

impl Default for Document {
    fn default() -> Self {
        Self {
            picture: None,
            origin: Origin::default(),
            mask: MaskLayer::new(MaskPlane::empty(0, 0)),
            stack: Stack::default(),
            next_layer: LayerId(1),
            history: History::default(),
            stroke: None,
            editing: None,
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

    /// What lies over the picture besides the mask.
    #[must_use]
    pub fn stack(&self) -> &Stack {
        &self.stack
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
            stack: self.stack.clone(),
            next_layer: self.next_layer,
        }
    }

    /// Puts a step in place that was worked out from a snapshot. `false`, and nothing is done, when the canvas has
    /// changed since then.
    pub fn put(&mut self, prepared: Prepared) -> bool {
        if prepared.revision != self.revision {
            return false;
        }
        self.end_stroke();
        match prepared.step {
            Step::Mask { mask, rect, before, after } => {
                self.revision += 1;
                self.mask = mask;
                self.dirty.mask = self.dirty.mask.union(rect);
                self.records.push(Record::Tiles(after));
                self.history.push(Change::Tiles(before));
            }
            Step::Sheet { sheet, before } => {
                self.revision += 1;
                self.mask.clone_from(&sheet.mask);
                self.picture.clone_from(&sheet.picture);
                self.origin.clone_from(&sheet.origin);
                self.swap_stack(sheet.stack.clone());
                self.dirty.sheet = true;
                self.records.push(Record::Sheet(Box::new(sheet)));
                self.history.push(Change::Sheet(Box::new(before)));
            }
            Step::Stack(stack) => self.put_stack(stack),
        }
        true
    }

    /// Works a step out and puts it in place. `false` when it changes nothing.
    pub fn change(&mut self, work: impl FnOnce(&Snapshot) -> Option<Prepared>) -> bool {
        self.end_stroke();
        work(&self.snapshot()).is_some_and(|prepared| self.put(prepared))
    }

    /// Puts another picture on the canvas, or none and no layers. With a picture mask and layers stay, stretched where the
    /// size is another.
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

    // Back and forth.

    #[must_use]
    pub fn can_undo(&self) -> bool {
        self.undo_count() > 0
    }

    /// How many steps can be undone.
    #[must_use]
    pub fn undo_count(&self) -> usize {
        self.history.undo_count()
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

    pub(super) fn step(&mut self, record: Record) -> bool {
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
    pub(super) fn swap(&mut self, change: Change) -> Change {
        self.revision += 1;
        match change {
            Change::Sheet(sheet) => {
                let Sheet { picture, origin, mask, stack } = *sheet;
                let mask = std::mem::replace(&mut self.mask, mask);
                let stack = self.swap_stack(stack);
                let picture = std::mem::replace(&mut self.picture, picture);
                let origin = std::mem::replace(&mut self.origin, origin);
                self.stack.fit(self.size_px().unwrap_or_default());
                self.dirty.sheet = true;
                Change::Sheet(Box::new(Sheet { picture, origin, mask, stack }))
            }
            Change::Tiles(tiles) => Change::Tiles(self.swap_tiles(tiles)),
            Change::Stack(stack) => {
                let before = self.swap_stack(stack);
                self.stack.fit(self.size_px().unwrap_or_default());
                Change::Stack(before)
            }
        }
    }

    fn swap_stack(&mut self, stack: StackChange) -> StackChange {
        let newest = stack.layers.iter().map(|layer| layer.id.0).max().unwrap_or(0);
        self.next_layer = LayerId(self.next_layer.0.max(newest.saturating_add(1)));
        self.stack.swap(stack, self.revision)
    }

    fn swap_tiles(&mut self, tiles: TilesChange) -> TilesChange {
        let mut before = TilesChange { part: tiles.part, ..TilesChange::default() };
        for (tile, content) in tiles.mask {
            before.mask.push((tile, self.mask.tile(tile)));
            self.mask.put(tile, &content);
            self.dirty.mask = self.dirty.mask.union(self.mask.grid().rect(tile));
        }
        let mut touched = PixelRect::default();
        if let Some(drawing) = self.stack.plane_mut(tiles.part) {
            for (tile, content) in tiles.drawn {
                before.drawn.push((tile, drawing.tile(tile)));
                drawing.put(tile, &content);
                touched = touched.union(drawing.grid().rect(tile));
            }
        }
        if !touched.is_empty() {
            self.note_drawn(tiles.part, touched);
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
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
