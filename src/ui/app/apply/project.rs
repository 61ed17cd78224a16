//! Projects: saved, opened, and what of them the window says.

use std::path::{Path, PathBuf};

use crate::job::{ErrorKind, JobError};
use crate::store::project::{Project, with_ending};
use crate::store::settings::{Draft, Settings};
use crate::store::worker::StoreCommand;
use crate::ui::action::{Action, DialogRequest, FilesAction, LayerRow};
use crate::ui::app::settings::{inpaint_of, loras_of, prompt_of, settings_of};
use crate::ui::app::studio::Studio;
use crate::ui::project::Saved;
use crate::ui::prompt::state::{FineSampling, InpaintPanel, PromptPanelState};
use crate::ui::state::AppState;
use crate::ui::words;

impl Studio {
    /// Writes it to its own file; without one that is asked for.
    pub(super) fn save_project(&mut self) {
        match self.state.project.file().map(Path::to_path_buf) {
            Some(file) => self.write_project(file),
            None => self.ask_for_project_file(),
        }
    }

    pub(super) fn ask_for_project_file(&mut self) {
        let name = self.state.project.name().unwrap_or_else(|| "untitled".into());
        self.dialog(DialogRequest::SaveProject { name });
    }

    pub(super) fn save_project_as(&mut self, to: &Path) {
        self.remember_folder(to.parent());
        let file = with_ending(to.to_path_buf());
        // The dialog has asked about the name that was written, not about this one.
        if file != to && self.state.project.file() != Some(&*file) && file.exists() {
            let name = name_of(&file);
            self.state.toasts.note(format!("{name} is there already: choose it itself to write over it."));
            return;
        }
        self.write_project(file);
    }

    fn write_project(&mut self, to: PathBuf) {
        if !self.state.canvas.is_restored {
            return;
        }
        self.state.canvas.document.end_stroke();
        let Settings { draft, loras, .. } = settings_of(&self.state, &self.saver.current);
        let canvas = self.state.canvas.document.snapshot();
        self.state.project.is_written_to(to.clone());
        self.store.send(StoreCommand::SaveProject { to, project: Box::new(Project { draft, loras, canvas }) });
    }

    /// The store has written one.
    pub(in crate::ui) fn project_saved(&mut self, file: PathBuf, project: Project) {
        self.state.toasts.note(format!("Saved as {}.", name_of(&file)));
        let Project { draft, loras, canvas } = project;
        self.state.project.was_written(file, Saved { revision: canvas.revision(), draft, loras });
    }

    pub(super) fn open_project(&mut self, file: PathBuf) {
        if !self.state.canvas.is_restored {
            return self.services.open.push(file);
        }
        self.remember_folder(file.parent());
        if !self.state.project.opening.contains(&file) {
            self.state.project.opening.push(file.clone());
            self.store.send(StoreCommand::OpenProject(file));
        }
    }

    /// The canvas of the last run has come, which may be that of a project.
    pub(in crate::ui) fn project_restored(&mut self) {
        let Settings { draft, loras, .. } = settings_of(&self.state, &self.saver.current);
        let revision = self.state.canvas.document.revision();
        self.state.project.restored(Saved { revision, draft, loras });
    }

    /// The store has read one, or says why not; then everything stays as it is.
    pub(in crate::ui) fn project_arrived(&mut self, file: PathBuf, project: Result<Project, JobError>) {
        self.state.project.opening.retain(|opening| *opening != file);
        match project {
            Ok(project) => self.lay_project(file, project),
            Err(error) => {
                // One that is gone is offered no more.
                if error.kind == ErrorKind::NotFound {
                    self.state.project.recent.retain(|known| *known != file);
                }
                self.state.toasts.error(words::of_error(&error), Some(file.display().to_string()));
            }
        }
    }

    fn lay_project(&mut self, file: PathBuf, project: Project) {
        let Project { draft, loras, canvas } = project;
        let Settings { draft: draft_before, loras: loras_before, .. } = settings_of(&self.state, &self.saver.current);
        let state = &mut self.state;
        // What was still being worked out was for the canvas that leaves.
        state.canvas.work.cancel();
        state.canvas.document.change(|now| Some(now.opened(canvas)));
        state.canvas.chosen_row = LayerRow::default();
        state.canvas.look_at_canvas(true);
        let wanted = draft.request.model.clone();
        use_draft(state, draft, Settings { loras, ..self.saver.current.clone() });
        if state.models.iter().any(|entry| entry.reference == wanted) {
            state.prompt.model = wanted;
        } else {
            state.prompt.model = self.saver.current.draft.request.model.clone();
            let name = wanted.path().map(name_of).unwrap_or_default();
            state.toasts.note(format!("The project's model {name} is not here; the chosen one stays."));
        }
        let Settings { draft, loras, .. } = settings_of(state, &self.saver.current);
        let revision = state.canvas.document.revision();
        let steps = state.canvas.document.undo_count();
        let name = name_of(&file);
        let was_written = !draft_before.request.prompt.trim().is_empty() && draft_before != draft;
        if was_written {
            state.project.words_before = Some(Box::new((draft_before, loras_before)));
            let words = format!("{name} is open; Undo brings the canvas back as it was.");
            state.toasts.offer(words, "Bring the prompt back", Action::Files(FilesAction::WordsBack));
        } else {
            state.toasts.note(format!("{name} is open; Undo brings the canvas back as it was."));
        }
        state.project.was_opened(file, Saved { revision, draft, loras }, steps);
    }

    /// The prompt panel says again what it did before a project was opened.
    pub(super) fn bring_words_back(&mut self) {
        let Some((draft, loras)) = self.state.project.words_before.take().map(|before| *before) else { return };
        let model = draft.request.model.clone();
        use_draft(&mut self.state, draft, Settings { loras, ..self.saver.current.clone() });
        if self.state.models.iter().any(|entry| entry.reference == model) {
            self.state.prompt.model = model;
        }
        self.saver.touch();
    }

    /// Looks whether something is different from the project's file, and says it in the window's title. Once a frame.
    pub(in crate::ui) fn follow_project(&mut self, ctx: &egui::Context) {
        let AppState { project, canvas, .. } = &mut self.state;
        let Settings { draft, loras, .. } = &self.saver.current;
        project.look(canvas.document.revision(), draft, loras);
        let title = project.window_title();
        if project.title != title {
            project.title.clone_from(&title);
            ctx.send_viewport_cmd(egui::ViewportCommand::Title(title));
        }
    }
}

/// Writes a project's settings into the panel. What is the machine's (memory, precision) stays.
fn use_draft(state: &mut AppState, draft: Draft, current: Settings) {
    let settings = Settings { draft, ..current };
    let prompt = prompt_of(&settings);
    let old = &state.prompt;
    state.prompt = PromptPanelState {
        negative_open: old.negative_open || !prompt.negative.is_empty(),
        sampling_open: old.sampling_open,
        start: old.start,
        last_seed: old.last_seed,
        wants_focus: false,
        fine: FineSampling { is_open: old.fine.is_open, ..prompt.fine.clone() },
        ..prompt
    };
    let is_open = state.inpaint.is_open;
    state.inpaint = InpaintPanel { is_open, ..inpaint_of(&settings) };
    state.loras = loras_of(&settings);
    state.words.stop_offering();
}

fn name_of(file: &Path) -> String {
    file.file_name().map_or_else(|| file.display().to_string(), |name| name.to_string_lossy().into_owned())
}
