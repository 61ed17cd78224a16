//! The comment in EXIF, where JPEG and WebP files carry AUTOMATIC1111's `parameters`, and the descriptions beside it.
//!
//! The layout is TIFF 6.0's and EXIF 2.3's.

use super::comment_letters::{of_unknown_order, text_of_comment};

const EXIF_DIRECTORY: u16 = 0x8769;
const USER_COMMENT: u16 = 0x9286;
const IMAGE_DESCRIPTION: u16 = 0x010E;
/// Windows' own comment and title, in little-endian UTF-16.
const XP_COMMENT: u16 = 0x9C9C;
const XP_TITLE: u16 = 0x9C9B;
const LONG: u16 = 4;
const UNDEFINED: u16 = 7;
/// The comment says its alphabet first.
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
    push_directory(&mut block, USER_COMMENT, UNDEFINED, comment.len() as u32, first_end + DIRECTORY_BYTES);
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

/// The comment in an EXIF block, if there is one that can be read.
pub(crate) fn comment_of(block: &[u8]) -> Option<String> {
    let block = Block::new(block);
    let first = block.long(4)?;
    let of_camera = block.entry(first, EXIF_DIRECTORY).and_then(|entry| block.long(entry + 8));
    let comment = of_camera.and_then(|directory| block.content(directory, USER_COMMENT));
    // Some writers put it with the picture's own fields.
    let comment = comment.or_else(|| block.content(first, USER_COMMENT))?;
    text_of_comment(comment, block.big_endian)
}

/// What the picture's descriptions say, the likeliest first.
pub(crate) fn descriptions_of(block: &[u8]) -> Vec<String> {
    let block = Block::new(block);
    let Some(first) = block.long(4) else { return Vec::new() };
    let narrow = || Some(of_unknown_order(block.content(first, IMAGE_DESCRIPTION)?, block.big_endian, false));
    let wide = |tag| Some(of_unknown_order(block.content(first, tag)?, false, true));
    let texts = [wide(XP_COMMENT), narrow(), wide(XP_TITLE)].into_iter().flatten();
    texts.map(|text| text.trim_end_matches('\0').to_owned()).filter(|text| !text.trim().is_empty()).collect()
}

/// A TIFF's bytes, which its directories lie in.
pub(super) struct Block<'a> {
    bytes: &'a [u8],
    pub big_endian: bool,
}

impl<'a> Block<'a> {
    /// With or without the marker that JPEG puts before it.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let bytes = bytes.strip_prefix(b"Exif\0\0").unwrap_or(bytes);
        Self { bytes, big_endian: bytes.starts_with(b"MM") }
    }

    /// The bytes of the field of this tag, in the directory at `offset`.
    fn content(&self, offset: usize, tag: u16) -> Option<&'a [u8]> {
        let entry = self.entry(offset, tag)?;
        let length = self.long(entry + 4)?;
        // What fits into four bytes stands in the entry itself.
        let start = if length <= 4 { entry + 8 } else { self.long(entry + 8)? };
        self.bytes.get(start..start.checked_add(length)?)
    }

    /// Where the entry of this tag begins, in the directory at `offset`.
    pub(super) fn entry(&self, offset: usize, tag: u16) -> Option<usize> {
        let count = usize::from(self.short(offset)?);
        (0..count).map(|index| offset + 2 + 12 * index).find(|&entry| self.short(entry) == Some(tag))
    }

    pub(super) fn short(&self, offset: usize) -> Option<u16> {
        let bytes = self.bytes.get(offset..offset.checked_add(2)?)?.try_into().ok()?;
        Some(if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    pub(super) fn long(&self, offset: usize) -> Option<usize> {
        let bytes = self.bytes.get(offset..offset.checked_add(4)?)?.try_into().ok()?;
        let value = if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
        usize::try_from(value).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_comes_back_and_damage_is_no_comment() {
        let text = "a \"red\" apple\nSteps: 20 🍎";
        let block = of_comment(text).unwrap();
        assert_eq!(comment_of(&block).as_deref(), Some(text));
        for end in 0..block.len() - 1 {
            assert_eq!(comment_of(&block[..end]), None, "cut at {end}");
        }
        assert_eq!(of_comment(&"x".repeat(40_000)), None);
    }
}
