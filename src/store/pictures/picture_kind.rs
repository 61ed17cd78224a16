//! What kind of file a picture is, by its first bytes; and for those that are not read, what to do.

use image::ImageFormat;

/// Enough for every signature, and for most JPEG files to say how many inks they have.
pub(crate) const HEAD_BYTES: usize = 1 << 16;

/// A kind that is known and not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("photos in HEIC are not read here; export it as JPEG or PNG first")]
    Heic,
    #[error("pictures in AVIF are not read here; export it as PNG or WebP first")]
    Avif,
    #[error("this picture has printing inks (CMYK), and RGB is wanted; convert it to RGB first")]
    Cmyk,
    #[error("this is a camera's raw file; develop it to JPEG, PNG or TIFF first")]
    Raw,
}

/// Why a file that begins like this is not read, if it is known.
pub(crate) fn unreadable(head: &[u8]) -> Option<Unreadable> {
    if head.get(4..8) == Some(b"ftyp") {
        let brands = head.get(8..head.len().min(64)).unwrap_or_default();
        let has = |names: &[&[u8]]| brands.chunks_exact(4).any(|brand| names.contains(&brand));
        if has(&[b"avif", b"avis"]) {
            return Some(Unreadable::Avif);
        }
        if has(&[b"crx "]) {
            return Some(Unreadable::Raw);
        }
        return has(&[b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"]).then_some(Unreadable::Heic);
    }
    if head.starts_with(b"FUJIFILMCCD-RAW") || head.get(8..10) == Some(b"CR") && head.starts_with(b"II") {
        return Some(Unreadable::Raw);
    }
    (jpeg_components(head) == Some(4)).then_some(Unreadable::Cmyk)
}

/// How many colours a JPEG file has, from its frame header.
fn jpeg_components(head: &[u8]) -> Option<u8> {
    let mut rest = head.strip_prefix(&[0xFF, 0xD8])?;
    loop {
        let &[0xFF, marker, ..] = rest else { return None };
        match marker {
            // Fill bytes and markers without a length.
            0xFF => rest = &rest[1..],
            0x01 | 0xD0..=0xD7 => rest = &rest[2..],
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => return rest.get(9).copied(),
            _ => {
                let length = usize::from(u16::from_be_bytes([*rest.get(2)?, *rest.get(3)?]));
                rest = rest.get(2 + length..)?;
            }
        }
    }
}

/// Whether this kind is read at all.
pub(crate) fn is_read(format: Option<ImageFormat>) -> bool {
    use ImageFormat::{Bmp, Gif, Jpeg, Png, Tiff, WebP};
    matches!(format, Some(Png | Jpeg | WebP | Bmp | Tiff | Gif))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_kinds_that_are_not_read_are_named() {
        assert_eq!(unreadable(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"), Some(Unreadable::Heic));
        assert_eq!(unreadable(b"\0\0\0\x20ftypmif1\0\0\0\0avifmif1"), Some(Unreadable::Avif));
        assert_eq!(unreadable(b"\x89PNG\r\n\x1a\n"), None);
        let frame = |inks| [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, 0xC2, 0, 20, 8, 0, 1, 0, 1, inks];
        assert_eq!(unreadable(&frame(4)), Some(Unreadable::Cmyk));
        assert_eq!(unreadable(&frame(3)), None);
        assert_eq!(unreadable(&[0xFF, 0xD8, 0xFF]), None);
    }
}
