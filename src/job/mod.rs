//! What is asked of the engine and what it answers: plain data and pure logic.
//!
//! Knows neither the window nor the tensors, so that every side can speak it.

mod cancel;
mod event;
mod picture;
mod request;
mod seed;

pub use cancel::{CancelToken, JobState};
pub use event::{Event, EventKind, Finished, JobId, ModelPart};
pub use picture::{Picture, PictureSizeError};
pub use request::{Destination, InitPicture, ModelRef, PromptSyntax, Request, RequestError};
pub use seed::fresh_seed;
