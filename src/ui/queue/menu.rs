//! What the big button's caret opens: where in the queue the next pictures go, and how many.

use egui::{Popup, PopupCloseBehavior, RectAlign, Response};

use crate::ui::action::{Action, GridAction, PromptAction, QueueAction};
use crate::ui::input::keymap;
use crate::ui::input::shortcuts::Command;
use crate::ui::state::AppState;
use crate::ui::theme;
use crate::ui::theme::icons;
use crate::ui::widgets::{MenuItem, Segment, Segments, fields};

const COUNTS: [u32; 4] = [1, 2, 4, 8];

pub(crate) fn show(caret: &Response, width: f32, state: &mut AppState, actions: &mut Vec<Action>) {
    Popup::menu(caret).align(RectAlign::TOP_END).close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
        ui.set_width(width);
        ui.spacing_mut().item_spacing.y = 0.0;
        let ready = state.is_ready();
        for (words, icon, command, action) in [
            ("Generate at the end", icons::PLAY, Command::Generate, Action::Prompt(PromptAction::Generate)),
            (
                "In front of the queue",
                icons::ARROW_LINE_UP,
                Command::GenerateInFront,
                Action::Prompt(PromptAction::GenerateInFront),
            ),
            (
                if state.queue.forever { "Forever, until now: stop" } else { "Forever" },
                icons::INFINITY,
                Command::Forever,
                Action::Queue(QueueAction::Forever),
            ),
        ] {
            let key = keymap::written(ui.ctx(), command);
            let item = ui.add_enabled(ready, MenuItem::new(words).icon(icon).key(&key));
            if item.on_disabled_hover_text("Type a prompt first.").clicked() {
                actions.push(action);
                ui.close();
            }
        }
        let grid_key = keymap::written(ui.ctx(), Command::Grid);
        if ui.add(MenuItem::new("A grid over settings…").icon(icons::GRID_NINE).key(&grid_key)).clicked() {
            actions.push(Action::Grid(GridAction::Open));
            ui.close();
        }
        ui.add(egui::Separator::default().spacing(9.0));
        fields::row(ui, "Count", |ui, _| {
            let segments = COUNTS.map(|count| match count {
                1 => "1",
                2 => "2",
                4 => "4",
                _ => "8",
            });
            let segments = segments.map(|text| Segment { text, hint: "" });
            let chosen = COUNTS.iter().position(|count| *count == state.prompt.picture_count);
            let shown = Segments::new("Count", &segments, chosen.unwrap_or(usize::MAX));
            if let Some(index) = shown.show(ui) {
                state.prompt.picture_count = COUNTS[index];
            }
        });
        ui.add_space(theme::HALF);
    });
}
