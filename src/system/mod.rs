//! This machine: its memory, the log and what a crash leaves, later starts of the program and links to it.

pub(crate) mod clipboard;
pub mod crash;
pub mod instance;
pub mod link;
pub mod log;
pub mod memory;
pub(crate) mod note;
pub mod peak;
