//! What is asked of the engine and what it answers: plain data and pure logic.
//!
//! Knows neither the window nor the tensors, so that every side can speak it.

mod cancel;
mod compute;
mod error;
mod estimate;
mod event;
mod frame;
mod inpaint;
mod intent;
mod progress;
mod request;
mod save;
mod seed;
mod select;
mod work;

pub use cancel::{CancelToken, JobState};
pub use compute::{AttentionMode, Compute, MemoryMode, VaeTiling};
pub use error::{ErrorKind, JobError, Remedy, with_remedy};
pub use estimate::{Estimate, EstimateQuestion};
pub use event::{Event, EventKind, Finished, JobId, Outcome, Wake};
pub use frame::{Frame, WorkGrid};
pub use inpaint::{InpaintArea, InpaintMask, InpaintSettings, MaskedContent};
pub use intent::{Intent, IntentPreset};
pub use progress::{ModelPart, Notice, Progress};
pub use request::{
    Destination, EmbeddingRef, InitPicture, LoraRef, ModelRef, PromptSyntax, Request, RequestError, Variation,
};
pub use save::{Drawn, Saver};
pub use seed::fresh_seed;
pub use select::{Click, SelectPrompt};
pub use work::{Speed, Work};
