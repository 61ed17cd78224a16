//! One file of a model's folder, on a disk or inside the program.

use std::borrow::Cow;
use std::path::Path;

use super::CheckpointError;

/// `(path inside the model, bytes)`; the bytes stay in the program's own mapped pages.
pub(crate) type EmbeddedFiles = &'static [(&'static str, &'static [u8])];

#[must_use]
pub(crate) fn embedded_file(files: EmbeddedFiles, name: &str) -> Option<&'static [u8]> {
    files.iter().find_map(|(path, bytes)| (*path == name).then_some(*bytes))
}

/// The whole file, or `None` when there is none.
///
/// # Errors
/// When the file is there and cannot be read.
pub(crate) fn file_on_disk(folder: &Path, name: &str) -> Result<Option<Cow<'static, [u8]>>, CheckpointError> {
    let path = folder.join(name);
    match std::fs::read(&path) {
        Ok(bytes) => Ok(Some(Cow::Owned(bytes))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(CheckpointError::Unreadable { reason: error.to_string(), path }),
    }
}

/// The names of the files in a folder; empty where there is none.
#[must_use]
pub(crate) fn files_on_disk(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.filter(|entry| entry.path().is_file());
    files.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}
