//! The menus where a system keeps them outside of the window: the same table, in the order that a Mac's people know, with
//! what its every program has besides.

use egui::{Context, Event, Key, KeyboardShortcut, Modifiers, ViewportCommand};

use super::menu_items::{self, Item as Line};
use crate::system::menu_bar::{self, Entry, Item, Menu, MenuBar, OfSystem, Place};
use crate::ui::action::Action;
use crate::ui::input::keymap;
use crate::ui::input::shortcuts::Command;
use crate::ui::state::AppState;

/// What a chosen entry comes to.
#[derive(Clone, Debug)]
pub(crate) enum Choice {
    Does(Action),
    /// It is a written text's, as if the key were pressed.
    Press(KeyboardShortcut),
    /// It is asked of the window's clipboard.
    Asks(ViewportCommand),
}

/// The bar, and what it shows.
pub(crate) struct SystemMenus {
    bar: MenuBar,
    shown: Vec<Menu>,
    choices: Vec<Choice>,
}

impl SystemMenus {
    #[must_use]
    pub(crate) fn new(bar: MenuBar) -> Self {
        Self { bar, shown: Vec::new(), choices: Vec::new() }
    }

    /// Shows what can be done now, if that is something else than before.
    pub(crate) fn follow(&mut self, ctx: &Context, state: &AppState) {
        let mut menus = Menus { ctx, state, choices: Vec::new() };
        let now = menus.all();
        self.choices = menus.choices;
        if now != self.shown {
            (self.bar.show)(&now);
            self.shown = now;
        }
    }

    /// What was chosen since, and can be done: an action, or what is put among the frame's events. Call it before anything
    /// reads them.
    pub(crate) fn take(&self, ctx: &Context) -> Vec<Action> {
        let chosen = self.bar.chosen.try_iter().filter_map(|number| self.choices.get(number).cloned());
        let act = |choice| match choice {
            Choice::Does(action) => Some(action),
            Choice::Press(KeyboardShortcut { logical_key: key, modifiers }) => {
                let event = Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers };
                ctx.input_mut(|input| input.events.push(event));
                None
            }
            Choice::Asks(command) => {
                ctx.send_viewport_cmd(command);
                None
            }
        };
        chosen.filter_map(act).collect()
    }
}

struct Menus<'a> {
    ctx: &'a Context,
    state: &'a AppState,
    choices: Vec<Choice>,
}

impl Menus<'_> {
    fn all(&mut self) -> Vec<Menu> {
        use menu_items::Menu as M;
        let [mut file, edit, canvas, view, mut help] = M::ALL.map(|menu| menu.items(self.state));
        // These stand in the menu that bears the program's name.
        let about = take(&mut help, Command::About);
        let settings = take(&mut file, Command::Settings);
        let quit = take(&mut file, Command::Quit);
        let of_system = |entries: &[OfSystem]| entries.iter().copied().map(Entry::OfSystem).collect::<Vec<_>>();
        let program = [
            self.entries(about),
            self.entries(settings),
            of_system(&[OfSystem::Services]),
            of_system(&[OfSystem::Hide, OfSystem::HideOthers, OfSystem::ShowAll]),
            self.entries(quit),
        ];
        let mut edit = self.entries(edit);
        let texts = self.texts();
        edit.splice(2..2, texts);
        let window = [
            of_system(&[OfSystem::Minimise, OfSystem::Zoom, OfSystem::FullScreen]),
            of_system(&[OfSystem::AllToFront]),
        ];
        let menu = |title: &str, place, entries: Vec<Entry>| Menu { title: title.to_owned(), place, entries };
        vec![
            menu("Inkwick", Place::Usual, program.join(&Entry::Line)),
            menu(M::File.title(), Place::Usual, self.entries(file)),
            menu(M::Edit.title(), Place::Usual, edit),
            menu(M::Canvas.title(), Place::Usual, self.entries(canvas)),
            menu(M::View.title(), Place::Usual, self.entries(view)),
            menu("Window", Place::Windows, window.join(&Entry::Line)),
            menu(M::Help.title(), Place::Help, self.entries(help)),
        ]
    }

    fn entries(&mut self, mut lines: Vec<Line>) -> Vec<Entry> {
        lines.dedup_by(|next, line| matches!((next, line), (Line::Line, Line::Line)));
        while matches!(lines.last(), Some(Line::Line)) {
            lines.pop();
        }
        lines.into_iter().map(|line| self.entry(line)).collect()
    }

    fn entry(&mut self, line: Line) -> Entry {
        match line {
            Line::Line => Entry::Line,
            Line::Entry(entry) => {
                let key = keymap::of(self.ctx).key(entry.command).and_then(written);
                // A field that one writes in has its own steps back.
                let of_text = undo_of_text(entry.command).filter(|_| self.ctx.text_edit_focused());
                let choice = of_text.map(Choice::Press).or_else(|| {
                    let is_free = self.state.sheet.is_none() || entry.command == Command::Quit;
                    entry.action.filter(|_| is_free).map(Choice::Does)
                });
                let hint = entry.reason.filter(|_| choice.is_none()).unwrap_or_default();
                Entry::Item(self.item(entry.words, hint, key, choice))
            }
            Line::Choice { words, holds, action } => {
                let choice = self.unless_covered(action);
                Entry::Item(Item { holds, ..self.item(words, "", None, choice) })
            }
            Line::Files { words, files } => {
                let entries = files.into_iter().map(|(name, path, action)| {
                    let choice = self.unless_covered(action);
                    Entry::Item(self.item(&name, &path, None, choice))
                });
                let entries = entries.collect();
                Entry::Menu(Menu { title: words.to_owned(), place: Place::Usual, entries })
            }
        }
    }

    /// A sheet in front of the window is answered first.
    fn unless_covered(&self, action: Action) -> Option<Choice> {
        self.state.sheet.is_none().then_some(Choice::Does(action))
    }

    /// What a Mac's Edit menu has for texts. Without one, to copy is the picture's.
    fn texts(&mut self) -> Vec<Entry> {
        let typing = self.ctx.text_edit_focused();
        let mut entries = vec![Entry::Line];
        for (words, sign, asks, can) in [
            ("Cut", 'x', ViewportCommand::RequestCut, typing),
            ("Copy", 'c', ViewportCommand::RequestCopy, typing || self.state.shown_picture().is_some()),
            ("Paste", 'v', ViewportCommand::RequestPaste, typing || self.state.sheet.is_none()),
        ] {
            let key = menu_bar::Key { sign, command: true, option: false, shift: false };
            entries.push(Entry::Item(self.item(words, "", Some(key), can.then_some(Choice::Asks(asks)))));
        }
        entries
    }

    fn item(&mut self, words: &str, hint: &str, key: Option<menu_bar::Key>, choice: Option<Choice>) -> Item {
        let is_enabled = choice.is_some();
        // What cannot be chosen has the number of nothing.
        let number = if is_enabled { self.choices.len() } else { usize::MAX };
        self.choices.extend(choice);
        Item { number, words: words.to_owned(), hint: hint.to_owned(), key, is_enabled, holds: false }
    }
}

/// Takes an entry out of a menu, by its command.
fn take(items: &mut Vec<Line>, command: Command) -> Vec<Line> {
    items.extract_if(.., |item| matches!(item, Line::Entry(entry) if entry.command == command)).collect()
}

fn undo_of_text(command: Command) -> Option<KeyboardShortcut> {
    match command {
        Command::Undo => Some(KeyboardShortcut::new(Modifiers::COMMAND, Key::Z)),
        Command::Redo => Some(KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z)),
        _ => None,
    }
}

/// As `AppKit` names keys: letters in small, and characters of a private range for those that write nothing.
fn written(key: KeyboardShortcut) -> Option<menu_bar::Key> {
    let KeyboardShortcut { modifiers, logical_key } = key;
    let sign = match logical_key {
        Key::Enter => '\r',
        Key::Escape => '\u{1b}',
        Key::Tab => '\t',
        Key::Backspace => '\u{8}',
        Key::Space => ' ',
        Key::ArrowUp => '\u{f700}',
        Key::ArrowDown => '\u{f701}',
        Key::ArrowLeft => '\u{f702}',
        Key::ArrowRight => '\u{f703}',
        Key::Insert => '\u{f727}',
        Key::Delete => '\u{f728}',
        Key::Home => '\u{f729}',
        Key::End => '\u{f72b}',
        Key::PageUp => '\u{f72c}',
        Key::PageDown => '\u{f72d}',
        other => match other.name().strip_prefix('F').and_then(|number| number.parse().ok()) {
            Some(number) => function_key(number)?,
            None => only_letter(other.symbol_or_name())?,
        },
    };
    let command = modifiers.command || modifiers.mac_cmd;
    Some(menu_bar::Key { sign, command, option: modifiers.alt, shift: modifiers.shift })
}

fn function_key(number: u32) -> Option<char> {
    char::from_u32(0xf703 + number)
}

fn only_letter(symbol: &str) -> Option<char> {
    let mut letters = symbol.chars();
    let letter = letters.next().filter(|_| letters.next().is_none())?;
    letter.to_lowercase().next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::input::shortcuts::TABLE;

    #[test]
    fn every_key_of_the_window_can_be_written_in_a_menu() {
        for entry in TABLE {
            let key = written(entry.key).unwrap_or_else(|| panic!("{}", entry.words));
            let modifiers = entry.key.modifiers;
            assert_eq!((key.command, key.option, key.shift), (modifiers.command, modifiers.alt, modifiers.shift));
        }
        let sign = |key| written(KeyboardShortcut::new(Modifiers::COMMAND, key)).unwrap().sign;
        assert_eq!((sign(Key::Z), sign(Key::Num0), sign(Key::Plus), sign(Key::Comma)), ('z', '0', '+', ','));
        // NSF1FunctionKey and NSF12FunctionKey.
        assert_eq!((sign(Key::F1), sign(Key::F12)), ('\u{f704}', '\u{f70f}'));
    }
}
