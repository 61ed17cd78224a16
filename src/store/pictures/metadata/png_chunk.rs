//! Chunks of our own in PNG files, found without unpacking the picture.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use png::chunk::ChunkType;

const SIGNATURE_BYTES: u64 = 8;

/// The bytes of the first chunk of this kind, where there is one that is no longer than that.
pub(super) fn first(path: &Path, kind: ChunkType, most_bytes: u32) -> Option<Vec<u8>> {
    let mut file = BufReader::new(File::open(path).ok()?);
    file.seek(SeekFrom::Start(SIGNATURE_BYTES)).ok()?;
    loop {
        let mut head = [0; 8];
        file.read_exact(&mut head).ok()?;
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        match &head[4..] {
            found if found == kind.0 && length <= most_bytes => {
                let mut bytes = Vec::new();
                file.take(u64::from(length)).read_to_end(&mut bytes).ok()?;
                return Some(bytes);
            }
            b"IEND" => return None,
            // Its bytes and four of checksum.
            _ => file.seek_relative(i64::from(length) + 4).ok()?,
        }
    }
}
