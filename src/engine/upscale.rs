//! Carries an enlargement out: keeps the network that was used last, in tiles that fit into the memory that is free.

use std::path::PathBuf;
use std::time::{Instant, SystemTime};

use super::backend::BackendError;
use super::failure;
use crate::job::{CancelToken, Drawn, ErrorKind, JobError, ModelPart, Progress, Remedy, Request, UpscaleRequest};
use crate::model::{Execution, ModelError, Upscaler, in_pool};
use crate::pipeline::memory_budget;
use crate::raster;

/// A picture goes through the network so many times at most.
const MOST_PASSES: usize = 3;

/// What is kept from one picture to the next.
#[derive(Default)]
pub(super) struct Upscaling {
    /// The file, when it was written, and the network in it.
    loaded: Option<(PathBuf, Option<SystemTime>, Upscaler)>,
}

impl Upscaling {
    pub(super) fn forget(&mut self) {
        self.loaded = None;
    }

    fn network(&mut self, file: &PathBuf) -> Result<&Upscaler, JobError> {
        let written = std::fs::metadata(file).and_then(|found| found.modified()).ok();
        let known = self.loaded.take().filter(|(path, time, _)| path == file && *time == written);
        let loaded = match known {
            Some(known) => known,
            None => (file.clone(), written, Upscaler::open(file).map_err(failure::job_error)?),
        };
        Ok(&self.loaded.insert(loaded).2)
    }

    pub(super) fn run(
        &mut self,
        request: &UpscaleRequest,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Drawn, BackendError> {
        progress(Progress::Loading { part: ModelPart::Upscaler, fraction: 0.0 });
        let network = self.network(&request.model)?;
        progress(Progress::Loading { part: ModelPart::Upscaler, fraction: 1.0 });
        let native = network.scale() as f64;
        let scale = request.scale.unwrap_or(native);
        let [width, height] = request.size_px(scale).map_err(JobError::from)?;
        let passes = (1..MOST_PASSES).take_while(|passes| native > 1.0 && native.powi(*passes as i32) < scale * 0.999);
        let passes = passes.count() + 1;
        let own = [request.picture.width(), request.picture.height()];
        let side = |side: u32, pass: usize| (f64::from(side) * native.powi(pass as i32)) as u32;
        // Each pass is as large as the one before made it.
        let free = memory_budget::free_bytes(&Execution::Kernels);
        let plans: Vec<(usize, u64)> =
            (0..passes).map(|pass| network.plan(side(own[0], pass), side(own[1], pass), free)).collect();
        let needed = plans.iter().map(|(_, bytes)| *bytes).max().unwrap_or_default();
        if let Some(free) = free.filter(|free| needed > *free) {
            let gb = |bytes: u64| bytes as f64 / 1e9;
            let sentence = format!(
                "enlarging this to {width}×{height} needs about {:.2} GB of memory and {:.2} GB are free",
                gb(needed),
                gb(free)
            );
            return Err(JobError::new(ErrorKind::Memory, sentence).with_remedy(Some(Remedy::FreeMemory)).into());
        }
        progress(Progress::Resolved { compute: request.made_by.compute, peak_bytes: needed });
        let counts =
            (0..passes).map(|pass| Upscaler::tile_count(side(own[0], pass), side(own[1], pass), plans[pass].0));
        let total = counts.sum::<usize>() as u32;
        let check = || if cancel.is_cancelled() { Err(ModelError::Cancelled) } else { Ok(()) };
        let mut done = 0;
        let mut last = Instant::now();
        let mut picture = None;
        for (tile, _) in plans {
            let given = picture.as_ref().unwrap_or(request.picture.as_ref());
            let mut on_tile = || {
                done += 1;
                let seconds = last.elapsed().as_secs_f64();
                last = Instant::now();
                progress(Progress::Step { done, total, seconds, preview: None });
                Ok(())
            };
            let enlarged = in_pool(|| network.enlarge(given, tile, &check, &mut on_tile)).map_err(backend_error)?;
            picture = Some(enlarged);
        }
        let picture = raster::resized(picture.as_ref().unwrap_or(request.picture.as_ref()), width, height);
        let alpha = raster::resized(&request.picture, width, height);
        let made_by = Request { worked_px: Some(own), init: None, mask: None, ..request.made_by.clone() };
        Ok(Drawn { picture: raster::with_alpha_of(&alpha, picture), request: made_by, latents: None })
    }
}

fn backend_error(error: ModelError) -> BackendError {
    match error {
        ModelError::Cancelled => BackendError::Cancelled,
        error => failure::job_error(error).into(),
    }
}
