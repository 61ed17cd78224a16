//! The caption of IPTC, which Photoshop's resources carry in JPEG, and profiles that PNG has as hexadecimal text.

use crate::store::pictures::programs::Texts;
use crate::store::pictures::programs::texts::CAPTION;

/// Adds the caption, if there is one.
pub(crate) fn add(texts: &mut Texts, block: &[u8]) {
    if let Some(caption) = caption_of(block) {
        texts.add(CAPTION, caption);
    }
}

/// IPTC's data set 2:120, also inside Photoshop's resources.
fn caption_of(block: &[u8]) -> Option<String> {
    const CAPTION_MARK: &[u8] = &[0x1c, 2, 120];
    let at = block.windows(CAPTION_MARK.len()).position(|window| window == CAPTION_MARK)? + CAPTION_MARK.len();
    let length = usize::from(u16::from_be_bytes([*block.get(at)?, *block.get(at + 1)?]));
    let (start, length) = if length & 0x8000 == 0 {
        (at + 2, length)
    } else {
        // Longer texts say how many bytes their length has.
        let digits = block.get(at + 2..at + 2 + (length & 0x7fff).min(4))?;
        let length = digits.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
        (at + 2 + digits.len(), length)
    };
    Some(String::from_utf8_lossy(block.get(start..start.checked_add(length)?)?).into_owned())
}

/// The bytes of a `Raw profile type …` text: a name, a length, and digits in lines.
pub(crate) fn raw_profile(text: &str) -> Option<Vec<u8>> {
    let mut words = text.split_whitespace();
    let (_, length) = (words.next()?, words.next()?.parse::<usize>().ok()?);
    let digits: Vec<u8> = words.flat_map(str::bytes).collect();
    let bytes: Option<Vec<u8>> = digits.chunks_exact(2).map(byte_of).collect();
    bytes.filter(|bytes| bytes.len() == length)
}

fn byte_of(pair: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_and_profiles_are_read_and_damage_is_none() {
        let short = [&b"8BIM\x04\x04\0\0\0\0\0\x08\x1c\x02\x78\0\x03"[..], b"fox"].concat();
        let long = [&[0x1c, 2, 120, 0x80, 4, 0, 0, 0, 3][..], b"fox"].concat();
        for block in [short, long] {
            assert_eq!(caption_of(&block).as_deref(), Some("fox"));
            for end in 0..block.len() {
                assert_eq!(caption_of(&block[..end]), None);
            }
        }
        assert_eq!(raw_profile("\niptc\n       3\n666f\n78\n").as_deref(), Some(&b"fox"[..]));
        for broken in ["", "iptc", "iptc 3 66", "iptc 1 zz", "iptc 99999999999999999999 66", "iptc 1 \u{e9}"] {
            assert_eq!(raw_profile(broken), None, "{broken}");
        }
    }
}
