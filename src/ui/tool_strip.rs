//! The strip above the picture: the hand, how close one looks, and one step back or forth.

use egui::{Align, CornerRadius, KeyboardShortcut, Layout, Popup, Rect, Response, Ui, UiBuilder, pos2, vec2};

use super::action::{Action, Zoom};
use super::state::AppState;
use super::widgets::{IconButton, MenuItem, TextButton};
use super::{icons, shortcuts, theme};

/// Wide enough for "1600 %", so that nothing moves while one zooms.
const ZOOM_WIDTH: f32 = 80.0;

pub fn show(ui: &mut Ui, strip: Rect, state: &AppState, actions: &mut Vec<Action>) {
    let tokens = theme::tokens(ui);
    ui.painter().rect_filled(strip, CornerRadius::ZERO, tokens.panel);
    let seam = Rect::from_min_max(pos2(strip.left(), strip.bottom() - 1.0), strip.max);
    ui.painter().rect_filled(seam, CornerRadius::ZERO, tokens.edge);
    let inner = strip.shrink2(vec2(8.0, 0.0));
    ui.scope_builder(UiBuilder::new().max_rect(inner).layout(Layout::left_to_right(Align::Center)), |ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        ui.add(IconButton::new(icons::HAND, "Move the picture").key("Space").selected(true));
        ui.add_space(8.0);
        zoom(ui, state, actions);
    });
    ui.scope_builder(UiBuilder::new().max_rect(inner).layout(Layout::right_to_left(Align::Center)), |ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let redo = (icons::ARROW_U_UP_RIGHT, "Redo", shortcuts::REDO);
        if button(ui, state.canvas.document.can_redo(), redo, "Nothing was taken back").clicked() {
            actions.push(Action::Redo);
        }
        let undo = (icons::ARROW_U_UP_LEFT, "Undo", shortcuts::UNDO);
        if button(ui, state.canvas.document.can_undo(), undo, "Nothing to take back yet").clicked() {
            actions.push(Action::Undo);
        }
    });
}

fn zoom(ui: &mut Ui, state: &AppState, actions: &mut Vec<Action>) {
    let shown_zoom = state.canvas.view.shown_zoom;
    let enabled = shown_zoom.is_some();
    let reason = "There is no picture yet";
    if button(ui, enabled, (icons::MINUS, "Zoom out", shortcuts::ZOOM_OUT), reason).clicked() {
        actions.push(Action::Zoom(Zoom::Out));
    }
    let words = shown_zoom.map_or_else(|| "Fit".to_owned(), |zoom| format!("{:.0} %", zoom * 100.0));
    let level = ui.add_enabled(enabled, TextButton::new(&words).named("Zoom").centred().width(ZOOM_WIDTH).bare());
    Popup::menu(&level).show(|ui| {
        ui.set_width(200.0);
        ui.spacing_mut().item_spacing.y = 0.0;
        for (words, key, zoom) in levels(ui) {
            if ui.add(MenuItem::new(words).key(&key)).clicked() {
                actions.push(Action::Zoom(zoom));
                ui.close();
            }
        }
    });
    if button(ui, enabled, (icons::PLUS, "Zoom in", shortcuts::ZOOM_IN), reason).clicked() {
        actions.push(Action::Zoom(Zoom::In));
    }
    if button(ui, enabled, (icons::FRAME_CORNERS, "Fit the picture", shortcuts::ZOOM_FIT), reason).clicked() {
        actions.push(Action::Zoom(Zoom::Fit));
    }
}

fn levels(ui: &Ui) -> [(&'static str, String, Zoom); 5] {
    let written = |key: KeyboardShortcut| ui.ctx().format_shortcut(&key);
    [
        ("Fit", written(shortcuts::ZOOM_FIT), Zoom::Fit),
        ("100 %", written(shortcuts::ZOOM_100), Zoom::To(1.0)),
        ("200 %", written(shortcuts::ZOOM_200), Zoom::To(2.0)),
        ("400 %", written(shortcuts::ZOOM_400), Zoom::To(4.0)),
        ("800 %", written(shortcuts::ZOOM_800), Zoom::To(8.0)),
    ]
}

fn button(ui: &mut Ui, enabled: bool, (icon, name, key): (&str, &str, KeyboardShortcut), reason: &str) -> Response {
    let key = ui.ctx().format_shortcut(&key);
    ui.add_enabled(enabled, IconButton::new(icon, name).key(&key)).on_disabled_hover_text(reason)
}
