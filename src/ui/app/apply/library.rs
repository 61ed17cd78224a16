//! What the library's actions do.

use std::path::Path;

use crate::engine::{annotators, mobile_sam};
use crate::hub::{Download, DownloadState, Hub};
use crate::job::ModelRef;
use crate::store::hash;
use crate::store::models::notes::KeptDefaults;
use crate::store::token::{self, Token};
use crate::store::worker::StoreCommand;
use crate::ui::action::{Action, DialogRequest, LibraryAction, Sheet, Tab};
use crate::ui::app::studio::Studio;
use crate::ui::library::state::Linked;

impl Studio {
    pub(super) fn apply_to_library(&mut self, action: LibraryAction) {
        match action {
            LibraryAction::Open(tab) => self.open_library(tab),
            LibraryAction::Sort(column) => self.state.library.sort_by(column),
            LibraryAction::Favourite(model) => {
                let note = self.state.library.note_mut(&model);
                note.favourite = !note.favourite;
            }
            LibraryAction::Use(model) => {
                self.state.choose_model(model);
                self.state.sheet = None;
            }
            LibraryAction::KeepDefaults(model) => {
                let prompt = &self.state.prompt;
                let kept = KeptDefaults {
                    size_px: prompt.size_px,
                    steps: prompt.steps,
                    guidance: prompt.guidance,
                    scheduler: prompt.scheduler,
                };
                self.state.library.note_mut(&model).defaults = Some(kept);
            }
            LibraryAction::ForgetDefaults(model) => self.state.library.note_mut(&model).defaults = None,
            LibraryAction::Vae { model, file } => self.state.library.note_mut(&model).vae = file,
            LibraryAction::ForgetFolder(folder) => {
                self.saver.current.known_models.retain(|known| *known != folder);
                self.saver.touch();
                if matches!(&self.state.prompt.model, ModelRef::Folder(path) | ModelRef::File(path) if path.starts_with(&folder))
                {
                    self.state.choose_model(ModelRef::BuiltIn);
                }
                self.list_models();
            }
            LibraryAction::Download(_) | LibraryAction::FetchSelector | LibraryAction::FetchAnnotator
                if self.saver.current.preferences.works_offline =>
            {
                self.state
                    .toasts
                    .error("Inkwick works offline: switch that off in the settings to fetch models.", None);
            }
            LibraryAction::Download(name) => {
                let token = self.token.clone().map(|token| token.0);
                self.downloads.start(&name, move || Hub::of_this_machine().with_token(token));
            }
            LibraryAction::Pause(name) => self.downloads.pause(&name),
            LibraryAction::GiveUp(name) => {
                if self.downloads.give_up(&name) {
                    self.store.send(StoreCommand::DiscardDownload(name));
                }
            }
            LibraryAction::Offered { name, offer } => {
                // Another link may have come since.
                let linked = self.state.library.linked.as_mut().filter(|linked| linked.name == name);
                if let Some(linked) = linked {
                    linked.offer = Some(offer);
                }
            }
            LibraryAction::KeepToken => self.keep_token(),
            LibraryAction::Inspect(file) => self.store.send(StoreCommand::InspectFile(file)),
            LibraryAction::FileAs(path, shelf) => self.store.send(StoreCommand::FileModel { path, shelf }),
            LibraryAction::Hash(file) => {
                self.state.library.hashing = Some(file.clone());
                let broken = LibraryAction::Hashed { file: file.clone(), hash: Err("its reader broke".into()) };
                self.background.aside(Some(Action::Library(broken)), move || {
                    let hash = hash::sha256(&file).map_err(|error| error.to_string());
                    Some(Action::Library(LibraryAction::Hashed { file, hash }))
                });
            }
            LibraryAction::Hashed { file, hash } => self.hashed(&file, hash),
            LibraryAction::TokenFound(token) => {
                self.token.get_or_insert(token);
            }
            LibraryAction::TokenNotKept(error) => {
                self.state.toasts.note(format!("The token is kept for this run only: {error}."));
            }
            LibraryAction::ListModels => self.list_models(),
            LibraryAction::AddModelDialog => self.dialog(DialogRequest::AddModel),
            LibraryAction::AddModelFileDialog => self.dialog(DialogRequest::AddModelFile),
            LibraryAction::AddModel(path) => self.store.send(StoreCommand::InspectModel(path)),
            LibraryAction::ForgetModel(folder) => self.forget_model(&folder),
            LibraryAction::FetchSelector => {
                self.state.canvas.selecting.fetched = self.selector.fetch().then_some(0.0);
                self.state.toasts.note("MobileSAM is being fetched; the strip shows how far it is.");
            }
            LibraryAction::FetchAnnotator => self.fetch_annotator(),
            LibraryAction::OpenAnnotatorFolder => {
                let folder = annotators::folder(&self.services.paths.models_folder);
                self.store.send(StoreCommand::RevealFolder(folder));
            }
            LibraryAction::OpenSelectorFolder => {
                let folder = mobile_sam::folder(&self.services.paths.models_folder);
                // Where nothing was fetched yet there is none to show.
                self.store.send(StoreCommand::RevealFolder(folder));
            }
        }
    }

    /// Shows what a link names, how much it is and on which terms: a person presses the button.
    pub(super) fn offer_model(&mut self, name: String) {
        self.state.toasts.note(format!("A link names the model {name}: Download fetches it, if you want it."));
        self.state.library.repository_text.clone_from(&name);
        let look = self.services.look_at_model.clone().filter(|_| !self.saver.current.preferences.works_offline);
        self.state.library.linked = look.is_some().then(|| Linked { name: name.clone(), offer: None });
        if let Some(look) = look {
            let token = self.token.clone().map(|token| token.0);
            let broken = LibraryAction::Offered { name: name.clone(), offer: Err("its reader broke".into()) };
            self.background.aside(Some(Action::Library(broken)), move || {
                let offer = look(&name, token);
                Some(Action::Library(LibraryAction::Offered { name, offer }))
            });
        }
        self.open_library(Tab::Download);
    }

    pub(super) fn open_library(&mut self, tab: Tab) {
        self.state.library.tab = tab;
        self.state.library.chosen = Some(self.state.prompt.model.clone());
        self.state.sheet = Some(Sheet::Library);
        if self.token.is_none() {
            self.background
                .aside(None, || token::load().map(|token| Action::Library(LibraryAction::TokenFound(token))));
        }
        self.list_models();
    }

    fn forget_model(&mut self, folder: &Path) {
        let is_it = |model: &ModelRef| matches!(model, ModelRef::Folder(path) | ModelRef::File(path) if path == folder);
        self.saver.current.known_models.retain(|known| known != folder);
        self.saver.touch();
        if is_it(&self.state.prompt.model) {
            self.state.choose_model(ModelRef::BuiltIn);
        }
        self.state.models.retain(|entry| !is_it(&entry.reference));
    }

    /// Asks the store what models there are now.
    pub(in crate::ui) fn list_models(&self) {
        self.store.send(StoreCommand::ListModels { known: self.saver.current.known_models.clone() });
        self.read_words();
    }

    /// Where no keyring answers, the token lasts as long as the window.
    fn keep_token(&mut self) {
        let written = Token(std::mem::take(&mut self.state.library.token_text).trim().to_owned());
        self.token = Some(written.clone());
        self.background.aside(None, move || {
            let error = token::save(&written).err()?.to_string();
            Some(Action::Library(LibraryAction::TokenNotKept(error)))
        });
    }

    fn hashed(&mut self, file: &Path, hash: Result<String, String>) {
        let library = &mut self.state.library;
        if library.hashing.as_deref() == Some(file) {
            library.hashing = None;
        }
        match (hash, &mut library.inspection) {
            (Ok(hash), Some(inspection)) if inspection.path == file => inspection.hash = Some(hash),
            (Ok(_), _) => {}
            (Err(error), _) => {
                let details = Some(file.display().to_string());
                self.state.toasts.error(format!("The file could not be read ({error})."), details);
            }
        }
    }

    /// What the downloads did since the last frame, and the folders as they are set.
    pub(in crate::ui) fn follow_downloads(&mut self) {
        let downloads = self.downloads.list();
        let done =
            |list: &[Download]| list.iter().filter(|download| matches!(download.state, DownloadState::Done(_))).count();
        if done(&downloads) > done(&self.state.library.downloads) {
            self.state.toasts.note("The model is whole and in the library.");
            self.list_models();
        }
        self.state.library.downloads = downloads;
        if self.state.library.folders != self.saver.current.known_models {
            self.state.library.folders.clone_from(&self.saver.current.known_models);
            self.services.paths.other_folders.clone_from(&self.saver.current.known_models);
        }
    }
}
