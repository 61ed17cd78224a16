//! A second seed's noise mixed into the first, on the sphere: AUTOMATIC1111's variation.

/// Above this mean cosine the two are so near that a straight line is taken.
const NEARLY_EQUAL: f32 = 0.9995;

/// From `noise` (strength 0) to `other` (1); both `(channels, height, width)`. As in AUTOMATIC1111 the angle is that
/// between columns: the values of one channel and one x.
#[must_use]
pub fn varied(noise: &[f32], other: &[f32], strength: f32, [channels, height, width]: [usize; 3]) -> Vec<f32> {
    let column = |channel: usize, x: usize| (0..height).map(move |y| (channel * height + y) * width + x);
    let cosine = |channel: usize, x: usize| {
        let (mut product, mut a, mut b) = (0.0_f32, 0.0_f32, 0.0_f32);
        for at in column(channel, x) {
            product += noise[at] * other[at];
            a += noise[at] * noise[at];
            b += other[at] * other[at];
        }
        product / (a.sqrt() * b.sqrt())
    };
    let cosines: Vec<f32> =
        (0..channels).flat_map(|channel| (0..width).map(move |x| (channel, x))).map(|(c, x)| cosine(c, x)).collect();
    if cosines.iter().sum::<f32>() / cosines.len().max(1) as f32 > NEARLY_EQUAL {
        // The reference takes the line from the other end here; between equal noises that makes no difference.
        return noise.iter().zip(other).map(|(noise, other)| noise * strength + other * (1.0 - strength)).collect();
    }
    let mut mixed = vec![0.0; noise.len()];
    for channel in 0..channels {
        for x in 0..width {
            let angle = cosines[channel * width + x].acos();
            let shares = [((1.0 - strength) * angle).sin() / angle.sin(), (strength * angle).sin() / angle.sin()];
            for at in column(channel, x) {
                mixed[at] = shares[0] * noise[at] + shares[1] * other[at];
            }
        }
    }
    mixed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_are_the_two_noises_and_the_middle_lies_on_the_sphere() {
        // One channel, two columns: at right angles, and 60 degrees apart.
        let (noise, other) = ([1.0, 2.0, 0.0, 0.0], [0.0, 1.0, 1.0, 1.732_050_8]);
        let at = |strength| varied(&noise, &other, strength, [1, 2, 2]);
        for (found, wanted) in [(at(0.0), noise), (at(1.0), other)] {
            assert!(found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?}");
        }
        let half = at(0.5);
        let wanted = [0.5_f32.sqrt(), 3.0 / 3.0_f32.sqrt(), 0.5_f32.sqrt(), 1.0];
        assert!(half.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-5), "{half:?}");
    }
}
