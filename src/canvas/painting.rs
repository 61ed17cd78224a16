//! What a hand does on the canvas: strokes and shapes, on the mask, on the picture, or on a layer's drawing.

use super::change::{Change, Record, TilesChange};
use super::document::Document;
use super::layer::LayerPart;
use super::mask_layer::MaskLayer;
use super::stroke::{Ink, Stroke};
use crate::mask::shape::ShapeCover;
use crate::mask::{Brush, BrushPoint, MaskPlane, PixelRect};

impl Document {
    /// Puts a brush down. Nothing is painted before the first point; nothing at all without a picture.
    pub fn begin_stroke(&mut self, ink: Ink, brush: Brush) {
        self.begin_stroke_on(None, ink, brush);
    }

    /// The same on a layer's drawing or mask instead of the mask; nothing where that cannot be painted on.
    pub fn begin_stroke_on(&mut self, part: Option<LayerPart>, ink: Ink, brush: Brush) {
        self.end_stroke();
        let part = part.filter(|_| !matches!(ink, Ink::Colour(_)));
        if let Some(size_px) = self.size_px()
            && part.is_none_or(|part| self.stack.plane_mut(part).is_some())
        {
            self.stroke = Some(Stroke::new(ink, part, brush, size_px));
        }
    }

    #[must_use]
    pub fn is_painting(&self) -> bool {
        self.stroke.is_some()
    }

    /// Draws on to `point`, in picture pixels; it may lie outside.
    pub fn stroke_to(&mut self, point: BrushPoint) {
        let (Some(stroke), Some(picture)) = (&mut self.stroke, &mut self.picture) else { return };
        let drawing = stroke.part().and_then(|part| self.stack.plane_mut(part));
        let rect = stroke.go_to(point, drawing.unwrap_or(&mut self.mask), picture);
        self.note(rect);
    }

    /// Lifts the brush: the stroke becomes one step. So does what was being set of a layer.
    pub fn end_stroke(&mut self) {
        self.end_editing();
        let Some(stroke) = self.stroke.take() else { return };
        self.keep(stroke.into_before());
    }

    /// Covers an outline's inside, as one step.
    pub fn fill_shape(&mut self, part: Option<LayerPart>, ink: Ink, opacity: f32, shape: &ShapeCover) {
        self.begin_stroke_on(part, ink, Brush { diameter_px: 1.0, hardness: 1.0, opacity: 1.0 });
        let (Some(stroke), Some(picture)) = (&mut self.stroke, &mut self.picture) else { return };
        let marked = part.and_then(|part| self.stack.plane_mut(part)).unwrap_or(&mut self.mask);
        let level = opacity.clamp(0.0, 1.0);
        let rect = if level < 1.0 {
            let values = shape.values.iter().map(|value| (f32::from(*value) * level + 0.5) as u8).collect();
            stroke.stamp(&ShapeCover { rect: shape.rect, values }, marked, picture)
        } else {
            stroke.stamp(shape, marked, picture)
        };
        self.note(rect);
        self.end_stroke();
    }

    fn note(&mut self, rect: PixelRect) {
        self.revision += 1;
        if let Some(part) = self.stroke.as_ref().and_then(Stroke::part) {
            return self.note_drawn(part, rect);
        }
        let colour = self.stroke.as_ref().is_some_and(Stroke::paints_colour);
        let target = if colour { &mut self.dirty.colour } else { &mut self.dirty.mask };
        *target = target.union(rect);
    }

    pub(super) fn note_drawn(&mut self, part: LayerPart, rect: PixelRect) {
        if let Some(layer) = self.stack.get_mut(part.layer()) {
            layer.changed = self.revision;
        }
        match self.dirty.drawn.iter_mut().find(|(other, _)| *other == part) {
            Some((_, known)) => *known = known.union(rect),
            None => self.dirty.drawn.push((part, rect)),
        }
    }

    /// Notes a step that has been applied already. One that changed nothing is none.
    fn keep(&mut self, before: TilesChange) -> bool {
        let mask = before.mask.into_iter().filter(|(tile, content)| self.mask.tile(*tile) != *content);
        let picture = self.picture.as_ref();
        let colour = before.colour.into_iter().filter(|(tile, before)| {
            let now = picture.and_then(|picture| picture.tile(*tile));
            now.as_deref() != before.as_deref()
        });
        let part = before.part;
        let drawing = self.stack.plane_mut(part).map(|drawing| &*drawing);
        let drawn = before.drawn.into_iter();
        let drawn = drawn.filter(|(tile, content)| drawing.is_some_and(|now| now.tile(*tile) != *content));
        let before = TilesChange { mask: mask.collect(), colour: colour.collect(), drawn: drawn.collect(), part };
        if before.is_empty() {
            return false;
        }
        let drawn = |now: &MaskLayer| before.drawn.iter().map(|(tile, _)| (*tile, now.tile(*tile))).collect();
        let after = TilesChange {
            drawn: drawing.map(drawn).unwrap_or_default(),
            part,
            mask: before.mask.iter().map(|(tile, _)| (*tile, self.mask.tile(*tile))).collect(),
            colour: before.colour.iter().map(|(tile, _)| (*tile, picture.and_then(|p| p.tile(*tile)))).collect(),
        };
        self.records.push(Record::Tiles(after));
        self.history.push(Change::Tiles(before));
        true
    }

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
        self.keep(TilesChange { mask: before, ..TilesChange::default() })
    }
}
