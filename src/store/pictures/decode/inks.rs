//! Four printing inks to RGB: through the picture's own profile, else by the usual inversion, as Pillow converts them.
//! One way for JPEG and TIFF.

use image::RgbImage;
use rayon::prelude::*;

use super::colour_profile;

/// Pixels of four inks each: 0 is none of it, 255 all.
pub(super) struct Inks {
    pub width: u32,
    pub height: u32,
    pub amounts: Vec<u8>,
}

impl Inks {
    /// The picture in sRGB, and why its profile was left aside, if it was.
    pub(super) fn to_rgb(&self, profile: Option<&[u8]>) -> (RgbImage, Option<String>) {
        let converted = profile.map(|profile| colour_profile::inks_to_srgb(&self.amounts, profile));
        let (rgb, left_aside) = match converted {
            Some(Ok(rgb)) => (rgb, None),
            Some(Err(reason)) => (inverted(&self.amounts), Some(reason)),
            None => (inverted(&self.amounts), None),
        };
        (RgbImage::from_raw(self.width, self.height, rgb).unwrap_or_default(), left_aside)
    }
}

/// What white paper lets through, `(255 - ink) · (255 - black) / 255`, rounded as Pillow rounds.
fn inverted(inks: &[u8]) -> Vec<u8> {
    let light = |ink: u8, black: u8| {
        let product = u32::from(255 - ink) * u32::from(255 - black) + 128;
        ((product + (product >> 8)) >> 8) as u8
    };
    let rgb = inks.par_chunks_exact(4).flat_map_iter(|ink| [0, 1, 2].map(|channel| light(ink[channel], ink[3])));
    rgb.collect()
}

/// The inks of a JPEG with four colours. Programs write them turned over, as Adobe does, and with Adobe's transform 2
/// the first three as brightness and two differences; libjpeg's numbers bring these back.
pub(super) fn of_jpeg(mut stored: Vec<u8>, is_ycck: bool) -> Vec<u8> {
    if is_ycck {
        stored.par_chunks_exact_mut(4).for_each(|pixel| {
            let rgb = rgb_of([pixel[0], pixel[1], pixel[2]]);
            // libjpeg makes `255 - R` of them, and that is turned over once more.
            pixel[..3].copy_from_slice(&rgb);
            pixel[3] = 255 - pixel[3];
        });
        return stored;
    }
    stored.par_iter_mut().for_each(|ink| *ink = 255 - *ink);
    stored
}

/// ITU-R BT.601 as JFIF has it, in libjpeg's fixed point.
fn rgb_of([brightness, blue, red]: [u8; 3]) -> [u8; 3] {
    const HALF: i32 = 1 << 15;
    let fixed = |factor: f64| (factor * 65536.0 + 0.5) as i32;
    let (y, blue, red) = (i32::from(brightness), i32::from(blue) - 128, i32::from(red) - 128);
    let r = y + ((fixed(1.402) * red + HALF) >> 16);
    let g = y + ((-fixed(0.34414) * blue - fixed(0.71414) * red + HALF) >> 16);
    let b = y + ((fixed(1.772) * blue + HALF) >> 16);
    [r, g, b].map(|value| value.clamp(0, 255) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inks_are_turned_into_light_as_pillow_does() {
        // Image.new("CMYK", (1, 1), inks).convert("RGB")
        for (inks, rgb) in [
            ([0, 0, 0, 0], [255, 255, 255]),
            ([255, 0, 0, 0], [0, 255, 255]),
            ([10, 120, 200, 60], [187, 103, 42]),
            ([1, 2, 3, 254], [1, 1, 1]),
            ([77, 31, 250, 131], [87, 109, 2]),
        ] {
            let (found, left_aside) = Inks { width: 1, height: 1, amounts: inks.to_vec() }.to_rgb(None);
            assert_eq!((found.into_raw(), left_aside), (rgb.to_vec(), None), "{inks:?}");
        }
    }

    #[test]
    fn a_profile_that_is_none_is_left_aside_and_reported() {
        let (found, left_aside) = Inks { width: 1, height: 1, amounts: vec![0; 4] }.to_rgb(Some(b"no profile"));
        assert_eq!(found.into_raw(), [255; 3]);
        assert!(left_aside.is_some());
    }
}
