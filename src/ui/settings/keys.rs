//! The page of keys: one presses the key that a command shall have.

use egui::{Context, Event, FocusDirection, Key, KeyboardShortcut, Modifiers, RichText, Ui};

use super::controls;
use super::state::{Refused, SettingsWindow};
use crate::store::keys::KeyNames;
use crate::ui::action::{Action, SettingsAction};
use crate::ui::input::keymap::{self, Keymap};
use crate::ui::input::shortcuts::{Command, Entry, TABLE, When};
use crate::ui::theme;
use crate::ui::widgets::TextButton;

const KEY_WIDTH: f32 = 176.0;

/// The commands whose words are found.
pub(super) fn found(search: &str) -> impl Iterator<Item = &'static Entry> + Clone {
    let words: Vec<String> = search.split_whitespace().map(str::to_owned).collect();
    TABLE.iter().filter(move |entry| {
        let text = format!("{} keys key shortcut", entry.words.to_lowercase());
        words.iter().all(|word| text.contains(word.as_str()))
    })
}

/// How many keys are otherwise than usual.
pub(super) fn changes(ctx: &Context) -> usize {
    let keymap = keymap::of(ctx);
    TABLE.iter().filter(|entry| keymap.key(entry.command) != Some(entry.key)).count()
}

pub(super) fn row(ui: &mut Ui, entry: &Entry, keys: &KeyNames, window: &mut SettingsWindow, actions: &mut Vec<Action>) {
    let command = entry.command;
    let held = keymap::of(ui.ctx()).key(command);
    let written = keymap::written(ui.ctx(), command);
    let reset = controls::framed(ui, entry.words, "", held != Some(entry.key), |ui, _| {
        let asked = window.capturing == Some(command);
        let words = match (asked, written.is_empty()) {
            (true, _) => "Press a key, or Esc",
            (false, true) => "None",
            (false, false) => &written,
        };
        let name = format!("Key of “{}”", entry.words);
        if ui.add(TextButton::new(words).width(KEY_WIDTH).named(&name)).clicked() {
            window.capturing = (!asked).then_some(command);
            window.refused = None;
        }
        if let Some(refused) = window.refused.filter(|refused| refused.command == command) {
            refusal(ui, refused, keys, window, actions);
        }
    });
    if reset {
        window.refused = None;
        let usual = with(keys, command, Some(entry.key));
        // Whoever has taken it in the meantime has it no more.
        let taken = holder(&keymap::of(ui.ctx()), entry.key, command);
        let keys = taken.map_or(usual.clone(), |other| with(&usual, other, None));
        actions.push(Action::Settings(SettingsAction::Keys(keys)));
    }
}

fn refusal(ui: &mut Ui, refused: Refused, keys: &KeyNames, window: &mut SettingsWindow, actions: &mut Vec<Action>) {
    let warning = theme::tokens(ui).warning;
    let key = keymap::shown(ui.ctx(), refused.key);
    let Some(other) = refused.taken_by else {
        let words = format!("{key} writes a letter. Take it with Ctrl or Alt, or take an F key.");
        ui.add(egui::Label::new(RichText::new(words).color(warning)).wrap());
        return;
    };
    let words = TABLE.iter().find(|entry| entry.command == other).map_or("", |entry| entry.words);
    let sentence = format!("{key} is the key of “{words}”.");
    ui.add(egui::Label::new(RichText::new(sentence).color(warning)).wrap());
    ui.horizontal(|ui| {
        if ui.add(TextButton::new("Use it here").named("Use the key here")).clicked() {
            let keys = with(&with(keys, other, None), refused.command, Some(refused.key));
            actions.push(Action::Settings(SettingsAction::Keys(keys)));
            window.refused = None;
        }
        if ui.add(TextButton::new("Leave it").named("Leave the key where it is")).clicked() {
            window.refused = None;
        }
    });
}

/// The keys' file with this key; the usual one needs no line, and `None` takes it away.
fn with(keys: &KeyNames, command: Command, key: Option<KeyboardShortcut>) -> KeyNames {
    let mut keys = keys.clone();
    if let Some(entry) = TABLE.iter().find(|entry| entry.command == command) {
        if key == Some(entry.key) {
            keys.remove(entry.id);
        } else {
            keys.insert(entry.id.to_owned(), key.map(keymap::spelled).unwrap_or_default());
        }
    }
    keys
}

fn holder(keymap: &Keymap, key: KeyboardShortcut, but: Command) -> Option<Command> {
    let mut others = keymap.by_modifiers().filter(|(entry, _)| entry.command != but);
    others.find(|(_, held)| *held == key).map(|(entry, _)| entry.command)
}

/// Takes the next key for the command that asks for one, before anything else reads it.
pub(crate) fn capture(ctx: &Context, window: &mut SettingsWindow, keys: &KeyNames) -> Option<Action> {
    let command = window.capturing?;
    let pressed = ctx.input_mut(|input| {
        let pressed = input.events.iter().find_map(|event| match event {
            Event::Key { key, pressed: true, repeat: false, modifiers, .. } => Some((*key, *modifiers)),
            // The system's own words for these keys.
            Event::Copy => Some((Key::C, Modifiers::COMMAND)),
            Event::Cut => Some((Key::X, Modifiers::COMMAND)),
            Event::Paste(_) => Some((Key::V, Modifiers::COMMAND)),
            _ => None,
        });
        let is_key = |event: &Event| {
            matches!(event, Event::Key { .. } | Event::Text(_) | Event::Copy | Event::Cut | Event::Paste(_))
        };
        input.events.retain(|event| !is_key(event));
        pressed
    });
    let (key, modifiers) = pressed?;
    ctx.memory_mut(|memory| memory.move_focus(FocusDirection::None));
    window.capturing = None;
    if key == Key::Escape && modifiers.is_none() {
        return None;
    }
    let mut held = Modifiers::NONE;
    if modifiers.command || modifiers.ctrl {
        held = held.plus(Modifiers::COMMAND);
    }
    for (is_held, modifier) in [(modifiers.alt, Modifiers::ALT), (modifiers.shift, Modifiers::SHIFT)] {
        if is_held {
            held = held.plus(modifier);
        }
    }
    let key = KeyboardShortcut::new(held, key);
    let entry = TABLE.iter().find(|entry| entry.command == command)?;
    if entry.when == When::Always && writes(key) {
        window.refused = Some(Refused { command, key, taken_by: None });
        return None;
    }
    if let Some(other) = holder(&keymap::of(ctx), key, command) {
        window.refused = Some(Refused { command, key, taken_by: Some(other) });
        return None;
    }
    Some(Action::Settings(SettingsAction::Keys(with(keys, command, Some(key)))))
}

/// Whether the key does something in a text: a command that works there as well must not have it.
fn writes(key: KeyboardShortcut) -> bool {
    let name = key.logical_key.name();
    let is_function = name.len() > 1 && name.starts_with('F') && name[1..].bytes().all(|byte| byte.is_ascii_digit());
    !(is_function || key.modifiers.command || key.modifiers.alt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_put_back_leaves_no_line_in_the_file() {
        let entry = &TABLE[0];
        let other = KeyboardShortcut::new(Modifiers::ALT, Key::J);
        let changed = with(&KeyNames::new(), entry.command, Some(other));
        assert_eq!(changed[entry.id], "Alt+J");
        assert_eq!(with(&changed, entry.command, None)[entry.id], "");
        assert!(with(&changed, entry.command, Some(entry.key)).is_empty());
    }

    #[test]
    fn what_works_while_one_writes_needs_a_key_that_does_not_write() {
        for entry in TABLE.iter().filter(|entry| entry.when == When::Always) {
            assert!(!writes(entry.key), "{}", entry.words);
        }
        assert!(writes(KeyboardShortcut::new(Modifiers::SHIFT, Key::F)));
        assert!(writes(KeyboardShortcut::new(Modifiers::NONE, Key::Backspace)));
        assert!(!writes(KeyboardShortcut::new(Modifiers::NONE, Key::F5)));
    }
}
