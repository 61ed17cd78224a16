//! How a layer's pixels are moved, scaled, turned and flipped on the canvas before anything sees them. Engine and window
//! ask the same functions.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::raster::{self, Picture};

/// From where the pixels lie by themselves, about the canvas's middle: flipped, scaled, turned, then moved.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Placement {
    /// To the right and down, in pixels of the canvas.
    pub x: f32,
    pub y: f32,
    /// 1 is as it came.
    pub size: f32,
    /// So many times as tall in proportion: 1 keeps the shape.
    pub stretch: f32,
    /// Clockwise, in degrees.
    pub angle: f32,
    pub flips_across: bool,
    pub flips_down: bool,
}

impl Default for Placement {
    fn default() -> Self {
        Self { x: 0.0, y: 0.0, size: 1.0, stretch: 1.0, angle: 0.0, flips_across: false, flips_down: false }
    }
}

impl Placement {
    pub const MOST_PX: f32 = 32_768.0;
    pub const LEAST_SIZE: f32 = 0.02;
    pub const MOST_SIZE: f32 = 20.0;

    /// Whether nothing is different by it.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// With every number in its range: a file may say anything. A turn is kept from -180 to 180.
    #[must_use]
    pub fn in_range(self) -> Self {
        let finite = |value: f32, usual: f32| if value.is_finite() { value } else { usual };
        let within = |value: f32| finite(value, 0.0).clamp(-Self::MOST_PX, Self::MOST_PX);
        let size = finite(self.size, 1.0).clamp(Self::LEAST_SIZE, Self::MOST_SIZE);
        let angle = finite(self.angle, 0.0).rem_euclid(360.0);
        Self {
            x: within(self.x),
            y: within(self.y),
            size,
            stretch: finite(self.stretch, 1.0).clamp(Self::LEAST_SIZE / size, Self::MOST_SIZE / size),
            angle: if angle > 180.0 { angle - 360.0 } else { angle },
            ..self
        }
    }

    /// Where a point of the canvas goes.
    #[must_use]
    pub fn map(&self, [x, y]: [f32; 2], canvas_px: [u32; 2]) -> [f32; 2] {
        let [middle_x, middle_y] = middle(canvas_px);
        let [x, y] = self.turned([x - middle_x, y - middle_y]);
        [middle_x + self.x + x, middle_y + self.y + y]
    }

    /// Flipped, scaled and turned, about nothing.
    fn turned(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let (sin, cos) = self.angle.to_radians().sin_cos();
        let x = if self.flips_across { -x } else { x } * self.size;
        let y = if self.flips_down { -y } else { y } * self.size * self.stretch;
        [x * cos - y * sin, x * sin + y * cos]
    }

    /// On a canvas that has grown by so many pixels at its sides, such that the pixels stay where they are.
    #[must_use]
    pub fn on_larger(self, extension: raster::Extension) -> Self {
        let half = |more: u32, less: u32| (more as f32 - less as f32) / 2.0;
        let moved = [half(extension.left, extension.right), half(extension.top, extension.bottom)];
        let turned = self.turned(moved);
        Self { x: self.x + moved[0] - turned[0], y: self.y + moved[1] - turned[1], ..self }
    }

    /// A picture as large as the canvas, with what lies beyond its border black.
    #[must_use]
    pub fn place(&self, picture: &Picture) -> Picture {
        let placement = self.in_range();
        let (width, height) = (picture.width(), picture.height());
        if placement.is_none() || width == 0 || height == 0 {
            return picture.clone();
        }
        // Made smaller first, by a filter that looks at every pixel.
        let (wide, tall) = (placement.size, placement.size * placement.stretch);
        let shrunk = |side: u32, scale: f32| ((side as f32 * scale.min(1.0)).round() as u32).max(1);
        let is_smaller = wide < 1.0 || tall < 1.0;
        let small = is_smaller.then(|| raster::resized(picture, shrunk(width, wide), shrunk(height, tall)));
        let source = small.as_ref().unwrap_or(picture);
        let scale = [width as f32 / source.width() as f32, height as f32 / source.height() as f32];
        let [middle_x, middle_y] = middle([width, height]);
        let (sin, cos) = placement.angle.to_radians().sin_cos();
        let mut rgba = vec![0; picture.rgba().len()];
        rgba.par_chunks_exact_mut(4 * width as usize).enumerate().for_each(|(y, row)| {
            for (x, pixel) in row.chunks_exact_mut(4).enumerate() {
                // The middle of the pixel, back to where it comes from.
                let from_middle = [x as f32 + 0.5 - middle_x - placement.x, y as f32 + 0.5 - middle_y - placement.y];
                let back = [from_middle[0] * cos + from_middle[1] * sin, from_middle[1] * cos - from_middle[0] * sin];
                let flipped = |value: f32, flips: bool, scale: f32| if flips { -value } else { value } / scale;
                let at_x = (flipped(back[0], placement.flips_across, wide) + middle_x) / scale[0];
                let at_y = (flipped(back[1], placement.flips_down, tall) + middle_y) / scale[1];
                pixel.copy_from_slice(&sample(source, at_x - 0.5, at_y - 0.5));
            }
        });
        Picture::from_rgba(width, height, rgba).unwrap_or_else(|_| picture.clone())
    }
}

fn middle([width, height]: [u32; 2]) -> [f32; 2] {
    [width as f32 / 2.0, height as f32 / 2.0]
}

/// Between the four pixels around a place; black beyond the border.
fn sample(picture: &Picture, x: f32, y: f32) -> [u8; 4] {
    let (left, top) = (x.floor(), y.floor());
    let (share_x, share_y) = (x - left, y - top);
    let pixel = |x: f32, y: f32| -> [f32; 4] {
        let inside = x >= 0.0 && y >= 0.0 && x < picture.width() as f32 && y < picture.height() as f32;
        if !inside {
            return [0.0, 0.0, 0.0, 255.0];
        }
        let at = (y as usize * picture.width() as usize + x as usize) * 4;
        [0, 1, 2, 3].map(|channel| f32::from(picture.rgba()[at + channel]))
    };
    let corners = [pixel(left, top), pixel(left + 1.0, top), pixel(left, top + 1.0), pixel(left + 1.0, top + 1.0)];
    [0, 1, 2, 3].map(|channel| {
        let [a, b, c, d] = corners.map(|corner| corner[channel]);
        let upper = a + (b - a) * share_x;
        let lower = c + (d - c) * share_x;
        (upper + (lower - upper) * share_y + 0.5) as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::Extension;

    /// A white square of side 10 whose upper left corner is at (10, 20), on 60×40.
    fn square() -> Picture {
        let white = |index: u32| (10..20).contains(&(index % 60)) && (20..30).contains(&(index / 60));
        let pixel = |index| if white(index) { [255; 4] } else { [0, 0, 0, 255] };
        Picture::from_rgba(60, 40, (0..60 * 40).flat_map(pixel).collect()).unwrap()
    }

    fn at(picture: &Picture, x: f32, y: f32) -> u8 {
        picture.rgba()[(y as usize * picture.width() as usize + x as usize) * 4]
    }

    #[test]
    fn pixels_go_where_points_go() {
        let base = Placement::default();
        let size_px = [60, 40];
        for placement in [
            Placement { x: 7.0, y: -5.0, ..base },
            Placement { angle: 90.0, ..base },
            Placement { angle: -30.0, x: 4.0, ..base },
            Placement { size: 0.5, ..base },
            Placement { size: 1.7, flips_across: true, x: 3.0, ..base },
            Placement { flips_down: true, ..base },
            Placement { stretch: 1.6, angle: 20.0, ..base },
            Placement { size: 1.4, stretch: 0.5, x: -4.0, ..base },
            Placement { size: 0.7, angle: 45.0, flips_across: true, x: -6.0, y: 3.0, ..base },
        ] {
            let placed = placement.place(&square());
            assert_eq!(placed.size(), [60, 40]);
            for point in [[15.0, 25.0], [11.5, 21.5], [18.5, 28.5]] {
                let [x, y] = placement.map(point, size_px);
                if (0.0..60.0).contains(&x) && (0.0..40.0).contains(&y) {
                    assert!(at(&placed, x, y) > 200, "{placement:?}: {point:?} at {x}, {y}");
                }
            }
            for point in [[8.0, 25.0], [15.0, 33.0], [40.0, 10.0]] {
                let [x, y] = placement.map(point, size_px);
                if (0.0..60.0).contains(&x) && (0.0..40.0).contains(&y) {
                    assert!(at(&placed, x, y) < 60, "{placement:?}: {point:?} at {x}, {y}");
                }
            }
        }
        assert_eq!(base.place(&square()), square());
        let turned = Placement { angle: 180.0, ..base }.place(&square());
        assert_eq!(Placement { angle: 180.0, ..base }.place(&turned), square(), "half a turn twice is none");
    }

    #[test]
    fn on_a_larger_canvas_it_stays_where_it_is() {
        let placement =
            Placement { x: 3.0, y: -2.0, size: 1.5, angle: 30.0, flips_across: true, ..Placement::default() };
        let sides = Extension { left: 8, top: 16, right: 24, bottom: 0 };
        let larger = placement.on_larger(sides);
        let before = placement.map([10.0, 20.0], [60, 40]);
        let after = larger.map([18.0, 36.0], [92, 56]);
        assert!((after[0] - before[0] - 8.0).abs() < 1e-3 && (after[1] - before[1] - 16.0).abs() < 1e-3);
    }

    #[test]
    fn numbers_of_a_damaged_file_are_brought_into_range() {
        let wild = Placement { x: f32::NAN, y: 1e30, size: -4.0, angle: 725.0, ..Placement::default() }.in_range();
        assert_eq!((wild.x, wild.y, wild.size), (0.0, Placement::MOST_PX, Placement::LEAST_SIZE));
        assert!((wild.angle - 5.0).abs() < 1e-3);
        let flat = Placement { stretch: 0.0, ..Placement::default() }.in_range();
        assert!((flat.stretch - Placement::LEAST_SIZE).abs() < 1e-6);
        assert!((Placement { angle: 270.0, ..Placement::default() }.in_range().angle + 90.0).abs() < 1e-3);
    }
}
