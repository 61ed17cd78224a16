//! What is asked of the engine and what it answers: plain data and pure logic.
//!
//! Knows neither the window nor the tensors, so that every side can speak it.

mod adapters;
mod cancel;
mod compute;
mod control;
mod error;
mod estimate;
mod event;
mod family;
mod file_format;
mod frame;
mod inpaint;
mod intent;
mod keep;
mod message;
mod message_error;
mod model_ref;
mod progress;
mod remedy;
mod request;
mod save;
mod seed;
mod select;
mod step_state;
mod task;
mod upscale;
mod work;

pub use adapters::{EmbeddingRef, LoraRef};
pub use cancel::CancelToken;
pub use compute::{AttentionMode, Compute, MemoryMode, VaeTiling};
pub use control::{Control, ControlError, ControlKind, ControlMode, ControlNetworkRef};
pub use error::{ErrorKind, JobError};
pub use estimate::{Estimate, EstimateQuestion};
pub use event::{Event, EventKind, Finished, JobId, Outcome, Wake};
pub use family::{Detected, Distillation, Family, FamilyRow, ModelDefaults, ModelInput, ModelProfile};
pub use file_format::FileFormat;
pub use frame::{Frame, WorkGrid};
pub use inpaint::{InpaintArea, InpaintMask, InpaintSettings, MaskedContent};
pub(crate) use intent::Intent;
pub use keep::{JobKeeper, JobNote, Keep, KeptJob};
pub use message_error::MessageError;
pub use model_ref::ModelRef;
pub use progress::{ModelPart, Notice, Progress};
pub use remedy::Remedy;
pub(crate) use remedy::with_remedy;
pub use request::{Destination, InitPicture, PromptSyntax, Request, RequestError, Variation};
pub use save::{Drawn, Saver};
pub(crate) use seed::fresh_seed;
pub use select::{Click, SelectPrompt};
pub use step_state::StepState;
pub use task::Task;
pub use upscale::UpscaleRequest;
pub(crate) use work::Speed;
pub use work::Work;
