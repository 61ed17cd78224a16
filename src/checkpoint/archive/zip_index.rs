//! Where the entries of a `PyTorch` zip file lie. They are stored, so that tensors are read from their place: nothing is
//! ever unpacked.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use zip::{CompressionMethod, ZipArchive};

/// More entries than any checkpoint has tensors.
const MAX_ENTRIES: usize = 200_000;

/// What is read of a file to list it: many times the directory of any checkpoint.
const MAX_READ_BYTES: u64 = 64 << 20;

/// Where an entry's bytes lie in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub offset: u64,
    pub length: u64,
}

/// Lists the entries of `file`. Names keep the folder that they are in.
///
/// # Errors
/// A few words for a person: no zip, cut off, compressed (which no checkpoint is, and a zip bomb must be), or entries
/// that point outside of the file.
pub(crate) fn read(file: &File) -> Result<HashMap<String, Span>, String> {
    let file_length = file.metadata().map_err(|error| error.to_string())?.len();
    let limited = Limited { file, left: MAX_READ_BYTES };
    let mut archive = ZipArchive::new(limited).map_err(|error| format!("its zip directory is damaged: {error}"))?;
    if archive.len() > MAX_ENTRIES {
        return Err("its zip directory is damaged".to_owned());
    }
    let mut found = HashMap::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(|error| format!("its zip directory is damaged: {error}"))?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let length = entry.size();
        if entry.compression() != CompressionMethod::Stored || entry.compressed_size() != length {
            return Err(format!("{name} inside is compressed, which PyTorch never does"));
        }
        let offset = entry.data_start().filter(|start| start.checked_add(length).is_some_and(|end| end <= file_length));
        let offset = offset.ok_or_else(|| format!("{name} inside goes past the end of the file"))?;
        found.insert(name, Span { offset, length });
    }
    Ok(found)
}

/// The bytes of a span, which must be inside of the file.
///
/// # Errors
/// When they are not, or the disk fails.
pub(crate) fn bytes_at(mut file: &File, offset: u64, length: u64) -> Result<Vec<u8>, String> {
    file.seek(SeekFrom::Start(offset)).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 == length { Ok(bytes) } else { Err("it is cut off".to_owned()) }
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
        let span = spans["a/data/0"];
        assert_eq!(bytes_at(&file, span.offset, span.length).unwrap(), b"twelve bytes");
        assert!(bytes_at(&file, span.offset, 1 << 20).is_err());
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
