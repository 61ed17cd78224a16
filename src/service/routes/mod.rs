//! The service's own interface, one file a subject: strict, and the same words as everywhere in the program.

pub(super) mod jobs;
pub(super) mod lists;
pub(super) mod questions;
pub(super) mod watch;
