//! What the actions on grids do: each cell is a job, and what comes of all is one labelled picture.

use std::path::PathBuf;
use std::sync::Arc;

use crate::job::{JobError, JobId, Request};
use crate::store::worker::StoreCommand;
use crate::ui::action::{Action, GridAction, LookingAt, Press, Sheet};
use crate::ui::app::runs::{Place, PreparedRun};
use crate::ui::app::studio::Studio;
use crate::ui::grid::composed::composed;
use crate::ui::prompt::state::PromptPanelState;
use crate::ui::results::candidate::{Candidate, Kind, Made, Stage};
use crate::ui::words;

impl Studio {
    pub(super) fn apply_to_grid(&mut self, action: GridAction) {
        match action {
            GridAction::Open => self.state.sheet = Some(Sheet::Grid),
            GridAction::Make => self.make_grid(),
            GridAction::BaseReady { press, request: Some(request) } => self.ask_for_cells(press, &request),
            GridAction::BaseReady { press, request: None } => {
                self.state.grid.take(press);
                self.state.toasts.error("The canvas could not be read for the grid. Try again.", None);
            }
            GridAction::Composed { press, picture: Some(picture) } => {
                if let Some(run) = self.state.grid.compose(press, Arc::clone(&picture)) {
                    let saving = Box::new(self.saver.current.preferences.saving.clone());
                    let request = Box::new(run.base.clone());
                    // Answered by its press: no job has made it.
                    self.store.send(StoreCommand::KeepPicture { job: JobId(press), picture, request, saving });
                }
            }
            GridAction::Composed { press, picture: None } => {
                self.state.grid.take(press);
                let words = "The pictures of the grid could not be put together; each is in the gallery.";
                self.state.toasts.error(words, None);
            }
            GridAction::ChooseLora(file) => self.state.grid.lora = Some(file),
        }
    }

    /// As for a press of Generate, the canvas is put into one picture on the worker first.
    fn make_grid(&mut self) {
        let Ok(grid) = self.state.read_grid() else { return };
        let waiting = self.state.candidates.unfinished().len();
        let room = (PromptPanelState::MAX_PICTURES as usize).saturating_sub(waiting);
        if grid.count() > room {
            let words = format!("A grid of {} pictures has no place: {room} more can wait now.", grid.count());
            self.state.toasts.error(words, None);
            return;
        }
        let (mut request, canvas) = self.begin_request(None);
        request.guidance = self.state.grid_guidance(&grid);
        let press = Self::new_press();
        self.state.grid.begin(press, grid, (*request).clone());
        self.state.sheet = None;
        self.background.queue(Some(Action::Grid(GridAction::BaseReady { press, request: None })), move || {
            canvas.fill(&mut request);
            Some(Action::Grid(GridAction::BaseReady { press, request: Some(request) }))
        });
        self.remember_press();
    }

    fn ask_for_cells(&mut self, press: Press, base: &Request) {
        let Some(run) = self.state.grid.run(press) else { return };
        let words: Arc<str> = run.grid.words().into();
        let frame = self.state.next_frame();
        for (at, request) in self.state.grid.ask(press, base) {
            let kind = Kind::Cell { words: Arc::clone(&words), at };
            let (place, picture_count) = (Place::End, 1);
            let run = PreparedRun { place, press, kind, picture_count, frame, estimated_seconds: None };
            let (id, request) = (self.runs.add(run), Box::new(request));
            let folders = self.saver.current.known_models.clone();
            self.store.send(StoreCommand::ResolveReferences { id, request, picture_count, folders });
        }
    }

    /// Puts a grid together whose pictures are all there.
    pub(in crate::ui) fn finish_grids(&mut self) {
        let Self { state, runs, background, .. } = self;
        let (candidates, removed) = (&state.candidates, state.queue.removed.as_ref());
        let whole = state.grid.next_whole(|press| {
            runs.has(press)
                || candidates.list.iter().any(|one| one.press == press && one.made().is_none())
                // Undo brings them back.
                || removed.is_some_and(|removed| removed.pictures.iter().any(|one| one.press == press))
        });
        let Some(whole) = whole else { return };
        let press = whole.press;
        background.queue(Some(Action::Grid(GridAction::Composed { press, picture: None })), move || {
            let picture = composed(&whole.cells, &whole.across, &whole.down).map(Arc::new);
            Some(Action::Grid(GridAction::Composed { press, picture }))
        });
    }

    /// The labelled picture lies in the gallery, or why it does not. In the strip it takes the place of its cells. Returns
    /// whether it was a grid's.
    pub(in crate::ui) fn grid_kept(&mut self, press: Press, file: &Result<PathBuf, JobError>) -> bool {
        let Some(run) = self.state.grid.take(press) else { return false };
        let file = match file {
            Ok(file) => file.clone(),
            Err(error) => {
                self.state.toasts.error(words::of_error(error), None);
                return true;
            }
        };
        self.state.toasts.note(format!("The {} is in the gallery.", run.grid.words()));
        self.store.send(StoreCommand::ScanGallery);
        let candidates = &mut self.state.candidates;
        let seconds =
            candidates.list.iter().filter(|one| one.press == press).filter_map(|one| Some(one.made()?.seconds)).sum();
        let (Some(picture), Some(first)) = (run.picture, candidates.list.iter_mut().find(|one| one.press == press))
        else {
            return true;
        };
        let job = first.job;
        let kind = Kind::Grid(run.grid.words().into());
        let stage = Stage::Done(Made { picture, file, seconds });
        *first = Candidate { job, press, kind, request: run.base, frame: None, estimated_seconds: None, stage };
        candidates.list.retain(|one| one.job == job || one.press != press);
        self.look_at(LookingAt::Candidate(job));
        true
    }
}
