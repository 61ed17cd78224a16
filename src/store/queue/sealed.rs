//! Bytes with a checksum before them, so that nothing is believed that the disk has spoilt.

/// `magic` tells one kind of file from another.
#[must_use]
pub(crate) fn sealed(magic: [u8; 8], body: &[u8]) -> Vec<u8> {
    [&magic[..], &crc32fast::hash(body).to_le_bytes(), body].concat()
}

/// `None` where the bytes are of another kind, or damaged.
#[must_use]
pub(crate) fn opened(magic: [u8; 8], bytes: &[u8]) -> Option<&[u8]> {
    let (sum, body) = bytes.strip_prefix(&magic)?.split_first_chunk()?;
    (crc32fast::hash(body) == u32::from_le_bytes(*sum)).then_some(body)
}
