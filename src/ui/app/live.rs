//! Live painting's way to the engine: what is wished for is looked at in every frame, and drawn when the hand rests.

use std::time::Instant;

use crate::job::{Destination, Notice, Request};
use crate::store::models::prompt_references::ReferenceError;
use crate::ui::action::{Action, LiveAction};
use crate::ui::app::live_events::{complain, say};
use crate::ui::app::studio::Studio;
use crate::ui::live::pace::Step;
use crate::ui::words;

impl Studio {
    /// Once a frame.
    pub(super) fn follow_live(&mut self, ctx: &egui::Context) {
        if !self.state.live.is_on {
            return;
        }
        let now = Instant::now();
        let wish = self.state.live_wish();
        self.state.live.pace.wish(wish, now);
        match self.state.live.pace.next(now) {
            Step::Nothing => {}
            Step::Wait(rest) => ctx.request_repaint_after(rest),
            Step::Cancel(job) => {
                self.state.live.pace.cancelled();
                if let Some(handle) = self.jobs.iter().find(|handle| handle.id() == job) {
                    handle.cancel();
                }
            }
            Step::Draw => self.prepare_live(now),
        }
    }

    /// As for a press of Generate, the canvas is put into one picture on the worker.
    fn prepare_live(&mut self, now: Instant) {
        let ask = self.runs.next_id();
        let mut request = Box::new(self.state.next_request(self.state.live_seed()));
        let canvas = self.state.canvas_for_run();
        self.state.live.pace.begin(ask, now);
        self.background.queue(Some(Action::Live(LiveAction::Failed { ask })), move || {
            canvas.fill(&mut request);
            Some(Action::Live(LiveAction::Ready { ask, request }))
        });
    }

    /// Everything that the prompt refers to was found, or what was not.
    pub(super) fn submit_live(&mut self, requests: Result<(Vec<Request>, Vec<Notice>), ReferenceError>) {
        let request = match requests {
            Ok((requests, notices)) => {
                for notice in &notices {
                    say(&mut self.state, words::of_notice(notice));
                }
                requests.into_iter().next()
            }
            Err(problem) => {
                complain(&mut self.state, format!("{problem}."));
                None
            }
        };
        let Some(request) = request else {
            self.state.live.pace.ended(Instant::now());
            return;
        };
        // In front of what waits: somebody looks at it.
        match self.engine.submit_at(request, Destination::Front, 0) {
            Ok(handle) => {
                self.state.live.pace.submitted(handle.id());
                self.jobs.push(handle);
            }
            Err(error) => {
                complain(&mut self.state, words::of_error(&error));
                self.state.live.pace.ended(Instant::now());
            }
        }
    }
}
