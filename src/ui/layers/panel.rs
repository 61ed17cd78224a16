//! Puts the list together: its heading, the rows, which scroll where there are many, and the chosen row's settings.

use egui::{
    Area, Frame, Id, Key, Margin, Modifiers, Order, Rect, Role, ScrollArea, Sense, Stroke, Ui, UiBuilder, WidgetInfo,
    pos2, vec2,
};

use super::{HEADER, ROW, header, naming, row, settings};
use crate::canvas::LayerId;
use crate::ui::action::{Action, LayerAction, LayerRow};
use crate::ui::chrome::layout;
use crate::ui::chrome::layout::Layout;
use crate::ui::state::AppState;
use crate::ui::textures::Textures;
use crate::ui::theme;

/// What lies under the list keeps so much of the room.
const LEAST_BELOW: f32 = 172.0;
/// Between the rows and the settings, with a line in it.
const BETWEEN: f32 = 12.0;
/// Under the settings.
const GAP: f32 = 8.0;
/// The list shows so many rows at least, however high the settings are.
const LEAST_ROWS: f32 = 2.0;
/// Between the list over the canvas, the tool strip and the rail.
const BESIDE: f32 = 4.0;

/// Whether the rows are seen.
#[must_use]
pub(crate) fn is_open(state: &AppState) -> bool {
    state.layers.open.unwrap_or_else(|| !state.canvas.document.stack().layers().is_empty())
}

/// Draws the list into the upper part of `room` and returns what is left below it.
pub(crate) fn show(
    ui: &mut Ui,
    room: Rect,
    state: &mut AppState,
    textures: &mut Textures,
    layout: Layout,
    actions: &mut Vec<Action>,
) -> Rect {
    let most = (room.height() / 2.0).min(room.height() - LEAST_BELOW).max(HEADER);
    let bottom = content(ui, room, most, is_open(state), state, textures, layout, actions);
    let line = Rect::from_min_max(pos2(room.left(), bottom), pos2(room.right(), bottom + 1.0));
    ui.painter().rect_filled(line, 0.0, theme::tokens(ui).edge);
    let own = Rect::from_min_max(room.min, pos2(room.right(), bottom));
    state.layers.rect = Some(own);
    Rect::from_min_max(pos2(room.left(), line.bottom()), room.max)
}

/// Where only a rail fits: over the canvas, which is left of the rail and under the tool strip.
pub(crate) fn show_over(
    ui: &Ui,
    canvas: Rect,
    state: &mut AppState,
    textures: &mut Textures,
    layout: Layout,
    actions: &mut Vec<Action>,
) {
    let width = layout::GALLERY_WIDTH.min(canvas.width() - 2.0 * BESIDE);
    let top = canvas.top() + theme::TOOL_STRIP_HEIGHT + BESIDE;
    let at = pos2(canvas.right() - width - BESIDE, top);
    let most = canvas.bottom() - top - BESIDE;
    let drawn = Area::new(Id::unique("layers over canvas")).order(Order::Middle).fixed_pos(at).show(ui.ctx(), |ui| {
        let frame = Frame::NONE.fill(theme::tokens(ui).panel).corner_radius(theme::RADIUS_LARGE);
        frame.shadow(ui.visuals().popup_shadow).show(ui, |ui| {
            let room = Rect::from_min_size(ui.max_rect().min, vec2(width, most));
            let bottom = content(ui, room, most, true, state, textures, layout, actions);
            ui.advance_cursor_after_rect(Rect::from_min_max(room.min, pos2(room.right(), bottom)));
        });
    });
    state.layers.rect = Some(drawn.response.rect);
}

/// Returns where it ends.
#[allow(clippy::too_many_arguments)] // Where, how much of it, and what it is drawn from.
fn content(
    ui: &mut Ui,
    room: Rect,
    most: f32,
    is_open: bool,
    state: &mut AppState,
    textures: &mut Textures,
    layout: Layout,
    actions: &mut Vec<Action>,
) -> f32 {
    let rows = naming::rows(state);
    let head = Rect::from_min_size(room.min, vec2(room.width(), HEADER));
    header::show(ui, head, rows.len(), is_open, state, actions);
    if !is_open {
        return head.bottom();
    }
    if rows.is_empty() {
        let words = Rect::from_min_size(head.left_bottom(), vec2(room.width(), 60.0));
        nothing(ui, words.shrink2(vec2(f32::from(theme::PANEL_PADDING), 4.0)));
        return words.bottom();
    }
    let settings_height = if state.layers.settings_height > 0.0 { state.layers.settings_height } else { 4.0 * 36.0 };
    let least = ROW * LEAST_ROWS.min(rows.len() as f32);
    let height = (most - HEADER - settings_height - BETWEEN - GAP).max(least).min(ROW * rows.len() as f32);
    let list = Rect::from_min_size(head.left_bottom(), vec2(room.width(), height));
    ui.scope_builder(UiBuilder::new().max_rect(list), |ui| {
        ScrollArea::vertical().id_salt("layers").auto_shrink([false, false]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            all_rows(ui, &rows, state, textures, actions);
        });
    });
    let line = Rect::from_min_max(
        pos2(room.left() + 16.0, list.bottom() + 4.0),
        pos2(room.right() - 16.0, list.bottom() + 5.0),
    );
    ui.painter().rect_filled(line, 0.0, theme::tokens(ui).line);
    // What has no room scrolls too: nothing stands outside of the panel.
    let left = (room.top() + most - list.bottom() - BETWEEN - GAP).max(ROW);
    let inner = Rect::from_min_size(list.left_bottom() + vec2(0.0, BETWEEN), vec2(room.width(), left));
    let drawn = ui.scope_builder(UiBuilder::new().max_rect(inner), |ui| {
        let area = ScrollArea::vertical().id_salt("layer settings").auto_shrink([false, true]);
        area.max_height(left).show(ui, |ui| {
            Frame::NONE.inner_margin(Margin::symmetric(theme::PANEL_PADDING, 0)).show(ui, |ui| {
                settings::show(ui, state, layout, actions);
            });
        })
    });
    let wanted = drawn.inner.content_size.y;
    if (wanted - state.layers.settings_height).abs() > 0.5 {
        state.layers.settings_height = wanted;
        ui.ctx().request_repaint();
    }
    inner.top() + wanted.min(left) + GAP
}

fn all_rows(ui: &mut Ui, rows: &[LayerRow], state: &mut AppState, textures: &mut Textures, actions: &mut Vec<Action>) {
    let top = ui.cursor().top();
    let layers: Vec<LayerId> = state.canvas.document.stack().layers().iter().map(|layer| layer.id).collect();
    let mut dragged = None;
    for at in rows {
        if row::show(ui, *at, state, textures, actions) {
            dragged = Some(*at);
        }
    }
    walk(ui, rows, actions);
    let Some(LayerRow::Layer(layer)) = dragged else { return };
    let Some(pointer) = ui.ctx().pointer_interact_pos() else { return };
    let from = layers.iter().position(|id| *id == layer).unwrap_or(0);
    // The gap that the pointer is nearest to, and the place that is there without the layer itself.
    let gap = (((pointer.y - top) / ROW).round().max(0.0) as usize).min(layers.len());
    let stroke = Stroke::new(2.0, theme::tokens(ui).accent_line);
    ui.painter().hline(ui.max_rect().x_range(), top + gap as f32 * ROW, stroke);
    if ui.input(|input| input.pointer.any_released()) {
        let place = if gap > from { gap - 1 } else { gap };
        if place != from {
            actions.push(Action::Layers(LayerAction::MoveTo { layer, place }));
        }
    }
}

/// The arrow keys go from row to row, once one has the keyboard.
fn walk(ui: &Ui, rows: &[LayerRow], actions: &mut Vec<Action>) {
    let id = |row: LayerRow| Id::unique(("layer row", row));
    let Some(at) = rows.iter().position(|row| ui.memory(|memory| memory.has_focus(id(*row)))) else { return };
    let filter = egui::EventFilter { vertical_arrows: true, ..egui::EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(id(rows[at]), filter));
    for (key, to) in [(Key::ArrowUp, at.checked_sub(1)), (Key::ArrowDown, at.checked_add(1))] {
        if let Some(row) = to.and_then(|to| rows.get(to))
            && ui.input_mut(|input| input.consume_key(Modifiers::NONE, key))
        {
            ui.memory_mut(|memory| memory.request_focus(id(*row)));
            actions.push(Action::Layers(LayerAction::Choose(*row)));
        }
    }
}

fn nothing(ui: &mut Ui, rect: Rect) {
    let words = "No layers yet. + adds a scribble to draw on: the next picture follows it.";
    ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
        let text = egui::RichText::new(words).color(theme::tokens(ui).text_2);
        let response = ui.add(egui::Label::new(text).wrap().sense(Sense::hover()));
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
    });
}
