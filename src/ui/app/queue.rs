//! The queue beyond one action: what earlier runs left in it, and pictures without end.

use std::sync::Arc;

use crate::job::{Frame, JobId, KeptJob, Task, fresh_seed};
use crate::ui::action::{Action, Press, QueueAction};
use crate::ui::app::runs::Place;
use crate::ui::app::studio::Studio;
use crate::ui::results::candidate::{Candidate, Kind, Stage};
use crate::ui::words;

impl Studio {
    /// Takes in what happened to the queue elsewhere, and keeps the engine busy where that is wanted.
    pub(in crate::ui) fn follow_queue(&mut self, ctx: &egui::Context) {
        if let Some(keeper) = self.services.queue.clone() {
            if let Some(left) = keeper.take_left() {
                for notice in &left.notices {
                    self.state.toasts.error(words::of_notice(notice), None);
                }
                self.take_up(left.jobs);
            }
            if let Some(problem) = keeper.take_problem() {
                self.state.toasts.error(words::of_error(&problem), None);
            }
        }
        self.note_what_is_done(ctx.input(|input| input.focused));
        self.state.candidates.begun = self.engine.running_jobs();
        self.state.candidates.at_once = self.engine.workers();
        let queue = &self.state.queue;
        if queue.forever && !queue.is_paused && self.runs.is_empty() && self.state.candidates.waiting().next().is_none()
        {
            self.generate_at(Place::End, Some(fresh_seed()));
        }
    }

    /// The desktop says that a long row is done, to who looks elsewhere.
    fn note_what_is_done(&mut self, is_focused: bool) {
        let mut finished = std::mem::take(&mut self.state.queue.finished);
        // All pictures of one press may have come since the last frame.
        finished.dedup();
        for press in finished {
            let of_it = self.state.candidates.list.iter().filter(|candidate| candidate.press == press);
            let of_it: Vec<&Candidate> = of_it.collect();
            let made: Vec<f64> =
                of_it.iter().filter_map(|candidate| candidate.made()).map(|made| made.seconds).collect();
            let is_whole = made.len() == of_it.len();
            if is_focused || !is_whole || made.iter().sum::<f64>() < self.services.note.after_seconds {
                continue;
            }
            let title = if made.len() == 1 {
                "The picture is done".to_owned()
            } else {
                format!("{} pictures are done", made.len())
            };
            let words = of_it.first().map(|candidate| candidate.request.prompt.clone()).unwrap_or_default();
            (self.services.note.show)(&title, &words);
        }
    }

    /// What waited when the program ended waits again; nothing begins before somebody has seen it.
    fn take_up(&mut self, jobs: Vec<KeptJob>) {
        if jobs.is_empty() {
            return;
        }
        self.engine.pause(true);
        self.state.queue.is_paused = true;
        let count = jobs.len();
        let mut is_of_grid = false;
        for kept in jobs {
            let (press, request) = (kept.note.press, kept.task.request().clone());
            let kind = match &kept.task {
                Task::Generate(_) => Kind::Drawn,
                Task::Upscale(upscale) => Kind::Upscale(Arc::from(upscale.clone())),
            };
            is_of_grid |= kind == Kind::Drawn && !kept.note.name.is_empty();
            match self.engine.submit_again(kept) {
                Ok(handle) => {
                    let job = handle.id();
                    self.jobs.push(handle);
                    let mask = request.mask.as_ref().and_then(|mask| mask.plane.bounds());
                    let frame = mask.zip(request.init.as_ref()).map(|(bounds, init)| {
                        let size = (init.picture.width(), init.picture.height());
                        let asked = (request.width, request.height);
                        let grid = self.state.work_grid();
                        Frame::inpainted(size, bounds, &request.inpaint, asked, request.resize, grid)
                    });
                    let stage = Stage::Waiting;
                    let candidate = Candidate { job, press, kind, request, frame, estimated_seconds: None, stage };
                    self.state.candidates.list.push(candidate);
                }
                Err(error) => self.state.toasts.error(words::of_error(&error), None),
            }
        }
        if is_of_grid {
            let words = "The pictures of a grid come one by one after a restart, without the labelled one of all.";
            self.state.toasts.note(words);
        }
        let words = match count {
            1 => "One picture waits from last time.".to_owned(),
            count => format!("{count} pictures wait from last time."),
        };
        self.state.toasts.offer(words, "Go on", Action::Queue(QueueAction::Pause));
    }

    /// What waits, in the order in which the engine will take it.
    #[must_use]
    pub fn waiting_jobs(&self) -> Vec<JobId> {
        self.engine.waiting()
    }

    /// No press had it before, in this run or another.
    pub(in crate::ui) fn new_press() -> Press {
        fresh_seed()
    }
}
