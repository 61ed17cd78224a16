//! What the gallery's actions do: the picture's view, what is selected, filters and folders.

use std::path::{Path, PathBuf};

use crate::store::pictures::gallery::Gallery;
use crate::store::worker::{GalleryCommand, StoreCommand};
use crate::ui::action::{DialogRequest, GalleryAction, GalleryView, LookingAt, PromptAction, Sheet, Step};
use crate::ui::app::studio::Studio;
use crate::ui::gallery::labels_state::Labelling;

impl Studio {
    pub(super) fn apply_to_gallery(&mut self, ctx: &egui::Context, action: GalleryAction) {
        match action {
            GalleryAction::OpenView(file) => self.open_view(ctx, file),
            GalleryAction::LeaveView => self.leave_view(ctx),
            GalleryAction::ToggleInfo => self.state.gallery.view.shows_info ^= true,
            GalleryAction::StepRow { by } => {
                if let Some(file) = self.stepped(Step::Row(by)) {
                    self.look_at_file(file);
                }
            }
            GalleryAction::Extend(step) => {
                if let Some(file) = self.stepped(step) {
                    self.extend_to(file);
                }
            }
            GalleryAction::ExtendTo(file) => self.extend_to(file),
            GalleryAction::Toggle(file) => self.state.gallery.selection.toggle(&file),
            GalleryAction::ToggleShown => {
                if let Some(file) = self.state.shown_file() {
                    self.state.gallery.selection.toggle(&file);
                }
            }
            GalleryAction::SelectAll => {
                let all: Vec<PathBuf> = self.state.gallery.listed().map(Path::to_path_buf).collect();
                self.state.gallery.selection.take(all);
            }
            GalleryAction::ClearSelection => self.state.gallery.selection.clear(),
            GalleryAction::Select(files) => self.state.gallery.selection.take(files),
            GalleryAction::Star(files) => self.star(files),
            GalleryAction::Trash(files) => {
                self.state.gallery.selection.clear();
                self.trash(files);
            }
            GalleryAction::UsePart { file, part } => {
                self.state.gallery.view.wanted.push((file.clone(), part));
                self.apply_to_prompt(ctx, PromptAction::UseSettings(file));
            }
            GalleryAction::Copy { what, text } => {
                ctx.copy_text(text);
                self.state.toasts.note(format!("{what} copied."));
            }
            GalleryAction::FocusSearch => self.focus_search(ctx),
            GalleryAction::Filter(filter) => {
                let filters = &mut self.state.gallery.search.filters;
                // Of models and sizes a picture has one alone.
                filters.retain(|known| {
                    std::mem::discriminant(known) != std::mem::discriminant(&filter) || filter.may_be_several()
                });
                filters.push(filter);
            }
            GalleryAction::Unfilter(filter) => self.state.gallery.search.filters.retain(|known| *known != filter),
            GalleryAction::Sort(order) => self.state.gallery.search.sort = order,
            GalleryAction::ListFacets => self.ask_gallery(GalleryCommand::ListFacets),
            GalleryAction::OpenLabels { files, kind } => {
                self.state.gallery.labelling = Labelling { files, kind, text: String::new(), wants_focus: true };
                self.state.sheet = Some(Sheet::Labels);
            }
            GalleryAction::Label(change) => self.ask_gallery(GalleryCommand::Label(change)),
            GalleryAction::OpenExport(_)
            | GalleryAction::StartExport
            | GalleryAction::CancelExport
            | GalleryAction::ExportFolderDialog
            | GalleryAction::ExportTo(_) => self.apply_to_export(action),
            GalleryAction::WatchFolderDialog => self.dialog(DialogRequest::WatchFolder),
            GalleryAction::WatchFolder(folder) => {
                if !self.saver.current.gallery_folders.contains(&folder) {
                    self.saver.current.gallery_folders.push(folder);
                }
                self.watch();
            }
            GalleryAction::ForgetFolder(folder) => {
                self.saver.current.gallery_folders.retain(|known| *known != folder);
                self.watch();
            }
        }
    }

    pub(in crate::ui) fn ask_gallery(&self, command: GalleryCommand) {
        self.store.send(StoreCommand::OfGallery(command));
    }

    /// Where the gallery's pictures are, by the settings.
    pub(super) fn gallery_folders(&self) -> Gallery {
        let settings = &self.saver.current;
        let own = settings.preferences.saving.folder.as_ref().unwrap_or(&self.services.paths.pictures_folder);
        Gallery::of(own.clone()).watching(&settings.gallery_folders)
    }

    /// Lists the pictures of the settings' folders too.
    fn watch(&mut self) {
        let folders = self.saver.current.gallery_folders.clone();
        self.state.gallery.watched.clone_from(&folders);
        self.ask_gallery(GalleryCommand::Watch(folders));
        self.store.send(StoreCommand::ScanGallery);
        self.saver.touch();
    }

    fn open_view(&mut self, ctx: &egui::Context, file: Option<PathBuf>) {
        let gallery = &self.state.gallery;
        let is_asked = file.is_some();
        let seen = || self.state.shown_file().filter(|file| gallery.place_of(file).is_some());
        let newest = || gallery.listed().next().map(Path::to_path_buf);
        let Some(file) = file.or_else(seen).or_else(newest) else {
            self.state.toasts.note("There is no picture in the gallery yet.");
            return;
        };
        // Whatever was typed into is not seen any more.
        ctx.memory_mut(egui::Memory::stop_text_input);
        if !self.state.gallery.view.is_open {
            let canvas = &mut self.state.canvas;
            self.state.gallery.view.before = (canvas.looking_at.clone(), canvas.view);
            canvas.view = crate::ui::canvas::view::ViewState::default();
            canvas.peek = None;
        }
        self.state.gallery.view.is_open = true;
        self.state.gallery.view.covers_grid = is_asked;
        self.look_at_file(file);
        // It may have been looked at already.
        self.ask_family();
    }

    /// One step back; the canvas is as it was.
    fn leave_view(&mut self, ctx: &egui::Context) {
        let is_narrow = self.layout(ctx).narrow;
        let view = &mut self.state.gallery.view;
        if is_narrow && view.covers_grid {
            if view.shows_info {
                view.shows_info = false;
            } else {
                view.covers_grid = false;
            }
            return;
        }
        let (looking_at, _) = view.before.clone();
        self.close_view();
        let is_there = match &looking_at {
            LookingAt::Candidate(job) => self.state.candidates.get(*job).is_some(),
            LookingAt::Canvas | LookingAt::Gallery(_) => true,
        };
        self.look_at(if is_there { looking_at } else { LookingAt::Canvas });
    }

    /// Whatever is looked at then.
    pub(in crate::ui) fn close_view(&mut self) {
        let view = &mut self.state.gallery.view;
        if std::mem::take(&mut view.is_open) {
            self.state.canvas.view = view.before.1;
            (view.covers_grid, view.shows_info) = (false, false);
        }
    }

    fn look_at_file(&mut self, file: PathBuf) {
        self.look_at(LookingAt::Gallery(GalleryView { file, picture: None }));
    }

    /// The picture so far from the looked at one.
    fn stepped(&self, step: Step) -> Option<PathBuf> {
        let file = self.state.shown_file()?;
        match step {
            Step::Row(by) => self.state.gallery.row_step(&file, by),
            Step::Place(by) => {
                let place = self.state.gallery.place_of(&file)?.checked_add_signed(by)?;
                self.state.gallery.listed().nth(place).map(Path::to_path_buf)
            }
        }
    }

    fn extend_to(&mut self, file: PathBuf) {
        let from = self.state.shown_file().unwrap_or_else(|| file.clone());
        let mut selection = std::mem::take(&mut self.state.gallery.selection);
        selection.extend(&from, &file, &self.state.gallery.listed_files());
        // Looking at another one ends a run: this one goes on.
        self.look_at_file(file);
        self.state.gallery.selection = selection;
    }

    fn star(&mut self, files: Vec<PathBuf>) {
        let starred = &mut self.saver.current.starred;
        let is_taken = files.iter().all(|file| starred.contains(file));
        for file in files {
            if is_taken {
                starred.remove(&file);
            } else {
                starred.insert(file);
            }
        }
        self.state.gallery.starred.clone_from(starred);
        self.saver.touch();
    }

    /// Opens the gallery where it is hidden, or only a rail.
    fn focus_search(&mut self, ctx: &egui::Context) {
        if self.state.gallery.view.is_open {
            self.state.gallery.view.covers_grid = false;
        } else {
            self.show_gallery_panel(ctx);
        }
        self.state.gallery.wants_search = true;
    }
}
