//! Pictures on disk: reading and writing them with their metadata, the gallery's folders, thumbnails.

pub mod decode;
pub mod gallery;
pub(crate) mod index;
pub mod mask_file;
pub mod metadata;
pub mod picture_error;
pub mod picture_file;
pub mod programs;
pub mod saver;
pub mod saving;
pub(crate) mod thumbnails;
