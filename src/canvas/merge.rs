//! A layer merged with the one below it.

use std::sync::Arc;

use super::layer::{Content, Layer};
use super::layer_use::{LayerUse, RegionLayer};
use super::mask_layer::MaskLayer;
use crate::job::ControlKind;
use crate::raster::Picture;

/// Why the front layer cannot be merged with the one below it, as far as that is known without a look at all pixels.
#[must_use]
pub fn cannot_merge(top: &Layer, below: Option<&Layer>) -> Option<String> {
    let name = &top.settings.name;
    let Some(below) = below else { return Some(format!("No layer lies below {name}")) };
    if let Some(locked) = [top, below].into_iter().find(|layer| layer.settings.is_locked) {
        return Some(format!("{} is locked", locked.settings.name));
    }
    let (own, other) = (name, &below.settings.name);
    match (&top.settings.layer_use, &below.settings.layer_use) {
        (LayerUse::Control(_), LayerUse::Control(_)) => {}
        (LayerUse::Region(of_top), LayerUse::Region(of_below)) => {
            let words = |of: &RegionLayer| (of.region.prompt.trim().to_owned(), of.region.negative.clone());
            let [top_counts, below_counts] = [of_top, of_below].map(|of| (of.region.weight, of.softness_px));
            if !of_top.is_wordless() && words(of_top) != words(of_below) {
                return Some(format!("{own} has other words than {other}, and they would be lost"));
            }
            if !of_top.is_wordless() && top_counts != below_counts {
                return Some(format!("{own} has another weight or softness than {other}; make them alike first"));
            }
        }
        (LayerUse::Reference(_), LayerUse::Reference(_)) => {
            return Some(format!("{own} and {other} are pictures for themselves"));
        }
        _ => return Some(format!("{own} is for something else than {other}")),
    }
    if let Some(masked) = [top, below].into_iter().find(|layer| layer.counts_where().is_some()) {
        return Some(format!("{} has a mask of its own, which the other would be given too", masked.settings.name));
    }
    if let Some(moved) = [top, below].into_iter().find(|layer| !layer.settings.placement.is_none()) {
        return Some(format!("{} is moved, scaled or turned; apply that first", moved.settings.name));
    }
    if top.content.size_px() != below.content.size_px() {
        return Some(format!("{name} is not as large as {}", below.settings.name));
    }
    None
}

/// Both as one: lines stay lines, and what is clear lets the lower one through. `None` where nothing would be left of that.
pub(super) fn merged(top: &Layer, below: &Layer) -> Option<Content> {
    if cannot_merge(top, Some(below)).is_some() {
        return None;
    }
    if let (Content::Drawing(top), Content::Drawing(below)) = (&top.content, &below.content) {
        let mut plane = below.plane().clone();
        for (value, over) in plane.values_mut().iter_mut().zip(top.plane().values()) {
            *value = (*value).max(*over);
        }
        return Some(Content::Drawing(MaskLayer::new(plane)));
    }
    let (over, under) = (top.content.seen(), below.content.seen());
    let pixels = over.rgba().chunks_exact(4).zip(under.rgba().chunks_exact(4));
    let rgba: Vec<u8> = if shows_lines(top) {
        pixels.flat_map(|(over, under)| [0, 1, 2, 3].map(|channel| over[channel].max(under[channel]))).collect()
    } else if over.rgba().chunks_exact(4).any(|pixel| pixel[3] < 255) {
        pixels.flat_map(|(over, under)| laid_over(over, under)).collect()
    } else {
        return None;
    };
    let picture = Picture::from_rgba(over.width(), over.height(), rgba).ok()?;
    Some(Content::Picture(Arc::new(picture)))
}

/// White or colours on black, where black says nothing.
fn shows_lines(layer: &Layer) -> bool {
    let is_of_lines = matches!(
        layer.settings.layer_use.control().and_then(|control| control.kind),
        Some(
            ControlKind::Scribble
                | ControlKind::Canny
                | ControlKind::Lineart
                | ControlKind::Mlsd
                | ControlKind::SoftEdge
                | ControlKind::Pose
        )
    );
    is_of_lines || matches!(layer.content, Content::Drawing(_))
}

/// Straight (not premultiplied) RGBA.
fn laid_over(over: &[u8], under: &[u8]) -> [u8; 4] {
    let through = (u32::from(under[3]) * (255 - u32::from(over[3])) + 127) / 255;
    let alpha = u32::from(over[3]) + through;
    let mix = |channel: usize| {
        let sum = u32::from(over[channel]) * u32::from(over[3]) + u32::from(under[channel]) * through;
        (sum + alpha / 2).checked_div(alpha).unwrap_or(0) as u8
    };
    [mix(0), mix(1), mix(2), alpha.min(255) as u8]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canvas::{Document, LayerId, LayerSettings, LayerUse, Origin};
    use crate::job::Control;
    use crate::mask::{MaskPlane, PixelRect};

    fn drawing(rect: PixelRect, value: u8) -> Content {
        let mut plane = MaskPlane::empty(40, 30);
        for y in rect.top..rect.bottom {
            plane.row_mut(y)[rect.left as usize..rect.right as usize].fill(value);
        }
        Content::Drawing(MaskLayer::new(plane))
    }

    /// With these layers, the last in front.
    fn document(layers: Vec<(Option<ControlKind>, Content)>) -> (Document, Vec<LayerId>) {
        let mut document = Document::default();
        document.replace(Some((Arc::new(Picture::filled(40, 30, [9; 4])), Origin::default())));
        for (kind, content) in layers {
            let layer_use = LayerUse::Control(Control { kind, ..Control::default() });
            let settings = LayerSettings { name: format!("{kind:?}"), layer_use, ..LayerSettings::default() };
            document.change(|canvas| Some(canvas.with_layer(settings, content, None, [40, 30])));
        }
        let ids = document.stack().layers().iter().map(|layer| layer.id).collect();
        (document, ids)
    }

    fn pixel(document: &Document, x: usize, y: usize) -> [u8; 4] {
        let seen = document.stack().layers()[0].content.seen();
        *seen.rgba()[(y * 40 + x) * 4..].first_chunk().unwrap()
    }

    #[test]
    fn two_drawings_become_one_and_undo_parts_them() {
        let below = drawing(PixelRect::new(0, 0, 10, 10), 100);
        let top = drawing(PixelRect::new(5, 0, 20, 10), 200);
        let (mut document, ids) = document(vec![(None, below), (None, top)]);
        let before: Vec<_> = document.stack().layers().iter().map(|layer| layer.content.clone()).collect();
        assert!(document.change(|canvas| canvas.merged_down(ids[0])));
        assert_eq!(document.stack().layers().len(), 1);
        assert_eq!(document.stack().layers()[0].id, ids[1], "the lower one stays");
        assert!(matches!(document.stack().layers()[0].content, Content::Drawing(_)));
        assert_eq!([pixel(&document, 2, 2), pixel(&document, 7, 2)].map(|pixel| pixel[0]), [100, 200]);
        assert!(!document.change(|canvas| canvas.merged_down(ids[1])), "nothing lies below it");
        document.undo();
        let again: Vec<_> = document.stack().layers().iter().map(|layer| layer.content.clone()).collect();
        assert_eq!(again, before);
    }

    #[test]
    fn lines_over_a_map_stay_and_what_covers_all_is_not_merged() {
        let map = || Content::Picture(Arc::new(Picture::filled(40, 30, [50, 60, 70, 255])));
        let (mut lines, ids) =
            document(vec![(Some(ControlKind::Depth), map()), (None, drawing(PixelRect::new(0, 0, 4, 4), 255))]);
        assert!(lines.change(|canvas| canvas.merged_down(ids[0])));
        assert_eq!([pixel(&lines, 1, 1), pixel(&lines, 9, 9)], [[255; 4], [50, 60, 70, 255]]);
        let (mut covered, ids) = document(vec![(None, map()), (Some(ControlKind::Depth), map())]);
        assert!(!covered.change(|canvas| canvas.merged_down(ids[0])));
        let clear = Content::Picture(Arc::new(Picture::filled(40, 30, [250, 60, 70, 51])));
        let (mut seen, ids) = document(vec![(None, map()), (Some(ControlKind::Depth), clear)]);
        assert!(seen.change(|canvas| canvas.merged_down(ids[0])));
        assert_eq!(pixel(&seen, 3, 3), [90, 60, 70, 255]);
    }

    #[test]
    fn what_stands_against_it_is_said() {
        let (mut document, ids) = document(vec![
            (Some(ControlKind::Depth), Content::Picture(Arc::new(Picture::filled(8, 8, [1; 4])))),
            (None, drawing(PixelRect::new(0, 0, 4, 4), 255)),
        ]);
        let said = |document: &Document| {
            let layers = document.stack().layers();
            cannot_merge(&layers[0], layers.get(1)).unwrap()
        };
        assert!(said(&document).contains("not as large"));
        document.change_stack(|stack| {
            stack.layers[1].settings.is_locked = true;
            true
        });
        assert!(said(&document).contains("locked"));
        assert!(!document.change(|canvas| canvas.merged_down(ids[0])));
    }
}
