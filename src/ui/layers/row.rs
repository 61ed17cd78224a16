//! One row: its eye, a small picture, what it is, its name and value, and a lock where it is locked.

use std::sync::Arc;

use egui::{
    Align, Color32, CornerRadius, CursorIcon, Frame, Pos2, Rect, Role, Sense, TextEdit, Ui, UiBuilder, WidgetInfo,
    pos2, vec2,
};

use super::state::Renaming;
use super::{ROW, menus, naming};
use crate::canvas::{Content, LayerId};
use crate::raster::Picture;
use crate::ui::action::{Action, LayerAction, LayerRow};
use crate::ui::input::pressed;
use crate::ui::state::AppState;
use crate::ui::textures::Textures;
use crate::ui::theme;
use crate::ui::theme::{fonts, icons};
use crate::ui::widgets::{IconButton, look, paint};

const THUMBNAIL: f32 = 24.0;
/// The longer side of a reference's picture, while the pointer rests on its row.
const LARGE: f32 = 240.0;
/// The value ends so far from the row's end, and is at most so long; the name takes what it leaves.
const VALUE_END: f32 = 40.0;
const VALUE: f32 = 88.0;
/// Of what belongs to the row above.
const INSET: f32 = 14.0;

/// Returns whether it is being dragged, or was let go just now.
pub(super) fn show(
    ui: &mut Ui,
    row: LayerRow,
    state: &mut AppState,
    textures: &mut Textures,
    actions: &mut Vec<Action>,
) -> bool {
    let tokens = theme::tokens(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    // A child of its own: what is put into it shall not move the next row.
    let mut child = ui.new_child(UiBuilder::new().max_rect(rect));
    let ui = &mut child;
    let (name, is_on, is_locked) = (naming::name(state, row), naming::is_on(state, row), naming::is_locked(state, row));
    let is_chosen = state.canvas.chosen() == row;
    let moves = matches!(row, LayerRow::Layer(_));
    let sense = if moves { Sense::click_and_drag() } else { Sense::click() };
    let response = ui.interact(rect, egui::Id::unique(("layer row", row)), sense);
    response.widget_info(|| WidgetInfo::selected(Role::ListItem, ui.is_enabled(), is_chosen, format!("Layer {name}")));
    if is_chosen {
        ui.painter().rect_filled(rect, CornerRadius::ZERO, tokens.selected);
    } else if response.hovered() {
        ui.painter().rect_filled(rect, CornerRadius::ZERO, tokens.row_hover);
    }
    if look::Look::of(ui, &response) == look::Look::Focus {
        look::paint_field_ring(ui, rect.shrink(2.0), theme::RADIUS);
    }
    let at = |left: f32, side: f32| {
        Rect::from_min_size(pos2(rect.left() + left, rect.center().y - side / 2.0), vec2(side, side))
    };
    // A layer's mask goes with its layer, and stands a little further in.
    let inset = if matches!(row, LayerRow::LayerMask(_)) { INSET } else { 0.0 };
    if inset == 0.0 {
        eye(ui, at(8.0, theme::CONTROL_HEIGHT), row, &name, is_on, actions);
    }
    thumbnail(ui, at(38.0 + inset, THUMBNAIL), row, state, textures);
    let text = match (is_chosen, is_on) {
        (true, _) => tokens.on_selected,
        (false, true) => tokens.text_1,
        (false, false) => tokens.text_3,
    };
    let quiet = if is_chosen { tokens.on_selected } else { tokens.text_2 };
    let region = naming::region(state, row).map(|region| tokens.regions[usize::from(region.colour) % 4]);
    let sign = region.filter(|_| is_on).unwrap_or(quiet);
    paint::icon(ui, at(70.0 + inset, theme::MENU_ICON_PT), naming::icon(state, row), theme::MENU_ICON_PT, sign);
    let value = paint::between(rect, rect.width() - VALUE_END - VALUE, VALUE_END);
    let used = paint::text(ui, value, Align::Max, &naming::value(state, row), fonts::body(), quiet);
    let words = paint::between(rect, 92.0 + inset, VALUE_END + used + theme::GRID);
    match (&mut state.layers.renaming, row) {
        (Some(renaming), LayerRow::Layer(id)) if renaming.layer == id => field(ui, words, renaming, actions),
        _ => {
            paint::text(ui, words, Align::Min, &name, fonts::body(), text);
        }
    }
    if is_locked && inset == 0.0 {
        let place = Rect::from_center_size(pos2(rect.right() - 22.0, rect.center().y), vec2(28.0, 28.0));
        if ui.put(place, IconButton::new(icons::LOCK, &format!("Unlock {name}"))).clicked() {
            actions.push(Action::Layers(LayerAction::ToggleLock(row)));
        }
    }
    if response.clicked() {
        actions.push(Action::Layers(LayerAction::Choose(row)));
    }
    if let LayerRow::Layer(id) = row
        && response.double_clicked()
    {
        actions.push(Action::Layers(LayerAction::BeginRename(id)));
    }
    let reference = reference(state, row);
    let response = match reference {
        // It has no place on the canvas: its picture is seen here.
        Some(picture) => response.on_hover_ui(|ui| large(ui, picture, textures)),
        None => response,
    };
    if response.dragged() {
        ui.ctx().set_cursor_icon(CursorIcon::Grabbing);
    }
    response.context_menu(|ui| {
        ui.set_width(menus::WIDTH);
        menus::row(ui, row, state, actions);
    });
    moves && (response.dragged() || response.drag_stopped())
}

fn reference(state: &AppState, row: LayerRow) -> Option<&Arc<Picture>> {
    let LayerRow::Layer(id) = row else { return None };
    let layer = state.canvas.document.stack().get(id)?;
    layer.settings.layer_use.reference()?;
    if let Content::Picture(picture) = &layer.content { Some(picture) } else { None }
}

fn large(ui: &mut Ui, picture: &Arc<Picture>, textures: &mut Textures) {
    let Some(texture) = textures.picture(picture, false) else { return };
    let [width, height] = [picture.width(), picture.height()].map(|side| side.max(1) as f32);
    let size = vec2(width, height) * (LARGE / width.max(height));
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let whole = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
    ui.painter().image(texture, rect, whole, Color32::WHITE);
}

fn eye(ui: &mut Ui, rect: Rect, row: LayerRow, name: &str, is_on: bool, actions: &mut Vec<Action>) {
    let (icon, words) = match (is_on, row) {
        (true, LayerRow::Picture) => (icons::EYE, "Make the next picture without this one".to_owned()),
        (false, LayerRow::Picture) => (icons::EYE_SLASH, "Work on the picture again".to_owned()),
        (true, LayerRow::Mask) => (icons::EYE, "Hide the mask; it still counts".to_owned()),
        (false, LayerRow::Mask) => (icons::EYE_SLASH, "Show the mask again".to_owned()),
        (true, LayerRow::Layer(_) | LayerRow::LayerMask(_)) => (icons::EYE, format!("Switch {name} off")),
        (false, LayerRow::Layer(_) | LayerRow::LayerMask(_)) => (icons::EYE_SLASH, format!("Switch {name} on")),
    };
    if ui.put(rect, IconButton::new(icon, &words)).clicked() {
        let alone = ui.input(|input| input.modifiers.alt);
        actions.push(Action::Layers(match row {
            LayerRow::Layer(id) if alone => LayerAction::Solo(id),
            row => LayerAction::ToggleEye(row),
        }));
    }
}

fn thumbnail(ui: &Ui, rect: Rect, row: LayerRow, state: &AppState, textures: &mut Textures) {
    let picture = match row {
        LayerRow::Picture => state.canvas.base(),
        LayerRow::Layer(id) => match state.canvas.document.stack().get(id).map(|layer| &layer.content) {
            Some(Content::Picture(picture)) => Some(picture),
            _ => state.layers.looks.thumbnail(row),
        },
        LayerRow::Mask | LayerRow::LayerMask(_) => state.layers.looks.thumbnail(row),
    };
    ui.painter().rect_filled(rect, CornerRadius::ZERO, Color32::BLACK);
    let Some(picture) = picture else { return };
    let Some(texture) = textures.small(picture) else { return };
    // The middle square of it.
    let (width, height) = (picture.width().max(1) as f32, picture.height().max(1) as f32);
    let (wide, tall) = ((height / width).min(1.0), (width / height).min(1.0));
    let uv = Rect::from_center_size(pos2(0.5, 0.5), vec2(wide, tall));
    // What is painted of a region is seen in its colour.
    let region = naming::region(state, row).map(|region| theme::DARK.regions[usize::from(region.colour) % 4]);
    ui.painter().image(texture, rect, uv, region.unwrap_or(Color32::WHITE));
}

/// The name, to be written anew. Enter keeps it, Escape does not.
fn field(ui: &mut Ui, room: Rect, renaming: &mut Renaming, actions: &mut Vec<Action>) {
    let rect =
        Rect::from_min_size(Pos2::new(room.left() - 4.0, room.center().y - 12.0), vec2(room.width() + 4.0, 24.0));
    ui.painter().rect_filled(rect, CornerRadius::same(theme::RADIUS), theme::tokens(ui).inset);
    let edit = TextEdit::singleline(&mut renaming.name)
        .frame(Frame::NONE.inner_margin(egui::Margin::symmetric(4, 3)))
        .char_limit(80)
        .desired_width(f32::INFINITY);
    let response = ui.put(rect, edit).accessible_name("Name of this layer");
    look::paint_field_ring(ui, rect, theme::RADIUS);
    if !std::mem::replace(&mut renaming.has_begun, true) {
        response.request_focus();
        return;
    }
    if !response.has_focus() && !response.gained_focus() {
        actions.push(Action::Layers(end_of(renaming.layer, &renaming.name, pressed::was_left_by_escape(ui.ctx()))));
    }
}

fn end_of(layer: LayerId, name: &str, is_given_up: bool) -> LayerAction {
    let name = name.trim().to_owned();
    if is_given_up || name.is_empty() { LayerAction::EndRename } else { LayerAction::Rename { layer, name } }
}
