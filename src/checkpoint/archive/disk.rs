//! Bytes of a file by their place, read by all threads at once and by nobody's cursor.

use std::fs::File;
use std::io;

use rayon::prelude::*;

/// What one thread reads at a time.
const PART_BYTES: usize = 1 << 20;

/// Fills `into` from `offset` on.
///
/// # Errors
/// When the file ends before, or the disk fails.
pub(crate) fn read_at(file: &File, into: &mut [u8], offset: u64) -> io::Result<()> {
    let part = |(index, into): (usize, &mut [u8])| read_part(file, into, offset + (index * PART_BYTES) as u64);
    if into.len() <= PART_BYTES {
        return part((0, into));
    }
    into.par_chunks_mut(PART_BYTES).enumerate().try_for_each(part)
}

#[cfg(unix)]
fn read_part(file: &File, into: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, into, offset)
}

#[cfg(windows)]
fn read_part(file: &File, mut into: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !into.is_empty() {
        let count = std::os::windows::fs::FileExt::seek_read(file, into, offset)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        into = &mut into[count..];
        offset += count as u64;
    }
    Ok(())
}
