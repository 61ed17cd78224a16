//! Gives tags to pictures, or puts them into collections: those that there are with a tick each, and a field for a new one.

use egui::{Frame, Id, RichText, TextEdit, Ui};

use crate::store::pictures::labels::{LabelChange, LabelKind};
use crate::ui::action::{Action, GalleryAction, WindowAction};
use crate::ui::gallery::labels_state::Labelling;
use crate::ui::gallery::state::GalleryState;
use crate::ui::theme;
use crate::ui::widgets::{Check, TextButton, fields};

pub(super) fn show(ui: &mut Ui, gallery: &mut GalleryState, actions: &mut Vec<Action>) {
    let tokens = theme::tokens(ui);
    let labels = gallery.labels.clone();
    let Labelling { files, kind, text, wants_focus } = &mut gallery.labelling;
    let kind = *kind;
    let of_what = match files.len() {
        1 => "this picture".to_owned(),
        count => format!("{count} pictures"),
    };
    let (hint, add) = match kind {
        LabelKind::Tag => ("A new tag", "Add tag"),
        LabelKind::Collection => ("A new collection", "Put in"),
    };
    let label =
        ui.label(RichText::new(format!("Of {of_what}. The files themselves stay as they are.")).color(tokens.text_2));
    let mut entered = false;
    let id = Id::unique("new label");
    ui.horizontal(|ui| {
        let button = TextButton::new(add);
        let width = ui.available_width() - button.natural_width(ui) - theme::GRID;
        fields::text_line_with_id(ui, label.id, id, width, |ui, id| {
            let field = TextEdit::singleline(text).id(id).hint_text(hint).frame(Frame::NONE);
            let response = ui.add(field.desired_width(f32::INFINITY));
            if std::mem::take(wants_focus) {
                response.request_focus();
            }
            entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            response
        });
        let is_empty = text.trim().is_empty();
        entered |= ui.add_enabled(!is_empty, button).on_disabled_hover_text("Write a name first.").clicked();
        entered &= !is_empty;
    });
    let change = |name: &str, gives| {
        Action::Gallery(GalleryAction::Label(LabelChange { kind, name: name.to_owned(), files: files.clone(), gives }))
    };
    if entered {
        actions.push(change(text, true));
        text.clear();
        *wants_focus = true;
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    for (name, count) in labels.names(kind) {
        let having = files.iter().filter(|file| labels.of(kind, file).any(|known| known == name)).count();
        let mut ticked = having == files.len();
        ui.horizontal(|ui| {
            if ui.add(Check::new(name, &mut ticked)).clicked() {
                actions.push(change(name, ticked));
            }
            let some = having > 0 && having < files.len();
            let words = if some { format!("{having} of these, {count} in all") } else { format!("{count} in all") };
            ui.label(RichText::new(words).color(tokens.text_3));
        });
    }
}

pub(super) fn foot(ui: &mut Ui, actions: &mut Vec<Action>) {
    if ui.add(TextButton::new("Close")).clicked() {
        actions.push(Action::Window(WindowAction::CloseSheet));
    }
}
