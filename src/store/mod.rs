//! What is kept on disk: settings, pictures, the list of models.
//!
//! Knows neither the window nor the tensors; the window uses it through [`worker::StoreHandle`] alone.

mod atomic;
pub mod canvas;
pub mod device_failure;
mod fnv;
pub mod hash;
pub mod hub_cache;
pub mod keys;
pub mod models;
pub mod other_loras;
pub mod paths;
pub mod pictures;
pub mod preferences;
pub mod project;
pub mod queue;
mod readable_fields;
mod reveal;
pub mod secret;
pub mod settings;
pub(crate) mod token;
pub mod unfinished;
pub mod words;
pub mod worker;
