//! The queue's first line: how long it all takes, pause, close.

use egui::{Align, Rect, Ui, vec2};

use crate::ui::action::{Action, QueueAction};
use crate::ui::input::keymap;
use crate::ui::input::shortcuts::Command;
use crate::ui::numbers::duration;
use crate::ui::state::AppState;
use crate::ui::theme;
use crate::ui::theme::{fonts, icons};
use crate::ui::widgets::{IconButton, paint};

pub(super) const HEIGHT: f32 = 44.0;

pub(super) fn show(ui: &mut Ui, rect: Rect, state: &AppState, actions: &mut Vec<Action>) {
    let tokens = theme::tokens(ui);
    let inner = paint::between(rect, f32::from(theme::PANEL_PADDING), 10.0);
    let button = |index: f32| {
        let corner = inner.right_center() - vec2((index + 1.0) * theme::CONTROL_HEIGHT, theme::CONTROL_HEIGHT / 2.0);
        Rect::from_min_size(corner, vec2(theme::CONTROL_HEIGHT, theme::CONTROL_HEIGHT))
    };
    let key = keymap::written(ui.ctx(), Command::Queue);
    if ui.put(button(0.0), IconButton::new(icons::X, "Close the queue").key(&key)).clicked() {
        actions.push(Action::Queue(QueueAction::Toggle));
    }
    let (icon, name) =
        if state.queue.is_paused { (icons::PLAY, "Go on with the queue") } else { (icons::PAUSE, "Pause the queue") };
    let key = keymap::written(ui.ctx(), Command::PauseQueue);
    if ui.put(button(1.0), IconButton::new(icon, name).key(&key)).clicked() {
        actions.push(Action::Queue(QueueAction::Pause));
    }
    let words = paint::between(inner, 0.0, 2.0 * theme::CONTROL_HEIGHT + theme::HALF);
    let used = paint::text(ui, words, Align::Min, "Queue", fonts::strong(fonts::BODY_PT), tokens.text_1);
    let left = state.candidates.seconds_left().map(|seconds| format!("{} left", duration(seconds)));
    let beside = match (state.queue.is_paused, state.queue.forever, left) {
        (true, ..) => "paused".to_owned(),
        (false, true, _) => "forever".to_owned(),
        (false, false, left) => left.unwrap_or_default(),
    };
    let colour = if state.queue.is_paused { tokens.warning } else { tokens.text_2 };
    paint::text(ui, paint::between(words, used + 8.0, 0.0), Align::Min, &beside, fonts::body(), colour);
}
