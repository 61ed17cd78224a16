//! Huffman codes and bits of a JPEG's data, read without making a picture of them.

/// Codes of up to 16 bits (ITU-T T.81, C.2): for each 16 bits that may come, the code's length and its value.
pub(super) struct Codes {
    lengths_and_values: Vec<(u8, u8)>,
}

impl Codes {
    /// From the counts of codes of each length, and the values in order. `None` when they do not fit into 16 bits.
    pub(super) fn new(counts: &[u8], values: &[u8]) -> Option<Self> {
        let mut lengths_and_values = Vec::with_capacity(1 << 16);
        let mut values = values.iter();
        for (length, count) in (1_u8..=16).zip(counts) {
            for _ in 0..*count {
                let room = 1_usize << (16 - length);
                let end = lengths_and_values.len() + room;
                if end > 1 << 16 {
                    return None;
                }
                lengths_and_values.resize(end, (length, *values.next()?));
            }
        }
        lengths_and_values.resize(1 << 16, (0, 0));
        Some(Self { lengths_and_values })
    }
}

/// The bits of one scan: stuffed zeros are taken out, and a marker or the file's end is the end.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    held: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, held: 0, count: 0 }
    }

    /// Where the next byte would be read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    fn fill(&mut self) {
        while self.count <= 48 {
            let Some(&byte) = self.bytes.get(self.at) else { return };
            if byte == 0xFF {
                if self.bytes.get(self.at + 1) != Some(&0) {
                    return;
                }
                self.at += 1;
            }
            self.at += 1;
            self.held = (self.held << 8) | u64::from(byte);
            self.count += 8;
        }
    }

    /// So many bits, at most 16.
    pub(super) fn take(&mut self, count: u32) -> Option<u32> {
        if self.count < count {
            self.fill();
        }
        self.count = self.count.checked_sub(count)?;
        Some(((self.held >> self.count) as u32) & ((1 << count) - 1))
    }

    pub(super) fn code(&mut self, codes: &Codes) -> Option<u8> {
        if self.count < 16 {
            self.fill();
        }
        let next =
            if self.count >= 16 { self.held >> (self.count - 16) } else { self.held << (16 - self.count) } & 0xFFFF;
        let (length, value) = *codes.lengths_and_values.get(next as usize)?;
        if length == 0 {
            return None;
        }
        self.count = self.count.checked_sub(u32::from(length))?;
        Some(value)
    }

    /// Goes over a restart marker; `None` when there is none.
    pub(super) fn restart(&mut self) -> Option<()> {
        (self.held, self.count) = (0, 0);
        while self.bytes.get(self.at) == Some(&0xFF) && self.bytes.get(self.at + 1) == Some(&0xFF) {
            self.at += 1;
        }
        match self.bytes.get(self.at..self.at + 2)? {
            [0xFF, 0xD0..=0xD7] => {
                self.at += 2;
                Some(())
            }
            _ => None,
        }
    }
}
