//! What live painting's actions do.

use crate::canvas::Origin;
use crate::canvas::tools::Tool;
use crate::job::{JobError, JobId, ModelRef, fresh_seed};
use crate::store::worker::StoreCommand;
use crate::ui::action::{Action, CanvasAction, LiveAction};
use crate::ui::app::studio::Studio;
use crate::ui::live::state::{LiveMade, LiveState};
use crate::ui::results::candidate::{Candidate, Kind, Made, Stage};
use crate::ui::words;

/// With more steps than these a picture does not come while one looks.
const FEW_STEPS: u32 = 8;

impl Studio {
    pub(super) fn apply_to_live(&mut self, ctx: &egui::Context, action: LiveAction) {
        match action {
            LiveAction::Toggle if self.state.live.is_on => self.end_live(),
            LiveAction::Toggle => self.begin_live(ctx),
            LiveAction::TogglePlace => self.state.live.is_over = !self.state.live.is_over,
            LiveAction::Ready { ask, request } => {
                if self.state.live.pace.is_preparing(ask) {
                    let folders = self.saver.current.known_models.clone();
                    self.store.send(StoreCommand::ResolveReferences { id: ask, request, picture_count: 1, folders });
                }
            }
            LiveAction::Failed { ask } => {
                if self.state.live.pace.is_preparing(ask) {
                    self.state.live.pace.ended(std::time::Instant::now());
                }
            }
            LiveAction::Keep => self.keep_live(),
            LiveAction::UseAsInput => {
                if let Some(LiveMade { picture, .. }) = self.state.live_result().cloned() {
                    self.state.canvas.replace_picture(Some((picture, Origin { file: None, made_here: true })));
                }
            }
            LiveAction::UseFewSteps => self.state.choose_model(ModelRef::BuiltInFourSteps),
        }
    }

    fn begin_live(&mut self, ctx: &egui::Context) {
        let is_over = self.state.live.is_over;
        self.state.live = LiveState { is_on: true, is_over, seed: fresh_seed(), ..LiveState::default() };
        if self.state.canvas.has_picture() {
            self.state.canvas.look_at_canvas(false);
        } else {
            self.apply(ctx, Action::Canvas(CanvasAction::BlankCanvas));
            self.apply(ctx, Action::Canvas(CanvasAction::ChooseTool(Tool::Colour)));
        }
        if self.state.prompt.model == ModelRef::BuiltIn && self.state.prompt.steps > FEW_STEPS {
            let words = format!(
                "With {} steps a picture comes slowly; the built-in model draws in 4 as well.",
                self.state.prompt.steps
            );
            self.state.toasts.offer(words, "Use 4 steps", Action::Live(LiveAction::UseFewSteps));
        }
    }

    fn end_live(&mut self) {
        if let Some(job) = self.state.live.pace.job()
            && let Some(handle) = self.jobs.iter().find(|handle| handle.id() == job)
        {
            handle.cancel();
        }
        let LiveState { is_over, keeping, .. } = std::mem::take(&mut self.state.live);
        self.state.live = LiveState { is_over, keeping, ..LiveState::default() };
    }

    /// It joins the strip when its file is there, so that everything can be done with it at once.
    fn keep_live(&mut self) {
        let Some(made) = self.state.live.made.as_mut().filter(|made| !made.is_kept) else { return };
        made.is_kept = true;
        let made = made.clone();
        let LiveMade { job, picture, request, .. } = &made;
        let (picture, request) = (picture.clone(), Box::new(request.clone()));
        let saving = Box::new(self.saver.current.preferences.saving.clone());
        self.store.send(StoreCommand::KeepPicture { job: *job, picture, request, saving });
        self.state.live.keeping.push(made);
    }

    /// It lies in the gallery, or why it does not.
    pub(in crate::ui) fn kept(&mut self, job: JobId, file: Result<std::path::PathBuf, JobError>) {
        if self.grid_kept(job.0, &file) {
            return;
        }
        let live = &mut self.state.live;
        let Some(at) = live.keeping.iter().position(|made| made.job == job) else { return };
        let LiveMade { picture, request, seconds, .. } = live.keeping.remove(at);
        match file {
            Ok(file) => {
                self.state.library.note_mut(&request.model).picture = Some(file.clone());
                let stage = Stage::Done(Made { picture, file, seconds });
                self.state.candidates.list.push(Candidate {
                    job,
                    press: Self::new_press(),
                    kind: Kind::Drawn,
                    request,
                    frame: None,
                    estimated_seconds: None,
                    stage,
                });
                self.store.send(StoreCommand::ScanGallery);
            }
            Err(error) => {
                if let Some(made) = live.made.as_mut().filter(|made| made.job == job) {
                    made.is_kept = false;
                }
                self.state.toasts.error(words::of_error(&error), None);
            }
        }
    }
}
