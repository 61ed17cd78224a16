//! A larger canvas: the picture's border carried on, the new part masked; and a mask carried to another size.

use image::imageops::FilterType;
use image::{ImageBuffer, Luma};

use super::mask_layer::MaskLayer;
use crate::job::Picture;
use crate::mask::MaskPlane;

/// Pixels to be added at each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sides {
    pub left: u32,
    pub top: u32,
    pub right: u32,
    pub bottom: u32,
}

impl Sides {
    #[must_use]
    pub fn is_nothing(self) -> bool {
        self == Self::default()
    }

    fn size(self, width: u32, height: u32) -> Option<(u32, u32)> {
        let across = width.checked_add(self.left)?.checked_add(self.right)?;
        Some((across, height.checked_add(self.top)?.checked_add(self.bottom)?))
    }
}

/// So far into the old picture the new mask reaches, that the seam is painted over.
const OVERLAP_PX: u32 = 8;

/// The picture with its border's pixels drawn out over the new part, softer the farther from the border.
pub(super) fn picture(old: &Picture, sides: Sides) -> Option<Picture> {
    let (width, height) = sides.size(old.width(), old.height())?;
    if old.width() == 0 || old.height() == 0 {
        return None;
    }
    let mut rgba = Vec::with_capacity(width as usize * height as usize * 4);
    for y in 0..height {
        let from_y = y.saturating_sub(sides.top).min(old.height() - 1);
        let row = &old.rgba()[from_y as usize * old.width() as usize * 4..][..old.width() as usize * 4];
        for _ in 0..sides.left {
            rgba.extend_from_slice(&row[..4]);
        }
        rgba.extend_from_slice(row);
        for _ in 0..sides.right {
            rgba.extend_from_slice(&row[row.len() - 4..]);
        }
    }
    Picture::from_rgba(width, height, rgba).ok()
}

pub(super) fn mask(old: &MaskLayer, sides: Sides) -> MaskLayer {
    let plane = old.plane();
    let Some((width, height)) = sides.size(plane.width(), plane.height()) else { return old.clone() };
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
    fn a_larger_canvas_keeps_the_picture_and_masks_the_rest() {
        let pixels: Vec<u8> = (0..600u16).flat_map(|index| [index as u8, (index / 3) as u8, 7, 255]).collect();
        let old = Picture::from_rgba(30, 20, pixels).unwrap();
        let sides = Sides { left: 5, top: 0, right: 0, bottom: 9 };
        let new = picture(&old, sides).unwrap();
        assert_eq!(new.size(), [35, 29]);
        let pixel =
            |picture: &Picture, x: usize, y: usize| picture.rgba()[(y * picture.size()[0] + x) * 4..][..4].to_vec();
        assert_eq!(pixel(&new, 5 + 12, 19), pixel(&old, 12, 19));
        assert_eq!(pixel(&new, 0, 28), pixel(&old, 0, 19));

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
