//! The one place where actions happen: a match for each area, none with a rest, so that no action can be forgotten.

mod branch;
mod compare;
mod copy;
mod export;
mod files;
mod gallery;
mod grid;
mod layers;
mod library;
mod live;
mod machine;
mod pose;
mod project;
mod prompt;
mod queue;
mod results;
mod settings;
mod share;
mod trash;
mod upscale;
mod window;
mod words;

use std::sync::Arc;

use crate::ui::action::{Action, CanvasAction, WholeStep};
use crate::ui::app::studio::Studio;
use crate::ui::canvas;

impl Studio {
    /// Carries one action out.
    pub(crate) fn apply(&mut self, ctx: &egui::Context, action: Action) {
        match action {
            Action::Prompt(action) => self.apply_to_prompt(ctx, action),
            Action::Queue(action) => self.apply_to_queue(action),
            Action::Results(action) => self.apply_to_results(action),
            Action::Branch(action) => self.apply_to_branch(action),
            Action::Compare(action) => self.apply_to_compare(action),
            Action::Canvas(CanvasAction::Zoom(zoom)) if self.state.compare.is_open() => {
                if let Some(open) = &mut self.state.compare.open {
                    open.zoom(zoom);
                }
            }
            Action::Canvas(CanvasAction::Copy) => self.copy_shown(),
            Action::Canvas(CanvasAction::Copied(image)) => {
                let [width, height] = image.size;
                ctx.copy_image(Arc::unwrap_or_clone(image));
                self.state.toasts.note(format!("Copied {width} × {height} pixels."));
            }
            Action::Canvas(CanvasAction::SelectIn { ask, picture, prompt }) => {
                canvas::select::send(&mut self.state, &self.selector, ask, picture, prompt);
            }
            Action::Canvas(action) => {
                if matches!(action, CanvasAction::BlankCanvas) {
                    // One is about to draw: the tools' keys must not land in the prompt.
                    ctx.memory_mut(egui::Memory::stop_text_input);
                }
                canvas::apply::apply(&mut self.state, action);
                if let Some((ask, prompt, picture)) = canvas::select::ask(&mut self.state) {
                    let failed = CanvasAction::SelectIn { ask, picture: None, prompt: prompt.clone() };
                    self.background.queue(Some(Action::Canvas(failed)), move || {
                        Some(Action::Canvas(CanvasAction::SelectIn { ask, picture: Some(picture.whole()), prompt }))
                    });
                }
                self.work_on_canvas();
            }
            Action::Files(action) => self.apply_to_files(action),
            Action::Gallery(action) => self.apply_to_gallery(ctx, action),
            Action::Grid(action) => self.apply_to_grid(action),
            Action::Layers(action) => self.apply_to_layers(ctx, action),
            Action::Library(action) => self.apply_to_library(action),
            Action::Live(action) => self.apply_to_live(ctx, action),
            Action::Settings(action) => self.apply_to_settings(ctx, action),
            Action::Share(action) => self.apply_to_share(ctx, action),
            Action::Window(action) => self.apply_to_window(ctx, action),
            Action::Words(action) => self.apply_to_words(ctx, action),
        }
    }

    /// Gives the worker the canvas's next step, if there is one.
    pub(in crate::ui) fn work_on_canvas(&mut self) {
        if let Some((id, work)) = self.state.canvas.next_work() {
            let failed = CanvasAction::Worked { id, step: WholeStep::Mask, prepared: None };
            self.background.queue(Some(Action::Canvas(failed)), move || Some(Action::Canvas(work())));
        }
    }
}

fn sentence(text: &str) -> String {
    format!("{text}.")
}
