//! Pictures on disk: reading and writing them with their metadata, the gallery's folders, thumbnails.

pub(crate) mod colour_profile;
pub(crate) mod exif;
pub(crate) mod exif_texts;
pub mod gallery;
pub(crate) mod iptc;
pub mod mask_file;
pub mod metadata;
pub(crate) mod metadata_inpaint;
pub mod picture_file;
pub(crate) mod picture_kind;
pub(crate) mod png_mask;
pub(crate) mod png_text;
pub mod programs;
pub mod saver;
pub(crate) mod thumbnails;
pub mod told;
