//! The keys that hold: the table's own, changed by what a person wrote into the keys' file.

use std::sync::Arc;

use egui::{Context, Id, Key, KeyboardShortcut, Modifiers};

use crate::store::keys::KeyNames;
use crate::ui::input::shortcuts::{Command, Entry, TABLE};

#[derive(Clone, Debug)]
pub(crate) struct Keymap {
    /// Those with the most modifiers first: a shortcut overlooks an additional Shift.
    entries: Vec<(Entry, KeyboardShortcut)>,
}

impl Keymap {
    /// The table with what was written instead, and a sentence for what could not be understood.
    #[must_use]
    pub(crate) fn new(written: &KeyNames) -> (Self, Option<String>) {
        let mut wrong: Vec<String> =
            written.keys().filter(|id| TABLE.iter().all(|entry| entry.id != **id)).map(|id| quoted(id)).collect();
        let mut entries = Vec::with_capacity(TABLE.len());
        for entry in TABLE {
            match written.get(entry.id).map(|key| (key, parse(key))) {
                None => entries.push((*entry, entry.key)),
                Some((_, Some(key))) => entries.push((*entry, key)),
                Some((key, None)) if key.trim().is_empty() => {}
                Some((key, None)) => {
                    wrong.push(quoted(key));
                    entries.push((*entry, entry.key));
                }
            }
        }
        let count = |key: &KeyboardShortcut| {
            let modifiers = key.modifiers;
            u8::from(modifiers.shift) + u8::from(modifiers.alt) + u8::from(modifiers.command || modifiers.ctrl)
        };
        entries.sort_by_key(|(_, key)| std::cmp::Reverse(count(key)));
        let problem = (!wrong.is_empty()).then(|| {
            format!(
                "the keys' file has what is no command and no key: {}; there the usual keys hold, write for example \
                 \"brush\": \"Ctrl+Shift+B\"",
                wrong.join(", ")
            )
        });
        (Self { entries }, problem)
    }

    /// In the order in which they are looked for.
    pub(crate) fn by_modifiers(&self) -> impl Iterator<Item = &(Entry, KeyboardShortcut)> {
        self.entries.iter()
    }

    #[must_use]
    pub(crate) fn key(&self, command: Command) -> Option<KeyboardShortcut> {
        self.entries.iter().find(|(entry, _)| entry.command == command).map(|(_, key)| *key)
    }
}

fn quoted(word: &str) -> String {
    format!("\u{201c}{word}\u{201d}")
}

fn id() -> Id {
    Id::unique("keymap")
}

/// Makes these the keys of the window.
pub(crate) fn install(ctx: &Context, keymap: Keymap) {
    ctx.data_mut(|data| data.insert_temp(id(), Arc::new(keymap)));
}

/// The keys of the window; the table's own where none were installed.
#[must_use]
pub(crate) fn of(ctx: &Context) -> Arc<Keymap> {
    if let Some(keymap) = ctx.data(|data| data.get_temp::<Arc<Keymap>>(id())) {
        return keymap;
    }
    let (keymap, _) = Keymap::new(&KeyNames::new());
    install(ctx, keymap.clone());
    Arc::new(keymap)
}

/// How a command's key is written on this system, "" where it has none.
#[must_use]
pub(crate) fn written(ctx: &Context, command: Command) -> String {
    of(ctx).key(command).map(|key| shown(ctx, key)).unwrap_or_default()
}

/// A shortcut as this system writes it, with the sign that stands on the key: "Ctrl+[", not "Ctrl+OpenBracket".
#[must_use]
pub(crate) fn shown(ctx: &Context, shortcut: KeyboardShortcut) -> String {
    let words = ctx.format_shortcut(&shortcut);
    let key = shortcut.logical_key;
    let sign = key.symbol_or_name();
    // "Ctrl++" would be a riddle.
    let is_clear = sign.len() == 1 && key != Key::Plus;
    match words.strip_suffix(key.name()).filter(|_| is_clear) {
        Some(modifiers) => format!("{modifiers}{sign}"),
        None => words,
    }
}

/// "Ctrl+Shift+B" as a shortcut. Ctrl is the Mac's ⌘ too.
fn parse(words: &str) -> Option<KeyboardShortcut> {
    let mut modifiers = Modifiers::NONE;
    let mut rest = words.trim();
    while let Some((word, more)) = rest.split_once('+').filter(|(word, more)| !word.is_empty() && !more.is_empty()) {
        modifiers = modifiers.plus(match word.trim().to_lowercase().as_str() {
            "ctrl" | "cmd" | "command" | "mod" => Modifiers::COMMAND,
            "shift" => Modifiers::SHIFT,
            "alt" | "option" => Modifiers::ALT,
            _ => return None,
        });
        rest = more.trim();
    }
    let name = if rest.chars().count() == 1 { rest.to_uppercase() } else { rest.to_owned() };
    Key::from_name(&name).map(|key| KeyboardShortcut::new(modifiers, key))
}

/// A shortcut as `parse` reads it.
#[must_use]
pub(crate) fn spelled(key: KeyboardShortcut) -> String {
    let modifiers = key.modifiers;
    let mut words = String::new();
    for (held, word) in
        [(modifiers.command || modifiers.ctrl, "Ctrl+"), (modifiers.alt, "Alt+"), (modifiers.shift, "Shift+")]
    {
        if held {
            words.push_str(word);
        }
    }
    words.push_str(key.logical_key.name());
    words
}

/// Every command with its usual key, as a keys' file of earlier versions had it.
#[cfg(test)]
fn defaults() -> KeyNames {
    TABLE.iter().map(|entry| (entry.id.to_owned(), spelled(entry.key))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canvas::tools::Tool;
    use crate::ui::theme::fonts;

    #[test]
    fn every_command_has_a_key_of_its_own_and_can_be_written_down() {
        let (keymap, problem) = Keymap::new(&defaults());
        assert_eq!(problem, None);
        for entry in TABLE {
            assert_eq!(keymap.key(entry.command), Some(entry.key), "{}", entry.words);
            let same: Vec<_> = TABLE.iter().filter(|other| other.key == entry.key || other.id == entry.id).collect();
            assert_eq!(same.len(), 1, "{same:?}");
        }
    }

    #[test]
    fn a_key_can_be_changed_and_taken_away() {
        let written = |words: &[(&str, &str)]| {
            Keymap::new(&words.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect())
        };
        let (keymap, problem) = written(&[("brush", "ctrl+Shift+p"), ("eraser", ""), ("zoom-in", "+")]);
        assert_eq!(problem, None);
        let wanted = KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::P);
        assert_eq!(keymap.key(Command::Tool(Tool::Brush)), Some(wanted));
        assert_eq!(keymap.key(Command::Tool(Tool::Eraser)), None);
        assert_eq!(keymap.key(Command::ZoomIn), Some(KeyboardShortcut::new(Modifiers::NONE, Key::Plus)));
        let (keymap, problem) = written(&[("brush", "Hyper+Q"), ("no-such-thing", "A")]);
        assert!(problem.unwrap().contains("Hyper+Q"));
        assert!(keymap.key(Command::Tool(Tool::Brush)).is_some());
    }

    #[test]
    fn a_mac_has_signs_for_its_keys() {
        let ctx = Context::default();
        fonts::install(&ctx);
        let written_on = |os| {
            let mut words = String::new();
            ctx.set_os(os);
            ctx.run_ui(egui::RawInput::default(), |ui| words = written(ui.ctx(), Command::Redo)).textures_delta.clear();
            words
        };
        assert_eq!(written_on(egui::os::OperatingSystem::Mac), "⇧⌘Z");
        assert_eq!(written_on(egui::os::OperatingSystem::Nix), "Ctrl+Shift+Z");
    }
}
