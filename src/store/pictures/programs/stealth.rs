//! Text in the lowest bits of a picture's pixels, as NovelAI and an extension of AUTOMATIC1111 hide it: column by column,
//! a mark, a length in bits, and the text, packed by gzip or not. In the opacity alone, or in red, green and blue.

use std::io::Read;

/// More than any settings take, packed and unpacked.
const MOST_BYTES: usize = 4 << 20;
const MARK_BYTES: usize = 15;

/// The hidden text of a picture in rows of RGBA pixels.
pub(crate) fn hidden_text(width: u32, rgba: &[u8]) -> Option<String> {
    let width = usize::try_from(width).ok().filter(|width| *width > 0)?;
    let height = rgba.len() / 4 / width;
    [&[3][..], &[0, 1, 2]].iter().find_map(|channels| {
        let mut bits = Bits { width, height, rgba, channels, at: 0 };
        let mark = bits.bytes(MARK_BYTES)?;
        let (packed, wanted) = match mark.as_slice() {
            b"stealth_pnginfo" => (false, 1),
            b"stealth_pngcomp" => (true, 1),
            b"stealth_rgbinfo" => (false, 3),
            b"stealth_rgbcomp" => (true, 3),
            _ => return None,
        };
        if channels.len() != wanted {
            return None;
        }
        let length = bits.bytes(4)?.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte)) / 8;
        let hidden = bits.bytes(Some(length).filter(|length| *length <= MOST_BYTES)?)?;
        if !packed {
            return String::from_utf8(hidden).ok();
        }
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(hidden.as_slice()).take(MOST_BYTES as u64).read_to_end(&mut text).ok()?;
        String::from_utf8(text).ok()
    })
}

struct Bits<'a> {
    width: usize,
    height: usize,
    rgba: &'a [u8],
    channels: &'a [usize],
    at: usize,
}

impl Bits<'_> {
    /// The next bytes, or `None` when the picture ends before.
    fn bytes(&mut self, count: usize) -> Option<Vec<u8>> {
        let room = self.width * self.height * self.channels.len();
        if count > room.checked_sub(self.at)? / 8 {
            return None;
        }
        Some((0..count).map(|_| (0..8).fold(0, |byte, _| byte << 1 | self.bit())).collect())
    }

    fn bit(&mut self) -> u8 {
        let (pixel, channel) = (self.at / self.channels.len(), self.channels[self.at % self.channels.len()]);
        let (x, y) = (pixel / self.height, pixel % self.height);
        self.at += 1;
        self.rgba[4 * (y * self.width + x) + channel] & 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hide(mark: &[u8], length_bits: usize, payload: &[u8], channels: &[usize]) -> Vec<u8> {
        let (width, height) = (64, 48);
        let mut rgba = vec![254; width * height * 4];
        let bytes = [mark, &(length_bits as u32).to_be_bytes(), payload].concat();
        for (at, bit) in bytes.iter().flat_map(|byte| (0..8).rev().map(move |shift| byte >> shift & 1)).enumerate() {
            let (pixel, channel) = (at / channels.len(), channels[at % channels.len()]);
            rgba[4 * (pixel % height * width + pixel / height) + channel] |= bit;
        }
        rgba
    }

    #[test]
    fn all_four_forms_are_read_and_lies_are_not_believed() {
        use std::io::Write;
        let text = "{\"prompt\": \"a fox 🦊\"}";
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packer.write_all(text.as_bytes()).unwrap();
        let packed = packer.finish().unwrap();
        for (mark, payload, channels) in [
            (b"stealth_pnginfo", text.as_bytes(), &[3][..]),
            (b"stealth_pngcomp", &packed, &[3]),
            (b"stealth_rgbinfo", text.as_bytes(), &[0, 1, 2]),
            (b"stealth_rgbcomp", &packed, &[0, 1, 2]),
        ] {
            let rgba = hide(mark, payload.len() * 8, payload, channels);
            assert_eq!(hidden_text(64, &rgba).as_deref(), Some(text));
            for lie in [usize::MAX >> 1, 1 << 31, 64 * 48, 0] {
                let _ = hidden_text(64, &hide(mark, lie, payload, channels));
            }
        }
        for empty in [&[][..], &[1; 4], &[255; 400]] {
            assert_eq!(hidden_text(1, empty), None);
        }
        assert_eq!(hidden_text(0, &[1; 4]), None);
    }
}
