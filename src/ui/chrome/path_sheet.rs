//! The field for a path, where the desktop has no file dialog to offer, or where one would rather write.

use std::path::{MAIN_SEPARATOR, Path, PathBuf};

use egui::{Id, RichText, Ui};

use crate::ui::action::{Action, DialogRequest, WindowAction};
use crate::ui::theme;
use crate::ui::widgets::{TextButton, fields};

/// What is asked, and what stands in the field.
#[derive(Clone, Debug)]
pub struct PathSheet {
    pub request: DialogRequest,
    pub text: String,
    /// A file that would be written over: only a second press does that.
    pub taken: Option<PathBuf>,
    wants_focus: bool,
}

impl PathSheet {
    /// What is written anew is offered a name in `folder`.
    #[must_use]
    pub fn new(request: DialogRequest, folder: Option<&Path>) -> Self {
        let folder = folder.map(|folder| format!("{}{MAIN_SEPARATOR}", folder.display())).unwrap_or_default();
        let text = request.file_name().map(|name| format!("{folder}{name}")).unwrap_or_default();
        Self { request, text, taken: None, wants_focus: true }
    }

    /// The written path; "~" is the home folder. `None` where nothing is written.
    #[must_use]
    pub fn path(&self) -> Option<PathBuf> {
        written_path(&self.text)
    }
}

/// A path as a person writes it; "~" is the home folder. `None` where nothing is written.
#[must_use]
pub(in crate::ui) fn written_path(text: &str) -> Option<PathBuf> {
    let text = text.trim().trim_matches('"');
    let path = Path::new(text);
    match path.strip_prefix("~").ok().zip(std::env::home_dir()) {
        Some((rest, home)) => Some(home.join(rest)),
        None => (!text.is_empty()).then(|| path.to_path_buf()),
    }
}

pub(super) fn show(ui: &mut Ui, sheet: &mut PathSheet, actions: &mut Vec<Action>) {
    let words = match sheet.request {
        DialogRequest::ExportFolder | DialogRequest::WatchFolder => "Write the folder's path here.",
        DialogRequest::AddModel => "Write the folder's path here, or drop the folder on the window.",
        DialogRequest::SaveAs { .. }
        | DialogRequest::SaveCanvas
        | DialogRequest::SaveMask
        | DialogRequest::SaveProject { .. } => "Write here where it shall be saved.",
        _ => "Write the file's path here, or drop the file on the window.",
    };
    ui.label(words);
    let label = ui.label(RichText::new("Path").color(theme::tokens(ui).text_2)).id;
    let id = field_id();
    let mut entered = false;
    let wants_focus = std::mem::take(&mut sheet.wants_focus);
    fields::text_line_with_id(ui, label, id, ui.available_width(), |ui, id| {
        let field = egui::TextEdit::singleline(&mut sheet.text).id(id).hint_text("/home/me/…");
        let response = ui.add(field.desired_width(f32::INFINITY).frame(egui::Frame::NONE));
        if wants_focus {
            response.request_focus();
        }
        entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        response
    });
    let path = sheet.path();
    let is_taken = sheet.taken.is_some() && sheet.taken == path;
    if is_taken {
        let words = "There is a file of this name already.";
        ui.label(RichText::new(words).color(theme::tokens(ui).warning));
    }
    let verb = if is_taken { "Replace it" } else { sheet.request.verb() };
    let clicked = ui.add_enabled(path.is_some(), TextButton::new(verb)).clicked();
    if let Some(path) = path.filter(|_| clicked || entered) {
        actions.push(Action::Window(WindowAction::PathWritten(path)));
    }
}

fn field_id() -> Id {
    Id::unique("path sheet field")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_is_offered_a_name_and_home_is_understood() {
        let mut sheet = PathSheet::new(DialogRequest::SaveMask, Some(Path::new("pictures")));
        assert_eq!(sheet.path(), Some(Path::new("pictures").join("mask.png")));
        sheet.text = " \"~/photo.png\" ".into();
        assert_eq!(sheet.path(), std::env::home_dir().map(|home| home.join("photo.png")));
        sheet.text = "  ".into();
        assert_eq!(sheet.path(), None);
    }
}
