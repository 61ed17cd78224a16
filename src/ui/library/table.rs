//! The table of models: a row each, a click on a heading sorts.

use chrono::{Local, TimeZone};
use egui::{Align, Layout, RichText, Sense, Ui};
use egui_extras::{Column as Width, TableBuilder, TableRow};

use crate::store::models::entry::ModelEntry;
use crate::ui::action::{Action, Column, LibraryAction};
use crate::ui::numbers;
use crate::ui::state::AppState;
use crate::ui::theme;
use crate::ui::theme::{fonts, icons};
use crate::ui::widgets::IconButton;

const ROW: f32 = 32.0;

pub(super) fn show(ui: &mut Ui, state: &mut AppState, actions: &mut Vec<Action>) {
    let rows = state.library.rows(&state.models);
    if rows.is_empty() {
        ui.add_space(48.0);
        ui.vertical_centered(|ui| {
            let words = if state.library.favourites_only {
                "No model has a star yet that fits. The star before a name gives it one."
            } else {
                "No model fits the search."
            };
            ui.label(RichText::new(words).color(theme::tokens(ui).text_3));
        });
        return;
    }
    let chosen = state.library.chosen.as_ref();
    let at = rows.iter().position(|row| Some(&row.reference) == chosen);
    // Narrow windows show what matters most.
    let columns: &[Column] = match ui.available_width() {
        ..440.0 => &Column::ALL[..1],
        ..640.0 => &Column::ALL[..3],
        _ => &Column::ALL,
    };
    ui.spacing_mut().item_spacing.x = 8.0;
    let mut builder = TableBuilder::new(ui)
        .striped(false)
        .sense(Sense::click())
        .cell_layout(Layout::left_to_right(Align::Center))
        .auto_shrink([false, false])
        .column(Width::exact(28.0))
        .column(Width::remainder().at_least(120.0).clip(true));
    for column in &columns[1..] {
        let width = match column {
            Column::Family => 148.0,
            Column::Licence => 112.0,
            Column::LastUsed => 80.0,
            _ => 68.0,
        };
        builder = builder.column(Width::exact(width).clip(true));
    }
    if let Some(at) = at {
        builder = builder.scroll_to_row(at, None);
    }
    let table = builder.header(theme::CONTROL_HEIGHT, |mut header| {
        header.col(|_| ());
        for column in columns {
            header.col(|ui| heading(ui, *column, state, actions));
        }
    });
    let mut clicked = None;
    table.body(|body| {
        body.rows(ROW, rows.len(), |mut row| {
            let entry = rows[row.index()];
            row.set_selected(Some(&entry.reference) == chosen);
            cells(&mut row, entry, columns, state, actions);
            let response = row.response();
            if response.double_clicked() {
                actions.push(Action::Library(LibraryAction::Use(entry.reference.clone())));
            } else if response.clicked() {
                clicked = Some(entry.reference.clone());
            }
        });
    });
    if clicked.is_some() {
        state.library.chosen = clicked;
    }
}

fn heading(ui: &mut Ui, column: Column, state: &AppState, actions: &mut Vec<Action>) {
    let library = &state.library;
    ui.spacing_mut().button_padding.x = 0.0;
    let words = RichText::new(column.label()).color(theme::tokens(ui).text_2);
    let response = if library.sort == column {
        let caret = if library.descending { icons::CARET_UP } else { icons::CARET_DOWN };
        ui.add(egui::Button::new((words, RichText::new(caret).font(fonts::icon(theme::CARET_PT)))).frame(false))
    } else {
        ui.add(egui::Button::new(words).frame(false))
    };
    if response.on_hover_text("Sorts by it; again turns the order round.").clicked() {
        actions.push(Action::Library(LibraryAction::Sort(column)));
    }
}

fn cells(row: &mut TableRow, entry: &ModelEntry, columns: &[Column], state: &AppState, actions: &mut Vec<Action>) {
    let note = state.library.note(&entry.reference);
    row.col(|ui| {
        let name = if note.favourite { "Take the star away from" } else { "Give a star to" };
        let name = format!("{name} {}", entry.name);
        if ui.add(IconButton::new(icons::STAR, &name).key(".").selected(note.favourite)).clicked() {
            actions.push(Action::Library(LibraryAction::Favourite(entry.reference.clone())));
        }
    });
    for column in columns {
        row.col(|ui| {
            let tokens = theme::tokens(ui);
            let (text, colour) = match column {
                Column::Name => (entry.name.clone(), tokens.text_1),
                Column::Family => (short_family(&entry.facts.family), tokens.text_2),
                Column::Size => (numbers::size(entry.facts.bytes), tokens.text_2),
                Column::Precision => (entry.facts.precision.to_lowercase(), tokens.text_2),
                Column::Licence => (entry.facts.licence.clone(), tokens.text_2),
                Column::LastUsed => (note.last_used.map(day).unwrap_or_default(), tokens.text_2),
            };
            let is_used = *column == Column::Name && state.prompt.model == entry.reference;
            let text = if is_used { format!("{text} · in use") } else { text };
            ui.add(egui::Label::new(RichText::new(text).color(colour)).truncate().selectable(false));
        });
    }
}

fn short_family(family: &str) -> String {
    family.replace("Stable Diffusion", "SD").replace("that edits pictures by instruction", "instructions")
}

fn day(seconds: u64) -> String {
    Local.timestamp_opt(seconds as i64, 0).single().map(|time| time.format("%Y-%m-%d").to_string()).unwrap_or_default()
}
