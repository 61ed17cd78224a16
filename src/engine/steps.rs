//! The steps of the pictures that were drawn lately, to look through and to go on from. In memory, and bounded: the oldest
//! picture's go first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::job::{JobId, Request, StepState};
use crate::raster::{Picture, resized};

/// A look at a step is no larger than this on its longer side, in pixels.
const MOST_SIDE_PX: u32 = 512;

/// Behind one call of the network.
#[derive(Clone, Debug)]
pub struct KeptStep {
    /// As it is counted while the picture is made, from 1.
    pub number: u32,
    pub state: Arc<StepState>,
    /// What the network expected the picture to become.
    pub preview: Option<Arc<Picture>>,
}

/// A picture's way.
#[derive(Clone, Debug)]
pub struct KeptSteps {
    /// With its pictures and masks.
    pub request: Arc<Request>,
    /// How many steps it has in all.
    pub total: u32,
    pub steps: Vec<KeptStep>,
}

#[derive(Default)]
pub(super) struct StepShelf {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    most_bytes: usize,
    bytes: usize,
    /// Oldest first.
    jobs: VecDeque<(JobId, KeptSteps)>,
}

impl StepShelf {
    /// Of all pictures together; 0 keeps none.
    pub(super) fn limit(&self, most_bytes: usize) {
        let mut kept = self.lock();
        kept.most_bytes = most_bytes;
        kept.make_room();
    }

    pub(super) fn is_open(&self) -> bool {
        self.lock().most_bytes > 0
    }

    pub(super) fn add(&self, job: JobId, request: &Arc<Request>, total: u32, step: KeptStep) {
        let mut kept = self.lock();
        if kept.most_bytes == 0 {
            return;
        }
        kept.bytes += bytes_of(&step);
        if let Some((_, known)) = kept.jobs.iter_mut().find(|(known, _)| *known == job) {
            // Another device has begun it anew.
            let is_anew = known.steps.last().is_some_and(|last| last.number >= step.number);
            let gone = if is_anew { std::mem::take(&mut known.steps) } else { Vec::new() };
            known.steps.push(step);
            kept.bytes -= gone.iter().map(bytes_of).sum::<usize>();
        } else {
            let request = Arc::clone(request);
            kept.jobs.push_back((job, KeptSteps { request, total, steps: vec![step] }));
        }
        kept.make_room();
    }

    pub(super) fn of(&self, job: JobId) -> Option<KeptSteps> {
        self.lock().jobs.iter().find(|(known, _)| *known == job).map(|(_, steps)| steps.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// The newest picture's own steps go last, the oldest of them first.
    fn make_room(&mut self) {
        while self.bytes > self.most_bytes {
            let Some((_, oldest)) = self.jobs.front_mut() else { return };
            if oldest.steps.is_empty() {
                self.jobs.pop_front();
                continue;
            }
            let gone = oldest.steps.remove(0);
            self.bytes = self.bytes.saturating_sub(bytes_of(&gone));
        }
    }
}

fn bytes_of(step: &KeptStep) -> usize {
    let KeptStep { state, preview, .. } = step;
    let values = state.latents.len() + state.history.rows.iter().map(Vec::len).sum::<usize>();
    let counts = state.history.counts.len() + state.noise.len();
    let pixels = preview.as_ref().map_or(0, |preview| preview.rgba().len());
    4 * values + 8 * counts + pixels
}

/// Small enough to be kept with all the others.
pub(super) fn small(preview: &Arc<Picture>) -> Arc<Picture> {
    let longer = preview.width().max(preview.height());
    if longer <= MOST_SIDE_PX {
        return Arc::clone(preview);
    }
    let side = |side: u32| ((u64::from(side) * u64::from(MOST_SIDE_PX) / u64::from(longer)) as u32).max(1);
    Arc::new(resized(preview, side(preview.width()), side(preview.height())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Compute;
    use crate::sampling::{History, SchedulerName};

    fn step(number: u32) -> KeptStep {
        let state = StepState {
            scheduler: SchedulerName::Euler,
            calls: 20,
            next_call: number,
            latents: vec![0.0; 100],
            history: History::default(),
            noise: Vec::new(),
            level: None,
            compute: Compute::default(),
        };
        KeptStep { number, state: Arc::new(state), preview: None }
    }

    #[test]
    fn the_oldest_picture_gives_way_and_nothing_is_kept_where_nobody_wants_it() {
        let shelf = StepShelf::default();
        let request = Arc::new(Request::default());
        shelf.add(JobId(1), &request, 20, step(1));
        assert!(shelf.of(JobId(1)).is_none());
        shelf.limit(4 * 100 * 5);
        for job in [1, 2] {
            for number in 1..=3 {
                shelf.add(JobId(job), &request, 20, step(number));
            }
        }
        let numbers =
            |job| shelf.of(JobId(job)).map(|kept| kept.steps.iter().map(|step| step.number).collect::<Vec<_>>());
        assert_eq!((numbers(1), numbers(2)), (Some(vec![2, 3]), Some(vec![1, 2, 3])));
        for number in 4..=9 {
            shelf.add(JobId(2), &request, 20, step(number));
        }
        assert_eq!((numbers(1), numbers(2)), (None, Some(vec![5, 6, 7, 8, 9])));
        let wide = Arc::new(Picture::filled(2048, 512, [1, 2, 3, 255]));
        assert_eq!(small(&wide).size(), [512, 128]);
    }
}
