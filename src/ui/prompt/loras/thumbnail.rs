//! The small picture of a LoRA, in the shelf and in the picker.

use std::path::Path;

use egui::{Rect, Ui, vec2};

use crate::ui::gallery::state::{Thumbnail, Thumbnails};
use crate::ui::textures::Textures;
use crate::ui::theme;
use crate::ui::theme::icons;
use crate::ui::widgets::paint;

/// The small picture of a file in `rect`, or the sign of a model.
pub(crate) fn picture(ui: &Ui, rect: Rect, file: Option<&Path>, thumbnails: &mut Thumbnails, textures: &mut Textures) {
    let tokens = theme::tokens(ui);
    ui.painter().rect_filled(rect, theme::RADIUS, tokens.slot);
    let ready = file.and_then(|file| match thumbnails.get(file) {
        Some(Thumbnail::Ready(picture)) => Some(picture.clone()),
        Some(_) => None,
        None => {
            thumbnails.want(file);
            None
        }
    });
    let Some((picture, texture)) = ready.and_then(|picture| Some((picture.clone(), textures.small(&picture)?))) else {
        paint::icon(ui, rect, icons::CUBE, theme::MENU_ICON_PT, tokens.text_3);
        return;
    };
    // The middle of it fills the square.
    let size = vec2(picture.width() as f32, picture.height() as f32);
    let shown = egui::Vec2::splat(size.min_elem()) / size;
    let part = Rect::from_center_size(egui::pos2(0.5, 0.5), shown);
    ui.painter().image(texture, rect, part, egui::Color32::WHITE);
}
