//! What the prompt panel's actions do: above all, a press of Generate.

use crate::canvas::PictureLayer;
use crate::job::{Destination, InitPicture, Notice, Request, fresh_seed};
use crate::store::models::prompt_references::ReferenceError;
use crate::store::worker::StoreCommand;
use crate::ui::action::{Action, PromptAction};
use crate::ui::app::apply::sentence;
use crate::ui::app::runs::PreparedRun;
use crate::ui::app::studio::Studio;
use crate::ui::results::candidate::{Candidate, Stage};
use crate::ui::words;

impl Studio {
    pub(super) fn apply_to_prompt(&mut self, ctx: &egui::Context, action: PromptAction) {
        match action {
            PromptAction::Generate => self.generate(false),
            PromptAction::GenerateInFront => self.generate(true),
            PromptAction::Focus => {
                self.show_prompt_panel(ctx);
                self.state.prompt.wants_focus = true;
            }
            PromptAction::Older => self.state.prompt.recall(&self.saver.current.prompt_history, 1),
            PromptAction::Newer => self.state.prompt.recall(&self.saver.current.prompt_history, -1),
            PromptAction::StartExample(prompt) => {
                self.state.prompt.prompt = prompt.into();
                self.generate(false);
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
    fn generate(&mut self, in_front: bool) {
        if !self.state.is_ready() {
            self.state.prompt.wants_focus = true;
            return;
        }
        let first_seed = self.state.prompt.fixed_seed().unwrap_or_else(fresh_seed);
        let mut request = Box::new(self.state.next_request(first_seed));
        let origin = self.state.canvas.document.origin().file.as_deref().filter(|_| self.state.canvas.has_picture());
        let gallery = self.gallery_folders();
        request.made_from = origin.and_then(|file| gallery.name_of(file));
        let canvas: Option<(PictureLayer, f64)> =
            self.state.canvas.document.picture().map(|picture| (picture.clone(), self.state.next_strength()));
        let id = self.runs.add(PreparedRun {
            in_front,
            picture_count: self.state.prompt.picture_count,
            frame: self.state.next_frame(),
            estimated_seconds: self.state.memory.estimate.as_ref().map(|found| found.seconds_per_call),
        });
        self.background.queue(Some(Action::Prompt(PromptAction::RequestFailed { id })), move || {
            request.init = canvas.map(|(picture, strength)| InitPicture { picture: picture.whole(), strength });
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
        for (index, request) in requests.into_iter().enumerate() {
            let place = if run.in_front { index } else { usize::MAX };
            match self.engine.submit_at(request.clone(), Destination::Gallery, place) {
                Ok(handle) => {
                    let job = handle.id();
                    self.jobs.push(handle);
                    let PreparedRun { frame, estimated_seconds, .. } = run;
                    let candidate = Candidate { job, request, frame, estimated_seconds, stage: Stage::Waiting };
                    self.state.candidates.add(candidate, run.in_front.then_some(index));
                }
                Err(error) => {
                    let asked = run.picture_count;
                    let taken = if asked > 1 {
                        format!("{index} of {asked} pictures are in the queue: ")
                    } else {
                        String::new()
                    };
                    self.state.toasts.error(format!("{taken}{}", words::of_error(&error)), None);
                    break;
                }
            }
        }
        self.state.canvas.follows_run |= was_idle;
    }
}
