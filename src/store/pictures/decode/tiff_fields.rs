//! The fields of a TIFF's directories, which EXIF has as well. Damage is a field that is not there.

/// The bytes of a TIFF, or of an EXIF block.
pub(crate) struct TiffFields<'a> {
    bytes: &'a [u8],
    pub big_endian: bool,
}

impl<'a> TiffFields<'a> {
    /// With or without the marker that JPEG puts before it.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let bytes = bytes.strip_prefix(b"Exif\0\0").unwrap_or(bytes);
        Self { bytes, big_endian: bytes.starts_with(b"MM") }
    }

    /// The bytes of the field of this tag, in the directory at `offset`.
    pub(crate) fn content(&self, offset: usize, tag: u16) -> Option<&'a [u8]> {
        let entry = self.entry(offset, tag)?;
        let length = self.long(entry + 4)?;
        // What fits into four bytes stands in the entry itself.
        let start = if length <= 4 { entry + 8 } else { self.long(entry + 8)? };
        self.bytes.get(start..start.checked_add(length)?)
    }

    /// Where the entry of this tag begins, in the directory at `offset`.
    pub(crate) fn entry(&self, offset: usize, tag: u16) -> Option<usize> {
        let count = usize::from(self.short(offset)?);
        (0..count).map(|index| offset + 2 + 12 * index).find(|&entry| self.short(entry) == Some(tag))
    }

    pub(crate) fn short(&self, offset: usize) -> Option<u16> {
        let bytes = self.bytes.get(offset..offset.checked_add(2)?)?.try_into().ok()?;
        Some(if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    pub(crate) fn long(&self, offset: usize) -> Option<usize> {
        let bytes = self.bytes.get(offset..offset.checked_add(4)?)?.try_into().ok()?;
        let value = if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
        usize::try_from(value).ok()
    }
}
