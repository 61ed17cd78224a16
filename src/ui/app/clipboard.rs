//! Pictures that are pasted.

use egui::{Context, Event};

use crate::ui::action::{Action, CanvasAction};

/// The pictures that came from the clipboard in this frame.
pub(crate) fn pasted(ctx: &Context) -> Vec<Action> {
    ctx.input(|input| {
        let images = input.events.iter().filter_map(|event| match event {
            Event::PasteImage(image) => Some(image.clone()),
            _ => None,
        });
        images.map(|image| Action::Canvas(CanvasAction::Paste(image))).collect()
    })
}
