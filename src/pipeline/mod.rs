//! From a request to a picture: words, noise, denoising, decoding. Knows no thread and no window.

mod adapters;
mod blend;
mod calibrate;
mod canvas;
mod compute;
mod concat_conditioning;
mod conditioning;
mod cost;
mod decode;
mod denoise;
mod encode;
mod fit;
mod guidance;
mod latent_rgb;
mod load;
pub mod memory_budget;
mod networks;
mod sampler;

use std::cell::RefCell;
use std::time::Instant;

pub use adapters::Adapters;
pub use calibrate::{guessed_card_speed, measured_speed};
pub use cost::{CostModel, Costs, ExecutionPlan, Workload, attention_method_of};
pub use encode::ConcatKind;
pub use fit::{FallbackStep, Fit, MemoryBudget, ModelSpec};
pub use latent_rgb::LatentRgb;
pub use load::{LoadOptions, Pipeline, tokenizer_of, work_grid_of};
pub use sampler::check_sampling;

use crate::checkpoint::CheckpointError;
use crate::job::{CancelToken, Compute, Frame, ModelPart, Notice, Remedy, Request, RequestError, WorkGrid};
use crate::model::{ModelError, in_pool};
use crate::prompt::TokenizerError;
use crate::raster::Picture;
use crate::sampling::SamplingError;
use canvas::Canvas;
use compute::Settled;
use denoise::Denoising;
use guidance::Guidance;
use load::OwnGuidance;
use networks::Reporter;

#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Sampling(#[from] SamplingError),
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    #[error("{side} must be a multiple of {factor} pixels for this model, found {found}; {below} and {above} would do")]
    SizeStep { side: &'static str, factor: u32, found: u32, below: u32, above: u32 },
    #[error("{0}")]
    Unsupported(String),
    #[error("this model changes a picture by instruction and there is none")]
    NeedsPicture,
    #[error("the mask is fainter than half everywhere, so nothing would change")]
    FaintMask,
    #[error("{width}×{height} needs about {needed_gb:.2} GB of memory and {free_gb:.2} GB are free")]
    TooLarge { width: usize, height: usize, needed_gb: f64, free_gb: f64, remedy: Remedy },
    #[error("this model needs about {needed_gb:.2} GB of memory and {free_gb:.2} GB are free")]
    ModelTooLarge { needed_gb: f64, free_gb: f64, remedy: Remedy },
    #[error("the model gave values that are no numbers; a checkpoint in half precision may need another dtype")]
    NotANumber,
}

impl From<CheckpointError> for PipelineError {
    fn from(error: CheckpointError) -> Self {
        Self::Model(error.into())
    }
}

impl From<candle_core::Error> for PipelineError {
    fn from(error: candle_core::Error) -> Self {
        Self::Model(error.into())
    }
}

/// Told while a picture is made.
pub enum Stage {
    /// What the whole process is foretold to take at most.
    Settled {
        peak_bytes: u64,
        compute: Compute,
    },
    /// A network is read on the way; `fraction` of the whole model.
    Loading {
        part: ModelPart,
        fraction: f32,
    },
    /// A sentence for a person: something goes another way than was asked for.
    Notice(Notice),
    /// `predicted` is the picture that the network expects at this step.
    Step {
        done: u32,
        total: u32,
        seconds: f64,
        predicted: Picture,
    },
    Decoded {
        seconds: f64,
    },
}

/// A request with every default filled in.
struct ResolvedRequest {
    width: u32,
    height: u32,
    guidance: f64,
    /// Whether two passes are compared: with the words and against them.
    is_pair: bool,
}

impl ResolvedRequest {
    fn new(request: &Request, frame: Option<Frame>, grid: WorkGrid, own: OwnGuidance) -> Result<Self, PipelineError> {
        let WorkGrid { native_side_px, cell_px: factor, .. } = grid;
        let guidance = request.guidance.unwrap_or(own.scale);
        let (width, height) = match frame {
            Some(frame) => (frame.width, frame.height),
            None => (request.width.unwrap_or(native_side_px), request.height.unwrap_or(native_side_px)),
        };
        for (side, found) in [("width", width), ("height", height)] {
            if found == 0 || found % factor != 0 {
                let below = (found / factor * factor).max(factor);
                return Err(PipelineError::SizeStep {
                    side,
                    factor,
                    found,
                    below,
                    above: below.max(found / factor * factor + factor),
                });
            }
        }
        Ok(Self { width, height, guidance, is_pair: guidance > 1.0 && !own.is_embedded })
    }

    fn workload(&self, concat: ConcatKind, encodes: bool) -> Workload {
        let rows = match (self.is_pair, concat) {
            (false, _) => 1,
            (true, ConcatKind::Picture) => 3,
            (true, _) => 2,
        };
        Workload { width: self.width as usize, height: self.height as usize, rows, windows: 1, encodes }
    }
}

impl Pipeline {
    /// Makes one picture. Gives it with the request as it was really carried out.
    ///
    /// # Errors
    /// When the request does not fit the model, the token is cancelled, or the device has no room.
    pub fn run(
        &self,
        request: &Request,
        cancel: &CancelToken,
        tell: &mut dyn FnMut(Stage),
    ) -> Result<(Picture, Request), PipelineError> {
        request.validate()?;
        let (scheduler_name, scheduler) = self.sampling.scheduler(request)?;
        let canvas = Canvas::new(request, self.spec.grid)?;
        let frame = canvas.as_ref().map(|canvas| canvas.frame);
        let resolved = ResolvedRequest::new(request, frame, self.spec.grid, self.spec.own_guidance)?;
        let Settled { compute, costs } = self.settle(request.compute, &resolved, canvas.is_some())?;
        tell(Stage::Settled { peak_bytes: costs.peak_bytes(self.source.sequential_offload) as u64, compute });
        let cancel_check = || if cancel.is_cancelled() { Err(ModelError::Cancelled) } else { Ok(()) };
        let told = Reporter { cancel_check: &cancel_check, tell: RefCell::new(tell) };
        let conditioning =
            in_pool(|| self.condition(request, &resolved, &|part, fraction| told.loading(part, fraction)))?;
        self.release_idle_memory();
        let mut noise = request.noise.source(request.seed);
        let noise = noise.as_mut();
        let guidance = Guidance::new(resolved.guidance, request);
        let mut denoising = Denoising { scheduler, first_step: 0, conditioning, guidance, beside: None, blend: None };
        let start = self.start_latents(request, &resolved, canvas.as_ref(), &mut denoising, noise, &told)?;
        // The encoder's maps are of other sizes than the UNet's, and those of other sizes than the decoder's.
        self.release_idle_memory();
        let latents = self.denoise(&mut denoising, start, &resolved, noise, &told)?;

        self.release_idle_memory();
        let started = Instant::now();
        let drawn = self.decode(latents, &resolved, &told)?;
        self.release_idle_memory();
        let (mut width, mut height) = (Some(resolved.width), Some(resolved.height));
        let picture = if let Some(canvas) = &canvas {
            (width, height) = canvas.noted_size();
            canvas.finished(drawn)
        } else {
            drawn
        };
        told.say(Stage::Decoded { seconds: started.elapsed().as_secs_f64() });
        let carried_out = Request {
            width,
            height,
            guidance: Some(resolved.guidance),
            scheduler: Some(scheduler_name),
            compute,
            ..request.clone()
        };
        Ok((picture, carried_out))
    }

    /// What the networks before left idle is given back.
    fn release_idle_memory(&self) {
        crate::kernels::release_idle_buffers();
        if let Some(operators) = self.source.execution.operators() {
            operators.wait();
        }
    }

    fn latent_shape(&self, resolved: &ResolvedRequest) -> (usize, usize, usize, usize) {
        let config = &self.source.vae_config;
        let factor = config.factor();
        (1, config.latent_channels, resolved.height as usize / factor, resolved.width as usize / factor)
    }
}
