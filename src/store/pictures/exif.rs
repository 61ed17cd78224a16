//! The user comment in EXIF, where JPEG and WebP files carry AUTOMATIC1111's `parameters`.
//!
//! Only this one field is written and read; the layout is TIFF 6.0's and EXIF 2.3's.

const EXIF_DIRECTORY: u16 = 0x8769;
const USER_COMMENT: u16 = 0x9286;
const LONG: u16 = 4;
const UNDEFINED: u16 = 7;
/// The comment says its alphabet first.
const UNICODE: &[u8] = b"UNICODE\0";
const ASCII: &[u8] = b"ASCII\0\0\0";
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
    let block = Block { bytes: block, big_endian: block.starts_with(b"MM") };
    let first = block.long(4)?;
    let directory = block.entry(first, EXIF_DIRECTORY)?;
    let entry = block.entry(block.long(directory + 8)?, USER_COMMENT)?;
    let (length, start) = (block.long(entry + 4)?, block.long(entry + 8)?);
    let comment = block.bytes.get(start..start.checked_add(length)?)?;
    if let Some(letters) = comment.strip_prefix(UNICODE) {
        // AUTOMATIC1111 writes big-endian letters whatever the block's own order is.
        let units: Vec<u16> = letters.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
        return String::from_utf16(&units).ok();
    }
    String::from_utf8(comment.strip_prefix(ASCII)?.to_vec()).ok()
}

struct Block<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

impl Block<'_> {
    /// Where the entry of this tag begins, in the directory at `offset`.
    fn entry(&self, offset: usize, tag: u16) -> Option<usize> {
        let count = usize::from(self.short(offset)?);
        (0..count).map(|index| offset + 2 + 12 * index).find(|&entry| self.short(entry) == Some(tag))
    }

    fn short(&self, offset: usize) -> Option<u16> {
        let bytes = self.bytes.get(offset..offset.checked_add(2)?)?.try_into().ok()?;
        Some(if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    fn long(&self, offset: usize) -> Option<usize> {
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
