//! Two to four pictures in the canvas's room: side by side, one over the other, and what their settings differ in.

mod facts;
mod pictures;
pub(crate) mod state;
mod strip;
mod table;

use egui::{Key, Modifiers, Rect, Ui, UiBuilder, pos2, vec2};

use self::state::Comparison;
use super::textures::Textures;
use super::theme;
use crate::ui::action::{Action, CompareAction};
use crate::ui::chrome::layout::Layout;

/// By a press of an arrow, and with Shift.
const DIVIDER_STEP: f32 = 0.01;
const DIVIDER_LEAP: f32 = 0.1;
const MARGIN: f32 = 20.0;
const MARGIN_SHORT: f32 = 10.0;

/// Draws them instead of the canvas.
pub(crate) fn show(
    ui: &mut Ui,
    comparison: &mut Comparison,
    textures: &mut Textures,
    layout: Layout,
    actions: &mut Vec<Action>,
) {
    let whole = ui.available_rect_before_wrap();
    let shows_b = keys(ui, comparison, actions);
    let strip = Rect::from_min_size(whole.min, vec2(whole.width(), theme::TOOL_STRIP_HEIGHT));
    strip::show(ui, strip, comparison, actions);
    let margin = if layout.short { MARGIN_SHORT } else { MARGIN };
    let below = Rect::from_min_max(pos2(whole.left(), strip.bottom()), whole.max).shrink(margin);
    let (differ, same) = facts::differences(&comparison.pictures);
    let table_height = table::height(comparison, differ.len(), same.len(), layout).min(below.height() * 0.45);
    let table = Rect::from_min_max(pos2(below.left(), below.bottom() - table_height), below.max);
    let room = Rect::from_min_max(below.min, pos2(below.right(), table.top() - margin));
    pictures::show(ui, room, comparison, shows_b, textures);
    ui.scope_builder(UiBuilder::new().max_rect(table), |ui| {
        table::show(ui, comparison, &differ, &same, layout, actions);
    });
}

/// Returns whether B is shown while its key is held. A field that is written in keeps its keys.
fn keys(ui: &Ui, comparison: &mut Comparison, actions: &mut Vec<Action>) -> bool {
    if ui.ctx().egui_wants_keyboard_input() {
        return false;
    }
    let (moved, swap, close, held) = ui.input_mut(|input| {
        let mut moved = 0.0;
        for (modifiers, step) in [(Modifiers::SHIFT, DIVIDER_LEAP), (Modifiers::NONE, DIVIDER_STEP)] {
            moved += step * input.count_and_consume_key(modifiers, Key::ArrowRight) as f32;
            moved -= step * input.count_and_consume_key(modifiers, Key::ArrowLeft) as f32;
        }
        let swap = input.count_and_consume_key(Modifiers::NONE, Key::X) % 2 == 1;
        let close = input.consume_key(Modifiers::NONE, Key::Escape);
        (moved, swap, close, input.key_down(Key::F) && input.modifiers.is_none())
    });
    comparison.move_divider(moved);
    if swap {
        actions.push(Action::Compare(CompareAction::Swap));
    }
    if close {
        actions.push(Action::Compare(CompareAction::Close));
    }
    held
}
