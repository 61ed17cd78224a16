//! The texts in EXIF: the comment, where JPEG and WebP files carry AUTOMATIC1111's `parameters`, the descriptions beside
//! it, the fields of cameras into which some programs write their settings, and our own exact copy in the maker's note.
//!
//! The layout is TIFF 6.0's and EXIF 2.3's.

use crate::store::pictures::decode::tiff_fields::TiffFields;
use crate::store::pictures::metadata::comment_letters::{of_unknown_order, text_of_comment};
use crate::store::pictures::metadata::parameters::REQUEST_KEY;
use crate::store::pictures::programs::Texts;
use crate::store::pictures::programs::texts::{
    CAMERA, DESCRIPTION, MAKE, SOFTWARE, USER_COMMENT, WINDOWS_COMMENT, WINDOWS_TITLE,
};

const EXIF_DIRECTORY: u16 = 0x8769;
const COMMENT: u16 = 0x9286;
/// A place for whatever the maker of the file likes: here our settings as JSON, behind our name.
const MAKERS_NOTE: u16 = 0x927C;
const OUR_NOTE: &[u8] = b"inkwick\0";
/// The picture's own fields, in one byte a letter.
const NARROW: [(u16, &str); 4] = [(0x010E, DESCRIPTION), (0x010F, MAKE), (0x0110, CAMERA), (0x0131, SOFTWARE)];
/// Windows' own, in little-endian UTF-16.
const WIDE: [(u16, &str); 2] = [(0x9C9C, WINDOWS_COMMENT), (0x9C9B, WINDOWS_TITLE)];
const LONG: u16 = 4;
const UNDEFINED: u16 = 7;
/// A comment begins with the name of its alphabet.
const UNICODE: &[u8] = b"UNICODE\0";
const HEADER_BYTES: u32 = 8;
/// A JPEG segment ends at 64 KiB.
const MAX_BYTES: usize = 65_000;

/// An EXIF block with a comment and our own note. Where both are too long for a file, the note alone: it is exact. `None`
/// where nothing of it fits, or there is nothing.
pub(crate) fn of_texts(comment: Option<&str>, note: Option<&str>) -> Option<Vec<u8>> {
    let letters = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    let comment = comment.map(|comment| (COMMENT, [UNICODE, &letters(comment)].concat()));
    let note = note.map(|note| (MAKERS_NOTE, [OUR_NOTE, note.as_bytes()].concat()));
    // In the order of their tags, as TIFF wants it.
    let both: Vec<_> = note.iter().chain(&comment).collect();
    let alone = both.clone().into_iter().map(|field| vec![field]);
    let fits = |fields: &Vec<_>| !fields.is_empty() && bytes_of(fields) <= MAX_BYTES;
    [both.clone()].into_iter().chain(alone).find(fits).map(|fields| block_of(&fields))
}

fn bytes_of(fields: &[&(u16, Vec<u8>)]) -> usize {
    fields.iter().map(|(_, content)| content.len()).sum()
}

fn block_of(fields: &[&(u16, Vec<u8>)]) -> Vec<u8> {
    /// A count before the entries, and the offset of the next directory behind them.
    const AROUND_ENTRIES: u32 = 2 + 4;
    const ENTRY_BYTES: u32 = 12;
    let mut block = b"MM\0\x2a".to_vec();
    block.extend(HEADER_BYTES.to_be_bytes());
    let of_camera = HEADER_BYTES + AROUND_ENTRIES + ENTRY_BYTES;
    push_directory(&mut block, &[(EXIF_DIRECTORY, LONG, 1, of_camera)]);
    let mut at = of_camera + AROUND_ENTRIES + fields.len() as u32 * ENTRY_BYTES;
    let entries: Vec<_> = fields
        .iter()
        .map(|(tag, content)| {
            let entry = (*tag, UNDEFINED, content.len() as u32, at);
            at += entry.2;
            entry
        })
        .collect();
    push_directory(&mut block, &entries);
    for (_, content) in fields {
        block.extend(content);
    }
    block
}

/// Of entries with their tag, type, count and value or offset.
fn push_directory(block: &mut Vec<u8>, entries: &[(u16, u16, u32, u32)]) {
    block.extend((entries.len() as u16).to_be_bytes());
    for (tag, kind, count, value) in entries {
        block.extend(tag.to_be_bytes());
        block.extend(kind.to_be_bytes());
        block.extend(count.to_be_bytes());
        block.extend(value.to_be_bytes());
    }
    block.extend(0_u32.to_be_bytes());
}

/// Adds all texts of an EXIF block that can be read.
pub(crate) fn add(texts: &mut Texts, block: &[u8]) {
    let fields = TiffFields::new(block);
    let Some(first) = fields.long(4) else { return };
    let of_camera = fields.entry(first, EXIF_DIRECTORY).and_then(|entry| fields.long(entry + 8));
    // Some writers put the comment with the picture's own fields.
    let note = of_camera.and_then(|directory| fields.content(directory, MAKERS_NOTE)?.strip_prefix(OUR_NOTE));
    if let Some(json) = note.and_then(|note| std::str::from_utf8(note).ok()) {
        texts.add(REQUEST_KEY, json);
    }
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
        let block = of_texts(Some(text), None).unwrap();
        assert_eq!(texts_of(&block).get(USER_COMMENT), Some(text));
        for end in 0..block.len() - 1 {
            assert_eq!(texts_of(&block[..end]), Texts::default(), "cut at {end}");
        }
        assert_eq!(of_texts(Some(&"x".repeat(40_000)), None), None);
    }

    #[test]
    fn our_own_note_stands_beside_the_comment_and_is_kept_where_only_one_has_room() {
        let (comment, note) = ("a fox\nSteps: 20", "{\"prompt\":\"a fox 🍎\"}");
        let texts = texts_of(&of_texts(Some(comment), Some(note)).unwrap());
        assert_eq!((texts.get(USER_COMMENT), texts.get(REQUEST_KEY)), (Some(comment), Some(note)));
        let texts = texts_of(&of_texts(Some(&"x".repeat(40_000)), Some(note)).unwrap());
        assert_eq!((texts.get(USER_COMMENT), texts.get(REQUEST_KEY)), (None, Some(note)));
        let texts = texts_of(&of_texts(Some(comment), Some(&"x".repeat(70_000))).unwrap());
        assert_eq!((texts.get(USER_COMMENT), texts.get(REQUEST_KEY)), (Some(comment), None));
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
