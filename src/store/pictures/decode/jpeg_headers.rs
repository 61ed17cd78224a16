//! The segments of a JPEG file before its data: what kind of frame it has, and Adobe's word on its inks.

/// What the frame header says (ITU-T T.81, B.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The marker's second byte: 0xC0 to 0xC2 are baseline, extended and progressive with Huffman codes.
    pub marker: u8,
    pub bits: u8,
    pub width: usize,
    pub height: usize,
    pub components: Vec<Component>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Component {
    pub id: u8,
    /// Samples across and down for each of the frame's units.
    pub across: usize,
    pub down: usize,
}

/// One marker segment: its second byte, where its content begins, and its content.
pub(crate) struct Segment<'a> {
    pub marker: u8,
    pub start: usize,
    pub content: &'a [u8],
}

/// The segment that begins at or after `at`, wherever the next marker stands; `None` at the end of the file. Markers
/// without content are passed over, except that of the picture's end.
pub(crate) fn next_segment(bytes: &[u8], mut at: usize) -> Option<Segment<'_>> {
    loop {
        at += bytes.get(at..)?.iter().position(|byte| *byte == 0xFF)?;
        match *bytes.get(at + 1)? {
            // Stuffed and fill bytes, restarts, and the picture's start.
            0xFF => at += 1,
            0x00 | 0x01 | 0xD0..=0xD8 => at += 2,
            0xD9 => return Some(Segment { marker: 0xD9, start: at + 2, content: &[] }),
            marker => {
                let length = usize::from(u16::from_be_bytes([*bytes.get(at + 2)?, *bytes.get(at + 3)?]));
                let content = bytes.get(at + 4..(at + 2).checked_add(length)?)?;
                return Some(Segment { marker, start: at + 4, content });
            }
        }
    }
}

/// How much of a file is whole segments and picture data: one that ends early may end inside a segment, which no reader
/// takes.
pub(crate) fn end_of_whole_segments(bytes: &[u8]) -> usize {
    let mut at = 2;
    while let Some(segment) = next_segment(bytes, at).filter(|segment| segment.marker != 0xD9) {
        at = segment.end();
    }
    // Data of the last scan, up to a segment that is not whole.
    while let Some(offset) = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == 0xFF)) {
        at += offset;
        match bytes.get(at + 1) {
            Some(0xFF) => at += 1,
            Some(0x00 | 0x01 | 0xD0..=0xD9) => at += 2,
            _ => return at,
        }
    }
    bytes.len()
}

impl Segment<'_> {
    pub(crate) fn end(&self) -> usize {
        self.start + self.content.len()
    }

    pub(crate) fn is_frame(&self) -> bool {
        matches!(self.marker, 0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF | 0xF7)
    }

    /// Whether the picture's data begins behind it.
    pub(crate) fn is_scan(&self) -> bool {
        self.marker == 0xDA
    }
}

impl Frame {
    /// The frame header of a JPEG file, behind segments of any size.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        header_segments(bytes).find(Segment::is_frame).and_then(|segment| Self::parsed(&segment))
    }

    pub(crate) fn parsed(segment: &Segment<'_>) -> Option<Self> {
        let (head, components) = segment.content.split_at_checked(6)?;
        let count = usize::from(head[5]);
        let components = components.get(..count * 3)?.chunks_exact(3).map(|part| Component {
            id: part[0],
            across: usize::from(part[1] >> 4),
            down: usize::from(part[1] & 15),
        });
        Some(Self {
            marker: segment.marker,
            bits: head[0],
            height: usize::from(u16::from_be_bytes([head[1], head[2]])),
            width: usize::from(u16::from_be_bytes([head[3], head[4]])),
            components: components.collect(),
        })
    }
}

/// Where Adobe's segment says what was done to the colours: 2 is YCCK, 1 `YCbCr`, 0 nothing.
pub(crate) fn adobe_transform_place(bytes: &[u8]) -> Option<usize> {
    let is_adobe = |segment: &Segment<'_>| {
        segment.marker == 0xEE && segment.content.len() >= 12 && segment.content.starts_with(b"Adobe")
    };
    header_segments(bytes).filter(is_adobe).map(|segment| segment.start + 11).last()
}

/// Adobe's transform 0 says of three colours that they are RGB. Readers that look at the colours' names alone see
/// these.
pub(crate) fn name_rgb(bytes: &mut [u8]) {
    let Some(frame) = Frame::of(bytes).filter(|frame| frame.components.len() == 3) else { return };
    if adobe_transform_place(bytes).is_none_or(|place| bytes[place] != 0) {
        return;
    }
    let mut places = Vec::new();
    let mut at = 2;
    while let Some(segment) = next_segment(bytes, at).filter(|segment| segment.marker != 0xD9) {
        at = segment.end();
        let start = segment.start;
        if segment.is_frame() {
            places.extend((0..3).map(|index| start + 6 + 3 * index));
        } else if segment.is_scan() {
            let count = segment.content.first().map_or(0, |count| usize::from(*count));
            places.extend((0..count).map(|index| start + 1 + 2 * index).filter(|place| *place < at));
        }
    }
    for place in places {
        let index = frame.components.iter().position(|part| part.id == bytes[place]);
        if let Some(name) = index.and_then(|index| b"RGB".get(index)) {
            bytes[place] = *name;
        }
    }
}

/// Whether there are parts of a colour profile.
pub(crate) fn has_profile(bytes: &[u8]) -> bool {
    header_segments(bytes).any(|segment| segment.marker == 0xE2 && segment.content.starts_with(b"ICC_PROFILE\0"))
}

fn header_segments(bytes: &[u8]) -> impl Iterator<Item = Segment<'_>> {
    let mut at = if bytes.starts_with(&[0xFF, 0xD8]) { 2 } else { bytes.len() };
    std::iter::from_fn(move || {
        let segment = next_segment(bytes, at)?;
        at = segment.end();
        Some(segment)
    })
    .take_while(|segment| !segment.is_scan() && segment.marker != 0xD9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_is_found_behind_segments_of_any_size() {
        for (count, length) in [(0, 0), (1, 2), (7, 65_533)] {
            let mut bytes = vec![0xFF, 0xD8];
            for _ in 0..count {
                bytes.extend([0xFF, 0xFF, 0xE2]);
                bytes.extend((length as u16 + 2).to_be_bytes());
                bytes.extend(vec![0xC0; length]);
            }
            bytes.extend([0xFF, 0xEE, 0, 14]);
            bytes.extend(b"Adobe\0\x64\0\0\0\0\x02");
            bytes.extend([0xFF, 0xC2, 0, 14, 8, 0, 5, 0, 7, 2, 1, 0x21, 0, 2, 0x11, 1]);
            let frame = Frame::of(&bytes).unwrap();
            assert_eq!((frame.marker, frame.bits, frame.width, frame.height), (0xC2, 8, 7, 5));
            assert_eq!(frame.components[0], Component { id: 1, across: 2, down: 1 });
            assert_eq!(bytes[adobe_transform_place(&bytes).unwrap()], 2);
            assert!((0..bytes.len() - 4).all(|end| Frame::of(&bytes[..end]).is_none()));
        }
    }
}
