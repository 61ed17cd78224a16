//! EXIF's texts: the user comment, and the fields of cameras into which some programs write their settings.

use crate::store::pictures::exif;
use crate::store::pictures::programs::Texts;
use crate::store::pictures::programs::texts::{CAMERA, DESCRIPTION, MAKE, SOFTWARE, USER_COMMENT};

const ASCII: u16 = 2;
/// A directory of more fields than any file has, and a text longer than any settings.
const MOST_FIELDS: usize = 1000;
const MOST_BYTES: usize = 4 << 20;

/// The comment too: Pillow puts it among the cameras' fields, as plain text.
const FIELDS: [(u16, &str); 5] =
    [(0x010e, DESCRIPTION), (0x010f, MAKE), (0x0110, CAMERA), (0x0131, SOFTWARE), (0x9286, USER_COMMENT)];

/// Adds all texts of an EXIF block.
pub(crate) fn add(texts: &mut Texts, block: &[u8]) {
    if let Some(comment) = exif::comment_of(block) {
        texts.add(USER_COMMENT, comment);
    }
    for (name, text) in texts_of(block) {
        if name != USER_COMMENT || texts.get(USER_COMMENT).is_none() {
            texts.add(name, text);
        }
    }
}

/// The texts of the first directory.
fn texts_of(block: &[u8]) -> Vec<(&'static str, String)> {
    // JPEG's mark, where the block still has it.
    let block = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
    let reader = Reader { bytes: block, big_endian: block.starts_with(b"MM") };
    reader.long(4).and_then(|first| reader.texts(first)).unwrap_or_default()
}

struct Reader<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

impl Reader<'_> {
    fn texts(&self, directory: usize) -> Option<Vec<(&'static str, String)>> {
        let count = usize::from(self.short(directory)?).min(MOST_FIELDS);
        let entries = (0..count).map(|index| directory + 2 + 12 * index);
        Some(entries.filter_map(|entry| self.text(entry)).collect())
    }

    fn text(&self, entry: usize) -> Option<(&'static str, String)> {
        let tag = self.short(entry)?;
        let (_, name) = FIELDS.into_iter().find(|(known, _)| *known == tag)?;
        if self.short(entry + 2)? != ASCII {
            return None;
        }
        let length = self.long(entry + 4)?;
        // Four bytes have room in the entry itself.
        let start = if length <= 4 { entry + 8 } else { self.long(entry + 8)? };
        let bytes = self.bytes.get(start..start.checked_add(length.min(MOST_BYTES))?)?;
        let text = String::from_utf8_lossy(bytes);
        Some((name, text.trim_end_matches('\0').to_owned()))
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
            let wanted = [(CAMERA, "prompt:{}".to_owned()), (USER_COMMENT, "ab".to_owned())];
            assert_eq!(texts_of(&block), wanted);
            assert_eq!(texts_of(&[b"Exif\0\0", &block[..]].concat()), wanted);
            for end in 0..block.len() {
                let _ = texts_of(&block[..end]);
            }
        }
    }
}
