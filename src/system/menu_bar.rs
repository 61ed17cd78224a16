//! A menu bar as plain data: what a system that keeps it outside of the window, as a Mac does, is told to show.

use crossbeam_channel::Receiver;

/// One of the bar's menus, or one inside of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Menu {
    pub title: String,
    pub place: Place,
    pub entries: Vec<Entry>,
}

impl Menu {
    /// Whether one becomes the other by other words alone.
    #[must_use]
    pub fn has_shape_of(&self, other: &Self) -> bool {
        let same = |(one, other): (&Entry, &Entry)| match (one, other) {
            (Entry::Line, Entry::Line) | (Entry::Item(_), Entry::Item(_)) => true,
            (Entry::OfSystem(one), Entry::OfSystem(other)) => one == other,
            (Entry::Menu(one), Entry::Menu(other)) => one.has_shape_of(other),
            _ => false,
        };
        self.title == other.title
            && self.place == other.place
            && self.entries.len() == other.entries.len()
            && self.entries.iter().zip(&other.entries).all(same)
    }
}

/// What the system does with a menu of its own accord.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nothing.
    Usual,
    /// It lists the program's windows there.
    Windows,
    /// It puts a field there that searches all menus.
    Help,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Between two groups.
    Line,
    Menu(Menu),
    Item(Item),
    /// The system's own words and deeds.
    OfSystem(OfSystem),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// By which it is told that it was chosen.
    pub number: usize,
    pub words: String,
    /// Shown when the pointer rests on it, "" for nothing.
    pub hint: String,
    /// Only written beside it: pressed keys go to the window, as ever.
    pub key: Option<Key>,
    pub is_enabled: bool,
    /// It has a tick.
    pub holds: bool,
}

/// A key as it is written in a menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// The letter in small, or the character that `AppKit` has for a key without one (`NSEvent`'s function keys).
    pub sign: char,
    pub command: bool,
    pub option: bool,
    pub shift: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfSystem {
    /// What other programs offer to do.
    Services,
    Hide,
    HideOthers,
    ShowAll,
    Minimise,
    Zoom,
    FullScreen,
    AllToFront,
}

/// Shows these menus from now on; called on the window's thread.
pub type ShowMenus = Box<dyn FnMut(&[Menu])>;

/// A bar outside of the window.
pub struct MenuBar {
    pub show: ShowMenus,
    /// The numbers of what was chosen.
    pub chosen: Receiver<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn menu(entries: Vec<Entry>) -> Menu {
        Menu { title: "File".to_owned(), place: Place::Usual, entries }
    }

    fn item(words: &str, is_enabled: bool) -> Entry {
        let (words, hint) = (words.to_owned(), String::new());
        Entry::Item(Item { number: 0, words, hint, key: None, is_enabled, holds: false })
    }

    #[test]
    fn other_words_are_no_other_shape_and_another_entry_is() {
        let files = |count| Entry::Menu(menu(vec![item("a file", true); count]));
        let old = menu(vec![item("Pause", true), Entry::Line, files(2), Entry::OfSystem(OfSystem::Hide)]);
        let renewed = menu(vec![item("Go on", false), Entry::Line, files(2), Entry::OfSystem(OfSystem::Hide)]);
        assert!(old.has_shape_of(&renewed));
        for other in [
            menu(vec![item("Pause", true), Entry::Line, files(3), Entry::OfSystem(OfSystem::Hide)]),
            menu(vec![item("Pause", true), Entry::Line, files(2), Entry::OfSystem(OfSystem::Zoom)]),
            menu(vec![Entry::Line, item("Pause", true), files(2), Entry::OfSystem(OfSystem::Hide)]),
            menu(vec![item("Pause", true), Entry::Line, files(2)]),
            Menu { title: "Edit".to_owned(), ..old.clone() },
            Menu { place: Place::Windows, ..old.clone() },
        ] {
            assert!(!old.has_shape_of(&other), "{other:?}");
        }
    }
}
