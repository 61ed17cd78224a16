//! What the operating system tells of this machine.

pub mod memory;
