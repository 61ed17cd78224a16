//! One waiting row: its number, words and time; a handle to drag it by, and what can be done with it.

use egui::{
    Align, CornerRadius, EventFilter, Frame, Key, Modifiers, Rect, Response, Role, Sense, TextEdit, Ui, WidgetInfo,
    pos2, vec2,
};

use super::rows::{Row, facts};
use super::state::{QueueState, row_id};
use crate::ui::action::{Action, Press, QueueAction};
use crate::ui::input::{keymap, pressed};
use crate::ui::theme;
use crate::ui::theme::{fonts, icons};
use crate::ui::widgets::{IconButton, MenuItem, look, paint};

pub(super) const HEIGHT: f32 = 48.0;
const HANDLE: f32 = 16.0;
const SLOT: f32 = 36.0;
const MENU_WIDTH: f32 = 224.0;

/// Returns whether it is being dragged, or was let go just now.
pub(super) fn show(
    ui: &mut Ui,
    number: usize,
    row: &Row<'_>,
    seconds: &str,
    queue: &mut QueueState,
    actions: &mut Vec<Action>,
) -> bool {
    let Some(first) = row.pictures.first() else { return false };
    let tokens = theme::tokens(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::hover());
    let (words, facts) = (&first.request.prompt, facts(&row.pictures));
    let response = ui.interact(rect, row_id(row.press), Sense::click_and_drag());
    response.widget_info(|| {
        WidgetInfo::labeled(Role::ListItem, ui.is_enabled(), format!("Waiting {number}: {words}, {facts}"))
    });
    if response.clicked() || queue.wants_focus == Some(row.press) {
        queue.wants_focus = queue.wants_focus.filter(|press| *press != row.press);
        response.request_focus();
    }
    let is_edited = queue.editing.as_ref().is_some_and(|editing| editing.press == row.press);
    let has_keyboard = response.has_focus();
    if has_keyboard {
        queue.focused = Some(row.press);
        keys(ui, &response, row.press, actions);
    }
    let is_hovered = ui.rect_contains_pointer(rect);
    if is_hovered || has_keyboard || response.dragged() {
        ui.painter().rect_filled(rect, CornerRadius::ZERO, tokens.control);
    }
    if has_keyboard && look::Look::of(ui, &response) == look::Look::Focus {
        look::paint_field_ring(ui, rect.shrink(2.0), theme::RADIUS);
    }
    let handle = Rect::from_min_size(pos2(rect.left() + 2.0, rect.top()), vec2(HANDLE, HEIGHT));
    paint::icon(ui, handle, icons::DOTS_SIX_VERTICAL, theme::SMALL_ICON_PT, tokens.text_3);
    let slot = Rect::from_min_size(pos2(rect.left() + 16.0, rect.center().y - SLOT / 2.0), vec2(SLOT, SLOT));
    ui.painter().rect_filled(slot, CornerRadius::same(theme::RADIUS), tokens.slot);
    paint::text(ui, slot, Align::Center, &number.to_string(), fonts::body(), tokens.text_2);
    let inner = Rect::from_min_max(pos2(slot.right() + 8.0, rect.top()), pos2(rect.right() - 16.0, rect.bottom()));
    if is_edited {
        field(ui, inner, queue, actions);
        return false;
    }
    let buttons = if is_hovered || has_keyboard { 2.0 * theme::CONTROL_HEIGHT } else { 0.0 };
    let right = if buttons > 0.0 {
        on_hover(ui, inner, row.press, actions);
        buttons
    } else {
        paint::text(ui, inner, Align::Max, seconds, fonts::body(), tokens.text_2)
    };
    let lines = paint::between(inner, 0.0, right + 8.0);
    let line = |top: f32| Rect::from_min_size(pos2(lines.left(), lines.top() + top), vec2(lines.width(), 18.0));
    let shown = if words.is_empty() { "no words" } else { words.as_str() };
    paint::text(ui, line(6.0), Align::Min, shown, fonts::body(), tokens.text_1);
    paint::text(ui, line(24.0), Align::Min, &facts, fonts::body(), tokens.text_2);
    response.context_menu(|ui| menu(ui, row.press, first.kind.keeps_its_words(), actions));
    let is_dragged = response.dragged() || response.drag_stopped();
    if !is_dragged {
        response.on_hover_text(words);
    }
    is_dragged
}

/// What the keyboard does with the row that has it.
fn keys(ui: &Ui, response: &Response, press: Press, actions: &mut Vec<Action>) {
    // The panel walks from row to row; egui would go to whatever stands nearest.
    let filter = EventFilter { vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    let mut take = |modifiers: Modifiers, key: Key, action: QueueAction| {
        if ui.input_mut(|input| input.consume_key(modifiers, key)) {
            actions.push(Action::Queue(action));
        }
    };
    take(Modifiers::COMMAND, Key::D, QueueAction::Duplicate(press));
    take(Modifiers::NONE, Key::Home, QueueAction::ToFront(press));
    take(Modifiers::NONE, Key::Delete, QueueAction::Remove(press));
    take(Modifiers::NONE, Key::Backspace, QueueAction::Remove(press));
    take(Modifiers::NONE, Key::Enter, QueueAction::BeginEdit(press));
}

fn on_hover(ui: &mut Ui, inner: Rect, press: Press, actions: &mut Vec<Action>) {
    let place = |index: f32| {
        let corner = inner.right_center() - vec2((index + 1.0) * theme::CONTROL_HEIGHT - 6.0, 14.0);
        Rect::from_min_size(corner, vec2(theme::CONTROL_HEIGHT, theme::CONTROL_HEIGHT))
    };
    ui.push_id(press, |ui| {
        if ui.put(place(1.0), IconButton::new(icons::ARROW_LINE_UP, "To the front").key("Home")).clicked() {
            actions.push(Action::Queue(QueueAction::ToFront(press)));
        }
        if ui.put(place(0.0), IconButton::new(icons::X, "Take it out of the queue").key("Delete")).clicked() {
            actions.push(Action::Queue(QueueAction::Remove(press)));
        }
    });
}

/// `fixed` says why its words and seeds stay as they are, where they do.
fn menu(ui: &mut Ui, press: Press, fixed: Option<&str>, actions: &mut Vec<Action>) {
    ui.set_width(MENU_WIDTH);
    ui.spacing_mut().item_spacing.y = 0.0;
    let duplicate = keymap::shown(ui.ctx(), egui::KeyboardShortcut::new(Modifiers::COMMAND, Key::D));
    let up = keymap::shown(ui.ctx(), egui::KeyboardShortcut::new(Modifiers::ALT, Key::ArrowUp));
    let down = keymap::shown(ui.ctx(), egui::KeyboardShortcut::new(Modifiers::ALT, Key::ArrowDown));
    for (words, icon, key, action) in [
        ("Edit the words", " ", "Enter", QueueAction::BeginEdit(press)),
        ("Duplicate, with the next seeds", icons::COPY, duplicate.as_str(), QueueAction::Duplicate(press)),
        ("To the front", icons::ARROW_LINE_UP, "Home", QueueAction::ToFront(press)),
        ("Up", icons::CARET_UP, up.as_str(), QueueAction::Move { press, by: -1 }),
        ("Down", icons::CARET_DOWN, down.as_str(), QueueAction::Move { press, by: 1 }),
        ("Take it out", icons::X, "Delete", QueueAction::Remove(press)),
    ] {
        let is_fixed = matches!(action, QueueAction::BeginEdit(_) | QueueAction::Duplicate(_)) && fixed.is_some();
        let item = ui.add_enabled(!is_fixed, MenuItem::new(words).icon(icon).key(key));
        if item.on_disabled_hover_text(fixed.unwrap_or_default()).clicked() {
            actions.push(Action::Queue(action));
            ui.close();
        }
    }
}

/// The words of the row, to be written anew. Enter keeps them, Escape does not.
fn field(ui: &mut Ui, inner: Rect, queue: &mut QueueState, actions: &mut Vec<Action>) {
    let Some(editing) = &mut queue.editing else { return };
    let rect = Rect::from_center_size(inner.center(), vec2(inner.width(), theme::CONTROL_HEIGHT));
    ui.painter().rect_filled(rect, CornerRadius::same(theme::RADIUS), theme::tokens(ui).inset);
    let edit = TextEdit::singleline(&mut editing.words)
        .frame(Frame::NONE.inner_margin(egui::Margin::symmetric(6, 5)))
        .desired_width(f32::INFINITY);
    let response = ui.put(rect, edit).accessible_name("Words of this row");
    look::paint_field_ring(ui, rect, theme::RADIUS);
    if !std::mem::replace(&mut editing.has_begun, true) {
        response.request_focus();
        return;
    }
    if !response.has_focus() && !response.gained_focus() {
        let is_given_up = pressed::was_left_by_escape(ui.ctx()) || editing.words.trim().is_empty();
        actions.push(Action::Queue(if is_given_up {
            QueueAction::EndEdit
        } else {
            QueueAction::Edit { press: editing.press, words: editing.words.trim().to_owned() }
        }));
    }
}
