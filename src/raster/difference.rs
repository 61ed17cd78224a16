//! What two pictures differ in, made visible.

use super::geometry::{over_white, picture_of, resized};
use super::picture::Picture;

/// The difference of two pictures.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// As large as the first: black where they are alike, and each channel's distance times the gain.
    pub picture: Picture,
    /// Of all channels, 0 to 255.
    pub mean: f64,
    /// The largest distance of a channel, 0 to 255.
    pub most: u8,
    /// The second had another size, and was brought to the first's.
    pub resized: bool,
}

/// How far the second picture is from the first, made `gain` times as bright. What is transparent counts as white.
#[must_use]
pub fn difference(first: &Picture, second: &Picture, gain: f32) -> Difference {
    let (width, height) = (first.width(), first.height());
    let is_resized = (second.width(), second.height()) != (width, height);
    let second = if is_resized { over_white(&resized(second, width, height)) } else { over_white(second) };
    let first = over_white(first);
    let (mut sum, mut most) = (0_u64, 0);
    let mut rgba = Vec::with_capacity(first.rgba().len());
    for (a, b) in first.rgba().chunks_exact(4).zip(second.rgba().chunks_exact(4)) {
        for channel in 0..3 {
            let distance = a[channel].abs_diff(b[channel]);
            sum += u64::from(distance);
            most = most.max(distance);
            rgba.push((f32::from(distance) * gain).round().min(255.0) as u8);
        }
        rgba.push(255);
    }
    let channels = (rgba.len() / 4 * 3).max(1);
    let picture = picture_of(width, height, rgba);
    Difference { picture, mean: sum as f64 / channels as f64, most, resized: is_resized }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_alike_is_black_and_the_rest_as_bright_as_asked() {
        let grey = Picture::filled(4, 2, [100, 100, 100, 255]);
        let same = difference(&grey, &grey, 16.0);
        assert_eq!((same.mean, same.most), (0.0, 0));
        assert!(same.picture.rgba().chunks_exact(4).all(|pixel| pixel == [0, 0, 0, 255]));
        let other = difference(&grey, &Picture::filled(4, 2, [103, 97, 140, 255]), 8.0);
        assert_eq!(other.picture.rgba()[..4], [24, 24, 255, 255]);
        assert_eq!((other.most, other.resized), (40, false));
        assert!((other.mean - 46.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn another_size_and_transparency_are_met() {
        let white = Picture::filled(4, 4, [255, 255, 255, 255]);
        let clear = difference(&white, &Picture::filled(8, 8, [0, 0, 0, 0]), 1.0);
        assert_eq!((clear.most, clear.resized, clear.picture.width()), (0, true, 4));
    }
}
