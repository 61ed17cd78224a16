//! Masks as picture files: white is made anew, black stays.

use std::path::Path;

use super::atomic;
use super::picture_file::{self, PictureFileError, PictureFormat};
use crate::mask::MaskPlane;

/// Reads a mask from any picture: its brightness, or, where it has one colour alone, its opacity.
///
/// # Errors
/// As `picture_file::read`.
pub fn read(path: &Path) -> Result<MaskPlane, PictureFileError> {
    let picture = picture_file::read(path)?;
    let pixels = picture.rgba();
    let one_colour = pixels.chunks_exact(4).all(|pixel| pixel[..3] == pixels[..3]);
    let is_clear_somewhere = pixels.chunks_exact(4).any(|pixel| pixel[3] < 255);
    let value = |pixel: &[u8]| {
        let [red, green, blue, alpha] = [pixel[0], pixel[1], pixel[2], pixel[3]].map(u32::from);
        if one_colour && is_clear_somewhere {
            return alpha as u8;
        }
        // As television weighs them; what is clear is not painted.
        let brightness = (red * 299 + green * 587 + blue * 114 + 500) / 1000;
        ((brightness * alpha + 127) / 255) as u8
    };
    let values = pixels.chunks_exact(4).map(value).collect();
    MaskPlane::from_values(picture.width(), picture.height(), values)
        .ok_or_else(|| PictureFileError::NotAPicture { path: path.to_path_buf() })
}

/// Writes a mask as a grey PNG file, whole or not at all.
///
/// # Errors
/// When the name does not end in .png, or the disk does not take it.
pub fn write(path: &Path, mask: &MaskPlane) -> Result<(), PictureFileError> {
    if PictureFormat::of_path(path)? != PictureFormat::Png {
        return Err(PictureFileError::Encode {
            reason: "a mask is kept without loss".into(),
            path: path.to_path_buf(),
        });
    }
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, mask.width(), mask.height());
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let encoded = encoder.write_header().and_then(|mut writer| {
        writer.write_image_data(mask.values())?;
        writer.finish()
    });
    encoded.map_err(|error| PictureFileError::Encode { reason: error.to_string(), path: path.to_path_buf() }).and_then(
        |()| atomic::write(path, &bytes).map_err(|source| PictureFileError::Write { source, path: path.to_path_buf() }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Picture;

    #[test]
    fn a_mask_comes_back_as_it_was_and_a_cut_out_counts_by_its_opacity() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mask.png");
        let mask = MaskPlane::from_values(16, 16, (0..=255).collect()).unwrap();
        write(&path, &mask).unwrap();
        assert_eq!(read(&path).unwrap(), mask);
        assert!(write(&folder.path().join("mask.jpg"), &mask).is_err());

        let cut_out = Picture::from_rgba(2, 1, vec![0, 0, 0, 0, 0, 0, 0, 255]).unwrap();
        picture_file::write(&path, &cut_out, None).unwrap();
        assert_eq!(read(&path).unwrap().values(), [0, 255]);
    }
}
