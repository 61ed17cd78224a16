//! What the prompt panel's actions do: above all, a press of Generate.

use crate::job::{Destination, fresh_seed};
use crate::store::models;
use crate::store::worker::StoreCommand;
use crate::ui::action::PromptAction;
use crate::ui::app::apply::sentence;
use crate::ui::app::studio::Studio;
use crate::ui::results::candidate::{Candidate, Stage};
use crate::ui::words;

impl Studio {
    pub(super) fn apply_to_prompt(&mut self, action: PromptAction) {
        match action {
            PromptAction::Generate => self.generate(false),
            PromptAction::GenerateInFront => self.generate(true),
            PromptAction::StartExample(prompt) => {
                self.state.prompt.prompt = prompt.into();
                self.generate(false);
            }
            PromptAction::ChooseModel(model) => self.state.choose_model(model),
            PromptAction::GridFound(model, grid) => {
                for known in self.state.grids.iter_mut().filter(|(known, _)| *known == model) {
                    known.1 = grid;
                }
            }
            PromptAction::UseSettings(file) => self.store.send(StoreCommand::ReadRequest(file)),
        }
    }

    fn generate(&mut self, in_front: bool) {
        if !self.state.is_ready() {
            self.state.prompt.wants_focus = true;
            return;
        }
        let first_seed = self.state.prompt.fixed_seed().unwrap_or_else(fresh_seed);
        let was_idle = !self.state.candidates.is_busy();
        let mut first = self.state.next_request(first_seed);
        // LoRAs and embeddings that the prompt names.
        if let Err(problem) = models::prompt_references::resolve(&mut first, &self.services.paths) {
            self.state.toasts.error(sentence(&problem.to_string()), None);
            return;
        }
        for index in 0..self.state.prompt.picture_count {
            let request = first.of_batch(index);
            let place = if in_front { index as usize } else { usize::MAX };
            match self.engine.submit_at(request.clone(), Destination::Gallery, place) {
                Ok(handle) => {
                    let job = handle.id();
                    self.jobs.push(handle);
                    let frame = self.state.next_frame();
                    let estimated_seconds = self.state.memory.estimate.as_ref().map(|found| found.seconds_per_call);
                    let candidate = Candidate { job, request, frame, estimated_seconds, stage: Stage::Waiting };
                    self.state.candidates.add(candidate, in_front.then_some(index as usize));
                }
                Err(error) => {
                    self.state.toasts.error(words::of_error(&error), None);
                    break;
                }
            }
        }
        self.state.canvas.follows_run |= was_idle;
        self.state.library.note_mut(&first.model).use_now();
        self.saver.current.remember_prompt(&self.state.prompt.prompt);
        self.saver.touch();
    }
}
