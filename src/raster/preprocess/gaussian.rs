//! A Gaussian blur as OpenCV has it: cut off where it is small, mirrored at the border.

use rayon::prelude::*;

/// Interleaved `CHANNELS` a pixel. `radius_px` is the standard deviation; the window ends at `reach` of them.
pub(super) fn blurred<const CHANNELS: usize>(
    values: &[f32],
    [width, height]: [usize; 2],
    radius_px: f32,
    reach: f32,
) -> Vec<f32> {
    if width == 0 || height == 0 || radius_px <= 0.0 {
        return values.to_vec();
    }
    let weights = weights(f64::from(radius_px), f64::from(reach));
    let half = weights.len() / 2;
    let mut across = vec![0f32; values.len()];
    across.par_chunks_mut(width * CHANNELS).zip(values.par_chunks(width * CHANNELS)).for_each(|(out, row)| {
        for (x, pixel) in out.chunks_exact_mut(CHANNELS).enumerate() {
            for (step, weight) in weights.iter().enumerate() {
                let source = mirrored(x as i64 + step as i64 - half as i64, width);
                for (value, from) in pixel.iter_mut().zip(&row[source * CHANNELS..]) {
                    *value += weight * from;
                }
            }
        }
    });
    let stride = width * CHANNELS;
    let mut down = vec![0f32; values.len()];
    down.par_chunks_mut(stride).enumerate().for_each(|(y, out)| {
        for (step, weight) in weights.iter().enumerate() {
            let source = mirrored(y as i64 + step as i64 - half as i64, height);
            for (value, from) in out.iter_mut().zip(&across[source * stride..][..stride]) {
                *value += weight * from;
            }
        }
    });
    down
}

fn weights(deviation: f64, reach: f64) -> Vec<f32> {
    let count = ((deviation * reach).mul_add(2.0, 1.0).round() as i64) | 1;
    let middle = count / 2;
    let bell = |place: i64| (-0.5 * ((place - middle) as f64 / deviation).powi(2)).exp();
    let sum: f64 = (0..count).map(bell).sum();
    (0..count).map(|place| (bell(place) / sum) as f32).collect()
}

/// The border itself is not repeated: `dcb|abcd|cba`.
fn mirrored(place: i64, side: usize) -> usize {
    let last = side as i64 - 1;
    if last == 0 {
        return 0;
    }
    let within = place.rem_euclid(2 * last);
    (if within > last { 2 * last - within } else { within }) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_border_is_mirrored_and_nothing_is_lost() {
        let places: Vec<usize> = (-4..7).map(|place| mirrored(place, 4)).collect();
        assert_eq!(places, [2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0]);
        let even = blurred::<1>(&[7.0; 12], [4, 3], 5.0, 3.0);
        assert!(even.iter().all(|value| (value - 7.0).abs() < 1e-4), "{even:?}");
    }
}
