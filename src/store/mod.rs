//! What is kept on disk: settings, pictures, the list of models.
//!
//! Knows neither the window nor the tensors; the window speaks to it through [`worker::StoreHandle`] alone.

mod atomic;
pub mod gallery;
pub mod memory;
pub mod models;
pub mod paths;
mod pending;
pub mod settings;
mod tasks;
pub mod worker;
