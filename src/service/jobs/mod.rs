//! What was asked of the engine, what happens to it, and what became of it, for any number of readers.

mod elsewhere;
mod expiry;
mod follow;
mod image;
mod kept;
mod previews;
mod record;
mod registry;
mod shared_queue;
pub(super) mod stream;
mod tally;
mod written;

pub use kept::KeptJobs;
pub(super) use previews::Previews;
pub(super) use record::{Ended, Happening, Picture, Record, State};
pub(super) use registry::{Jobs, Order};
#[cfg(feature = "nats")]
pub(super) use {
    image::Preview,
    record::{Carrier, lock},
    shared_queue::SharedQueue,
    written::{Read, read, written, written_without_picture},
};
