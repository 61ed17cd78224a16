//! Pictures that are copied and pasted.

use egui::{Context, Event};

use crate::ui::action::{Action, CanvasAction};

/// What this frame's clipboard events ask for. A system's copy key comes as an event of its own; in a field it is the
/// field's.
pub(crate) fn actions_of(ctx: &Context, is_covered: bool) -> Vec<Action> {
    let copies = !is_covered && !ctx.text_edit_focused();
    ctx.input(|input| {
        let asked = input.events.iter().filter_map(|event| match event {
            Event::PasteImage(image) => Some(CanvasAction::Paste(image.clone())),
            Event::Copy if copies => Some(CanvasAction::Copy),
            _ => None,
        });
        asked.map(Action::Canvas).collect()
    })
}
