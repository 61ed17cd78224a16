//! What can be done with several selected pictures, at the bottom of the gallery. It covers; the grid stays.

use std::path::PathBuf;

use egui::{Popup, Rect, Ui, UiBuilder, vec2};

use crate::store::pictures::labels::LabelKind;
use crate::ui::action::{Action, FilesAction, GalleryAction, ResultsAction};
use crate::ui::gallery::state::GalleryState;
use crate::ui::input::keymap;
use crate::ui::input::shortcuts::Command;
use crate::ui::results::picture_menu;
use crate::ui::state::AppState;
use crate::ui::theme;
use crate::ui::theme::{fonts, icons};
use crate::ui::widgets::{IconButton, MenuItem, paint};

const HEIGHT: f32 = 48.0;
/// From so many selected pictures on.
const LEAST: usize = 2;

/// What it covers now.
pub(super) fn height(gallery: &GalleryState) -> f32 {
    if gallery.selection.len() >= LEAST { HEIGHT } else { 0.0 }
}

/// One thing that is done with all of them.
struct Deed {
    icon: &'static str,
    words: &'static str,
    command: Command,
    action: fn(Vec<PathBuf>) -> Action,
}

/// In their order; those that have no room stand under "…".
const DEEDS: [Deed; 7] = [
    Deed {
        icon: icons::SQUARE_SPLIT_HORIZONTAL,
        words: "Compare the selected",
        command: Command::Compare,
        action: |files| Action::Results(ResultsAction::Compare(files)),
    },
    Deed {
        icon: icons::STAR,
        words: "Star the selected",
        command: Command::Star,
        action: |files| Action::Gallery(GalleryAction::Star(files)),
    },
    Deed {
        icon: icons::TAG,
        words: "Tag the selected…",
        command: Command::Tag,
        action: |files| Action::Gallery(GalleryAction::OpenLabels { files, kind: LabelKind::Tag }),
    },
    Deed {
        icon: icons::EXPORT,
        words: "Export the selected…",
        command: Command::Export,
        action: |files| Action::Gallery(GalleryAction::OpenExport(files)),
    },
    Deed {
        icon: icons::COPY,
        words: "Copy the selected files",
        command: Command::CopyFile,
        action: |files| Action::Files(FilesAction::Copy(files)),
    },
    Deed {
        icon: icons::TRASH,
        words: "Move the selected to the Trash",
        command: Command::Trash,
        action: |files| Action::Gallery(GalleryAction::Trash(files)),
    },
    Deed {
        icon: icons::STACK,
        words: "Put the selected into a collection…",
        command: Command::Collect,
        action: |files| Action::Gallery(GalleryAction::OpenLabels { files, kind: LabelKind::Collection }),
    },
];

pub(super) fn show(ui: &mut Ui, rect: Rect, state: &AppState, actions: &mut Vec<Action>) {
    let tokens = theme::tokens(ui);
    let gallery = &state.gallery;
    // Over the grid, so that a click beside a button is no click on a picture.
    let ground = ui.interact(rect, ui.scope_id().with("action bar"), egui::Sense::click_and_drag());
    ui.painter().rect_filled(rect, 0.0, tokens.panel);
    ui.painter().hline(rect.x_range(), rect.top(), egui::Stroke::new(1.0, tokens.edge));
    let padding = f32::from(theme::PANEL_PADDING);
    let inner = paint::between(rect, padding, padding - 4.0).shrink2(vec2(0.0, (HEIGHT - theme::CONTROL_HEIGHT) / 2.0));
    let words = format!("{} selected", gallery.selection.len());
    let used = paint::text(ui, inner, egui::Align::Min, &words, fonts::body(), tokens.text_1);
    ground.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &words));
    let pitch = theme::CONTROL_HEIGHT + theme::HALF;
    // Beside "…" and the cross.
    let room = ((inner.width() - used - theme::GRID) / pitch).floor() as usize;
    let shown = room.saturating_sub(2).min(DEEDS.len());
    let files = || gallery.selected();
    ui.scope_builder(UiBuilder::new().max_rect(inner).layout(egui::Layout::right_to_left(egui::Align::Center)), |ui| {
        ui.spacing_mut().item_spacing.x = theme::HALF;
        if ui.add(IconButton::new(icons::X, "Select nothing")).clicked() {
            actions.push(Action::Gallery(GalleryAction::ClearSelection));
        }
        let folded = &DEEDS[shown..];
        if !folded.is_empty() {
            let more = ui.add(IconButton::new(icons::DOTS_THREE, "More for the selected"));
            Popup::menu(&more).width(picture_menu::WIDTH).show(|ui| {
                ui.set_width(picture_menu::WIDTH + 48.0);
                ui.spacing_mut().item_spacing.y = 0.0;
                for deed in folded {
                    let key = keymap::written(ui.ctx(), deed.command);
                    if ui.add(MenuItem::new(deed.words).icon(deed.icon).key(&key)).clicked() {
                        actions.push((deed.action)(files()));
                    }
                }
            });
        }
        for deed in DEEDS[..shown].iter().rev() {
            let key = keymap::written(ui.ctx(), deed.command);
            if ui.add(IconButton::new(deed.icon, deed.words).key(&key)).clicked() {
                actions.push((deed.action)(files()));
            }
        }
    });
}
