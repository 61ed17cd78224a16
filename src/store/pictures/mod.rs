//! Pictures on disk: reading and writing them with their metadata, the gallery's folders, thumbnails.

mod avif;
pub mod decode;
pub mod export;
pub mod export_name;
pub mod gallery;
pub mod index;
pub mod labels;
mod listed;
pub mod mask_file;
pub mod metadata;
pub mod picture_error;
pub mod picture_file;
pub mod picture_key;
pub mod programs;
pub mod saver;
pub mod saving;
pub(crate) mod thumbnails;
mod watched;
