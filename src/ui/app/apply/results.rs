//! What the actions on this session's pictures do: cancel, look at, accept, set aside.

use crate::canvas::Origin;
use crate::job::JobId;
use crate::store::worker::StoreCommand;
use crate::ui::action::{Action, GalleryView, LookingAt, ResultsAction};
use crate::ui::app::engine_events;
use crate::ui::app::studio::Studio;
use crate::ui::results::candidate::Candidate;

impl Studio {
    pub(super) fn apply_to_results(&mut self, action: ResultsAction) {
        match action {
            ResultsAction::CancelRunning => {
                self.state.queue.forever = false;
                let running = self.state.candidates.running().map(|candidate| candidate.job);
                match running.or_else(|| self.state.candidates.first_waiting()) {
                    Some(job) => self.cancel(job),
                    None => self.runs.cancel_last(),
                }
            }
            ResultsAction::Cancel(job) => self.cancel(job),
            ResultsAction::CancelAll => {
                self.state.queue.forever = false;
                self.runs.cancel_all();
                self.state.grid.cancel_begun();
                for job in self.state.candidates.unfinished() {
                    self.cancel(job);
                }
            }
            ResultsAction::LookAt(target) => self.look_at(target),
            ResultsAction::StepCandidate { by } => {
                if let Some(target) = self.state.neighbour(by) {
                    self.look_at(target);
                }
            }
            ResultsAction::Accept => self.accept(),
            ResultsAction::PutBack => self.put_back(),
            ResultsAction::Compare(files) => self.compare(&files),
            ResultsAction::Choose(job) => self.state.candidates.choose(job),
            ResultsAction::SetAside => match self.state.canvas.looking_at.clone() {
                LookingAt::Candidate(job) if self.state.candidates.get(job).is_some_and(|c| c.made().is_some()) => {
                    self.set_aside(job);
                }
                LookingAt::Candidate(_) | LookingAt::Canvas | LookingAt::Gallery(_) => self.look_at(LookingAt::Canvas),
            },
        }
    }

    fn set_aside(&mut self, job: JobId) {
        let list = &self.state.candidates.list;
        let index = list.iter().position(|candidate| candidate.job == job);
        self.state.candidates.aside = index.map(|index| (index, list[index].clone()));
        engine_events::take_off(&mut self.state, job);
        let words = "Set aside; it stays in the gallery.";
        self.state.toasts.offer(words, "Undo", Action::Results(ResultsAction::PutBack));
    }

    fn put_back(&mut self) {
        let Some((index, candidate)) = self.state.candidates.aside.take() else { return };
        let job = candidate.job;
        let list = &mut self.state.candidates.list;
        list.insert(index.min(list.len()), candidate);
        self.look_at(LookingAt::Candidate(job));
    }

    /// Answers at once: the picture leaves the strip now, and whatever the engine still reports of it is passed over.
    pub(super) fn cancel(&mut self, job: JobId) {
        if let Some(handle) = self.jobs.iter().find(|handle| handle.id() == job) {
            handle.cancel();
        }
        engine_events::take_off(&mut self.state, job);
    }

    pub(super) fn look_at(&mut self, target: LookingAt) {
        if let LookingAt::Gallery(shown) = &target
            && shown.picture.is_none()
        {
            self.store.send(StoreCommand::LoadPicture(shown.file.clone()));
        }
        if let LookingAt::Gallery(shown) = &target {
            self.state.gallery.reveal = Some(shown.file.clone());
            self.state.gallery.selection.end_run();
        }
        self.state.compare.open = None;
        let running: Vec<JobId> = self.state.candidates.all_running().iter().map(|candidate| candidate.job).collect();
        let canvas = &mut self.state.canvas;
        canvas.follows_run = matches!(target, LookingAt::Candidate(job) if running.contains(&job));
        if canvas.looking_at != target {
            canvas.looking_at = target;
            self.ask_family();
        }
        self.state.panels.gallery.over_canvas = false;
    }

    fn accept(&mut self) {
        let mut is_filled = false;
        let shown = match &self.state.canvas.looking_at {
            LookingAt::Canvas => None,
            LookingAt::Candidate(job) => {
                let candidate = self.state.candidates.get(*job);
                is_filled = candidate.is_some_and(|candidate| candidate.request.mask.is_some());
                candidate.and_then(Candidate::made).map(|made| (made.picture.clone(), made.file.clone()))
            }
            LookingAt::Gallery(GalleryView { file, picture }) => picture.clone().map(|picture| (picture, file.clone())),
        };
        if let Some((picture, file)) = shown {
            let was_filled =
                is_filled && self.state.canvas.document.size_px() == Some([picture.width(), picture.height()]);
            let origin = Origin { file: Some(file), made_here: true };
            self.state.canvas.replace_picture(Some((picture, origin)));
            if was_filled {
                // The mask stays, for one more try; but what was accepted is what one wants to see.
                self.state.canvas.overlay.hides_mask = true;
                self.state.inpaint.end_expanding();
            }
        }
    }
}
