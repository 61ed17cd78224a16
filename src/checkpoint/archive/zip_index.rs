//! Where the entries of a `PyTorch` zip file lie. `PyTorch` stores them, so that tensors are read from their place; a zip
//! that was packed again is unpacked entry by entry, each as it is asked for.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use flate2::read::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

use super::disk::read_at;
use super::refusal::Refusal;

/// More entries than any checkpoint has tensors.
const MAX_ENTRIES: usize = 200_000;

/// What is read of a file to list it: many times the directory of any checkpoint.
const MAX_READ_BYTES: u64 = 64 << 20;

/// Weights become half as large at best; a bomb becomes a thousand times as large as it is.
const MOST_TIMES_UNPACKED: u64 = 16;

/// Few bytes may be all zeros.
const UNPACKED_AT_LEAST: u64 = 64 << 20;

/// Where bytes lie in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub offset: u64,
    pub length: u64,
}

/// An entry of a zip file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packed {
    /// Where its bytes lie, packed or not.
    pub span: Span,
    /// Once it is unpacked.
    pub length: u64,
    /// `None` where it is stored.
    deflated: Option<Checksum>,
}

type Checksum = u32;

impl Packed {
    /// As bytes that lie in the file as they are.
    #[must_use]
    pub(crate) fn stored(span: Span) -> Self {
        Self { span, length: span.length, deflated: None }
    }

    #[must_use]
    pub(crate) fn is_deflated(&self) -> bool {
        self.deflated.is_some()
    }

    /// The entry's bytes. No more memory is taken than the directory says, and nothing is given that is not what it says.
    ///
    /// # Errors
    /// A few words for a person: it is cut off, or unpacks to something else than the directory says.
    pub(crate) fn bytes(&self, file: &File) -> Result<Vec<u8>, String> {
        let Some(checksum) = self.deflated else { return bytes_at(file, self.span.offset, self.span.length) };
        let packed = Placed { file, at: self.span.offset, left: self.span.length };
        let mut bytes = Vec::new();
        let wrong = || "an entry of its zip does not unpack to what its directory says".to_owned();
        // One byte more, so that a longer one is seen.
        DeflateDecoder::new(io::BufReader::new(packed))
            .take(self.length.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|_| wrong())?;
        if bytes.len() as u64 == self.length && crc32fast::hash(&bytes) == checksum { Ok(bytes) } else { Err(wrong()) }
    }
}

/// Lists the entries of `file`. Names keep the folder that they are in.
///
/// # Errors
/// What it is instead, where it is whole: packed by another method than deflate, or so that it becomes many times as
/// large, as no weights do and a zip bomb must. Damaged is what is no zip, cut off, or described in two ways.
pub(crate) fn read(file: &File) -> Result<HashMap<String, Packed>, Refusal> {
    let file_length = file.metadata().map_err(|error| error.to_string())?.len();
    let limited = Limited { file, left: MAX_READ_BYTES };
    let mut archive = ZipArchive::new(limited).map_err(|error| format!("its zip directory is damaged: {error}"))?;
    if archive.len() > MAX_ENTRIES {
        return Err("its zip directory is damaged".into());
    }
    let mut found = HashMap::new();
    let mut unpacked: u64 = 0;
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(|error| format!("its zip directory is damaged: {error}"))?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let (length, packed) = (entry.size(), entry.compressed_size());
        let (method, is_encrypted, checksum) = (entry.compression(), entry.encrypted(), entry.crc32());
        let header = entry.header_start();
        let offset = entry.data_start().filter(|start| start.checked_add(packed).is_some_and(|end| end <= file_length));
        let offset = offset.ok_or_else(|| format!("{name} inside goes past the end of the file"))?;
        let is_stored = match method {
            CompressionMethod::Stored => true,
            CompressionMethod::DEFLATE => false,
            other => {
                let sentence =
                    format!("is a zip that was packed with {other}; unpack it, and zip its files again without");
                return Err(Refusal::Unread(sentence));
            }
        };
        if is_encrypted {
            return Err(Refusal::Unread("is a zip with a password; unpack it".to_owned()));
        }
        // The number of the method stands before the entry as well.
        let own = bytes_at(file, header + 8, 2)?;
        if (is_stored && packed != length) || own != [if is_stored { 0 } else { 8 }, 0] {
            return Err(format!("{name} inside is described in two ways").into());
        }
        unpacked = unpacked.saturating_add(length);
        let deflated = (!is_stored).then_some(checksum);
        found.insert(name, Packed { span: Span { offset, length: packed }, length, deflated });
    }
    let most = file_length.saturating_mul(MOST_TIMES_UNPACKED).saturating_add(UNPACKED_AT_LEAST);
    if found.values().any(Packed::is_deflated) && unpacked > most {
        let sentence = format!("is a zip that unpacks to {} MB, more than weights can", unpacked / 1_000_000);
        return Err(Refusal::Unread(sentence));
    }
    Ok(found)
}

/// The bytes of a span, which must be inside of the file.
///
/// # Errors
/// When they are not, or the disk fails.
pub(crate) fn bytes_at(file: &File, offset: u64, length: u64) -> Result<Vec<u8>, String> {
    let whole = file.metadata().map_err(|error| error.to_string())?.len();
    if offset.checked_add(length).is_none_or(|end| end > whole) {
        return Err("it is cut off".to_owned());
    }
    let mut bytes = vec![0; length as usize];
    read_at(file, &mut bytes, offset).map_err(|error| error.to_string())?;
    Ok(bytes)
}

/// A part of a file, read by its place and not by the file's cursor.
struct Placed<'a> {
    file: &'a File,
    at: u64,
    left: u64,
}

impl Read for Placed<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.left.min(into.len() as u64) as usize;
        read_at(self.file, &mut into[..count], self.at)?;
        self.at += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}

/// A file of which only so many bytes are read: a directory that fills gigabytes ends in an error and not in memory.
struct Limited<'a> {
    file: &'a File,
    left: u64,
}

impl Read for Limited<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(into)?;
        let left = self.left.checked_sub(count as u64);
        self.left = left.ok_or_else(|| io::Error::other("it is larger than any checkpoint's"))?;
        Ok(count)
    }
}

impl Seek for Limited<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn written(name: &str, bytes: &[u8], comment: &str) -> File {
        let mut writer = ZipWriter::new(tempfile::tempfile().unwrap());
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        writer.start_file(name, stored).unwrap();
        writer.write_all(bytes).unwrap();
        writer.set_comment(comment).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn entries_are_found_where_their_bytes_lie() {
        // A comment that looks like the record at the end of a zip file hides nothing.
        let file = written("a/data/0", b"twelve bytes", "PK\u{5}\u{6} and more");
        let spans = read(&file).unwrap();
        let entry = spans["a/data/0"];
        assert_eq!(entry.bytes(&file).unwrap(), b"twelve bytes");
        assert!(bytes_at(&file, entry.span.offset, 1 << 20).is_err());
    }

    #[test]
    fn what_is_cut_off_or_no_zip_is_an_error() {
        let mut file = written("a", &[7; 1000], "");
        file.set_len(900).unwrap();
        assert!(read(&file).is_err());
        file.set_len(0).unwrap();
        assert!(read(&file).is_err());
        file.write_all(&[1; 5000]).unwrap();
        assert!(read(&file).is_err());
    }
}
