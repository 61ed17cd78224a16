//! What was asked of the engine, what happens to it, and what became of it, for any number of readers.

mod expiry;
mod follow;
mod image;
mod kept;
mod record;
mod registry;
pub(super) mod stream;
mod tally;

pub use kept::KeptJobs;
pub(super) use record::{Ended, Happening, Picture, Record, State};
pub(super) use registry::{Jobs, Order};
