//! What the settings' window keeps while it is open.

use egui::KeyboardShortcut;

use super::section::Section;
use crate::engine::device::Card;
use crate::ui::input::shortcuts::Command;
use crate::ui::machine::MachinePanel;

#[derive(Debug)]
pub struct SettingsWindow {
    pub section: Section,
    pub search: String,
    /// Whose key is asked for: the next one that is pressed.
    pub(crate) capturing: Option<Command>,
    /// A key that was pressed for a command and cannot simply have it.
    pub(crate) refused: Option<Refused>,
    /// Puts the cursor into the search.
    pub wants_focus: bool,
    /// A file name's pattern while it cannot be used yet.
    pub name_text: Option<String>,
    /// The cards of this machine, once they are known.
    pub cards: Option<Vec<Card>>,
    /// Another machine, as it is written and as it stands.
    pub machine: MachinePanel,
}

/// Why a key was not taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Refused {
    pub command: Command,
    pub key: KeyboardShortcut,
    /// Whose key it is; `None` where it is needed to write with.
    pub taken_by: Option<Command>,
}

impl Default for SettingsWindow {
    fn default() -> Self {
        Self {
            section: Section::default(),
            search: String::new(),
            capturing: None,
            refused: None,
            wants_focus: true,
            name_text: None,
            cards: None,
            machine: MachinePanel::default(),
        }
    }
}

impl SettingsWindow {
    /// As it opens: what is searched for, "" for nothing.
    pub fn open(&mut self, search: &str) {
        let (machine, cards) = (std::mem::take(&mut self.machine), self.cards.take());
        *self = Self { section: self.section, machine, cards, ..Self::default() };
        match Section::ALL.into_iter().find(|section| section.name() == search) {
            Some(section) => self.section = section,
            None => search.clone_into(&mut self.search),
        }
    }
}
