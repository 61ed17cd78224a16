//! The menu bar: every entry does something and has its key beside it. Where the system keeps the menus above the window,
//! as a Mac does, only the bar's buttons are left.

use egui::{MenuBar, Ui};

use super::menu_items::{Entry, Item, Menu};
use crate::ui::action::{Action, SettingsAction, WindowAction};
use crate::ui::input::keymap;
use crate::ui::input::shortcuts::Command;
use crate::ui::state::AppState;
use crate::ui::theme::icons;
use crate::ui::widgets::fields;
use crate::ui::widgets::{IconButton, MenuItem};

pub(crate) fn show(ui: &mut Ui, state: &AppState, has_menus: bool, actions: &mut Vec<Action>) {
    MenuBar::new().ui(ui, |ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        ui.spacing_mut().button_padding.x = 8.0;
        for menu in Menu::ALL.into_iter().filter(|_| has_menus) {
            ui.menu_button(menu.title(), |ui| {
                let items = menu.items(state);
                let longest = items.iter().map(|item| width(ui, item)).fold(MENU_WIDTH, f32::max);
                menu_measures(ui, longest.ceil());
                // A small window has no room for all of a long menu.
                ui.set_max_height(ui.ctx().content_rect().bottom() - ui.cursor().top() - WINDOW_GAP);
                egui::ScrollArea::vertical().show(ui, |ui| {
                    for item in &items {
                        draw(ui, item, actions);
                    }
                });
            });
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| toggles(ui, actions));
    });
}

/// The narrowest menu, in points.
const MENU_WIDTH: f32 = 240.0;

/// Between a long menu and the window's lower edge.
const WINDOW_GAP: f32 = 12.0;

fn menu_measures(ui: &mut Ui, width: f32) {
    ui.set_width(width);
    ui.spacing_mut().item_spacing.y = 0.0;
}

fn width(ui: &Ui, item: &Item) -> f32 {
    match item {
        Item::Line => 0.0,
        Item::Entry(Entry { words, command, .. }) => {
            MenuItem::new(words).key(&keymap::written(ui.ctx(), *command)).width(ui)
        }
        Item::Choice { words, .. } | Item::Files { words, .. } => MenuItem::new(words).icon(" ").width(ui),
    }
}

fn draw(ui: &mut Ui, item: &Item, actions: &mut Vec<Action>) {
    match item {
        Item::Line => drop(ui.add(egui::Separator::default().spacing(9.0))),
        Item::Entry(Entry { words, command, action, reason }) => {
            let key = keymap::written(ui.ctx(), *command);
            let response = ui.add_enabled(action.is_some(), MenuItem::new(words).key(&key));
            let response = match reason {
                Some(reason) => response.on_disabled_hover_text(*reason),
                None => response,
            };
            if response.clicked() {
                ui.close();
                actions.extend(action.clone());
            }
        }
        Item::Choice { words, holds, action } => {
            if fields::choice(ui, *holds, words, "") {
                ui.close();
                actions.push(action.clone());
            }
        }
        Item::Files { words, files } => drop(ui.menu_button(*words, |ui| {
            menu_measures(ui, MENU_WIDTH);
            for (name, path, action) in files {
                // Where each lies is said when the pointer rests on it.
                if ui.add(MenuItem::new(name)).on_hover_text(path).clicked() {
                    ui.close();
                    actions.push(action.clone());
                }
            }
        })),
    }
}

fn toggles(ui: &mut Ui, actions: &mut Vec<Action>) {
    let key = keymap::written(ui.ctx(), Command::Settings);
    if ui.add(IconButton::new(icons::GEAR_SIX, "Settings").key(&key)).clicked() {
        actions.push(Action::Settings(SettingsAction::Open));
    }
    let key = keymap::written(ui.ctx(), Command::Gallery);
    let gallery = IconButton::new(icons::SIDEBAR_SIMPLE, "Gallery panel").key(&key).mirrored();
    if ui.add(gallery).clicked() {
        actions.push(Action::Window(WindowAction::ToggleGallery));
    }
    let key = keymap::written(ui.ctx(), Command::PromptPanel);
    if ui.add(IconButton::new(icons::SIDEBAR_SIMPLE, "Prompt panel").key(&key)).clicked() {
        actions.push(Action::Window(WindowAction::TogglePromptPanel));
    }
}
