//! Where a model's files are: a folder on disk, one file, or bytes inside the program. All are read by the same code.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::CheckpointError;
use super::archive::{Archive, foreign_text};
use super::builtin::{BuiltinFiles, SEEMING_FOLDER};
use super::folder::{EmbeddedFiles, embedded_file, file_on_disk, files_on_disk};
use super::single_file::SingleFile;

/// A model in diffusers' layout, or presented as one.
#[derive(Clone)]
pub enum ModelFiles {
    Folder(PathBuf),
    /// A checkpoint in one file.
    File(Arc<SingleFile>),
    /// Inside the program.
    Embedded(EmbeddedFiles),
    /// A model with a LoRA that always belongs to it, and a few files that stand before the model's own.
    WithLora {
        own: Box<Self>,
        base: Box<Self>,
    },
}

/// The LoRA among a model's own files.
const OWN_LORA: &str = "lora.safetensors";

/// The small model that comes with the program.
///
/// # Errors
/// In a build without the model, when no folder with it is found.
pub fn builtin_model() -> Result<ModelFiles, CheckpointError> {
    Ok(BuiltinFiles::find()?.into())
}

/// The same with the LoRA that lets it draw in four steps.
///
/// # Errors
/// As above.
pub fn builtin_four_steps() -> Result<ModelFiles, CheckpointError> {
    Ok(ModelFiles::WithLora {
        own: Box::new(BuiltinFiles::find_four_steps()?.into()),
        base: Box::new(builtin_model()?),
    })
}

impl From<BuiltinFiles> for ModelFiles {
    fn from(files: BuiltinFiles) -> Self {
        match files {
            BuiltinFiles::Embedded(files) => Self::Embedded(files),
            BuiltinFiles::Folder(folder) => Self::Folder(folder),
        }
    }
}

impl ModelFiles {
    /// Of what is inside the program; 0 for what lies on a disk.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Embedded(list) => list.iter().map(|(_, bytes)| bytes.len() as u64).sum(),
            Self::WithLora { own, base } => own.bytes() + base.bytes(),
            Self::Folder(_) | Self::File(_) => 0,
        }
    }

    /// The model itself, without what is laid over it.
    #[must_use]
    pub(crate) fn base(&self) -> &Self {
        if let Self::WithLora { base, .. } = self { base.base() } else { self }
    }

    /// The part that `name` is read from.
    #[must_use]
    pub(crate) fn holder_of(&self, name: &str) -> &Self {
        match self {
            Self::WithLora { own, .. } if own.has(name) => own.holder_of(name),
            Self::WithLora { base, .. } => base.holder_of(name),
            Self::Folder(_) | Self::File(_) | Self::Embedded(_) => self,
        }
    }

    /// The LoRA that always belongs to this model.
    ///
    /// # Errors
    /// When it is damaged.
    pub(crate) fn own_lora(&self) -> Result<Option<Archive>, CheckpointError> {
        let Self::WithLora { own, .. } = self else { return Ok(None) };
        own.open_archive(OWN_LORA).map(Some)
    }

    /// One of its files of tensors.
    ///
    /// # Errors
    /// When it is missing or damaged.
    pub(crate) fn open_archive(&self, name: &str) -> Result<Archive, CheckpointError> {
        let path = self.path_of(name);
        if let Self::Embedded(list) = self.holder_of(name) {
            let bytes = embedded_file(list, name)
                .ok_or_else(|| CheckpointError::Missing { what: "a weights file", path: path.clone() })?;
            return Archive::embedded(bytes, &path);
        }
        Archive::open(&path)
    }

    /// Opens a checkpoint in one file: its header is read, its tensors when they are asked for.
    ///
    /// # Errors
    /// When it is missing, damaged, or no checkpoint.
    pub fn open_file(path: &Path) -> Result<Self, CheckpointError> {
        Ok(Self::File(Arc::new(SingleFile::open(path)?)))
    }

    /// The path as a person would look for it.
    #[must_use]
    pub fn path_of(&self, name: &str) -> PathBuf {
        match self.holder_of(name) {
            Self::Folder(folder) => folder.join(name),
            // What a person can look at is the file itself.
            Self::File(file) => file.path().to_owned(),
            Self::Embedded(_) | Self::WithLora { .. } => Path::new(SEEMING_FOLDER).join(name),
        }
    }

    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        match self {
            Self::Folder(folder) => folder.join(name).is_file(),
            Self::File(file) => file.read(name).is_ok_and(|found| found.is_some()),
            Self::Embedded(files) => embedded_file(files, name).is_some(),
            Self::WithLora { own, base } => own.has(name) || base.has(name),
        }
    }

    /// The names of the files in one of its folders, in order; empty where there is no such folder.
    #[must_use]
    pub(crate) fn names_in(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<String> = match self {
            Self::Folder(root) => files_on_disk(&root.join(folder)),
            Self::Embedded(files) => {
                let inside = files.iter().filter_map(|(path, _)| path.strip_prefix(folder)?.strip_prefix('/'));
                inside.map(str::to_owned).collect()
            }
            Self::WithLora { own, base } => [own.names_in(folder), base.names_in(folder)].concat(),
            Self::File(_) => Vec::new(),
        };
        names.sort();
        names.dedup();
        names
    }

    /// The whole file, or `None` when there is none.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn read(&self, name: &str) -> Result<Option<Cow<'static, [u8]>>, CheckpointError> {
        match self {
            Self::Embedded(files) => Ok(embedded_file(files, name).map(Cow::Borrowed)),
            Self::File(file) => file.read(name),
            Self::Folder(folder) => file_on_disk(folder, name),
            Self::WithLora { .. } => self.holder_of(name).read(name),
        }
    }

    /// Reads a JSON file into `T`, or gives `None` when there is no such file.
    ///
    /// # Errors
    /// When the file is no JSON or a field has a value that `T` cannot hold; the message names it.
    pub fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, CheckpointError> {
        let Some(bytes) = self.read(name)? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            // A pointer or a page instead of the file says more than where it is no JSON.
            let reason = foreign_text(&bytes).unwrap_or_else(|| error.to_string());
            CheckpointError::Unreadable { reason, path: self.path_of(name) }
        })
    }

    /// Like [`Self::read_json`], for a file that must be there.
    ///
    /// # Errors
    /// As above, and when the file is missing.
    pub fn require_json<T: DeserializeOwned>(&self, name: &str, what: &'static str) -> Result<T, CheckpointError> {
        self.read_json(name)?.ok_or_else(|| CheckpointError::Missing { what, path: self.path_of(name) })
    }
}
