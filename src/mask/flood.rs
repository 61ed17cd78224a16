//! Fills what a painted outline encloses.

use super::{MaskPlane, PixelRect};

/// Less than half masked counts as open.
const OPEN: u8 = 128;

/// Masks the open area around a pixel, up the outline's soft edge to its ridge. `None` when the pixel is masked
/// already or lies outside.
pub fn flood(plane: &mut MaskPlane, x: u32, y: u32) -> Option<PixelRect> {
    let (width, height) = (plane.width(), plane.height());
    if x >= width || y >= height || plane.row(y)[x as usize] >= OPEN {
        return None;
    }
    let before = plane.values().to_vec();
    let values = plane.values_mut();
    let mut bounds = PixelRect::new(x, y, x + 1, y + 1);
    let mut open = vec![(x, y)];
    let index = |x: u32, y: u32| y as usize * width as usize + x as usize;
    values[index(x, y)] = 255;
    while let Some((x, y)) = open.pop() {
        let here = before[index(x, y)];
        bounds = bounds.union(PixelRect::new(x, y, x + 1, y + 1));
        let neighbours = [(x.wrapping_sub(1), y), (x + 1, y), (x, y.wrapping_sub(1)), (x, y + 1)];
        for (x, y) in neighbours {
            if x >= width || y >= height || values[index(x, y)] == 255 {
                continue;
            }
            let there = before[index(x, y)];
            if (here < OPEN && there < OPEN) || there > here {
                values[index(x, y)] = 255;
                open.push((x, y));
            }
        }
    }
    Some(bounds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::{Brush, BrushPoint};

    #[test]
    fn a_painted_ring_becomes_a_disc_and_the_outside_stays() {
        let tip = Brush { diameter_px: 9.0, hardness: 0.3, opacity: 1.0 };
        let mut plane = MaskPlane::empty(80, 80);
        let at = |step: u8| {
            let angle = f32::from(step) * std::f32::consts::TAU / 40.0;
            BrushPoint::at(40.0 + 25.0 * angle.cos(), 40.0 + 25.0 * angle.sin())
        };
        for step in 0..40 {
            tip.cover(at(step), at(step + 1), &mut plane);
        }
        let outside = plane.row(40)[2..11].to_vec();
        flood(&mut plane, 40, 40).unwrap();
        assert!(plane.row(40)[16..64].iter().all(|value| *value > 200), "{:?}", plane.row(40));
        assert_eq!(plane.row(40)[2..11], outside);
        assert_eq!(flood(&mut plane, 40, 40), None);
    }

    #[test]
    fn an_empty_mask_is_filled_whole() {
        let mut plane = MaskPlane::empty(33, 21);
        assert_eq!(flood(&mut plane, 32, 0), Some(plane.rect()));
        assert!(plane.values().iter().all(|value| *value == 255));
        assert_eq!(flood(&mut plane, 33, 0), None);
    }
}
