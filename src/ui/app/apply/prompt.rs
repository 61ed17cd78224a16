//! What the prompt panel's actions do: above all, a press of Generate.

use crate::job::{JobId, Notice, Request, fresh_seed};
use crate::store::models::prompt_references::ReferenceError;
use crate::store::worker::StoreCommand;
use crate::ui::action::{Action, PromptAction};
use crate::ui::app::apply::sentence;
use crate::ui::app::runs::{Place, PreparedRun};
use crate::ui::app::studio::Studio;
use crate::ui::prompt::places;
use crate::ui::results::candidate::{Candidate, Kind, Stage};
use crate::ui::state::CanvasForRun;
use crate::ui::widgets::fields;
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
            PromptAction::FindField(name) => {
                self.show_prompt_panel(ctx);
                if let Some(label) = places::unfold(name, &mut self.state) {
                    fields::seek(ctx, label);
                }
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
        self.state.canvas.document.end_editing();
        for name in self.state.wordless_regions() {
            self.state.toasts.note(format!("{name} has no words, so it does not count: write them in the layers."));
        }
        let (mut request, canvas) = self.begin_request(seed);
        let id = self.runs.add(PreparedRun {
            place,
            press: Self::new_press(),
            kind: Kind::Drawn,
            picture_count: self.state.prompt.picture_count,
            frame: self.state.next_frame(),
            estimated_seconds: self.state.memory.estimate.as_ref().map(|found| found.seconds_per_call),
        });
        self.background.queue(Some(Action::Prompt(PromptAction::RequestFailed { id })), move || {
            canvas.fill(&mut request);
            Some(Action::Prompt(PromptAction::RequestReady { id, request }))
        });
        self.remember_press();
    }

    /// What the panel asks for, with a seed of its own where none is given or written; and what of the canvas goes into it,
    /// which takes longer to put together than a frame.
    pub(super) fn begin_request(&self, seed: Option<u64>) -> (Box<Request>, CanvasForRun) {
        let first_seed = seed.or(self.state.prompt.fixed_seed()).unwrap_or_else(fresh_seed);
        let mut request = Box::new(self.state.next_request(first_seed));
        let origin = self.state.canvas.document.origin().file.as_deref().filter(|_| self.state.canvas.uses_picture());
        request.made_from = origin.and_then(|file| self.gallery_folders().name_of(file));
        (request, self.state.canvas_for_run())
    }

    /// What was asked for is remembered with its model, and its words for another day.
    pub(super) fn remember_press(&mut self) {
        self.state.library.note_mut(&self.state.prompt.model).use_now();
        self.state.prompt.recalled = None;
        // What may have been meant while one wrote is not asked any more.
        self.state.words.stop_offering();
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
                // What others of the same press would come to is the same.
                self.runs.cancel(run.press);
                self.state.toasts.error(sentence(&problem.to_string()), None);
                return;
            }
        };
        let was_idle = !self.state.candidates.is_busy();
        let PreparedRun { place, press, kind, picture_count, frame, estimated_seconds } = run;
        let row = self.row_of(place);
        let requests = self.make_room(place, requests);
        for (index, request) in requests.into_iter().enumerate() {
            let (kind, stage) = (kind.clone(), Stage::Waiting);
            let candidate = Candidate { job: JobId(0), press, kind, request, frame, estimated_seconds, stage };
            if let Err(error) = self.submit_candidate(candidate) {
                let taken = if picture_count > 1 {
                    format!("{index} of {picture_count} pictures are in the queue: ")
                } else {
                    String::new()
                };
                self.runs.cancel(press);
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
