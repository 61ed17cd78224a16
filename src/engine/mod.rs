//! The engine: a named thread for each device, which owns the model there, and handles by which fronts give jobs to them.
//!
//! Knows no window: each front hands in a `wake` callback of its own, called after every event of its jobs.

pub(crate) mod annotators;
mod awake;
mod backend;
mod candle;
pub mod device;
mod estimate;
mod failure;
mod fake;
mod fallback;
mod finders;
#[cfg(feature = "serve")]
mod fitting;
mod handle;
mod mailbox;
pub(crate) mod mobile_sam;
mod queue;
mod select;
mod steps;
mod tokens;
mod upscale;
mod worker;
mod workers;

pub(crate) use annotators::Annotators;
pub use backend::{Backend, BackendError};
pub use candle::CandleBackend;
pub(crate) use candle::{defaults_of, files_of, work_grid};
pub(crate) use estimate::Estimator;
pub use fake::{FakeBackend, FakeScript};
pub(crate) use finders::{FetchAnnotator, SmallNetworks};
#[cfg(feature = "serve")]
pub(crate) use fitting::{check_size, fit};
pub use handle::{EngineHandle, JobHandle};
pub(crate) use mobile_sam::MobileSam;
pub use select::{Finder, SelectEvent, SelectHandle};
pub use steps::{KeptStep, KeptSteps};
pub(crate) use tokens::TokenCounter;
