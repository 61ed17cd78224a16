//! What the actions on the queue do. The engine's order is the one that counts; the strip follows it.

use crate::job::{Destination, JobError, JobId, JobNote, Keep, Request};
use crate::prompt::lora_tags;
use crate::store::worker::StoreCommand;
use crate::ui::action::{Action, Press, QueueAction};
use crate::ui::app::runs::{Place, PreparedRun};
use crate::ui::app::studio::Studio;
use crate::ui::queue::state::{Editing, Removed};
use crate::ui::results::candidate::Candidate;
use crate::ui::words;

impl Studio {
    pub(super) fn apply_to_queue(&mut self, action: QueueAction) {
        match action {
            QueueAction::Toggle => self.state.queue.open = !self.state.queue.open,
            QueueAction::Pause => {
                let is_paused = !self.engine.is_paused();
                self.engine.pause(is_paused);
                self.state.queue.is_paused = is_paused;
            }
            QueueAction::Move { press, by } => {
                let row = self.state.candidates.rows().iter().position(|row| row.press == press);
                if let Some(row) = row.and_then(|row| row.checked_add_signed(by)) {
                    self.move_row(press, row);
                }
            }
            QueueAction::MoveTo { press, row } => self.move_row(press, row),
            QueueAction::ToFront(press) => self.move_row(press, 0),
            QueueAction::Remove(press) => self.remove_row(press),
            QueueAction::PutBack => self.put_row_back(),
            QueueAction::CancelRow(press) => {
                self.state.queue.forever = false;
                let running = self.state.candidates.all_running().into_iter();
                let running: Vec<JobId> = running.filter(|one| one.press == press).map(|one| one.job).collect();
                for job in self.state.candidates.waiting_of(press).into_iter().chain(running) {
                    self.cancel(job);
                }
            }
            QueueAction::Duplicate(press) => self.duplicate_row(press),
            QueueAction::BeginEdit(press) => {
                let Some(candidate) = self.first_waiting_of(press) else { return };
                if let Some(reason) = candidate.kind.keeps_its_words() {
                    self.state.toasts.note(reason);
                } else {
                    let words = candidate.request.prompt.clone();
                    self.state.queue.editing = Some(Editing { press, words, has_begun: false });
                }
            }
            QueueAction::EndEdit => self.end_edit(),
            QueueAction::Edit { press, words } => {
                self.end_edit();
                self.edit_row(press, words);
            }
            QueueAction::ClearDone => {
                let done = self.state.candidates.list.iter().filter(|candidate| candidate.made().is_some());
                self.state.queue.cleared = done.map(|candidate| candidate.job).max();
            }
            QueueAction::Forever => {
                self.state.queue.forever = !self.state.queue.forever;
                if self.state.queue.forever && !self.state.is_ready() {
                    self.state.queue.forever = false;
                    self.state.prompt.wants_focus = true;
                }
            }
        }
    }

    pub(super) fn move_row(&mut self, press: Press, row: usize) {
        let order = self.state.candidates.order_with(press, row);
        if !order.is_empty() {
            self.engine.arrange(&order);
            self.state.candidates.arrange(&order);
        }
    }

    /// The row that new pictures of this place are laid to; `None` is behind all others.
    pub(super) fn row_of(&self, place: Place) -> Option<usize> {
        let rows = self.state.candidates.rows();
        let of = |press: Press| rows.iter().position(|row| row.press == press);
        match place {
            Place::End => None,
            Place::Front => Some(0),
            Place::Behind(press) => of(press).map(|row| row + 1),
            // It is gone by then.
            Place::InsteadOf(press) => of(press),
        }
    }

    /// Takes a row out that others stand for now. Gives as many of the requests as are wanted still: some pictures of the
    /// row may have begun by now.
    pub(super) fn make_room(&mut self, place: Place, mut requests: Vec<Request>) -> Vec<Request> {
        let Place::InsteadOf(press) = place else { return requests };
        let waiting = self.state.candidates.waiting_of(press);
        requests.drain(..requests.len().saturating_sub(waiting.len()));
        for job in waiting {
            self.cancel(job);
        }
        requests
    }

    fn remove_row(&mut self, press: Press) {
        let rows = self.state.candidates.rows();
        let Some(row) = rows.iter().position(|row| row.press == press) else { return };
        let pictures: Vec<Candidate> = rows[row].pictures.iter().map(|picture| (*picture).clone()).collect();
        let next = rows.get(row + 1).or_else(|| rows.get(row.checked_sub(1)?)).map(|row| row.press);
        for picture in &pictures {
            self.cancel(picture.job);
        }
        let words = match pictures.len() {
            1 => "Taken out of the queue.".to_owned(),
            count => format!("{count} pictures taken out of the queue."),
        };
        self.state.queue.removed = Some(Removed { row, pictures });
        self.state.queue.wants_focus = next.filter(|_| self.state.queue.focused == Some(press));
        self.state.toasts.offer(words, "Undo", Action::Queue(QueueAction::PutBack));
    }

    fn put_row_back(&mut self) {
        let Some(Removed { row, pictures }) = self.state.queue.removed.take() else { return };
        let Some(press) = pictures.first().map(|picture| picture.press) else { return };
        for picture in pictures {
            if let Err(error) = self.submit_candidate(picture) {
                self.state.toasts.error(words::of_error(&error), None);
                return;
            }
        }
        self.move_row(press, row);
    }

    /// Gives a picture to the engine behind all that wait, and shows it in the strip.
    pub(super) fn submit_candidate(&mut self, picture: Candidate) -> Result<(), JobError> {
        let keep = Keep::New(JobNote { press: picture.press, name: picture.kind.words().to_owned() });
        let handle = self.engine.submit_kept(picture.task(), Destination::Gallery, usize::MAX, keep)?;
        let job = handle.id();
        self.jobs.push(handle);
        self.state.candidates.list.push(Candidate { job, ..picture });
        Ok(())
    }

    fn duplicate_row(&mut self, press: Press) {
        let waiting: Vec<&Candidate> =
            self.state.candidates.waiting().filter(|candidate| candidate.press == press).collect();
        let Some(last) = waiting.last() else { return };
        if let Some(reason) = last.kind.keeps_its_words() {
            return self.state.toasts.note(reason);
        }
        let (mut base, count) = ((*last).clone(), waiting.len() as u32);
        base.request = base.request.of_batch(1);
        self.prepare_again(base, count, Place::Behind(press));
    }

    fn edit_row(&mut self, press: Press, words: String) {
        let count = self.state.candidates.waiting_of(press).len() as u32;
        let Some(mut base) = self.first_waiting_of(press).cloned() else {
            self.state.toasts.note("That row is not waiting any more, so its words stay as they are.");
            return;
        };
        if base.request.prompt == words {
            return;
        }
        let named = lora_tags(&base.request.settled_prompt()).len();
        let rest = base.request.loras.len().saturating_sub(named);
        base.request.loras.truncate(rest);
        base.request.prompt = words;
        self.prepare_again(base, count, Place::InsteadOf(press));
    }

    /// What a prompt names is looked up anew, as for a press of Generate.
    fn prepare_again(&mut self, base: Candidate, picture_count: u32, place: Place) {
        let Candidate { mut request, kind, frame, estimated_seconds, .. } = base;
        if matches!(place, Place::Behind(_)) {
            let named = lora_tags(&request.settled_prompt()).len();
            request.loras.truncate(request.loras.len().saturating_sub(named));
        }
        request.embeddings.clear();
        request.from_step = None;
        let press = Self::new_press();
        let id = self.runs.add(PreparedRun { place, press, kind, picture_count, frame, estimated_seconds });
        let (request, folders) = (Box::new(request), self.saver.current.known_models.clone());
        self.store.send(StoreCommand::ResolveReferences { id, request, picture_count, folders });
    }

    fn end_edit(&mut self) {
        let edited = self.state.queue.editing.take().map(|editing| editing.press);
        self.state.queue.wants_focus = edited;
    }

    fn first_waiting_of(&self, press: Press) -> Option<&Candidate> {
        self.state.candidates.waiting().find(|candidate| candidate.press == press)
    }
}
