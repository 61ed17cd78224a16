//! What the actions of an export do: the sheet, its folder, start and stop. The store writes.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::store::pictures::export::{ExportOrder, Exported};
use crate::store::worker::GalleryCommand;
use crate::ui::action::{Action, DialogRequest, FilesAction, GalleryAction, Sheet};
use crate::ui::app::studio::Studio;
use crate::ui::chrome::path_sheet::written_path;
use crate::ui::gallery::export_state::RunningExport;

impl Studio {
    pub(super) fn apply_to_export(&mut self, action: GalleryAction) {
        match action {
            GalleryAction::OpenExport(files) => {
                let export = &mut self.state.gallery.export;
                export.files = files;
                if export.folder.is_empty() {
                    let folder = self.saver.current.dialog_folder.as_deref();
                    export.folder = folder.map(|folder| folder.display().to_string()).unwrap_or_default();
                }
                self.state.sheet = Some(Sheet::Export);
            }
            GalleryAction::StartExport => self.start_export(),
            GalleryAction::CancelExport => {
                if let Some(running) = &self.state.gallery.export.running {
                    running.cancelled.store(true, Ordering::Relaxed);
                }
            }
            GalleryAction::ExportFolderDialog => self.dialog(DialogRequest::ExportFolder),
            GalleryAction::ExportTo(folder) => {
                self.state.gallery.export.folder = folder.display().to_string();
                // The field for a path took the sheet's place.
                self.state.sheet = Some(Sheet::Export);
            }
            _ => {}
        }
    }

    fn start_export(&mut self) {
        let export = &mut self.state.gallery.export;
        // One at a time: its progress is the one that is shown.
        let Some(folder) = written_path(&export.folder).filter(|_| export.running.is_none()) else { return };
        let cancelled = Arc::default();
        let order = ExportOrder {
            files: std::mem::take(&mut export.files),
            folder: folder.clone(),
            format: export.format,
            quality: export.quality,
            with_settings: export.with_settings,
            pattern: export.pattern.clone(),
            cancelled: Arc::clone(&cancelled),
        };
        export.running = Some(RunningExport { done: 0, asked: order.files.len(), cancelled });
        self.saver.current.dialog_folder = Some(folder);
        self.saver.touch();
        self.ask_gallery(GalleryCommand::Export(Box::new(order)));
    }

    /// Says what came of it, and what was not done as it was asked.
    pub(in crate::ui) fn exported(&mut self, exported: &Exported) {
        self.state.gallery.export.running = None;
        if self.state.sheet == Some(Sheet::Export) {
            self.state.sheet = None;
        }
        let words = sentence(exported);
        let details = details(exported);
        if !exported.failed.is_empty() {
            self.state.toasts.error(words, Some(details.join("\n")));
        } else if details.is_empty() {
            let show = Action::Files(FilesAction::Reveal(exported.folder.clone()));
            self.state.toasts.offer(words, "Show", show);
        } else {
            self.state.toasts.note_in_detail(words, details.join("\n"));
        }
    }
}

fn sentence(exported: &Exported) -> String {
    let folder = exported.folder.file_name().map_or_else(|| exported.folder.display().to_string(), lossy);
    match (exported.written, exported.asked) {
        (1, 1) => format!("The picture is in {folder}."),
        (written, asked) if written == asked => format!("{written} pictures are in {folder}."),
        (written, asked) => format!("{written} of {asked} pictures are in {folder}."),
    }
}

fn lossy(name: &std::ffi::OsStr) -> String {
    Path::new(name).display().to_string()
}

/// What was done otherwise than asked, a sentence each.
fn details(exported: &Exported) -> Vec<String> {
    let pictures = |count: usize| if count == 1 { "1 picture".to_owned() } else { format!("{count} pictures") };
    let mut details = exported.failed.clone();
    if exported.renamed > 0 {
        details.push(format!("{} got a number behind the name, which was taken.", pictures(exported.renamed)));
    }
    if exported.without_mask > 0 {
        let count = pictures(exported.without_mask);
        details
            .push(format!("{count} went without the mask or picture that steered it: only PNG has a place for that."));
    }
    if exported.without_settings > 0 {
        let count = pictures(exported.without_settings);
        details.push(format!("{count} of other programs went without settings: they are kept in a form of their own."));
    }
    details
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_done_as_asked_is_said() {
        let exported = Exported { folder: "/x/out".into(), written: 2, asked: 3, renamed: 1, ..Exported::default() };
        assert_eq!(sentence(&exported), "2 of 3 pictures are in out.");
        assert_eq!(details(&exported), ["1 picture got a number behind the name, which was taken."]);
        let exported = Exported { folder: "/".into(), written: 1, asked: 1, ..Exported::default() };
        assert!(sentence(&exported).contains("/.") && details(&exported).is_empty());
    }
}
