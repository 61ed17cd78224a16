//! Puts the queue's parts together, in the gallery's place and as wide.

use egui::{Area, Frame, Id, Order, Rect, ScrollArea, Ui, UiBuilder, pos2, vec2};

use super::heading::heading;
use super::{done, header, row, running};
use crate::ui::action::{Action, QueueAction};
use crate::ui::chrome::layout;
use crate::ui::chrome::layout::{Layout, PanelForm};
use crate::ui::numbers::duration;
use crate::ui::queue::rows::Row;
use crate::ui::queue::state::QueueState;
use crate::ui::state::AppState;
use crate::ui::textures::Textures;
use crate::ui::theme;

/// Where only a rail fits, the queue lies over the canvas beside it, and the rail stays the gallery's.
#[must_use]
pub(crate) fn takes_the_gallerys_place(state: &AppState, layout: Layout) -> bool {
    state.queue.open && layout.gallery != PanelForm::Rail
}

/// Over the canvas, which ends at `right`.
pub(crate) fn show_over(
    ui: &Ui,
    canvas: Rect,
    state: &mut AppState,
    textures: &mut Textures,
    actions: &mut Vec<Action>,
) {
    let width = layout::GALLERY_WIDTH.min(canvas.width());
    let at = pos2(canvas.right() - width, canvas.top());
    let size = vec2(width, canvas.height());
    Area::new(Id::unique("queue over canvas")).order(Order::Middle).fixed_pos(at).show(ui.ctx(), |ui| {
        let frame = Frame::NONE.fill(theme::tokens(ui).panel).shadow(ui.visuals().popup_shadow);
        frame.show(ui, |ui| {
            ui.set_min_size(size);
            ui.set_max_size(size);
            content(ui, state, textures, actions);
        });
    });
}

pub(crate) fn content(ui: &mut Ui, state: &mut AppState, textures: &mut Textures, actions: &mut Vec<Action>) {
    let whole = ui.max_rect();
    let head = Rect::from_min_size(whole.min, vec2(whole.width(), header::HEIGHT));
    header::show(ui, head, state, actions);
    let below = Rect::from_min_max(head.left_bottom(), whole.max);
    state.queue.focused = None;
    ui.scope_builder(UiBuilder::new().max_rect(below), |ui| {
        ScrollArea::vertical().id_salt("queue").auto_shrink([false, false]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            running::show(ui, state, textures, actions);
            waiting(ui, state, actions);
            done::show(ui, state, textures, actions);
            ui.add_space(f32::from(theme::PANEL_PADDING));
        });
    });
}

fn waiting(ui: &mut Ui, state: &mut AppState, actions: &mut Vec<Action>) {
    let AppState { candidates, queue, .. } = state;
    let rows = candidates.rows();
    if rows.is_empty() {
        if candidates.running().is_none() {
            nothing(ui);
        }
        return;
    }
    let seconds: Option<f64> = rows.iter().map(|row| candidates.seconds_of(&row.pictures)).sum();
    heading(ui, "Waiting", rows.len(), &seconds.map(duration).unwrap_or_default());
    let first_top = ui.cursor().top();
    let mut dragged = None;
    for (number, row) in (1..).zip(&rows) {
        let seconds = candidates.seconds_of(&row.pictures).map(duration).unwrap_or_default();
        if row::show(ui, number, row, &seconds, queue, actions) {
            dragged = Some((number - 1, row.press));
        }
    }
    walk(ui, &rows, queue);
    let Some((from, press)) = dragged else { return };
    let Some(pointer) = ui.ctx().pointer_interact_pos() else { return };
    // The gap that the pointer is nearest to, and the place that is there without the row itself.
    let gap = (((pointer.y - first_top) / row::HEIGHT).round().max(0.0) as usize).min(rows.len());
    let line = first_top + gap as f32 * row::HEIGHT;
    ui.painter().hline(ui.max_rect().x_range(), line, egui::Stroke::new(2.0, theme::tokens(ui).accent_line));
    if ui.input(|input| input.pointer.any_released()) {
        let to = if gap > from { gap - 1 } else { gap };
        if to != from {
            actions.push(Action::Queue(QueueAction::MoveTo { press, row: to }));
        }
    }
}

/// The arrow keys go from row to row.
fn walk(ui: &Ui, rows: &[Row<'_>], queue: &mut QueueState) {
    let Some(at) = rows.iter().position(|row| Some(row.press) == queue.focused) else { return };
    let mut go = |key, to: Option<usize>| {
        if let Some(row) = to.and_then(|to| rows.get(to))
            && ui.input_mut(|input| input.consume_key(egui::Modifiers::NONE, key))
        {
            queue.wants_focus = Some(row.press);
            ui.ctx().request_repaint();
        }
    };
    go(egui::Key::ArrowUp, at.checked_sub(1));
    go(egui::Key::ArrowDown, at.checked_add(1));
}

fn nothing(ui: &mut Ui) {
    let tokens = theme::tokens(ui);
    Frame::NONE.inner_margin(egui::Margin::symmetric(theme::PANEL_PADDING, 12)).show(ui, |ui| {
        let words = "Nothing waits. What you generate while a picture is being made waits here, and stays when the window is closed.";
        ui.label(egui::RichText::new(words).color(tokens.text_2));
    });
}
