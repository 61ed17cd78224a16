//! Pictures that are pasted.

use std::sync::Arc;

use egui::{Context, Event};

use crate::raster::Picture;
use crate::ui::action::{Action, FilesAction};

/// The pictures that came from the clipboard in this frame.
pub fn pasted(ctx: &Context) -> Vec<Action> {
    ctx.input(|input| {
        let images = input.events.iter().filter_map(|event| match event {
            Event::PasteImage(image) => Some(image),
            _ => None,
        });
        images
            .filter_map(|image| picture_of(image).map(|picture| Action::Files(FilesAction::Paste(Arc::new(picture)))))
            .collect()
    })
}

fn picture_of(image: &egui::ColorImage) -> Option<Picture> {
    let [width, height] = image.size.map(|side| side as u32);
    let rgba = image.pixels.iter().flat_map(egui::Color32::to_srgba_unmultiplied).collect();
    Picture::from_rgba(width, height, rgba).ok().filter(|picture| picture.width() > 0 && picture.height() > 0)
}
