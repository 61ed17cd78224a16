//! The texts in EXIF: the comment, where JPEG and WebP files carry AUTOMATIC1111's `parameters`, the descriptions beside
//! it, and the fields of cameras into which some programs write their settings.
//!
//! The layout is TIFF 6.0's and EXIF 2.3's.

use crate::store::pictures::decode::tiff_fields::TiffFields;
use crate::store::pictures::metadata::comment_letters::{of_unknown_order, text_of_comment};
use crate::store::pictures::programs::Texts;
use crate::store::pictures::programs::texts::{
    CAMERA, DESCRIPTION, MAKE, SOFTWARE, USER_COMMENT, WINDOWS_COMMENT, WINDOWS_TITLE,
};

const EXIF_DIRECTORY: u16 = 0x8769;
const COMMENT: u16 = 0x9286;
/// The picture's own fields, in one byte a letter.
const NARROW: [(u16, &str); 4] = [(0x010E, DESCRIPTION), (0x010F, MAKE), (0x0110, CAMERA), (0x0131, SOFTWARE)];
/// Windows' own, in little-endian UTF-16.
const WIDE: [(u16, &str); 2] = [(0x9C9C, WINDOWS_COMMENT), (0x9C9B, WINDOWS_TITLE)];
const LONG: u16 = 4;
const UNDEFINED: u16 = 7;
/// A comment begins with the name of its alphabet.
const UNICODE: &[u8] = b"UNICODE\0";
const HEADER_BYTES: u32 = 8;
/// A count, one entry of 12 bytes, and the offset of the next directory.
const DIRECTORY_BYTES: u32 = 2 + 12 + 4;
/// A JPEG segment ends at 64 KiB.
const MAX_BYTES: usize = 65_000;

/// An EXIF block with this comment, or `None` when it is too long for a file.
pub(crate) fn of_comment(text: &str) -> Option<Vec<u8>> {
    let comment: Vec<u8> = UNICODE.iter().copied().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect();
    if comment.len() > MAX_BYTES {
        return None;
    }
    let mut block = b"MM\0\x2a".to_vec();
    block.extend(HEADER_BYTES.to_be_bytes());
    let first_end = HEADER_BYTES + DIRECTORY_BYTES;
    push_directory(&mut block, EXIF_DIRECTORY, LONG, 1, first_end);
    push_directory(&mut block, COMMENT, UNDEFINED, comment.len() as u32, first_end + DIRECTORY_BYTES);
    block.extend(comment);
    Some(block)
}

fn push_directory(block: &mut Vec<u8>, tag: u16, kind: u16, count: u32, value: u32) {
    block.extend(1_u16.to_be_bytes());
    block.extend(tag.to_be_bytes());
    block.extend(kind.to_be_bytes());
    block.extend(count.to_be_bytes());
    block.extend(value.to_be_bytes());
    block.extend(0_u32.to_be_bytes());
}

/// Adds all texts of an EXIF block that can be read.
pub(crate) fn add(texts: &mut Texts, block: &[u8]) {
    let fields = TiffFields::new(block);
    let Some(first) = fields.long(4) else { return };
    let of_camera = fields.entry(first, EXIF_DIRECTORY).and_then(|entry| fields.long(entry + 8));
    // Some writers put the comment with the picture's own fields.
    let comments = [of_camera, Some(first)].into_iter().flatten();
    let comments = comments.filter_map(|directory| fields.content(directory, COMMENT));
    for comment in comments.filter_map(|comment| text_of_comment(comment, fields.big_endian)) {
        texts.add(USER_COMMENT, comment);
    }
    for (tag, name) in NARROW {
        if let Some(letters) = fields.content(first, tag) {
            texts.add(name, of_unknown_order(letters, fields.big_endian, false).trim_end_matches('\0'));
        }
    }
    for (tag, name) in WIDE {
        if let Some(letters) = fields.content(first, tag) {
            texts.add(name, of_unknown_order(letters, false, true).trim_end_matches('\0'));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts_of(block: &[u8]) -> Texts {
        let mut texts = Texts::default();
        add(&mut texts, block);
        texts
    }

    #[test]
    fn a_comment_comes_back_and_damage_is_no_comment() {
        let text = "a \"red\" apple\nSteps: 20 🍎";
        let block = of_comment(text).unwrap();
        assert_eq!(texts_of(&block).get(USER_COMMENT), Some(text));
        for end in 0..block.len() - 1 {
            assert_eq!(texts_of(&block[..end]), Texts::default(), "cut at {end}");
        }
        assert_eq!(of_comment(&"x".repeat(40_000)), None);
    }

    #[test]
    fn texts_of_either_byte_order_are_read_and_damage_is_passed_over() {
        let text = b"prompt:{}\0";
        for big in [true, false] {
            let short = |value: u16| if big { value.to_be_bytes() } else { value.to_le_bytes() };
            let long = |value: u32| if big { value.to_be_bytes() } else { value.to_le_bytes() };
            let mut block = if big { b"MM\0\x2a".to_vec() } else { b"II\x2a\0".to_vec() };
            block.extend([&long(8)[..], &short(2)].concat());
            block.extend([&short(0x0110)[..], &short(2), &long(text.len() as u32), &long(38)].concat());
            block.extend([&short(0x9286)[..], &short(2), &long(3), b"ab\0\0"].concat());
            block.extend([&long(0)[..], text].concat());
            let mut wanted = Texts::default();
            wanted.add(USER_COMMENT, "ab");
            wanted.add(CAMERA, "prompt:{}");
            assert_eq!(texts_of(&block), wanted);
            assert_eq!(texts_of(&[b"Exif\0\0", &block[..]].concat()), wanted);
            for end in 0..block.len() {
                let _ = texts_of(&block[..end]);
            }
        }
    }
}
