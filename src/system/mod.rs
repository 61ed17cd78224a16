//! This machine: its memory and its cards, the log and what a crash leaves, later starts of the program and links to it.

pub(crate) mod clipboard;
pub mod crash;
#[cfg(target_os = "macos")]
pub mod finder;
pub mod instance;
pub mod link;
pub mod log;
pub mod memory;
pub mod menu_bar;
pub(crate) mod note;
pub mod nvidia;
pub mod peak;
pub mod trash;
