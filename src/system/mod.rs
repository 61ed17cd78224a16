//! This machine: its memory, and the log that the program keeps on it.

pub mod log;
pub mod memory;
pub mod peak;
