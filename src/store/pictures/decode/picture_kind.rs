//! What kind of file a picture is, by its first bytes; and for those that are not read, what to do.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use image::{ImageFormat, ImageReader};

use super::jpeg_headers::Frame;

/// Enough for every signature, and for a page or a drawing to say what it is.
pub(crate) const HEAD_BYTES: usize = 1 << 12;

/// A kind that is known and not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("photos in HEIC are not read here; export it as JPEG or PNG first")]
    Heic,
    #[error("this is a camera's raw file; develop it to JPEG, PNG or TIFF first")]
    Raw,
    #[error("JPEG 2000 is not read here; export it as PNG or ordinary JPEG first")]
    Jpeg2000,
    #[error("JPEG XL is not read here; export it as PNG or ordinary JPEG first")]
    JpegXl,
    #[error("JPEG XR is not read here; export it as PNG or ordinary JPEG first")]
    JpegXr,
    #[error("JPEG-LS is not read here; export it as PNG or ordinary JPEG first")]
    JpegLs,
    #[error("a JPEG with arithmetic coding is not read here; save it again as an ordinary JPEG (Huffman coding) first")]
    ArithmeticJpeg,
    #[error("a JPEG with more than 8 bits a colour is not read here; save it again with 8 bits, or as 16-bit PNG")]
    DeepJpeg,
    #[error("a lossless or hierarchical JPEG is not read here; save it again as PNG or ordinary JPEG first")]
    OtherJpeg,
    #[error("Photoshop files are not read here; export it as PNG first")]
    Photoshop,
    #[error(
        "files with layers (GIMP, Krita, OpenRaster) and archives are not read here; export or unpack it as PNG first"
    )]
    Layers,
    #[error("drawings of lines (SVG) are not read here; export it as PNG at the size that you want first")]
    Svg,
    #[error("PDF and PostScript files are not read here; export the page as PNG first")]
    Page,
    #[error("OpenEXR is not read here; tone it and export it as PNG or TIFF first")]
    Exr,
    #[error("Radiance HDR is not read here; tone it and export it as PNG or TIFF first")]
    Hdr,
    #[error("icons (ICO) are not read here; export it as PNG first")]
    Icon,
    #[error("pictures in QOI, PNM, DDS, Farbfeld and the like are not read here; convert it to PNG first")]
    Rare,
    #[error("this is a video; export one of its pictures as PNG first")]
    Video,
    #[error("this is a web page and no picture: the address answered with a page; download the picture itself")]
    WebPage,
    #[error("this is a Git LFS pointer and not the picture itself; fetch it with git lfs pull")]
    LfsPointer,
    #[error("the file is empty; take another copy of the picture")]
    Empty,
    #[error("this is a folder and no picture; choose a file inside")]
    Folder,
}

/// What AVIF calls itself: still and moving.
const AVIF: [&[u8]; 2] = [b"avif", b"avis"];

/// Signatures at a file's start.
const STARTS: [(&[u8], Unreadable); 28] = [
    (b"FUJIFILMCCD-RAW", Unreadable::Raw),
    (b"IIRO", Unreadable::Raw),
    (b"IIU\0", Unreadable::Raw),
    (b"FOVb", Unreadable::Raw),
    (b"\0\0\0\x0cjP  \r\n\x87\n", Unreadable::Jpeg2000),
    (b"\xff\x4f\xff\x51", Unreadable::Jpeg2000),
    (b"\0\0\0\x0cJXL \r\n\x87\n", Unreadable::JpegXl),
    (b"\xff\x0a", Unreadable::JpegXl),
    (b"II\xbc", Unreadable::JpegXr),
    (b"8BPS", Unreadable::Photoshop),
    (b"gimp xcf", Unreadable::Layers),
    (b"PK\x03\x04", Unreadable::Layers),
    (b"%PDF", Unreadable::Page),
    (b"%!PS", Unreadable::Page),
    (b"\xc5\xd0\xd3\xc6", Unreadable::Page),
    (b"\x76\x2f\x31\x01", Unreadable::Exr),
    (b"#?RADIANCE", Unreadable::Hdr),
    (b"#?RGBE", Unreadable::Hdr),
    (b"\0\0\x01\0", Unreadable::Icon),
    (b"\0\0\x02\0", Unreadable::Icon),
    (b"qoif", Unreadable::Rare),
    (b"DDS ", Unreadable::Rare),
    (b"farbfeld", Unreadable::Rare),
    (b"PF\n", Unreadable::Rare),
    (b"Pf\n", Unreadable::Rare),
    (b"\x1a\x45\xdf\xa3", Unreadable::Video),
    (b"version https://git-lfs", Unreadable::LfsPointer),
    (b"version https://hawser", Unreadable::LfsPointer),
];

/// Why a file that begins like this is not read, if it is known.
pub(crate) fn unreadable(head: &[u8]) -> Option<Unreadable> {
    if head.is_empty() {
        return Some(Unreadable::Empty);
    }
    if head.get(4..8) == Some(b"ftyp") {
        return of_brands(brands_of(head));
    }
    if head.get(8..10) == Some(b"CR") && head.starts_with(b"II") {
        return Some(Unreadable::Raw);
    }
    if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"AVI ") {
        return Some(Unreadable::Video);
    }
    if matches!(head, [b'P', b'1'..=b'7', white, ..] if white.is_ascii_whitespace()) {
        return Some(Unreadable::Rare);
    }
    let start = STARTS.iter().find(|(start, _)| head.starts_with(start)).map(|(_, kind)| *kind);
    start.or_else(|| of_markup(head))
}

/// Boxes of ISO's media files say what is inside by names of four letters.
fn of_brands(brands: &[u8]) -> Option<Unreadable> {
    let has = |names: &[&[u8]]| brands.chunks_exact(4).any(|brand| names.contains(&brand));
    if has(&AVIF) {
        return None;
    }
    if has(&[b"crx "]) {
        return Some(Unreadable::Raw);
    }
    if has(&[b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"]) {
        return Some(Unreadable::Heic);
    }
    Some(Unreadable::Video)
}

fn brands_of(head: &[u8]) -> &[u8] {
    head.get(8..head.len().min(64)).unwrap_or_default()
}

/// The kind of picture, by a file's first bytes.
pub(crate) fn format_of(head: &[u8]) -> Option<ImageFormat> {
    let is_avif = head.get(4..8) == Some(b"ftyp") && brands_of(head).chunks_exact(4).any(|brand| AVIF.contains(&brand));
    if is_avif { Some(ImageFormat::Avif) } else { image::guess_format(head).ok() }
}

/// A page or a drawing, behind white space, a mark and comments; of one byte a letter or two.
fn of_markup(head: &[u8]) -> Option<Unreadable> {
    let text: String =
        head.iter().filter(|byte| **byte != 0).map(|byte| char::from(*byte).to_ascii_lowercase()).collect();
    let text = text.trim_start_matches(|letter: char| letter.is_whitespace() || !letter.is_ascii());
    if !text.starts_with('<') {
        return None;
    }
    let place = |names: &[&str]| names.iter().filter_map(|name| text.find(name)).min();
    match (place(&["<!doctype html", "<html", "<head", "<body", "<script"]), place(&["<svg"])) {
        (Some(page), Some(drawing)) if drawing < page => Some(Unreadable::Svg),
        (Some(_), _) => Some(Unreadable::WebPage),
        (None, Some(_)) => Some(Unreadable::Svg),
        (None, None) => None,
    }
}

/// Why a JPEG with such a frame is not read, if it is of a rare kind.
pub(crate) fn unreadable_jpeg(frame: &Frame) -> Option<Unreadable> {
    match frame.marker {
        0xC9..=0xCB | 0xCD..=0xCF => Some(Unreadable::ArithmeticJpeg),
        0xC3 | 0xC5..=0xC7 => Some(Unreadable::OtherJpeg),
        0xF7 => Some(Unreadable::JpegLs),
        _ if frame.bits != 8 => Some(Unreadable::DeepJpeg),
        _ => None,
    }
}

/// Whether this kind is read at all.
pub(crate) fn is_read(format: ImageFormat) -> bool {
    use ImageFormat::{Avif, Bmp, Gif, Jpeg, Png, Tiff, WebP};
    matches!(format, Png | Jpeg | WebP | Bmp | Tiff | Gif | Avif)
}

/// Whether a file is a picture of a kind that is read, by its first bytes.
#[must_use]
pub(crate) fn is_picture(path: &Path) -> bool {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    let is_there = File::open(path).is_ok_and(|file| file.take(HEAD_BYTES as u64).read_to_end(&mut head).is_ok());
    match format_of(&head).filter(|_| is_there) {
        // Two letters begin a BMP, so its size is looked at as well.
        Some(ImageFormat::Bmp) => ImageReader::open(path).is_ok_and(|mut reader| {
            reader.set_format(ImageFormat::Bmp);
            reader.into_dimensions().is_ok()
        }),
        format => format.is_some_and(is_read),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_kinds_that_are_not_read_are_named() {
        for (head, kind) in [
            (&b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"[..], Some(Unreadable::Heic)),
            (b"\0\0\0\x20ftypmif1\0\0\0\0avifmif1", None),
            (b"\0\0\0\x20ftypisom\0\0\0\0avc1mp41", Some(Unreadable::Video)),
            (b"\x89PNG\r\n\x1a\n", None),
            (b"\xff\xd8\xff", None),
            (b"RIFF\0\0\0\0WEBPVP8 ", None),
            (b"II*\0", None),
            (b"BM", None),
            (b"", Some(Unreadable::Empty)),
            (b"\xff\x0a\0\0", Some(Unreadable::JpegXl)),
            (b"P6\n3 2\n255\n", Some(Unreadable::Rare)),
            (b"\n\n<!DOCTYPE HTML><html>", Some(Unreadable::WebPage)),
            (b"\xef\xbb\xbf<html lang=en><svg/>", Some(Unreadable::WebPage)),
            (b"\xff\xfe<\0h\0t\0m\0l\0>\0", Some(Unreadable::WebPage)),
            (b"<?xml version='1.0'?>\n<!-- a drawing -->\n<svg xmlns='x'>", Some(Unreadable::Svg)),
            (b"version https://git-lfs.github.com/spec/v1\n", Some(Unreadable::LfsPointer)),
            (b"just words", None),
        ] {
            assert_eq!(unreadable(head), kind, "{}", String::from_utf8_lossy(head));
        }
        for (marker, bits, kind) in [
            (0xC0, 8, None),
            (0xC1, 12, Some(Unreadable::DeepJpeg)),
            (0xC2, 8, None),
            (0xC3, 16, Some(Unreadable::OtherJpeg)),
            (0xC9, 8, Some(Unreadable::ArithmeticJpeg)),
            (0xCA, 8, Some(Unreadable::ArithmeticJpeg)),
        ] {
            let frame = Frame { marker, bits, width: 1, height: 1, components: Vec::new() };
            assert_eq!(unreadable_jpeg(&frame), kind, "{marker:x}");
        }
    }
}
