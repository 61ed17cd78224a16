//! Masks as picture files: white is repainted, black is kept, grey is in between.

use std::path::Path;

use crate::mask::MaskPlane;
use crate::raster::Picture;
use crate::store::atomic;
use crate::store::pictures::picture_file::PictureFileError;
use crate::store::pictures::{picture_file, png_mask};

/// Reads any picture as a mask, by its brightness. One that says it all by transparency (what is visible has one
/// colour throughout, as in a layer that was painted on) is read by its opacity; else what is transparent is kept.
///
/// # Errors
/// Those of [`picture_file::read`].
pub fn read(path: &Path) -> Result<MaskPlane, PictureFileError> {
    Ok(mask_of(&picture_file::read(path)?))
}

/// Writes a grey PNG, whole or not at all.
///
/// # Errors
/// When the disk does not take it.
pub fn write(path: &Path, mask: &MaskPlane) -> Result<(), PictureFileError> {
    let bytes = png_mask::encode(mask)
        .map_err(|error| PictureFileError::Encode { reason: error.to_string(), path: path.to_path_buf() })?;
    atomic::write(path, &bytes).map_err(|source| PictureFileError::Write { source, path: path.to_path_buf() })
}

/// As [`read`] does; as large as the picture.
#[must_use]
pub(crate) fn mask_of(picture: &Picture) -> MaskPlane {
    let pixels = || picture.rgba().chunks_exact(4);
    let mut visible = pixels().filter(|pixel| pixel[3] > 0);
    let first = visible.next();
    let by_opacity =
        pixels().any(|pixel| pixel[3] < 255) && visible.all(|pixel| Some(&pixel[..3]) == first.map(|p| &p[..3]));
    let value = |pixel: &[u8]| {
        if by_opacity { pixel[3] } else { (u32::from(brightness(pixel)) * u32::from(pixel[3]) / 255) as u8 }
    };
    let values = pixels().map(value).collect();
    MaskPlane::from_values(picture.width(), picture.height(), values)
        .unwrap_or_else(|| MaskPlane::empty(picture.width(), picture.height()))
}

/// ITU-R 601, in the whole numbers that Pillow uses.
fn brightness(pixel: &[u8]) -> u8 {
    ((u32::from(pixel[0]) * 19595 + u32::from(pixel[1]) * 38470 + u32::from(pixel[2]) * 7471 + 0x8000) >> 16) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_survives_its_file() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("mask.png");
        let mask = MaskPlane::from_values(16, 16, (0..=255).collect()).unwrap();
        write(&path, &mask).unwrap();
        assert_eq!(read(&path).unwrap(), mask);
    }

    #[test]
    fn brightness_counts_and_opacity_alone_where_there_is_one_colour() {
        let mask =
            |pixels: [[u8; 4]; 3]| mask_of(&Picture::from_rgba(3, 1, pixels.concat()).unwrap()).values().to_vec();
        assert_eq!(mask([[255; 4], [0, 0, 0, 255], [128, 128, 128, 255]]), [255, 0, 128]);
        // Black, and white, strokes on a transparent layer.
        assert_eq!(mask([[0, 0, 0, 255], [9, 9, 9, 0], [0, 0, 0, 100]]), [255, 0, 100]);
        assert_eq!(mask([[255; 4], [0, 0, 0, 0], [255, 255, 255, 50]]), [255, 0, 50]);
        assert_eq!(mask([[255; 4], [255, 255, 255, 0], [0, 0, 0, 255]]), [255, 0, 0]);
    }
}
