//! Pictures on disk: reading and writing them with their metadata, the gallery's folders, thumbnails.

pub(crate) mod colour_profile;
pub(crate) mod comment_letters;
pub(crate) mod cut_short;
pub(crate) mod exif;
pub mod gallery;
pub(crate) mod inks;
pub(crate) mod jpeg_codes;
pub(crate) mod jpeg_coverage;
pub(crate) mod jpeg_headers;
pub(crate) mod lab;
pub mod mask_file;
pub mod metadata;
pub(crate) mod metadata_inpaint;
pub mod picture_error;
pub mod picture_file;
pub mod picture_formats;
pub(crate) mod picture_kind;
pub(crate) mod png_mask;
pub(crate) mod png_text;
pub(crate) mod reading;
pub mod saver;
pub(crate) mod thumbnails;
pub(crate) mod tiff_kinds;
pub(crate) mod told_text;
pub(crate) mod xmp;
