//! The table of contents of a zip file whose entries are stored, as `PyTorch` writes them: nothing is ever unpacked.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// More entries than any checkpoint has tensors.
const MAX_ENTRIES: u64 = 200_000;
const MAX_DIRECTORY_BYTES: u64 = 64 << 20;

/// Where an entry's bytes lie in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub offset: u64,
    pub length: u64,
}

/// Reads the directory at the end of `file`. Names keep the folder that they are in.
///
/// # Errors
/// A few words for a person: no zip, cut off, compressed (which no checkpoint is, and a zip bomb must be), or entries
/// that point outside of the file.
pub fn read(file: &mut File) -> Result<HashMap<String, Span>, String> {
    let length = file.seek(SeekFrom::End(0)).map_err(|error| error.to_string())?;
    let (entries, offset, size) = directory(file, length)?;
    if entries > MAX_ENTRIES || size > MAX_DIRECTORY_BYTES || offset.checked_add(size).is_none_or(|end| end > length) {
        return Err("its zip directory is damaged".to_owned());
    }
    let bytes = bytes_at(file, offset, size)?;
    let mut rest = bytes.as_slice();
    let mut found = HashMap::new();
    for _ in 0..entries {
        let (name, method, span) = entry(&mut rest).ok_or("its zip directory is cut off")?;
        if method != 0 {
            return Err(format!("{name} inside is compressed, which PyTorch never does"));
        }
        let local = bytes_at(file, span.offset, 30)?;
        if !local.starts_with(b"PK\x03\x04") {
            return Err(format!("{name} inside is not where its directory says"));
        }
        let start = span.offset + 30 + u64::from(u16_at(&local, 26)) + u64::from(u16_at(&local, 28));
        if start.checked_add(span.length).is_none_or(|end| end > length) {
            return Err(format!("{name} inside goes past the end of the file"));
        }
        found.insert(name, Span { offset: start, length: span.length });
    }
    Ok(found)
}

/// The bytes of a span, which must be inside of the file.
///
/// # Errors
/// When they are not, or the disk fails.
pub fn bytes_at(file: &mut File, offset: u64, length: u64) -> Result<Vec<u8>, String> {
    file.seek(SeekFrom::Start(offset)).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 == length { Ok(bytes) } else { Err("it is cut off".to_owned()) }
}

/// Number of entries, and the directory's place and size.
fn directory(file: &mut File, length: u64) -> Result<(u64, u64, u64), String> {
    let tail_length = length.min(22 + 0xFFFF);
    let tail = bytes_at(file, length - tail_length, tail_length)?;
    let end = (0..tail.len().saturating_sub(21))
        .rev()
        .find(|at| tail[*at..].starts_with(b"PK\x05\x06"))
        .ok_or("it is no zip file, or cut off")?;
    let record = &tail[end..];
    let plain = (u64::from(u16_at(record, 10)), u64::from(u32_at(record, 16)), u64::from(u32_at(record, 12)));
    let locator = end.checked_sub(20).map(|at| &tail[at..end]).filter(|bytes| bytes.starts_with(b"PK\x06\x07"));
    let Some(locator) = locator else { return Ok(plain) };
    let record = bytes_at(file, u64_at(locator, 8), 56)?;
    if !record.starts_with(b"PK\x06\x06") {
        return Err("its zip directory is damaged".to_owned());
    }
    Ok((u64_at(&record, 32), u64_at(&record, 48), u64_at(&record, 40)))
}

/// Name, compression method, and where the local header is with the length of the data.
fn entry(rest: &mut &[u8]) -> Option<(String, u16, Span)> {
    let header = rest.get(..46).filter(|header| header.starts_with(b"PK\x01\x02"))?;
    let name_length = usize::from(u16_at(header, 28));
    let extra_length = usize::from(u16_at(header, 30));
    let comment_length = usize::from(u16_at(header, 32));
    let name = String::from_utf8_lossy(rest.get(46..46 + name_length)?).into_owned();
    let mut extra = rest.get(46 + name_length..46 + name_length + extra_length)?;
    let (mut length, packed, mut offset) =
        (u64::from(u32_at(header, 24)), u64::from(u32_at(header, 20)), u64::from(u32_at(header, 42)));
    let method = if length == packed { u16_at(header, 10) } else { u16::MAX };
    while extra.len() >= 4 {
        let field = extra.get(4..4 + usize::from(u16_at(extra, 2)))?;
        if u16_at(extra, 0) == 1 {
            // Only what did not fit above is here, in this order.
            let mut wide = field.chunks_exact(8).map(|bytes| u64_at(bytes, 0));
            if length == u64::from(u32::MAX) {
                length = wide.next()?;
            }
            if packed == u64::from(u32::MAX) {
                wide.next()?;
            }
            if offset == u64::from(u32::MAX) {
                offset = wide.next()?;
            }
        }
        extra = &extra[4 + field.len()..];
    }
    *rest = rest.get(46 + name_length + extra_length + comment_length..)?;
    Some((name, method, Span { offset, length }))
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |found| u16::from_le_bytes([found[0], found[1]]))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | (u32::from(u16_at(bytes, at + 2)) << 16)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | (u64::from(u32_at(bytes, at + 4)) << 32)
}
