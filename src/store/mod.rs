//! What is kept on disk: settings, pictures, the list of models.

pub mod memory;
