//! Resizing with Lanczos' window of three lobes, a cubic curve or a triangle, in the whole numbers that Pillow uses, so that a
//! photo reaches a network as it does in diffusers and in Segment Anything.

use rayon::prelude::*;

const LOBES: f64 = 3.0;
/// Fixed-point digits of a weight: 8 bits of pixel and 2 of overshoot stay below 32.
const PRECISION_BITS: u32 = 22;

/// How much the pixels around a place count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    Lanczos,
    /// Pillow's `BICUBIC`.
    Cubic,
    /// Pillow's `BILINEAR`.
    Triangle,
}

/// Where a target pixel looks and how much each source pixel counts.
struct Window {
    first: usize,
    weights: Vec<i32>,
}

/// Interleaved bytes of `CHANNELS` a pixel, from one size to another; across first, then down.
#[must_use]
pub fn resample<const CHANNELS: usize>(bytes: &[u8], from: [usize; 2], to: [usize; 2], filter: Filter) -> Vec<u8> {
    let ([width, height], [new_width, new_height]) = (from, to);
    if from == to || bytes.is_empty() {
        return bytes.to_vec();
    }
    let across = if new_width == width {
        bytes.to_vec()
    } else {
        let windows = windows(width, new_width, filter);
        let mut rows = vec![0; new_width * height * CHANNELS];
        rows.par_chunks_mut(new_width * CHANNELS).zip(bytes.par_chunks(width * CHANNELS)).for_each(
            |(target, source)| {
                for (pixel, window) in target.chunks_exact_mut(CHANNELS).zip(&windows) {
                    let mut sums = [1_i32 << (PRECISION_BITS - 1); CHANNELS];
                    let pixels = source[window.first * CHANNELS..].chunks_exact(CHANNELS);
                    for (weight, pixel) in window.weights.iter().zip(pixels) {
                        for (sum, value) in sums.iter_mut().zip(pixel) {
                            *sum += weight * i32::from(*value);
                        }
                    }
                    for (value, sum) in pixel.iter_mut().zip(sums) {
                        *value = byte_of(sum);
                    }
                }
            },
        );
        rows
    };
    if new_height == height {
        return across;
    }
    let windows = windows(height, new_height, filter);
    let stride = new_width * CHANNELS;
    let mut resized = vec![0; stride * new_height];
    resized.par_chunks_mut(stride).zip(&windows).for_each_init(
        || vec![0_i32; stride],
        |sums, (target, window)| {
            sums.fill(1 << (PRECISION_BITS - 1));
            for (weight, source) in window.weights.iter().zip(across[window.first * stride..].chunks_exact(stride)) {
                for (sum, value) in sums.iter_mut().zip(source) {
                    *sum += weight * i32::from(*value);
                }
            }
            for (value, sum) in target.iter_mut().zip(sums) {
                *value = byte_of(*sum);
            }
        },
    );
    resized
}

fn byte_of(sum: i32) -> u8 {
    (sum >> PRECISION_BITS).clamp(0, 255) as u8
}

fn windows(from: usize, to: usize, filter: Filter) -> Vec<Window> {
    let scale = from as f64 / to as f64;
    let stretch = scale.max(1.0);
    let (reach, weight): (f64, fn(f64) -> f64) = match filter {
        Filter::Lanczos => (LOBES, lanczos),
        Filter::Cubic => (2.0, cubic),
        Filter::Triangle => (1.0, |x| (1.0 - x.abs()).max(0.0)),
    };
    let support = reach * stretch;
    (0..to)
        .map(|target| {
            let centre = (target as f64 + 0.5) * scale;
            let first = (centre - support + 0.5).max(0.0) as usize;
            let end = ((centre + support + 0.5) as usize).min(from);
            let weights: Vec<f64> =
                (first..end).map(|source| weight((source as f64 - centre + 0.5) / stretch)).collect();
            let sum: f64 = weights.iter().sum();
            let unit = f64::from(1 << PRECISION_BITS);
            let fixed = weights.iter().map(|weight| (weight / sum * unit).round() as i32).collect();
            Window { first, weights: fixed }
        })
        .collect()
}

/// Keys' (1981), with a = -0.5.
fn cubic(x: f64) -> f64 {
    const A: f64 = -0.5;
    match x.abs() {
        x if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
        x if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
        _ => 0.0,
    }
}

fn lanczos(x: f64) -> f64 {
    let sinc = |x: f64| {
        if x == 0.0 {
            1.0
        } else {
            let angle = x * std::f64::consts::PI;
            angle.sin() / angle
        }
    };
    if (-LOBES..LOBES).contains(&x) { sinc(x) * sinc(x / LOBES) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PILLOW_SMALLER: [u8; 20] =
        [52, 128, 127, 146, 61, 127, 115, 170, 85, 113, 109, 183, 111, 87, 134, 135, 122, 74, 154, 98];
    const PILLOW_WIDER: [u8; 18] = [70, 44, 111, 170, 99, 73, 164, 192, 127, 120, 125, 65, 55, 156, 165, 87, 109, 199];

    #[test]
    fn a_triangle_is_pillows_bilinear_and_a_curve_its_bicubic() {
        let source: Vec<u8> = (0..21_u32).map(|index| (index * 97 % 256) as u8).collect();
        let pillow = [51, 130, 124, 141, 69, 123, 117, 159, 96, 113, 107, 186, 109, 90, 133, 140, 117, 75, 151, 109];
        assert_eq!(resample::<1>(&source, [7, 3], [4, 5], Filter::Triangle), pillow);
        let cubic = [46, 132, 124, 143, 62, 127, 115, 164, 91, 114, 106, 188, 111, 87, 136, 137, 121, 70, 157, 101];
        assert_eq!(resample::<1>(&source, [7, 3], [4, 5], Filter::Cubic), cubic);
    }

    /// `Image.frombytes("L", (7, 3), …).resize((4, 5), Image.LANCZOS)` of Pillow, and `.resize((9, 3), …)` followed by
    /// `.resize((9, 2), …)`.
    #[test]
    fn bytes_are_pillows() {
        let source: Vec<u8> = (0..21_u32).map(|index| (index * 97 % 256) as u8).collect();
        assert_eq!(resample::<1>(&source, [7, 3], [4, 5], Filter::Lanczos), PILLOW_SMALLER);
        assert_eq!(resample::<1>(&source, [7, 3], [9, 2], Filter::Lanczos), PILLOW_WIDER);
        let colours: Vec<u8> = source.iter().flat_map(|value| [*value, 255 - *value, 7]).collect();
        let resized = resample::<3>(&colours, [7, 3], [4, 5], Filter::Lanczos);
        assert!(resized.chunks_exact(3).map(|pixel| pixel[0]).eq(PILLOW_SMALLER));
        assert!(resized.chunks_exact(3).all(|pixel| pixel[2] == 7));
    }
}
