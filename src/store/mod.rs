//! What is kept on disk: settings, pictures, the list of models.
//!
//! Knows neither the window nor the tensors; the window speaks to it through [`worker::StoreHandle`] alone.

mod atomic;
mod colour_profile;
pub mod device_failure;
pub mod download;
mod exif;
pub mod gallery;
pub mod hash;
pub mod inspection;
pub mod journal;
mod journal_format;
pub mod keys;
pub mod library;
pub mod mask_file;
pub mod memory;
pub mod metadata;
mod metadata_inpaint;
pub mod model_facts;
pub mod model_file;
pub mod model_notes;
pub mod model_roots;
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
pub mod token;
pub mod words;
pub mod worker;
