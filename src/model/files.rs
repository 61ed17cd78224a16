//! Where a model's files are: a folder on disk, one file, or bytes inside the program. All are read by the same code.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::ModelError;
use super::single_file::SingleFile;

/// A model in diffusers' layout, or presented as one.
#[derive(Clone)]
pub enum ModelFiles {
    Folder(PathBuf),
    /// A checkpoint in one file.
    File(Arc<SingleFile>),
    /// `(path inside the model, bytes)`; the bytes stay in the program's own mapped pages.
    Embedded(&'static [(&'static str, &'static [u8])]),
}

impl ModelFiles {
    /// Of what is inside the program; 0 for what lies on a disk.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Embedded(list) => list.iter().map(|(_, bytes)| bytes.len() as u64).sum(),
            Self::Folder(_) | Self::File(_) => 0,
        }
    }

    /// Opens a checkpoint in one file: its header is read, its tensors when they are asked for.
    ///
    /// # Errors
    /// When it is missing, damaged, or no checkpoint.
    pub fn open_file(path: &Path) -> Result<Self, ModelError> {
        Ok(Self::File(Arc::new(SingleFile::open(path)?)))
    }

    /// The path as a person would look for it.
    #[must_use]
    pub fn path_of(&self, name: &str) -> PathBuf {
        match self {
            Self::Folder(folder) => folder.join(name),
            // What a person can look at is the file itself.
            Self::File(file) => file.path().to_owned(),
            Self::Embedded(_) => Path::new("built-in model").join(name),
        }
    }

    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        match self {
            Self::Folder(folder) => folder.join(name).is_file(),
            Self::File(file) => file.read(name).is_ok_and(|found| found.is_some()),
            Self::Embedded(files) => files.iter().any(|(path, _)| *path == name),
        }
    }

    /// The whole file, or `None` when there is none.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn read(&self, name: &str) -> Result<Option<Cow<'static, [u8]>>, ModelError> {
        match self {
            Self::Embedded(files) => {
                Ok(files.iter().find(|(path, _)| *path == name).map(|(_, bytes)| Cow::Borrowed(*bytes)))
            }
            Self::File(file) => file.read(name),
            Self::Folder(folder) => match std::fs::read(folder.join(name)) {
                Ok(bytes) => Ok(Some(Cow::Owned(bytes))),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(ModelError::Unreadable { reason: error.to_string(), path: self.path_of(name) }),
            },
        }
    }

    /// Reads a JSON file into `T`, or gives `None` when there is no such file.
    ///
    /// # Errors
    /// When the file is no JSON or a field has a value that `T` cannot hold; the message names it.
    pub fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ModelError> {
        let Some(bytes) = self.read(name)? else { return Ok(None) };
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| ModelError::Unreadable { reason: error.to_string(), path: self.path_of(name) })
    }

    /// Like [`Self::read_json`], for a file that must be there.
    ///
    /// # Errors
    /// As above, and when the file is missing.
    pub fn require_json<T: DeserializeOwned>(&self, name: &str, what: &'static str) -> Result<T, ModelError> {
        self.read_json(name)?.ok_or_else(|| ModelError::Missing { what, path: self.path_of(name) })
    }
}
