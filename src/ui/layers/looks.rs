//! How layers look small in their rows, and how a network will see the chosen one: both worked out on another thread.

use std::collections::HashMap;
use std::sync::Arc;

use crate::canvas::{Content, Document, LayerId, LayerPart, LayerUse};
use crate::job::{ControlPlace, LiesOn};
use crate::mask::{MaskPlane, Outline};
use crate::raster::Picture;
use crate::ui::action::{LayerAction, LayerRow};

/// The longer side of a row's picture, for a doubled screen.
const SIDE_PX: u32 = 48;

#[derive(Debug, Default)]
pub struct LayerLooks {
    thumbnails: HashMap<LayerRow, (u64, Arc<Picture>)>,
    /// Around regions, in pixels of the canvas.
    outlines: HashMap<LayerId, Arc<Outline>>,
    /// Whether one is being made.
    is_busy: bool,
    /// What the network will see of the layer that was asked about last.
    pub seen: Option<Result<Arc<Picture>, String>>,
    of: Option<SeenOf>,
    /// The number of the newest ask, while it is worked on.
    waits_for: Option<u64>,
    asked: u64,
}

/// What it follows from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SeenOf {
    pub layer: LayerId,
    /// When the layer was changed last.
    pub changed: u64,
    /// Without the picture.
    pub used: LayerUse,
    pub place: ControlPlace,
    pub lies: LiesOn,
}

impl LayerLooks {
    /// The small picture of a drawing or of the mask, as it was made last.
    #[must_use]
    pub fn thumbnail(&self, row: LayerRow) -> Option<&Arc<Picture>> {
        self.thumbnails.get(&row).map(|(_, picture)| picture)
    }

    /// The line around a region, as it was when it was followed last.
    #[must_use]
    pub fn outline(&self, layer: LayerId) -> Option<&Arc<Outline>> {
        self.outlines.get(&layer)
    }

    /// The next small picture to be made; none while one is being made.
    /// With what is to happen where making it breaks.
    pub(crate) fn next(
        &mut self,
        document: &Document,
    ) -> Option<(LayerAction, impl FnOnce() -> LayerAction + Send + use<>)> {
        let stack = document.stack();
        self.thumbnails.retain(|row, _| row.layer().is_none_or(|id| stack.get(id).is_some()));
        self.outlines.retain(|id, _| stack.get(*id).is_some());
        if self.is_busy || document.is_painting() {
            return None;
        }
        let drawings = stack.layers().iter().flat_map(|layer| {
            let rows = [LayerRow::Layer(layer.id), LayerRow::LayerMask(layer.id)];
            let parts = [LayerPart::Drawing(layer.id), LayerPart::Mask(layer.id)];
            let planes = rows.into_iter().zip(parts);
            planes.filter_map(|(row, part)| Some((row, layer.changed, layer.plane(part)?)))
        });
        let all = std::iter::once((LayerRow::Mask, document.revision(), document.mask())).chain(drawings);
        let known = |row: LayerRow, revision| self.thumbnails.get(&row).is_some_and(|(of, _)| *of == revision);
        let (row, revision, drawing) = all.into_iter().find(|(row, revision, _)| !known(*row, *revision))?;
        let plane = drawing.shared();
        let layer = if let LayerRow::Layer(id) = row { stack.get(id) } else { None };
        let is_region = layer.is_some_and(|layer| layer.settings.layer_use.region().is_some());
        self.is_busy = true;
        let failed = LayerAction::Thumbnail { row, revision, picture: None, outline: None };
        let make = move || LayerAction::Thumbnail {
            row,
            revision,
            picture: Some(Arc::new(small(&plane))),
            outline: is_region.then(|| Arc::new(plane.outline())),
        };
        Some((failed, make))
    }

    /// One was made, or that broke.
    pub(crate) fn take(
        &mut self,
        row: LayerRow,
        revision: u64,
        picture: Option<Arc<Picture>>,
        outline: Option<Arc<Outline>>,
    ) {
        self.is_busy = false;
        if let LayerRow::Layer(id) = row
            && let Some(outline) = outline
        {
            self.outlines.insert(id, outline);
        }
        // What breaks once breaks again.
        let picture = picture.unwrap_or_else(|| Arc::new(Picture::filled(1, 1, [0, 0, 0, 255])));
        self.thumbnails.insert(row, (revision, picture));
    }

    /// What shall be worked out so that it is known what the network sees.
    pub(crate) fn ask(
        &mut self,
        of: SeenOf,
        content: &Content,
        counts_where: Option<Arc<MaskPlane>>,
    ) -> Option<(u64, impl FnOnce() -> LayerAction + Send + use<>)> {
        if self.waits_for.is_some() || self.of.as_ref() == Some(&of) {
            return None;
        }
        if self.of.as_ref().is_none_or(|before| before.layer != of.layer) {
            self.seen = None;
        }
        self.asked += 1;
        let (ask, content) = (self.asked, content.clone());
        self.waits_for = Some(ask);
        self.of = Some(of.clone());
        Some((ask, move || {
            let picture = seen(of, &content, counts_where).map(Arc::new);
            LayerAction::Seen { ask, picture: picture.map_err(|error| format!("{error}.")) }
        }))
    }

    pub(crate) fn answer(&mut self, ask: u64, picture: Result<Arc<Picture>, String>) {
        if self.waits_for == Some(ask) {
            self.waits_for = None;
            self.seen = Some(picture);
        }
    }
}

/// A control's picture, or a region's area, at the size at which the network works: put together as for a run.
fn seen(of: SeenOf, content: &Content, counts_where: Option<Arc<MaskPlane>>) -> Result<Picture, String> {
    match of.used {
        LayerUse::Control(mut control) => {
            control.put_on(&of.lies, content.seen(), counts_where);
            of.place.picture(&control).map_err(|error| error.to_string())
        }
        LayerUse::Region(layer) => {
            let mut region = layer.region;
            region.mask =
                content.area(&of.lies.placement, layer.softness_px).map(|area| of.place.shaped(Arc::new(area)));
            let mask = of.place.region(&region).map_err(|error| error.to_string())?;
            Ok(grey(&mask))
        }
        LayerUse::Reference(_) => Ok(Picture::clone(&content.seen())),
    }
}

fn grey(plane: &MaskPlane) -> Picture {
    let rgba = plane.values().iter().flat_map(|value| [*value, *value, *value, 255]).collect();
    Picture::from_rgba(plane.width(), plane.height(), rgba).unwrap_or_else(|_| Picture::filled(1, 1, [0, 0, 0, 255]))
}

/// The strongest value of each square, so that a thin line is seen.
fn small(plane: &MaskPlane) -> Picture {
    let [width, height] = plane.size_px();
    let longer = width.max(height).max(1);
    let side = |of: u32| (of * SIDE_PX.min(longer) / longer).max(1);
    let (wide, tall) = (side(width), side(height));
    let mut values = vec![0_u8; wide as usize * tall as usize];
    for y in 0..height {
        let row = (u64::from(y) * u64::from(tall) / u64::from(height)) as usize * wide as usize;
        for (x, value) in plane.row(y).iter().enumerate().filter(|(_, value)| **value != 0) {
            let cell = &mut values[row + (x as u64 * u64::from(wide) / u64::from(width)) as usize];
            *cell = (*cell).max(*value);
        }
    }
    grey(&MaskPlane::from_values(wide, tall, values).unwrap_or_else(|| MaskPlane::empty(1, 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thin_line_is_seen_small() {
        let mut plane = MaskPlane::empty(1000, 400);
        plane.row_mut(200)[500] = 180;
        let small = small(&plane);
        assert_eq!(small.size(), [48, 19]);
        assert_eq!(small.rgba().chunks_exact(4).map(|pixel| pixel[0]).max(), Some(180));
        assert_eq!(super::small(&MaskPlane::empty(0, 0)).size(), [1, 1]);
    }
}
