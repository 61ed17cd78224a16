//! What the actions with files do: the store reads and writes, the system's dialogs ask.

use std::path::{Path, PathBuf};

use crate::job::{ErrorKind, JobError};
use crate::store::models::scan::WEIGHT_ENDINGS;
use crate::store::pictures::picture_file;
use crate::store::project;
use crate::store::worker::StoreCommand;
use crate::system::link::{self, Link};
use crate::ui::action::{DialogRequest, FilesAction};
use crate::ui::app::studio::Studio;
use crate::ui::words;

impl Studio {
    pub(super) fn apply_to_files(&mut self, action: FilesAction) {
        match action {
            FilesAction::OpenPictureDialog => self.dialog(DialogRequest::OpenPicture),
            FilesAction::OpenPicture(file) => self.open_picture(file),
            FilesAction::OpenMaskDialog => self.dialog(DialogRequest::OpenMask),
            FilesAction::SaveMaskDialog => self.dialog(DialogRequest::SaveMask),
            FilesAction::LoadMask(file) => self.store.send(StoreCommand::LoadMask(file)),
            FilesAction::SaveMask(to) => {
                self.remember_folder(to.parent());
                let mask = self.state.canvas.document.mask().shared();
                self.store.send(StoreCommand::SaveMask { to: with_png(to), mask });
            }
            FilesAction::SaveCanvas(to) => {
                self.remember_folder(to.parent());
                if let Some(picture) = self.state.canvas.document.picture().cloned() {
                    self.store.send(StoreCommand::SaveCanvas { to: with_png(to), picture: Box::new(picture) });
                }
            }
            FilesAction::OpenProjectDialog => self.dialog(DialogRequest::OpenProject),
            FilesAction::OpenProject(file) => self.open_project(file),
            FilesAction::WordsBack => self.bring_words_back(),
            FilesAction::SaveProject => self.save_project(),
            FilesAction::SaveProjectAsDialog => self.ask_for_project_file(),
            FilesAction::SaveProjectAs(to) => self.save_project_as(&to),
            FilesAction::SaveAsDialog => {
                if self.state.is_unsaved() {
                    self.dialog(DialogRequest::SaveCanvas);
                } else if let Some(from) = self.state.shown_file() {
                    self.dialog(DialogRequest::SaveAs { from });
                }
            }
            FilesAction::SaveFileAsDialog(from) => self.dialog(DialogRequest::SaveAs { from }),
            FilesAction::CopyFile { from, to } => {
                self.remember_folder(to.parent());
                let with_settings = self.saver.current.preferences.settings_in_copies;
                self.store.send(StoreCommand::SaveAs { from, to, with_settings });
            }
            FilesAction::Dropped(path) if path.to_str().is_some_and(link::is_link) => self.open_link(&path),
            FilesAction::DroppedOnLayers(path) if is_picture_name(&path) => {
                self.add_layer(self.state.dropped_layer(path));
            }
            FilesAction::DroppedOnLayers(path) => self.apply_to_files(FilesAction::Dropped(path)),
            FilesAction::Dropped(path) if is_picture_name(&path) => self.open_picture(path),
            FilesAction::Dropped(path) if project::is_name(&path) => self.open_project(path),
            FilesAction::Dropped(path) => self.store.send(StoreCommand::InspectModel(path)),
            FilesAction::Copy(files) => self.copy_files(files),
            FilesAction::Copied(Ok(1)) => self.state.toasts.note("The file is on the clipboard."),
            FilesAction::Copied(Ok(count)) => self.state.toasts.note(format!("{count} files are on the clipboard.")),
            FilesAction::Copied(Err(sentence)) | FilesAction::NotRead(sentence) => {
                self.state.toasts.error(sentence, None);
            }
            FilesAction::Reveal(file) => self.store.send(StoreCommand::Reveal(file)),
            FilesAction::Trash(file) => self.trash(vec![file]),
            FilesAction::Upscale(file) => self.upscale(file),
            FilesAction::ReadyToUpscale(request) => self.submit_upscale(*request),
            FilesAction::DecodeAgain(file) => self.ask_how_to_decode(file),
            FilesAction::Decode(choice) => self.decode_again(choice),
            FilesAction::ReadyToDecode(request) => self.submit_decoding(*request),
            FilesAction::UseUpscaler(file) => self.state.library.chosen_upscaler = Some(file),
            FilesAction::TakeBack(file) => self.take_back(&file),
            FilesAction::Star(file) => {
                let starred = &mut self.saver.current.starred;
                if !starred.remove(&file) {
                    starred.insert(file);
                }
                self.state.gallery.starred.clone_from(starred);
                self.saver.touch();
            }
            FilesAction::OpenPicturesFolder => {
                let folder = self.pictures_folder();
                self.store.send(StoreCommand::RevealFolder(folder));
            }
            FilesAction::ShowLog => self.store.send(StoreCommand::Reveal(self.services.paths.log_file())),
        }
    }

    /// A model is only offered.
    fn open_link(&mut self, link: &Path) {
        match Link::parse(&link.to_string_lossy()) {
            // A page may have written it: no folder is looked through, and no device read, because of a link.
            Ok(Link::Open(path)) if !(is_picture_name(&path) || has_ending(&path, WEIGHT_ENDINGS)) => {
                let text =
                    "The link names neither a picture nor a model's file; open it from the File menu, or drop it here.";
                self.state.toasts.error(text, Some(path.display().to_string()));
            }
            Ok(Link::File(path) | Link::Open(path)) => self.apply_to_files(FilesAction::Dropped(path)),
            Ok(Link::Model(name)) => self.offer_model(name),
            Err(error) => {
                let error = JobError::caused(ErrorKind::Request, error);
                self.state.toasts.error(words::of_error(&error), None);
            }
        }
    }

    fn open_picture(&mut self, file: PathBuf) {
        if !self.state.canvas.is_restored {
            return self.services.open.push(file);
        }
        self.remember_folder(file.parent());
        self.state.canvas.opening.push(file.clone());
        self.store.send(StoreCommand::LoadPicture(file));
    }

    pub(super) fn remember_folder(&mut self, folder: Option<&Path>) {
        self.saver.current.dialog_folder = folder.map(Path::to_path_buf);
        self.saver.touch();
    }

    pub(super) fn dialog(&mut self, request: DialogRequest) {
        // A key that was pressed twice in a slow frame opens one dialog.
        if !self.dialog_requests.contains(&request) {
            self.dialog_requests.push(request);
        }
    }
}

fn is_picture_name(path: &Path) -> bool {
    has_ending(path, picture_file::READ_EXTENSIONS)
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    extension.is_some_and(|extension| endings.contains(&extension.as_str()))
}

/// A name without an extension gets the one that a mask has.
fn with_png(path: PathBuf) -> PathBuf {
    if path.extension().is_some() { path } else { path.with_extension("png") }
}
