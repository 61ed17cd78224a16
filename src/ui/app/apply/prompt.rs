//! What the prompt panel's actions do: above all, a press of Generate.

use crate::job::{JobId, Notice, Request, fresh_seed};
use crate::store::models::prompt_references::ReferenceError;
use crate::store::worker::StoreCommand;
use crate::ui::action::{Action, PromptAction};
use crate::ui::app::apply::sentence;
use crate::ui::app::runs::{Place, PreparedRun};
use crate::ui::app::studio::Studio;
use crate::ui::results::candidate::{Candidate, Stage};
use crate::ui::words;

impl Studio {
    pub(super) fn apply_to_prompt(&mut self, ctx: &egui::Context, action: PromptAction) {
        match action {
            PromptAction::Generate => self.generate_at(Place::End, None),
            PromptAction::GenerateInFront => self.generate_at(Place::Front, None),
            PromptAction::Focus => {
                self.show_prompt_panel(ctx);
                self.state.prompt.wants_focus = true;
            }
            PromptAction::Older => self.state.prompt.recall(&self.saver.current.prompt_history, 1),
            PromptAction::Newer => self.state.prompt.recall(&self.saver.current.prompt_history, -1),
            PromptAction::StartExample(prompt) => {
                self.state.prompt.prompt = prompt.into();
                self.generate_at(Place::End, None);
            }
            PromptAction::ChooseModel(model) => self.state.choose_model(model),
            PromptAction::UseSettings(path) => {
                let folders = self.saver.current.known_models.clone();
                self.store.send(StoreCommand::ReadRequest { path, folders });
            }
            PromptAction::RequestReady { id, request } => {
                if let Some(picture_count) = self.runs.picture_count(id) {
                    let folders = self.saver.current.known_models.clone();
                    self.store.send(StoreCommand::ResolveReferences { id, request, picture_count, folders });
                }
            }
            PromptAction::RequestFailed { id } => {
                if self.runs.take(id).is_some() {
                    self.state.toasts.error("The canvas could not be read for this picture. Try again.", None);
                }
            }
        }
    }

    /// The canvas is put into one picture on the worker, then the store finds what the prompt refers to, and then the
    /// request goes to the engine: none of it on the window's thread.
    pub(in crate::ui) fn generate_at(&mut self, place: Place, seed: Option<u64>) {
        if !self.state.is_ready() {
            self.state.prompt.wants_focus = true;
            return;
        }
        let first_seed = seed.or(self.state.prompt.fixed_seed()).unwrap_or_else(fresh_seed);
        let mut request = Box::new(self.state.next_request(first_seed));
        let origin = self.state.canvas.document.origin().file.as_deref().filter(|_| self.state.canvas.uses_picture());
        let gallery = self.gallery_folders();
        request.made_from = origin.and_then(|file| gallery.name_of(file));
        let canvas = self.state.canvas_for_run();
        let id = self.runs.add(PreparedRun {
            place,
            picture_count: self.state.prompt.picture_count,
            frame: self.state.next_frame(),
            estimated_seconds: self.state.memory.estimate.as_ref().map(|found| found.seconds_per_call),
        });
        self.background.queue(Some(Action::Prompt(PromptAction::RequestFailed { id })), move || {
            canvas.fill(&mut request);
            Some(Action::Prompt(PromptAction::RequestReady { id, request }))
        });
        self.state.library.note_mut(&self.state.prompt.model).use_now();
        self.state.prompt.recalled = None;
        if self.saver.current.preferences.keeps_prompts {
            self.saver.current.remember_prompt(&self.state.prompt.prompt);
        }
        self.saver.touch();
    }

    /// Everything that the prompt refers to was found, or what was not.
    pub(in crate::ui) fn submit(&mut self, id: u64, requests: Result<(Vec<Request>, Vec<Notice>), ReferenceError>) {
        if self.state.live.pace.is_preparing(id) {
            self.submit_live(requests);
            return;
        }
        let Some(run) = self.runs.take(id) else { return };
        let requests = match requests {
            Ok((requests, notices)) => {
                for notice in &notices {
                    self.state.toasts.note(words::of_notice(notice));
                }
                requests
            }
            Err(problem) => {
                self.state.toasts.error(sentence(&problem.to_string()), None);
                return;
            }
        };
        let was_idle = !self.state.candidates.is_busy();
        let PreparedRun { place, picture_count, frame, estimated_seconds } = run;
        let (press, row) = (Self::new_press(), self.row_of(place));
        let requests = self.make_room(place, requests);
        for (index, request) in requests.into_iter().enumerate() {
            let candidate =
                Candidate { job: JobId(0), press, request, frame, estimated_seconds, stage: Stage::Waiting };
            if let Err(error) = self.submit_candidate(candidate) {
                let taken = if picture_count > 1 {
                    format!("{index} of {picture_count} pictures are in the queue: ")
                } else {
                    String::new()
                };
                self.state.toasts.error(format!("{taken}{}", words::of_error(&error)), None);
                break;
            }
        }
        if let Some(row) = row {
            self.move_row(press, row);
        }
        self.state.canvas.follows_run |= was_idle;
    }
}
