//! Two maps value by value, where a side of one may be repeated along the other; and what is made of a map's pixels
//! together: their mean, and each four of them.

use rayon::prelude::*;

use super::ShapeError;
use super::map::Map;

/// `a` and `b` value by value. A side that is 1 in one of them is repeated along the other's.
///
/// # Errors
/// When the shapes do not go together.
pub fn combined(a: &Map, b: &Map, combine: fn(f32, f32) -> f32) -> Result<Map, ShapeError> {
    let sides = |map: &Map| [map.batch, map.height, map.width, map.channels];
    let (from_a, from_b) = (sides(a), sides(b));
    let mut out = [0; 4];
    for (out, (a_side, b_side)) in out.iter_mut().zip(from_a.iter().zip(&from_b)) {
        *out = match (*a_side, *b_side) {
            (a_side, b_side) if a_side == b_side => a_side,
            (1, side) | (side, 1) => side,
            _ => return Err(ShapeError(format!("{:?} and {:?} do not go together", a.shape(), b.shape()))),
        };
    }
    let [batch, height, width, channels] = out;
    let (mut values, shape) = Map::unwritten(batch, height, width, channels);
    if values.is_empty() {
        return Ok(shape.filled(values));
    }
    // Where a pixel begins, a side of 1 standing still.
    let start = |sides: [usize; 4], picture: usize, y: usize, x: usize| {
        let [batch, height, width, channels] = sides;
        let at = |place: usize, side: usize| if side == 1 { 0 } else { place };
        ((at(picture, batch) * height + at(y, height)) * width + at(x, width)) * channels
    };
    values.par_chunks_mut(width * channels).enumerate().for_each(|(row, out)| {
        let (picture, y) = (row / height, row % height);
        for (x, out) in out.chunks_exact_mut(channels).enumerate() {
            let pixel_a = &a.values()[start(from_a, picture, y, x)..][..from_a[3]];
            let pixel_b = &b.values()[start(from_b, picture, y, x)..][..from_b[3]];
            match (pixel_a, pixel_b) {
                ([one], _) => out.iter_mut().zip(pixel_b).for_each(|(out, b)| *out = combine(*one, *b)),
                (_, [one]) => out.iter_mut().zip(pixel_a).for_each(|(out, a)| *out = combine(*a, *one)),
                _ => out.iter_mut().zip(pixel_a.iter().zip(pixel_b)).for_each(|(out, (a, b))| *out = combine(*a, *b)),
            }
        }
    });
    Ok(shape.filled(values))
}

/// Nothing below zero (`ReLU`).
#[must_use]
pub fn rectified(x: &Map) -> Map {
    let (mut out, shape) = Map::unwritten(x.batch, x.height, x.width, x.channels);
    out.iter_mut().zip(x.values()).for_each(|(out, value)| *out = value.max(0.0));
    shape.filled(out)
}

/// The mean of each picture's pixels: one pixel.
#[must_use]
pub fn mean_of_pixels(x: &Map) -> Map {
    let (mut out, shape) = Map::unwritten(x.batch, 1, 1, x.channels);
    let area = x.height * x.width;
    for (picture, mean) in out.chunks_exact_mut(x.channels.max(1)).enumerate() {
        let mut sums = vec![0f64; x.channels];
        for pixel in x.values()[picture * area * x.channels..][..area * x.channels].chunks_exact(x.channels) {
            sums.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += f64::from(*value));
        }
        mean.iter_mut().zip(sums).for_each(|(mean, sum)| *mean = (sum / area.max(1) as f64) as f32);
    }
    shape.filled(out)
}

/// Half the size, each pixel the mean of four; at an odd side's end, of those that are there.
#[must_use]
pub fn halved(x: &Map) -> Map {
    let (height, width) = (x.height.div_ceil(2), x.width.div_ceil(2));
    let (mut out, shape) = Map::unwritten(x.batch, height, width, x.channels);
    let at = |picture: usize, y: usize, x_place: usize| {
        let pixel = (picture * x.height + y) * x.width + x_place;
        &x.values()[pixel * x.channels..][..x.channels]
    };
    for (index, pixel) in out.chunks_exact_mut(x.channels.max(1)).enumerate() {
        let (picture, place) = (index / (height * width), index % (height * width));
        let (top, left) = (place / width * 2, place % width * 2);
        let (bottom, right) = ((top + 1).min(x.height - 1), (left + 1).min(x.width - 1));
        let corners = [(top, left), (top, right), (bottom, left), (bottom, right)].map(|(y, x)| at(picture, y, x));
        for (channel, value) in pixel.iter_mut().enumerate() {
            *value = corners.iter().map(|corner| corner[channel]).sum::<f32>() / 4.0;
        }
    }
    shape.filled(out)
}

/// So many pictures of zeros, then `x`'s.
#[must_use]
pub fn behind_zeros(x: &Map, count: usize) -> Map {
    let (mut out, shape) = Map::unwritten(x.batch + count, x.height, x.width, x.channels);
    let (zeros, rest) = out.split_at_mut(count * x.height * x.width * x.channels);
    zeros.fill(0.0);
    rest.copy_from_slice(x.values());
    shape.filled(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(values: &[f32], [batch, height, width, channels]: [usize; 4]) -> Map {
        Map::from_vec(values.to_vec(), batch, height, width, channels).unwrap()
    }

    #[test]
    fn sides_of_one_are_repeated() {
        let picture = map(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], [1, 2, 2, 2]);
        let by_pixel = map(&[0.0, 1.0, 2.0, 3.0], [1, 2, 2, 1]);
        let by_channel = map(&[10.0, 20.0, 30.0, 40.0], [2, 1, 1, 2]);
        let product = combined(&picture, &by_pixel, |a, b| a * b).unwrap();
        assert_eq!(product.values(), [0.0, 0.0, 3.0, 4.0, 10.0, 12.0, 21.0, 24.0]);
        let sum = combined(&by_channel, &picture, |a, b| a + b).unwrap();
        assert_eq!((sum.batch, sum.values()[0], sum.values()[15]), (2, 11.0, 48.0));
        assert!(combined(&picture, &map(&[0.0; 6], [1, 3, 1, 2]), |a, _| a).is_err());
    }

    #[test]
    fn an_odd_end_is_the_mean_of_what_is_there() {
        let x = map(&[1.0, 2.0, 9.0, 3.0, 4.0, 11.0, 5.0, 7.0, -2.0], [1, 3, 3, 1]);
        assert_eq!(halved(&x).values(), [2.5, 10.0, 6.0, -2.0]);
        assert_eq!(mean_of_pixels(&x).values(), [40.0 / 9.0]);
        assert_eq!(rectified(&x).values()[8].to_bits(), 0);
    }

    #[test]
    fn zeros_stand_before() {
        let x = map(&[1.0, 2.0], [1, 1, 1, 2]);
        assert_eq!(behind_zeros(&x, 2).values(), [0.0, 0.0, 0.0, 0.0, 1.0, 2.0]);
    }
}
