//! Numbers and boxes of ISO's media files (ISO/IEC 14496-12), read from bytes that a stranger wrote.

/// Bytes that are read from the front; `None` where they end too early.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number of up to 8 bytes, the largest first; of none it is 0.
    pub(super) fn number(&mut self, bytes: usize) -> Option<u64> {
        let taken = self.take(bytes).filter(|taken| taken.len() <= 8)?;
        Some(taken.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|taken| taken[0])
    }

    pub(super) fn word(&mut self) -> Option<u32> {
        self.number(4).map(|number| number as u32)
    }

    pub(super) fn name(&mut self) -> Option<[u8; 4]> {
        self.take(4).and_then(|name| name.try_into().ok())
    }

    /// What a full box begins with: its version and its flags.
    pub(super) fn version_and_flags(&mut self) -> Option<(u8, u32)> {
        self.word().map(|word| ((word >> 24) as u8, word & 0xFF_FFFF))
    }
}

/// The boxes in a row, by name and content. A box that is longer than what there is ends where that ends.
pub(super) fn boxes(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut left = Fields(bytes);
    std::iter::from_fn(move || {
        let whole = left.0.len() as u64;
        let short = u64::from(left.word()?);
        let name = left.name()?;
        let (length, head) = match short {
            0 => (whole, 8),
            1 => (left.number(8)?, 16),
            _ => (short, 8),
        };
        let content = length.checked_sub(head)?.min(left.0.len() as u64);
        Some((name, left.take(content as usize)?))
    })
}

/// The content of the first box of that name.
pub(super) fn inside(bytes: &[u8], name: [u8; 4]) -> Option<&[u8]> {
    boxes(bytes).find(|(found, _)| *found == name).map(|(_, content)| content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_of_every_way_to_say_a_length_are_found_and_false_lengths_end_the_row() {
        let long = b"\0\0\0\x01long\0\0\0\0\0\0\0\x11x";
        let file = [&b"\0\0\0\x09abcdz"[..], long, b"\0\0\0\0last12"].concat();
        let found: Vec<_> = boxes(&file).collect();
        assert_eq!(found, [(*b"abcd", &b"z"[..]), (*b"long", b"x"), (*b"last", b"12")]);
        assert_eq!(boxes(b"\0\0\0\x07abcd").count(), 0, "shorter than its own head");
        assert_eq!(inside(b"\0\0\0\xffabcd12", *b"abcd"), Some(&b"12"[..]));
        assert_eq!(inside(b"\0\0\0\x01abcd\xff\xff\xff\xff\xff\xff\xff\xffz", *b"abcd"), Some(&b"z"[..]));
    }

    #[test]
    fn numbers_end_where_the_bytes_do() {
        let mut fields = Fields(&[1, 2, 3]);
        assert_eq!(
            (fields.number(2), fields.number(0), fields.word(), fields.byte()),
            (Some(258), Some(0), None, Some(3))
        );
    }
}
