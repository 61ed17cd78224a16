//! What the palette lists: every command of the table of keys, the prompt panel's fields, every setting, and for what cannot run the reason.

use std::cmp::Reverse;

use egui::Context;

use super::fuzzy::{Fit, fit};
use crate::store::settings::Settings;
use crate::ui::action::{Action, PromptAction, SettingsAction};
use crate::ui::input::available::cannot;
use crate::ui::input::keymap;
use crate::ui::input::pressed::action_of;
use crate::ui::input::shortcuts::{Command, TABLE};
use crate::ui::input::synonyms::synonyms;
use crate::ui::prompt::places::PLACES;
use crate::ui::settings;
use crate::ui::state::AppState;
use crate::ui::theme::icons;

/// In the order in which they are listed where they fit equally.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Command,
    /// In the prompt panel.
    Field,
    Setting,
    /// It cannot run now.
    Idle,
}

#[derive(Clone, Debug)]
pub(super) struct Line {
    pub kind: Kind,
    /// Whether `right` is a value and not a key.
    pub has_value: bool,
    pub icon: &'static str,
    pub name: &'static str,
    /// Where it belongs, or why it cannot run.
    pub beside: &'static str,
    /// Its key, or its value.
    pub right: String,
    /// `None` where it cannot run.
    pub action: Option<Action>,
    pub fit: Fit,
}

/// Those that fit, best first within their kind.
pub(super) fn found(ctx: &Context, search: &str, state: &AppState, settings: &Settings) -> Vec<Line> {
    let fields = fields(search, state);
    let mut lines: Vec<Line> =
        commands(ctx, search, state).chain(fields).chain(of_settings(search, settings)).collect();
    // Letters here and there are a guess, which nobody wants where the word itself stands.
    if lines.iter().any(|line| line.fit.is_certain()) {
        lines.retain(|line| line.fit.is_certain());
    }
    let best = |kind: Kind| lines.iter().filter(|line| line.kind == kind).map(|line| line.fit.score).max();
    let [commands, fields, settings] = [Kind::Command, Kind::Field, Kind::Setting].map(best);
    // The kind with the best line comes first.
    let rank = |kind: Kind| match kind {
        Kind::Command => (false, Reverse(commands)),
        Kind::Field => (false, Reverse(fields)),
        Kind::Setting => (false, Reverse(settings)),
        Kind::Idle => (true, Reverse(None)),
    };
    // Stable: what fits equally stays in the table's order.
    lines.sort_by_key(|line| (rank(line.kind), line.kind, Reverse(line.fit.score)));
    lines
}

/// Of how many lines are chosen.
pub(super) fn count(settings: &Settings) -> usize {
    TABLE.len() - 1 + PLACES.len() + settings::TABLE.iter().filter(|setting| (setting.applies)(settings)).count()
}

fn commands(ctx: &Context, search: &str, state: &AppState) -> impl Iterator<Item = Line> {
    TABLE.iter().filter(|entry| entry.command != Command::Palette).filter_map(move |entry| {
        let action = action_of(entry.command, state);
        let reason = cannot(entry.command, state);
        let (icon, area) = action.as_ref().map_or((icons::KEYBOARD, ""), area_of);
        let fit = fit(search, entry.words, synonyms(entry.command), area)?;
        let reason = reason.or(action.is_none().then_some("not now"));
        Some(Line {
            kind: if reason.is_some() { Kind::Idle } else { Kind::Command },
            has_value: false,
            icon,
            name: entry.words,
            beside: reason.unwrap_or(area),
            right: keymap::written(ctx, entry.command),
            action: action.filter(|_| reason.is_none()),
            fit,
        })
    })
}

fn fields(search: &str, state: &AppState) -> impl Iterator<Item = Line> {
    PLACES.iter().filter_map(move |place| {
        let reason = (place.cannot)(state);
        Some(Line {
            kind: if reason.is_some() { Kind::Idle } else { Kind::Field },
            has_value: true,
            icon: icons::SLIDERS_HORIZONTAL,
            name: place.name,
            beside: reason.unwrap_or("Prompt panel"),
            right: (place.value)(state),
            action: reason.is_none().then_some(Action::Prompt(PromptAction::FindField(place.name))),
            fit: fit(search, place.name, place.words, "Prompt panel")?,
        })
    })
}

fn of_settings<'a>(search: &'a str, settings: &'a Settings) -> impl Iterator<Item = Line> + 'a {
    settings::TABLE.iter().filter(|setting| (setting.applies)(settings)).filter_map(move |setting| {
        Some(Line {
            kind: Kind::Setting,
            has_value: true,
            icon: icons::GEAR_SIX,
            name: setting.name,
            beside: setting.section.name(),
            right: setting.value(settings),
            action: Some(Action::Settings(SettingsAction::Find(setting.name))),
            fit: fit(search, setting.name, setting.words, &format!("{} settings", setting.section.name()))?,
        })
    })
}

fn area_of(action: &Action) -> (&'static str, &'static str) {
    match action {
        Action::Prompt(_) | Action::Words(_) => (icons::SLIDERS_HORIZONTAL, "Prompt"),
        Action::Queue(_) => (icons::QUEUE, "Queue"),
        Action::Results(_) | Action::Branch(_) | Action::Compare(_) | Action::Grid(_) => (icons::IMAGES, "Results"),
        Action::Canvas(_) => (icons::PAINT_BRUSH, "Canvas"),
        Action::Files(_) => (icons::FOLDER_OPEN, "File"),
        Action::Gallery(_) => (icons::IMAGES, "Gallery"),
        Action::Layers(_) => (icons::STACK, "Layers"),
        Action::Live(_) => (icons::LIGHTNING, "Live painting"),
        Action::Library(_) => (icons::CUBE, "Models"),
        Action::Settings(_) => (icons::GEAR_SIX, "Settings"),
        Action::Share(_) => (icons::ARROW_SQUARE_OUT, "File"),
        Action::Window(_) => (icons::SIDEBAR_SIMPLE, "Window"),
    }
}
