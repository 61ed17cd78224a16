//! A backend that draws by script: the whole window can be tested with no weights, and its smoothness measured.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::backend::{Backend, BackendError};
use crate::job::{
    CancelToken, Compute, Drawn, ErrorKind, JobError, ModelPart, Progress, Request, StepState, Task, UpscaleRequest,
};
use crate::mask::PAINTED;
use crate::raster::Picture;
use crate::sampling::{History, SchedulerName};

/// What a [`FakeBackend`] does with each request.
#[derive(Clone, Copy, Debug)]
pub struct FakeScript {
    /// Waited before each step.
    pub step_duration: Duration,
    /// Side of every preview, in pixels.
    pub preview_side_px: u32,
    /// A prompt that contains this word fails with a sentence.
    pub fail_word: &'static str,
    /// A prompt that contains this word panics.
    pub panic_word: &'static str,
}

impl Default for FakeScript {
    fn default() -> Self {
        Self { step_duration: Duration::ZERO, preview_side_px: 32, fail_word: "fail", panic_word: "panic" }
    }
}

/// Plays a script instead of computing, so that fronts are tested without weights.
#[derive(Debug, Default)]
pub struct FakeBackend {
    script: FakeScript,
}

impl FakeBackend {
    #[must_use]
    pub fn new(script: FakeScript) -> Self {
        Self { script }
    }
}

impl Backend for FakeBackend {
    fn run(
        &mut self,
        task: &Task,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Drawn, BackendError> {
        let request = match task {
            Task::Generate(request) => request,
            Task::Upscale(request) => return Ok(enlarged(request)),
        };
        if request.prompt.contains(self.script.fail_word) {
            let sentence = format!("the word “{}” always fails here", self.script.fail_word);
            return Err(JobError::new(ErrorKind::Request, sentence).into());
        }
        assert!(!request.prompt.contains(self.script.panic_word), "the script panics here");
        progress(Progress::Loading { part: ModelPart::Unet, fraction: 1.0 });
        let side = self.script.preview_side_px;
        let begun = request.from_step.as_ref().or(request.branch.as_ref().and_then(|branch| branch.state.as_ref()));
        let first = begun.map_or(1, |state| state.next_call + 1);
        for done in first..=request.steps {
            let started = Instant::now();
            std::thread::sleep(self.script.step_duration);
            if cancel.is_cancelled() {
                return Err(BackendError::Cancelled);
            }
            let preview = Some(Arc::new(Picture::filled(side, side, colour_of(request.seed, done))));
            progress(Progress::Step { done, total: request.steps, seconds: started.elapsed().as_secs_f64(), preview });
            progress(Progress::Reached(Arc::new(state_behind(request, done))));
        }
        progress(Progress::Decoded { seconds: 0.0 });
        let photo = request.init.as_ref().map(|init| init.picture.as_ref());
        let width = request.width.or_else(|| photo.map(Picture::width)).unwrap_or(256);
        let height = request.height.or_else(|| photo.map(Picture::height)).unwrap_or(256);
        let colour = colour_of(request.seed, request.steps);
        Ok(Drawn {
            picture: filled_in(request, colour).unwrap_or_else(|| Picture::filled(width, height, colour)),
            request: Request {
                width: Some(width),
                height: Some(height),
                guidance: Some(request.guidance.unwrap_or(4.0)),
                scheduler: Some(request.scheduler.unwrap_or(SchedulerName::Ddim)),
                from_step: None,
                ..(**request).clone()
            },
            latents: None,
        })
    }

    fn reset(&mut self) {}
}

/// From here the script can go on.
fn state_behind(request: &Request, done: u32) -> StepState {
    StepState {
        scheduler: request.scheduler.unwrap_or(SchedulerName::Ddim),
        calls: request.steps,
        next_call: done,
        latents: vec![done as f32; 16],
        history: History::default(),
        noise: Vec::new(),
        level: (done < request.steps).then_some([1.0, 1.0]),
        compute: Compute::default(),
    }
}

/// Without a network: every pixel so many times.
fn enlarged(request: &UpscaleRequest) -> Drawn {
    let scale = request.scale.unwrap_or(2.0);
    let side = |side: u32| (f64::from(side) * scale) as u32;
    let picture = &request.picture;
    let picture = crate::raster::resized(picture, side(picture.width()), side(picture.height()));
    Drawn { picture, request: request.made_by.clone(), latents: None }
}

/// The photo with `colour` where it is masked, as a composite would be; `None` for what has no mask.
fn filled_in(request: &Request, colour: [u8; 4]) -> Option<Picture> {
    let photo = &request.init.as_ref()?.picture;
    let mask = &request.mask.as_ref()?.plane;
    let mut rgba = photo.rgba().to_vec();
    for (pixel, _) in rgba.chunks_exact_mut(4).zip(mask.values()).filter(|(_, value)| **value >= PAINTED) {
        pixel.copy_from_slice(&colour);
    }
    Picture::from_rgba(photo.width(), photo.height(), rgba).ok()
}

/// Another colour for each seed and step, so that a test sees which picture it looks at.
fn colour_of(seed: u64, step: u32) -> [u8; 4] {
    let mixed = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(u64::from(step) * 0x0101);
    let [red, green, blue, ..] = mixed.to_le_bytes();
    [red, green, blue, 255]
}
