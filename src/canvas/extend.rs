//! The mask of a larger canvas, where all that is new is masked, and a mask carried to another size.

use image::imageops::FilterType;
use image::{ImageBuffer, Luma};

use super::mask_layer::MaskLayer;
use crate::mask::MaskPlane;
use crate::raster::Extension;

/// So far into the old picture the new mask reaches, that the seam is painted over.
const OVERLAP_PX: u32 = 8;

pub(super) fn mask(old: &MaskLayer, sides: Extension) -> MaskLayer {
    let plane = old.plane();
    let Some((width, height)) = sides.around(plane.width(), plane.height()) else { return old.clone() };
    let mut new = MaskPlane::empty(width, height);
    let inner = |side: u32| if side > 0 { OVERLAP_PX } else { 0 };
    for y in 0..height {
        let row = new.row_mut(y);
        let old_y = y.checked_sub(sides.top).filter(|y| *y < plane.height());
        let rows_kept = inner(sides.top)..plane.height().saturating_sub(inner(sides.bottom));
        match old_y.filter(|y| rows_kept.contains(y)) {
            Some(old_y) => {
                row.fill(255);
                let kept = inner(sides.left)..plane.width().saturating_sub(inner(sides.right));
                if !kept.is_empty() {
                    let (start, end) = (kept.start as usize, kept.end as usize);
                    let left = sides.left as usize;
                    row[left + start..left + end].copy_from_slice(&plane.row(old_y)[start..end]);
                }
            }
            None => row.fill(255),
        }
    }
    MaskLayer::new(new)
}

/// The mask for a picture of another size.
pub(super) fn stretched(old: &MaskLayer, width: u32, height: u32) -> MaskLayer {
    let plane = old.plane();
    if (plane.width(), plane.height()) == (width, height) {
        return old.clone();
    }
    let empty = MaskPlane::empty(width, height);
    if old.is_empty() || width == 0 || height == 0 {
        return MaskLayer::new(empty);
    }
    let view = ImageBuffer::<Luma<u8>, &[u8]>::from_raw(plane.width(), plane.height(), plane.values());
    let values = view.map(|view| image::imageops::resize(&view, width, height, FilterType::Triangle).into_raw());
    MaskLayer::new(values.and_then(|values| MaskPlane::from_values(width, height, values)).unwrap_or(empty))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_on_a_larger_canvas_is_masked() {
        let sides = Extension { left: 5, top: 0, right: 0, bottom: 9 };
        let mut plane = MaskPlane::empty(30, 20);
        plane.row_mut(3)[25] = 77;
        let mask = mask(&MaskLayer::new(plane), sides);
        let row = mask.plane().row(3);
        assert_eq!((row[0], row[5 + 7], row[5 + 8], row[30], row[34]), (255, 255, 0, 77, 0));
        assert!(mask.plane().row(12).iter().all(|value| *value == 255) && mask.plane().row(11)[34] == 0);
    }

    #[test]
    fn a_mask_stays_where_it_was_on_a_larger_picture() {
        let mut plane = MaskPlane::empty(40, 20);
        for y in 5..10 {
            plane.row_mut(y)[10..20].fill(255);
        }
        let layer = stretched(&MaskLayer::new(plane), 80, 40);
        let bounds = layer.bounds().unwrap();
        assert!(bounds.left.abs_diff(20) <= 1 && bounds.bottom.abs_diff(20) <= 1, "{bounds:?}");
    }
}
