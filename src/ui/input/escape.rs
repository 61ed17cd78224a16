//! Escape comes in a frame of its own: a field lets go of the keyboard as its frame begins, and what was written before in
//! the same slow frame would be taken for shortcuts.

use egui::{Context, Event, Key, Plugin, RawInput};

pub(crate) fn install(ctx: &Context) {
    ctx.add_plugin(EscapeApart::default());
}

#[derive(Default)]
struct EscapeApart {
    /// For the next frame.
    held: Vec<Event>,
}

impl Plugin for EscapeApart {
    fn debug_name(&self) -> &'static str {
        "escape apart"
    }

    fn input_hook(&mut self, ctx: &Context, input: &mut RawInput) {
        let mut events = std::mem::take(&mut self.held);
        events.append(&mut input.events);
        let is_escape = |event: &Event| matches!(event, Event::Key { key: Key::Escape, pressed: true, .. });
        let writes = |event: &Event| {
            matches!(event, Event::Key { pressed: true, .. } | Event::Text(_) | Event::Paste(_) | Event::Ime(_))
        };
        if ctx.text_edit_focused()
            && let Some(first) = events.iter().position(is_escape)
            && events[..first].iter().any(writes)
        {
            self.held = events.split_off(first);
            ctx.request_repaint();
        }
        input.events = events;
    }
}
