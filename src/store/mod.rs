//! What is kept on disk: settings, pictures, the list of models.
//!
//! Knows neither the window nor the tensors; the window speaks to it through [`worker::StoreHandle`] alone.

mod atomic;
mod colour_profile;
mod exif;
pub mod gallery;
pub mod journal;
mod journal_format;
pub mod keys;
pub mod mask_file;
pub mod memory;
pub mod metadata;
mod metadata_inpaint;
pub mod models;
pub mod paths;
mod pending;
pub mod picture_file;
mod picture_kind;
mod png_mask;
mod png_text;
mod reveal;
pub mod saver;
pub mod settings;
mod tasks;
pub mod thumbnails;
pub mod worker;
