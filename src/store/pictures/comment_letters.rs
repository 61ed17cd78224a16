//! The alphabets of a comment in EXIF: writers differ on the letters' byte order and on the header that names them, so
//! where two readings are possible the more plausible one is taken.

const HEADER_BYTES: usize = 8;
const ESCAPE: u8 = 0x1B;

/// The text of a comment with its header of eight bytes (EXIF 2.3, 4.6.5), or without one. `big_endian` is the order of
/// the block around it, which decides where nothing else does.
pub(super) fn text_of_comment(comment: &[u8], big_endian: bool) -> Option<String> {
    let (header, letters) = comment.split_at_checked(HEADER_BYTES).unwrap_or((&[], comment));
    let is_named = |name: &[u8]| {
        let (named, rest) = header.split_at_checked(name.len()).unwrap_or((&[], &[1]));
        named.eq_ignore_ascii_case(name) && rest.iter().all(|byte| matches!(byte, 0 | b' '))
    };
    let text = if is_named(b"UNICODE") {
        of_unknown_order(letters, big_endian, true)
    } else if is_named(b"JIS") {
        of_japanese(letters)
    } else if is_named(b"ASCII") || is_named(b"") && !header.is_empty() {
        of_unknown_order(letters, big_endian, false)
    } else {
        of_unknown_order(comment, big_endian, false)
    };
    let text = text.trim_end_matches('\0').trim_matches('\u{feff}').to_owned();
    (!text.trim().is_empty()).then_some(text)
}

/// By its mark, else by what is plausible. `is_wide` says that UTF-16 is expected.
pub(super) fn of_unknown_order(letters: &[u8], big_endian: bool, is_wide: bool) -> String {
    match letters {
        [0xFE, 0xFF, rest @ ..] => return of_wide(rest, true),
        [0xFF, 0xFE, rest @ ..] => return of_wide(rest, false),
        [0xEF, 0xBB, 0xBF, rest @ ..] => return of_narrow(rest),
        _ => {}
    }
    let content = letters.len() - letters.iter().rev().take_while(|byte| **byte == 0).count();
    let has_zeros = letters[..content].contains(&0);
    let is_narrow = !has_zeros && std::str::from_utf8(&letters[..content]).is_ok();
    // Two narrow letters make one wide one that is rarely seen beside others of its kind.
    if is_narrow && (!is_wide || letters[..content].is_ascii()) || !is_wide && !has_zeros {
        return of_narrow(&letters[..content]);
    }
    let (big, little) = (of_wide(letters, true), of_wide(letters, false));
    let is_big = match plausibility(&big).cmp(&plausibility(&little)) {
        std::cmp::Ordering::Equal => big_endian,
        order => order.is_gt(),
    };
    if is_big { big } else { little }
}

/// UTF-8, or else Latin letters of one byte.
fn of_narrow(letters: &[u8]) -> String {
    let latin = || letters.iter().map(|byte| char::from(*byte)).collect();
    std::str::from_utf8(letters).map_or_else(|_| latin(), str::to_owned)
}

fn of_wide(letters: &[u8], big_endian: bool) -> String {
    let unit = |pair: &[u8]| {
        let pair = [pair[0], pair[1]];
        if big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
    };
    let units = letters.chunks_exact(2).map(unit);
    char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// More letters of the plainest kind, fewer that cannot be, and fewer pages of the alphabet.
fn plausibility(text: &str) -> i64 {
    let text = text.trim_end_matches('\0');
    let is_odd = |letter: char| {
        letter.is_control() && !matches!(letter, '\n' | '\r' | '\t')
            || matches!(letter, '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..='\u{ffff}' | '\u{fdd0}'..='\u{fdef}')
    };
    let is_plain = |letter: char| letter.is_ascii() || matches!(letter, '\u{a0}'..='\u{2ff}' | '\u{3000}'..='\u{30ff}');
    let mut pages: Vec<u32> = text.chars().map(|letter| u32::from(letter) >> 8).collect();
    pages.sort_unstable();
    pages.dedup();
    let count = |is: &dyn Fn(char) -> bool| text.chars().filter(|letter| is(*letter)).count() as i64;
    count(&is_plain) - 2 * count(&is_odd) - pages.len() as i64
}

/// ISO-2022-JP: ASCII, kana and wide Latin letters; other signs of JIS X 0208 become the sign for what is unknown.
fn of_japanese(letters: &[u8]) -> String {
    if !letters.contains(&ESCAPE) {
        return of_narrow(&letters[..letters.iter().position(|byte| *byte == 0).unwrap_or(letters.len())]);
    }
    let (mut text, mut rest, mut is_double) = (String::new(), letters, false);
    while let [first, ..] = *rest {
        let length = match *rest {
            [ESCAPE, b'$', b'@' | b'B', ..] => {
                is_double = true;
                3
            }
            [ESCAPE, b'(', _, ..] => {
                is_double = false;
                3
            }
            [row, cell, ..] if is_double => {
                text.push(of_jis(row, cell));
                2
            }
            _ => {
                text.push(if first.is_ascii() { char::from(first) } else { char::REPLACEMENT_CHARACTER });
                1
            }
        };
        rest = &rest[length..];
    }
    text
}

fn of_jis(row: u8, cell: u8) -> char {
    let from = |start: u32| char::from_u32(start + u32::from(cell).saturating_sub(0x21));
    let letter = match (row, cell) {
        (0x21, 0x21) => Some('\u{3000}'),
        (0x21, 0x22) => Some('、'),
        (0x21, 0x23) => Some('。'),
        (0x21, 0x3C) => Some('ー'),
        (0x23, 0x30..=0x7A) => char::from_u32(0xFF00 + u32::from(cell) - 0x20),
        (0x24, 0x21..=0x73) => from(0x3041),
        (0x25, 0x21..=0x76) => from(0x30A1),
        _ => None,
    };
    letter.unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 5] = [
        "a red apple\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 512x512",
        "grüne Äpfel, süß\nSteps: 9, Seed: 1",
        "赤いりんご、傑作\nNegative prompt: 低品質\nSteps: 20",
        "красное яблоко 🍎\nSteps: 3",
        "一个红苹果放在木桌上",
    ];

    fn wide(text: &str, big_endian: bool) -> Vec<u8> {
        let bytes = |unit: u16| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() };
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn utf_16_is_read_in_either_order_whatever_stands_around_it() {
        for text in TEXTS {
            for letters_big in [true, false] {
                for around in [true, false] {
                    let letters = wide(text, letters_big);
                    let mark = wide("\u{feff}", letters_big);
                    let with_ending = [letters.clone(), vec![0, 0]].concat();
                    let marked = [mark, letters.clone()].concat();
                    // Without one plain letter only the mark, or the block's own order, can tell.
                    let is_plain = text.is_ascii() || text.contains("Steps");
                    for (letters, is_sure) in [(marked, true), (letters, is_plain), (with_ending, is_plain)] {
                        if !is_sure && letters_big != around {
                            continue;
                        }
                        for header in [&b"UNICODE\0"[..], b"Unicode\0", &[0; 8], b""] {
                            if !is_sure && header != b"UNICODE\0" {
                                continue;
                            }
                            let comment = [header, &letters].concat();
                            assert_eq!(text_of_comment(&comment, around).as_deref(), Some(text), "{header:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn narrow_letters_are_read_under_any_header() {
        for text in TEXTS {
            for header in [&b"ASCII\0\0\0"[..], &[0; 8], b"", b"JIS\0\0\0\0\0"] {
                for ending in [&b""[..], b"\0", b"\0\0\0"] {
                    let comment = [header, text.as_bytes(), ending].concat();
                    assert_eq!(text_of_comment(&comment, false).as_deref(), Some(text), "{header:?} {ending:?}");
                }
            }
        }
        let ascii = [&b"UNICODE\0"[..], TEXTS[0].as_bytes()].concat();
        assert_eq!(text_of_comment(&ascii, true).as_deref(), Some(TEXTS[0]), "UTF-8 under the wrong name");
        assert_eq!(text_of_comment(b"ASCII\0\0\0caf\xe9", true).as_deref(), Some("café"), "Latin 1");
        for nothing in [&b""[..], &[0; 8], b"ASCII\0\0\0", b"UNICODE\0\0\0", b"UNICODE\0\xfe\xff"] {
            assert_eq!(text_of_comment(nothing, true), None, "{nothing:?}");
        }
    }

    #[test]
    fn japanese_comments_keep_their_latin_letters_and_kana() {
        let comment = b"JIS\0\0\0\0\0\x1b$B$j$s$4%j@V\x1b(B apple\nSteps: 5";
        assert_eq!(text_of_comment(comment, true).as_deref(), Some("りんごリ\u{fffd} apple\nSteps: 5"));
    }
}
