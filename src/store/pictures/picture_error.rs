//! What can be wrong with a picture's file, in a sentence each.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::job::{ErrorKind, JobError};
use crate::store::pictures::decode::picture_kind::Unreadable;

#[derive(Debug, thiserror::Error)]
pub enum PictureFileError {
    #[error("a picture's file must end in .png, .jpg, .jpeg or .webp, found {found}; choose one of these: {}", path.display())]
    Extension { found: String, path: PathBuf },
    #[error("the picture could not be opened ({source}); check that it is there and may be read: {}", path.display())]
    Open { source: io::Error, path: PathBuf },
    #[error("a PNG, JPEG, WebP, BMP, TIFF, GIF or AVIF picture was wanted, this file is none; convert it first: {}", path.display())]
    NotAPicture { path: PathBuf },
    #[error("{kind}: {}", path.display())]
    Unreadable { kind: Unreadable, path: PathBuf },
    #[error("the picture is damaged or cut short ({reason}); take another copy of it: {}", path.display())]
    Damaged { reason: String, path: PathBuf },
    #[error("the picture's file is cut short before anything of it can be seen; take another copy of it: {}", path.display())]
    CutShort { path: PathBuf },
    #[error("this kind of picture is not read here ({reason}); save it as an ordinary PNG or JPEG first: {}", path.display())]
    Unsupported { reason: String, path: PathBuf },
    #[error("a picture's side may have up to {most} pixels, found {width}×{height}; cut it into parts or make it smaller first: {}", path.display())]
    TooLong { most: u32, width: u32, height: u32, path: PathBuf },
    #[error("a picture may have up to {} megapixels, found {width}×{height}; make it smaller first: {}", *most_pixels as f64 / 1e6, path.display())]
    TooLarge { most_pixels: u64, width: u32, height: u32, path: PathBuf },
    #[error("the picture could not be put into the file's format ({reason}); try .png: {}", path.display())]
    Encode { reason: String, path: PathBuf },
    #[error("the picture could not be written ({source}); check the disk and the folder's rights: {}", path.display())]
    Write { source: io::Error, path: PathBuf },
}

impl PictureFileError {
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Extension { .. } => ErrorKind::Request,
            Self::Open { source, .. } if source.kind() == io::ErrorKind::NotFound => ErrorKind::NotFound,
            Self::Open { .. } | Self::NotAPicture { .. } | Self::Damaged { .. } | Self::CutShort { .. } => {
                ErrorKind::Unreadable
            }
            Self::Unreadable { .. } | Self::Unsupported { .. } | Self::TooLong { .. } | Self::TooLarge { .. } => {
                ErrorKind::Unsupported
            }
            Self::Encode { .. } | Self::Write { .. } => ErrorKind::Storage,
        }
    }
}

impl From<PictureFileError> for JobError {
    fn from(error: PictureFileError) -> Self {
        Self::caused(error.kind(), error)
    }
}

/// The error for a file that could not even be looked at.
pub(crate) fn unopened(source: io::Error, path: &Path) -> PictureFileError {
    PictureFileError::Open { source, path: path.to_path_buf() }
}

/// Opens a file to read. Whoever opens a pipe waits for a writer that may never come, and a device has no end.
///
/// # Errors
/// When it is not there, may not be read, or is neither file nor folder.
pub(crate) fn open(path: &Path) -> Result<File, PictureFileError> {
    let opened = |source: io::Error| unopened(source, path);
    let kind = std::fs::metadata(path).map_err(opened)?.file_type();
    if !kind.is_file() && !kind.is_dir() {
        return Err(opened(io::Error::new(io::ErrorKind::InvalidInput, "it is a pipe or a device, not a file")));
    }
    File::open(path).map_err(opened)
}
