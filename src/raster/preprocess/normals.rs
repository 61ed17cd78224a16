//! Where surfaces face, worked out from how near they are, as `ControlNet`'s own annotator does it: Sobel's gradients against a
//! fixed step towards the viewer, as colours.

use super::gaussian::blurred;
use crate::raster::Picture;

/// What a gradient of 1 is held against.
const TOWARDS: f32 = 2.0 * std::f32::consts::PI;
/// What is farther counts as far away, and faces the viewer.
const BACKGROUND: f32 = 0.1 * 255.0;
/// Bytes are steps, and steps are no slopes.
const SMOOTH_PX: f32 = 2.0;

/// Of nearness from 0 to 255, row by row; RGBA.
#[must_use]
pub fn normals_of(near: &[f32], [width, height]: [usize; 2]) -> Vec<u8> {
    let mut rgba = Vec::with_capacity(4 * width * height);
    for y in 0..height {
        let rows = [mirrored(y as i64 - 1, height), y, mirrored(y as i64 + 1, height)];
        for x in 0..width {
            let columns = [mirrored(x as i64 - 1, width), x, mirrored(x as i64 + 1, width)];
            let at = |row: usize, column: usize| near[rows[row] * width + columns[column]];
            let [mut dx, mut dy] = [0.0f32; 2];
            if at(1, 1) >= BACKGROUND {
                dx = at(0, 2) + 2.0 * at(1, 2) + at(2, 2) - at(0, 0) - 2.0 * at(1, 0) - at(2, 0);
                dy = at(2, 0) + 2.0 * at(2, 1) + at(2, 2) - at(0, 0) - 2.0 * at(0, 1) - at(0, 2);
            }
            let length = dx.mul_add(dx, dy.mul_add(dy, TOWARDS * TOWARDS)).sqrt();
            rgba.extend([dx, dy, TOWARDS].map(|part| (part / length * 127.5 + 127.5).clamp(0.0, 255.0) as u8));
            rgba.push(255);
        }
    }
    rgba
}

/// Of a depth map, near white.
pub(super) fn of_depth_map(picture: &Picture) -> Vec<u8> {
    let values: Vec<f32> = picture
        .rgba()
        .chunks_exact(4)
        .map(|pixel| f32::from(super::brightness([pixel[0], pixel[1], pixel[2]])))
        .collect();
    normals_of(&blurred::<1>(&values, picture.size(), SMOOTH_PX, 4.0), picture.size())
}

/// The border itself is not repeated.
fn mirrored(place: i64, side: usize) -> usize {
    let last = side as i64 - 1;
    let inner = if place > last { 2 * last - place } else { place.abs() };
    inner.clamp(0, last) as usize
}
