//! What can be done with a saved picture, as the menu of a right click.

use std::path::Path;

use egui::Ui;

use crate::store::pictures::labels::LabelKind;
use crate::ui::action::{Action, FilesAction, GalleryAction, GalleryView, LookingAt, PromptAction, ResultsAction};
use crate::ui::input::keymap;
use crate::ui::input::shortcuts::Command;
use crate::ui::layers::menus as layer_menus;
use crate::ui::theme::icons;
use crate::ui::widgets::MenuItem;

pub(crate) const WIDTH: f32 = 232.0;

pub(crate) fn show(ui: &mut Ui, file: &Path, is_starred: bool, actions: &mut Vec<Action>) {
    ui.set_width(WIDTH);
    ui.spacing_mut().item_spacing.y = 0.0;
    let trash_key = keymap::written(ui.ctx(), Command::Trash);
    let file = file.to_path_buf();
    let mut line = |ui: &mut Ui, item: MenuItem<'_>, action: Action| press(ui, item, action, actions);
    let view = GalleryView { file: file.clone(), picture: None };
    line(
        ui,
        MenuItem::new("Show").icon(icons::IMAGE_SQUARE),
        Action::Results(ResultsAction::LookAt(LookingAt::Gallery(view))),
    );
    let view_key = keymap::written(ui.ctx(), Command::GalleryView);
    line(
        ui,
        MenuItem::new("Open in the gallery").icon(icons::IMAGES).key(&view_key),
        Action::Gallery(GalleryAction::OpenView(Some(file.clone()))),
    );
    let send = MenuItem::new("Send to canvas").icon(icons::PAINT_BRUSH);
    line(ui, send, Action::Files(FilesAction::OpenPicture(file.clone())));
    layer_menus::of_file(ui, &file, actions);
    let mut line = |ui: &mut Ui, item: MenuItem<'_>, action: Action| press(ui, item, action, actions);
    let star_key = keymap::written(ui.ctx(), Command::Star);
    let words = if is_starred { "Take the star away" } else { "Give it a star" };
    let star = MenuItem::new(words).icon(icons::STAR).key(&star_key);
    line(ui, star, Action::Files(FilesAction::Star(file.clone())));
    let settings = MenuItem::new("Use these settings").icon(icons::SLIDERS_HORIZONTAL);
    line(ui, settings, Action::Prompt(PromptAction::UseSettings(file.clone())));
    let upscale_key = keymap::written(ui.ctx(), Command::Upscale);
    let upscale = MenuItem::new("Upscale").icon(icons::ARROWS_OUT).key(&upscale_key);
    line(ui, upscale, Action::Files(FilesAction::Upscale(file.clone())));
    let decode_key = keymap::written(ui.ctx(), Command::DecodeAgain);
    let decode = MenuItem::new("Decode again…").icon(icons::CIRCLE_HALF).key(&decode_key);
    line(ui, decode, Action::Files(FilesAction::DecodeAgain(file.clone())));
    let tag_key = keymap::written(ui.ctx(), Command::Tag);
    let tags = GalleryAction::OpenLabels { files: vec![file.clone()], kind: LabelKind::Tag };
    line(ui, MenuItem::new("Tags…").icon(icons::TAG).key(&tag_key), Action::Gallery(tags));
    let export = Action::Gallery(GalleryAction::OpenExport(vec![file.clone()]));
    line(ui, MenuItem::new("Export…").icon(icons::EXPORT), export);
    line(
        ui,
        MenuItem::new("Save as…").icon(icons::FLOPPY_DISK),
        Action::Files(FilesAction::SaveFileAsDialog(file.clone())),
    );
    let copy_key = keymap::written(ui.ctx(), Command::CopyFile);
    let copy = MenuItem::new("Copy the file").icon(icons::COPY).key(&copy_key);
    line(ui, copy, Action::Files(FilesAction::Copy(vec![file.clone()])));
    line(
        ui,
        MenuItem::new("Reveal in folder").icon(icons::FOLDER_OPEN),
        Action::Files(FilesAction::Reveal(file.clone())),
    );
    ui.separator();
    let trash = MenuItem::new("Move to Trash").icon(icons::TRASH).key(&trash_key).danger();
    line(ui, trash, Action::Files(FilesAction::Trash(file)));
}

fn press(ui: &mut Ui, item: MenuItem<'_>, action: Action, actions: &mut Vec<Action>) {
    if ui.add(item).clicked() {
        actions.push(action);
        ui.close();
    }
}
