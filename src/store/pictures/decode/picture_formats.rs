//! The formats of pictures that are read, as a table for people; files are told apart by their contents.

use crate::job::FileFormat;

/// What `picture_kind::is_read` says yes to.
pub const FORMATS: [FileFormat; 7] = [
    FileFormat {
        name: "PNG",
        endings: &["png", "apng"],
        note: "8 and 16 bits, palettes, transparency; the first picture of a moving one",
    },
    FileFormat {
        name: "JPEG",
        endings: &["jpg", "jpeg"],
        note: "baseline and progressive, 8 bits; grey, RGB and four inks (CMYK, YCCK); turned as EXIF says; of one that ends early what is there",
    },
    FileFormat { name: "WebP", endings: &["webp"], note: "lossy and lossless; the first picture of a moving one" },
    FileFormat {
        name: "TIFF",
        endings: &["tif", "tiff"],
        note: "whole numbers and floats; grey, RGB, CMYK and Lab; LZW, Deflate, G4 and JPEG inside",
    },
    FileFormat { name: "BMP", endings: &["bmp"], note: "up to 32 bits" },
    FileFormat { name: "GIF", endings: &["gif"], note: "the first picture" },
    FileFormat {
        name: "AVIF",
        endings: &["avif"],
        note: "8, 10 and 12 bits, transparency, cut and turned as it says; the first picture of a moving one; not of several tiles, and HDR's brightness as it is stored",
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use image::ImageFormat;

    use super::super::picture_kind::is_read;
    use super::*;

    #[test]
    fn the_table_has_what_is_read_and_nothing_else() {
        let listed: BTreeSet<&str> = FORMATS.iter().flat_map(|format| format.endings).copied().collect();
        for format in ImageFormat::all() {
            for ending in format.extensions_str().iter().filter(|ending| !["jfif"].contains(ending)) {
                assert_eq!(listed.contains(ending), is_read(format), "{ending}");
            }
        }
    }
}
