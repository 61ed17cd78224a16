//! The pictures of this session in the order in which they were asked for: waiting, on their way, or done.

use std::path::PathBuf;
use std::sync::Arc;

use crate::job::{Frame, JobId, ModelPart, Request, Task, UpscaleRequest};
use crate::raster::Picture;
use crate::ui::action::Press;

/// How a picture comes about.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// As its request says.
    Drawn,
    /// Another one is enlarged; the request says how that one was made.
    Upscale(Arc<UpscaleRequest>),
    /// A picture of a grid, at (across, down); the words are the grid's.
    Cell { words: Arc<str>, at: [usize; 2] },
    /// The labelled picture of a whole grid; the request is what its cells begin with.
    Grid(Arc<str>),
}

impl Kind {
    /// "upscale", "grid 3 × 2"; empty for a picture as most are.
    #[must_use]
    pub fn words(&self) -> &str {
        match self {
            Self::Drawn => "",
            Self::Upscale(_) => "upscale",
            Self::Cell { words, .. } | Self::Grid(words) => words,
        }
    }

    /// Why its words are not written anew and its seeds do not count on, where that is so.
    #[must_use]
    pub fn keeps_its_words(&self) -> Option<&'static str> {
        match self {
            Self::Drawn => None,
            Self::Upscale(_) => Some("The picture is only enlarged: it has no words and no seed to change."),
            Self::Cell { .. } | Self::Grid(_) => {
                Some("Each picture of a grid has words and a seed of its own: take it out and make another grid.")
            }
        }
    }
}

/// One picture of the strip.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub job: JobId,
    /// Those that were asked for at once have the same.
    pub press: Press,
    pub kind: Kind,
    pub request: Request,
    /// The part of the canvas that is worked on, where it is masked.
    pub frame: Option<Frame>,
    /// What a step was estimated to take.
    pub estimated_seconds: Option<f64>,
    pub stage: Stage,
}

/// How far a picture has come.
#[derive(Clone, Debug)]
pub enum Stage {
    Waiting,
    /// `fraction` of the model is read.
    Loading {
        part: ModelPart,
        fraction: f32,
    },
    Running(Progress),
    Done(Made),
}

/// A picture between its first step and its last pixel.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    pub done: u32,
    pub total: u32,
    /// Smoothed over the last steps.
    pub seconds_per_step: f64,
    pub preview: Option<Arc<Picture>>,
}

impl Progress {
    /// 0 to 1.
    #[must_use]
    pub fn fraction(&self) -> f32 {
        if self.total == 0 { 0.0 } else { self.done as f32 / self.total as f32 }
    }

    /// What the remaining steps will take; the decoder comes on top.
    #[must_use]
    pub fn seconds_left(&self) -> f64 {
        f64::from(self.total.saturating_sub(self.done)) * self.seconds_per_step
    }
}

/// A finished picture.
#[derive(Clone, Debug)]
pub struct Made {
    pub picture: Arc<Picture>,
    pub file: PathBuf,
    pub seconds: f64,
}

impl Candidate {
    /// The finished picture, or the newest preview.
    #[must_use]
    pub fn newest_picture(&self) -> Option<&Arc<Picture>> {
        match &self.stage {
            Stage::Running(progress) => progress.preview.as_ref(),
            Stage::Done(made) => Some(&made.picture),
            Stage::Waiting | Stage::Loading { .. } => None,
        }
    }

    #[must_use]
    pub fn made(&self) -> Option<&Made> {
        match &self.stage {
            Stage::Done(made) => Some(made),
            _ => None,
        }
    }

    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(self.stage, Stage::Loading { .. } | Stage::Running(_))
    }

    /// What the engine is asked for.
    #[must_use]
    pub fn task(&self) -> Task {
        match &self.kind {
            Kind::Upscale(upscale) => (**upscale).clone().into(),
            Kind::Drawn | Kind::Cell { .. } | Kind::Grid(_) => self.request.clone().into(),
        }
    }

    /// The size that the finished picture will have, in pixels; `None` where only its network knows.
    #[must_use]
    pub fn size_px(&self) -> Option<[u32; 2]> {
        if let Some(made) = self.made() {
            return Some([made.picture.width(), made.picture.height()]);
        }
        if let Kind::Upscale(upscale) = &self.kind {
            return upscale.scale.and_then(|scale| upscale.size_px(scale).ok());
        }
        let request = &self.request;
        // What is masked is pasted back: the picture keeps its size.
        let of_init = request.init.as_ref().map(|init| [init.picture.width(), init.picture.height()]);
        if request.mask.is_some() && request.inpaint.composite {
            return of_init;
        }
        request.width.zip(request.height).map(|(width, height)| [width, height]).or(of_init)
    }
}

/// All of them, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Candidates {
    pub list: Vec<Candidate>,
    /// Those that the engine works on, also before they have reported anything.
    pub begun: Vec<JobId>,
    /// How many can be made at once: one on each device; 0 where that is not known yet.
    pub at_once: usize,
    /// The one that was set aside last, and its place.
    pub aside: Option<(usize, Candidate)>,
    /// Files of the last time that are still being read.
    pub coming: Vec<PathBuf>,
    /// Finished ones that were chosen beside each other, in the order of the clicks.
    pub chosen: Vec<JobId>,
}

impl Candidates {
    #[must_use]
    pub fn get(&self, job: JobId) -> Option<&Candidate> {
        self.list.iter().find(|candidate| candidate.job == job)
    }

    /// Takes in a picture of the last time, before all of this one, or forgets it where its file is gone.
    pub fn restore(&mut self, file: PathBuf, found: Option<(Arc<Picture>, Request)>) {
        self.coming.retain(|coming| *coming != file);
        let Some((picture, request)) = found else { return };
        let place = self.list.iter().filter(|known| is_of_before(known.job)).count();
        let last = self.list.iter().map(|known| known.job.0).filter(|job| is_of_before(JobId(*job))).min();
        let job = JobId(last.unwrap_or(u64::MAX) - 1);
        // How long it took is not known any more.
        let stage = Stage::Done(Made { picture, file, seconds: 0.0 });
        let kind = Kind::Drawn;
        self.list
            .insert(place, Candidate { job, press: job.0, kind, request, frame: None, estimated_seconds: None, stage });
    }

    /// The finished pictures' files, for the next time.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let of = |before: bool| {
            let some = self.list.iter().filter(move |known| is_of_before(known.job) == before);
            some.filter_map(Candidate::made).map(|made| made.file.clone())
        };
        let files = of(true).chain(self.coming.iter().cloned()).chain(of(false));
        files.filter(|file| !file.as_os_str().is_empty()).collect()
    }

    pub fn get_mut(&mut self, job: JobId) -> Option<&mut Candidate> {
        self.list.iter_mut().find(|candidate| candidate.job == job)
    }

    /// The one that is being made; of several the first.
    #[must_use]
    pub fn running(&self) -> Option<&Candidate> {
        self.all_running().first().copied()
    }

    /// All that are being made at once, those that have reported something first.
    #[must_use]
    pub fn all_running(&self) -> Vec<&Candidate> {
        let is_begun = |candidate: &&Candidate| {
            self.begun.contains(&candidate.job) && candidate.made().is_none() && !candidate.is_running()
        };
        let reported = self.list.iter().filter(|candidate| candidate.is_running());
        // Of one that has ended the last event may not be read yet, while the next has begun on its device.
        reported.chain(self.list.iter().filter(is_begun)).take(self.begun.len().max(1)).collect()
    }

    /// Chooses a finished one, or leaves it out again.
    pub fn choose(&mut self, job: JobId) {
        if self.chosen.contains(&job) {
            self.chosen.retain(|chosen| *chosen != job);
        } else if self.get(job).is_some_and(|candidate| candidate.made().is_some()) {
            self.chosen.push(job);
        }
    }

    /// In which order it was chosen, of those that are still there.
    #[must_use]
    pub fn place_among_chosen(&self, job: JobId) -> Option<usize> {
        self.chosen.iter().filter(|known| self.get(**known).is_some()).position(|known| *known == job)
    }

    /// What is compared at a press: those that are chosen, else the last two that are done; with `shown`, that one
    /// beside the one before it.
    #[must_use]
    pub fn to_compare(&self, shown: Option<JobId>) -> Vec<PathBuf> {
        let file = |job: &JobId| Some(self.get(*job)?.made()?.file.clone());
        let chosen: Vec<PathBuf> = self.chosen.iter().filter_map(file).collect();
        if chosen.len() > 1 {
            return chosen;
        }
        let done: Vec<&Candidate> = self.list.iter().filter(|candidate| candidate.made().is_some()).collect();
        let at = shown.and_then(|job| done.iter().position(|candidate| candidate.job == job));
        let at = at.unwrap_or(done.len().saturating_sub(1));
        let before = if at == 0 { 1 } else { at - 1 };
        let pair = [before.min(at), before.max(at)].into_iter().filter_map(|index| done.get(index));
        pair.filter_map(|candidate| file(&candidate.job)).collect()
    }

    /// Whether something runs or waits.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.list.iter().any(|candidate| !matches!(candidate.stage, Stage::Done(_)))
    }

    #[must_use]
    pub fn first_waiting(&self) -> Option<JobId> {
        self.unfinished().first().copied()
    }

    /// Everything that runs or waits.
    #[must_use]
    pub fn unfinished(&self) -> Vec<JobId> {
        let unfinished = self.list.iter().filter(|candidate| candidate.made().is_none());
        unfinished.map(|candidate| candidate.job).collect()
    }

    /// Takes one off the strip and returns which one stands in its place (or, at the end, before it).
    pub fn remove(&mut self, job: JobId) -> Option<JobId> {
        let index = self.list.iter().position(|candidate| candidate.job == job)?;
        self.list.remove(index);
        self.list.get(index).or_else(|| self.list.last()).map(|candidate| candidate.job)
    }

    /// Takes the oldest finished ones off, so that a long session does not fill the memory; what waits is not counted.
    pub fn keep_newest(&mut self, count: usize) {
        let finished = self.list.iter().filter(|candidate| matches!(candidate.stage, Stage::Done(_))).count();
        let mut left = finished.saturating_sub(count);
        self.list.retain(|candidate| {
            let drop_it = left > 0 && matches!(candidate.stage, Stage::Done(_));
            left -= usize::from(drop_it);
            !drop_it
        });
    }
}

/// The engine counts its jobs upwards; those of the last time are counted down from the end.
fn is_of_before(job: JobId) -> bool {
    job.0 > u64::MAX / 2
}
