//! What can be done with a saved picture, as the menu of a right click.

use std::path::Path;

use egui::Ui;

use super::action::Action;
use super::state::{GalleryView, LookingAt};
use super::widgets::MenuItem;
use super::{icons, shortcuts};

pub const WIDTH: f32 = 232.0;

pub fn show(ui: &mut Ui, file: &Path, actions: &mut Vec<Action>) {
    ui.set_min_width(WIDTH);
    ui.spacing_mut().item_spacing.y = 0.0;
    let trash_key = ui.ctx().format_shortcut(&shortcuts::TRASH);
    let groups: [&[(MenuItem<'_>, fn(&Path) -> Action)]; 2] = [
        &[
            (MenuItem::new("Show").icon(icons::IMAGE_SQUARE), |file| {
                Action::LookAt(LookingAt::Gallery(GalleryView { file: file.to_path_buf(), picture: None }))
            }),
            (MenuItem::new("Use these settings").icon(icons::SLIDERS_HORIZONTAL), |file| {
                Action::UseSettings(file.to_path_buf())
            }),
            (MenuItem::new("Save as…").icon(icons::FLOPPY_DISK), |file| Action::SaveFileAsDialog(file.to_path_buf())),
            (MenuItem::new("Reveal in folder").icon(icons::FOLDER_OPEN), |file| Action::Reveal(file.to_path_buf())),
        ],
        &[(MenuItem::new("Move to Trash").icon(icons::TRASH).key(&trash_key).danger(), |file| {
            Action::Trash(file.to_path_buf())
        })],
    ];
    for (index, group) in groups.iter().enumerate() {
        if index > 0 {
            ui.separator();
        }
        for (item, action) in *group {
            if ui.add(item.clone()).clicked() {
                actions.push(action(file));
                ui.close();
            }
        }
    }
}
