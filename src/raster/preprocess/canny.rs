//! Canny's edges as OpenCV finds them: Sobel's gradients of the strongest channel, their absolute values summed, thinned by
//! direction, followed from strong ones.

use super::white_on_black;
use crate::raster::Picture;

/// The tangent of 22.5°, with fifteen binary digits.
const TANGENT: i64 = 13_573;
const DIGITS: u32 = 15;

pub(super) fn edges(picture: &Picture, low: u32, high: u32) -> Picture {
    let [width, height] = picture.size();
    if width == 0 || height == 0 {
        return picture.clone();
    }
    let (low, high) = (i64::from(low.min(high)), i64::from(high.max(low)));
    let gradients = gradients(picture);
    let strength = |x: i64, y: i64| {
        let inside = (0..width as i64).contains(&x) && (0..height as i64).contains(&y);
        if inside { size(gradients[y as usize * width + x as usize]) } else { 0 }
    };
    let mut kinds = vec![Kind::None; width * height];
    let mut open = Vec::new();
    for y in 0..height as i64 {
        for x in 0..width as i64 {
            let place = y as usize * width + x as usize;
            let here = strength(x, y);
            if here <= low || !is_ridge(gradients[place], here, |dx, dy| strength(x + dx, y + dy)) {
                continue;
            }
            kinds[place] = if here > high { Kind::Edge } else { Kind::Weak };
            if here > high {
                open.push(place);
            }
        }
    }
    while let Some(place) = open.pop() {
        let (x, y) = (place % width, place / width);
        for near_y in y.saturating_sub(1)..(y + 2).min(height) {
            for near_x in x.saturating_sub(1)..(x + 2).min(width) {
                let near = near_y * width + near_x;
                if kinds[near] == Kind::Weak {
                    kinds[near] = Kind::Edge;
                    open.push(near);
                }
            }
        }
    }
    white_on_black(picture, kinds.into_iter().map(|kind| if kind == Kind::Edge { 255 } else { 0 }))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    None,
    /// An edge where it touches one.
    Weak,
    Edge,
}

fn size((dx, dy): (i32, i32)) -> i64 {
    i64::from(dx.abs() + dy.abs())
}

/// Whether the gradient is largest here along its own direction.
fn is_ridge((dx, dy): (i32, i32), here: i64, at: impl Fn(i64, i64) -> i64) -> bool {
    let (x, y) = (i64::from(dx.abs()), i64::from(dy.abs()) << DIGITS);
    let flat = x * TANGENT;
    let steep = flat + (x << (DIGITS + 1));
    if y < flat {
        return here > at(-1, 0) && here >= at(1, 0);
    }
    if y > steep {
        return here > at(0, -1) && here >= at(0, 1);
    }
    let side = if (dx ^ dy) < 0 { -1 } else { 1 };
    here > at(-side, -1) && here > at(side, 1)
}

/// Sobel's, of the channel where they are largest; the border goes on outside.
fn gradients(picture: &Picture) -> Vec<(i32, i32)> {
    let [width, height] = picture.size();
    let rgba = picture.rgba();
    let mut found = Vec::with_capacity(width * height);
    for y in 0..height {
        let rows = [y.saturating_sub(1), y, (y + 1).min(height - 1)];
        for x in 0..width {
            let columns = [x.saturating_sub(1), x, (x + 1).min(width - 1)];
            let mut best = (0, 0);
            for channel in 0..3 {
                let at =
                    |row: usize, column: usize| i32::from(rgba[4 * (rows[row] * width + columns[column]) + channel]);
                let dx = at(0, 2) + 2 * at(1, 2) + at(2, 2) - at(0, 0) - 2 * at(1, 0) - at(2, 0);
                let dy = at(2, 0) + 2 * at(2, 1) + at(2, 2) - at(0, 0) - 2 * at(0, 1) - at(0, 2);
                if channel == 0 || size((dx, dy)) > size(best) {
                    best = (dx, dy);
                }
            }
            found.push(best);
        }
    }
    found
}
