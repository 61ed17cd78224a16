//! Pictures whose files end early: what is there is kept, what is missing is transparent, and it is said how much that
//! is. One rule for every format whose reader gives what it has.

use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, ImageDecoder, RgbaImage};

use crate::job::Notice;
use crate::mask::MaskPlane;

/// Neutral, for those who look under the transparency.
const NOTHING: [u8; 4] = [128, 128, 128, 0];
/// Two pictures of this size are held at once; of a larger one that ends early nothing is kept.
const MOST_BYTES: u64 = 400_000_000;

/// What was read before the file came to its end, and where nothing was; `None` when that is everywhere. The bytes that
/// a reader leaves alone are found by reading twice into buffers of other contents.
pub(super) fn salvaged<D: ImageDecoder>(mut open: impl FnMut() -> Option<D>) -> Option<(DynamicImage, MaskPlane)> {
    let mut read = |before: u8| {
        let decoder = open().filter(|decoder| decoder.total_bytes() <= MOST_BYTES)?;
        let mut bytes = vec![before; usize::try_from(decoder.total_bytes()).ok()?];
        let (size, colours) = (decoder.dimensions(), decoder.color_type());
        let failed = decoder.read_image(&mut bytes).is_err();
        Some((bytes, size, colours, failed))
    };
    let (bytes, (width, height), colours, failed) = read(0)?;
    let (other, ..) = read(255)?;
    let pixel_bytes = usize::from(colours.bytes_per_pixel());
    let unread = |(a, b): (&[u8], &[u8])| if a == b { 0 } else { 255 };
    let values = bytes.chunks_exact(pixel_bytes).zip(other.chunks_exact(pixel_bytes)).map(unread).collect();
    let missing = MaskPlane::from_values(width, height, values)?;
    if missing.values().iter().all(|value| *value == 255) {
        return None;
    }
    // A PNG's 16 bits are turned to this machine's order only after the last row.
    let deep: Vec<u16> = if pixel_bytes > usize::from(colours.channel_count()) {
        let word = |pair: &[u8]| [pair[0], pair[1]];
        let order = if failed { u16::from_be_bytes } else { u16::from_ne_bytes };
        bytes.chunks_exact(2).map(|pair| order(word(pair))).collect()
    } else {
        Vec::new()
    };
    image_of(width, height, colours, bytes, deep).map(|image| (image, missing))
}

fn image_of(
    width: u32,
    height: u32,
    colours: image::ColorType,
    bytes: Vec<u8>,
    deep: Vec<u16>,
) -> Option<DynamicImage> {
    use image::{ColorType, ImageBuffer};
    Some(match colours {
        ColorType::L8 => DynamicImage::ImageLuma8(ImageBuffer::from_raw(width, height, bytes)?),
        ColorType::La8 => DynamicImage::ImageLumaA8(ImageBuffer::from_raw(width, height, bytes)?),
        ColorType::Rgb8 => DynamicImage::ImageRgb8(ImageBuffer::from_raw(width, height, bytes)?),
        ColorType::Rgba8 => DynamicImage::ImageRgba8(ImageBuffer::from_raw(width, height, bytes)?),
        ColorType::L16 => DynamicImage::ImageLuma16(ImageBuffer::from_raw(width, height, deep)?),
        ColorType::La16 => DynamicImage::ImageLumaA16(ImageBuffer::from_raw(width, height, deep)?),
        ColorType::Rgb16 => DynamicImage::ImageRgb16(ImageBuffer::from_raw(width, height, deep)?),
        ColorType::Rgba16 => DynamicImage::ImageRgba16(ImageBuffer::from_raw(width, height, deep)?),
        _ => return None,
    })
}

/// The same places in the picture as it is turned upright.
pub(super) fn turned(missing: &MaskPlane, orientation: Orientation) -> Option<MaskPlane> {
    let grey = GrayImage::from_raw(missing.width(), missing.height(), missing.values().to_vec())?;
    let mut grey = DynamicImage::ImageLuma8(grey);
    grey.apply_orientation(orientation);
    let grey = grey.into_luma8();
    MaskPlane::from_values(grey.width(), grey.height(), grey.into_raw())
}

pub(super) fn take_out(picture: &mut RgbaImage, missing: &MaskPlane) {
    for (pixel, missing) in picture.pixels_mut().zip(missing.values()) {
        if *missing > 0 {
            pixel.0 = NOTHING;
        }
    }
}

pub(super) fn part_missing(missing: &MaskPlane, path: &Path) -> Notice {
    let count = missing.values().iter().filter(|value| **value > 0).count();
    let share = percent(count as f64 / missing.values().len().max(1) as f64);
    Notice::from(format!(
        "the picture's file ends early or is damaged, and {share} of the picture is missing: that part is left \
         transparent; take another copy if there is one: {}",
        path.display()
    ))
}

pub(super) fn less_sharp(detail: f64, path: &Path) -> Notice {
    Notice::from(format!(
        "the picture's file ends early or is damaged, and {} of its detail is missing: it is less sharp than it was; \
         take another copy if there is one: {}",
        percent(1.0 - detail),
        path.display()
    ))
}

fn percent(share: f64) -> String {
    let percent = (share * 100.0).min(99.0);
    if percent < 1.0 { "less than 1 %".into() } else { format!("{percent:.0} %") }
}
