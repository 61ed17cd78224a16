//! Over the seen picture: back, to its neighbours, zoom, and what can be done with it.

use std::path::Path;

use egui::{Popup, Rect, Ui, UiBuilder, pos2, vec2};

use crate::ui::action::{Action, CanvasAction, FilesAction, GalleryAction, ResultsAction, Zoom};
use crate::ui::gallery::filters::grouped;
use crate::ui::input::keymap;
use crate::ui::input::shortcuts::Command;
use crate::ui::results::picture_menu;
use crate::ui::state::AppState;
use crate::ui::theme;
use crate::ui::theme::{fonts, icons};
use crate::ui::widgets::{IconButton, TextButton, paint};

const PLACE_WIDTH: f32 = 96.0;
const ZOOM_WIDTH: f32 = 56.0;
const LINE: f32 = 13.0;
const EDGE: f32 = 8.0;

/// What of it has room: each group is there whole or not at all, and the menu has what is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Room {
    zoom: bool,
    words: bool,
    place: bool,
}

impl Room {
    fn of(width: f32, back: f32, input: f32) -> Self {
        let button = theme::CONTROL_HEIGHT;
        let least = 2.0 * EDGE + button + LINE + 2.0 * button + 3.0 * (button + theme::HALF);
        let place = least + PLACE_WIDTH;
        let words = place + back + input - 2.0 * button;
        let zoom = words + LINE + ZOOM_WIDTH + 3.0 * button;
        Self { place: width >= place, words: width >= words, zoom: width >= zoom }
    }
}

pub(super) fn show(ui: &mut Ui, rect: Rect, file: &Path, state: &AppState, has_info: bool, actions: &mut Vec<Action>) {
    let tokens = theme::tokens(ui);
    ui.painter().rect_filled(rect, 0.0, tokens.panel);
    let input_key = keymap::written(ui.ctx(), Command::UseResult);
    let to = if state.gallery.view.covers_grid { "Gallery" } else { "Canvas" };
    let back_button = || TextButton::new(to).icon(icons::ARROW_LEFT).bare().named("Back");
    let input_button = || TextButton::new("Use as input").key(&input_key);
    let info = if has_info { theme::CONTROL_HEIGHT + theme::HALF } else { 0.0 };
    let (back_width, input_width) = (back_button().natural_width(ui), input_button().natural_width(ui));
    let room = Room::of(rect.width() - info, back_width, input_width);
    let inner = rect.shrink2(vec2(EDGE, (rect.height() - theme::CONTROL_HEIGHT) / 2.0));
    let mut left = Cursor { at: inner.left(), line: inner };
    let key = |ui: &Ui, command| keymap::written(ui.ctx(), command);
    // The key's own hint stands in the tooltip.
    let escape = key(ui, Command::SetAside);
    let pressed = if room.words {
        ui.put(left.place(back_width), back_button()).on_hover_text(format!("Back ({escape})")).clicked()
    } else {
        ui.put(left.place(theme::CONTROL_HEIGHT), IconButton::new(icons::ARROW_LEFT, "Back").key(&escape)).clicked()
    };
    if pressed {
        actions.push(Action::Gallery(GalleryAction::LeaveView));
    }
    left.line(ui);
    neighbours(ui, &mut left, room, file, state, actions);
    if room.zoom {
        left.line(ui);
        zoom(ui, &mut left, state, actions);
    }
    let right = Rect::from_min_max(pos2(left.at, inner.top()), inner.max);
    ui.scope_builder(UiBuilder::new().max_rect(right).layout(egui::Layout::right_to_left(egui::Align::Center)), |ui| {
        ui.spacing_mut().item_spacing.x = theme::HALF;
        let is_starred = state.gallery.starred.contains(file);
        let more = ui.add(IconButton::new(icons::DOTS_THREE, "More for this picture"));
        Popup::menu(&more).show(|ui| picture_menu::show(ui, file, is_starred, actions));
        if has_info {
            let shown = state.gallery.view.shows_info;
            let key = key(ui, Command::Info);
            if ui.add(IconButton::new(icons::INFO, "Settings of this picture").key(&key).selected(shown)).clicked() {
                actions.push(Action::Gallery(GalleryAction::ToggleInfo));
            }
        }
        let star = IconButton::new(icons::STAR, "Star");
        if ui.add(star.key(&key(ui, Command::Star)).selected(is_starred)).clicked() {
            actions.push(Action::Files(FilesAction::Star(file.to_path_buf())));
        }
        let is_read = state.shown_picture().is_some();
        let pressed = if room.words {
            ui.add_enabled(is_read, input_button())
        } else {
            let icon = IconButton::new(icons::IMAGE_SQUARE, "Use as input").key(&input_key);
            ui.add_enabled(is_read, icon)
        };
        if pressed.on_disabled_hover_text("It is still being read.").clicked() {
            actions.push(Action::Results(ResultsAction::Accept));
        }
    });
}

/// Places one thing after the other.
struct Cursor {
    at: f32,
    line: Rect,
}

impl Cursor {
    fn place(&mut self, width: f32) -> Rect {
        let rect = Rect::from_min_size(pos2(self.at, self.line.top()), vec2(width, self.line.height()));
        self.at += width;
        rect
    }

    fn line(&mut self, ui: &Ui) {
        let place = self.place(LINE);
        let line = Rect::from_center_size(place.center(), vec2(1.0, 20.0));
        ui.painter().rect_filled(line, 0.0, theme::tokens(ui).line);
    }
}

fn neighbours(ui: &mut Ui, left: &mut Cursor, room: Room, file: &Path, state: &AppState, actions: &mut Vec<Action>) {
    let count = state.gallery.search.count();
    let place = state.gallery.place_of(file);
    let mut step = |ui: &mut Ui, rect: Rect, icon, name, command, by: isize| {
        let key = keymap::written(ui.ctx(), command);
        let enabled = place.is_some_and(|place| place.checked_add_signed(by).is_some_and(|place| place < count));
        let response = ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
            ui.add_enabled(enabled, IconButton::new(icon, name).key(&key))
        });
        if response.inner.on_disabled_hover_text("There is none.").clicked() {
            actions.push(Action::Results(ResultsAction::StepCandidate { by }));
        }
    };
    let before = left.place(theme::CONTROL_HEIGHT);
    step(ui, before, icons::CARET_LEFT, "Picture before", Command::Previous, -1);
    if room.place {
        let words = match place {
            Some(place) => format!("{} of {}", grouped(place + 1), grouped(count)),
            None => "not listed".to_owned(),
        };
        let rect = left.place(PLACE_WIDTH);
        let tokens = theme::tokens(ui);
        paint::text(ui, rect, egui::Align::Center, &words, fonts::body(), tokens.text_1);
        let response = ui.interact(rect, ui.scope_id().with("place"), egui::Sense::hover());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &words));
    }
    let after = left.place(theme::CONTROL_HEIGHT);
    step(ui, after, icons::CARET_RIGHT, "Picture after", Command::Next, 1);
}

fn zoom(ui: &mut Ui, left: &mut Cursor, state: &AppState, actions: &mut Vec<Action>) {
    let mut button = |ui: &mut Ui, rect: Rect, icon, name, command, to| {
        let key = keymap::written(ui.ctx(), command);
        if ui.put(rect, IconButton::new(icon, name).key(&key)).clicked() {
            actions.push(Action::Canvas(CanvasAction::Zoom(to)));
        }
    };
    let out = left.place(theme::CONTROL_HEIGHT);
    button(ui, out, icons::MINUS, "Zoom out", Command::ZoomOut, Zoom::Out);
    let shown = state.canvas.view.shown_zoom.map(|zoom| format!("{:.0} %", zoom * 100.0)).unwrap_or_default();
    let tokens = theme::tokens(ui);
    paint::text(ui, left.place(ZOOM_WIDTH), egui::Align::Center, &shown, fonts::body(), tokens.text_2);
    let closer = left.place(theme::CONTROL_HEIGHT);
    button(ui, closer, icons::PLUS, "Zoom in", Command::ZoomIn, Zoom::In);
    let fit = left.place(theme::CONTROL_HEIGHT);
    button(ui, fit, icons::FRAME_CORNERS, "Fit the picture", Command::ZoomFit, Zoom::Fit);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_has_room_at_every_width() {
        let (back, input) = (92.0, 160.0);
        let mut before = Room { zoom: false, words: false, place: false };
        for width in 200..1200 {
            let room = Room::of(width as f32, back, input);
            let button = theme::CONTROL_HEIGHT;
            let mut needed = 2.0 * EDGE + LINE + 2.0 * button + 2.0 * (button + theme::HALF);
            needed += if room.words { back + input + theme::HALF } else { 2.0 * button + theme::HALF };
            needed += if room.place { PLACE_WIDTH } else { 0.0 };
            needed += if room.zoom { LINE + ZOOM_WIDTH + 3.0 * button } else { 0.0 };
            assert!(width < 240 || needed <= width as f32, "{width}: {room:?} needs {needed}");
            let shown = |room: Room| [room.zoom, room.words, room.place].iter().filter(|shown| **shown).count();
            assert!(shown(room) >= shown(before), "more room shows no less");
            before = room;
        }
    }
}
