//! What a right click on the canvas offers: for the picture that is seen there.

use egui::{Response, Ui};

use super::pointer;
use crate::ui::action::{Action, CanvasAction, FilesAction, MaskStep, ResultsAction, Zoom};
use crate::ui::input::keymap;
use crate::ui::input::shortcuts::Command;
use crate::ui::results::picture_menu;
use crate::ui::state::AppState;
use crate::ui::theme::icons;
use crate::ui::widgets::MenuItem;

pub(super) fn show(response: &Response, state: &AppState, actions: &mut Vec<Action>) {
    // The right button closes a polygon.
    if pointer::closed_an_outline(&response.ctx) {
        return;
    }
    response.context_menu(|ui| {
        ui.set_width(picture_menu::WIDTH);
        ui.spacing_mut().item_spacing.y = 0.0;
        let mut line = |ui: &mut Ui, icon, words, command, enabled, action| {
            let key = keymap::written(ui.ctx(), command);
            if ui.add_enabled(enabled, MenuItem::new(words).icon(icon).key(&key)).clicked() {
                actions.push(action);
                ui.close();
            }
        };
        let canvas = |action| Action::Canvas(action);
        let has_mask = !state.canvas.document.mask().is_empty();
        let over_canvas = state.is_over_canvas();
        let has_picture = state.shown_picture().is_some();
        let words = if has_mask && !over_canvas { "Copy what is masked" } else { "Copy picture" };
        line(ui, icons::COPY, words, Command::Copy, has_picture, canvas(CanvasAction::Copy));
        let saves = state.is_unsaved() || state.shown_file().is_some();
        line(ui, icons::FLOPPY_DISK, "Save as…", Command::SaveAs, saves, Action::Files(FilesAction::SaveAsDialog));
        ui.separator();
        if over_canvas {
            let accept = Action::Results(ResultsAction::Accept);
            line(ui, icons::CHECK, "Use as input", Command::Accept, has_picture, accept);
            line(ui, icons::X, "Set aside", Command::SetAside, true, Action::Results(ResultsAction::SetAside));
            if let Some(file) = state.shown_file() {
                let star = Action::Files(FilesAction::Star(file.clone()));
                let words = if state.gallery.starred.contains(&file) { "Take the star away" } else { "Give it a star" };
                line(ui, icons::STAR, words, Command::Star, true, star);
                line(ui, icons::TRASH, "Move to Trash", Command::Trash, true, Action::Files(FilesAction::Trash(file)));
            }
        } else {
            let mask = |step| (Command::Mask(step), canvas(CanvasAction::Mask(step)));
            let (key, action) = mask(MaskStep::All);
            line(ui, " ", "Mask everything", key, has_picture, action);
            let (key, action) = mask(MaskStep::Invert);
            line(ui, icons::SELECTION_INVERSE, "Invert the mask", key, has_picture, action);
            let (key, action) = mask(MaskStep::Clear);
            line(ui, icons::TRASH, "Clear the mask", key, has_mask, action);
            ui.separator();
            let can_undo = state.canvas.can_undo();
            line(ui, icons::ARROW_U_UP_LEFT, "Undo", Command::Undo, can_undo, canvas(CanvasAction::Undo));
            let can_redo = state.canvas.document.can_redo();
            line(ui, icons::ARROW_U_UP_RIGHT, "Redo", Command::Redo, can_redo, canvas(CanvasAction::Redo));
        }
        ui.separator();
        let fit = canvas(CanvasAction::Zoom(Zoom::Fit));
        line(ui, icons::FRAME_CORNERS, "Fit the picture", Command::ZoomFit, has_picture, fit);
        line(ui, " ", "100 %", Command::Zoom100, has_picture, canvas(CanvasAction::Zoom(Zoom::To(1.0))));
    });
}
