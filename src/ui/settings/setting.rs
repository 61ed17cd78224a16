//! What a setting is: its words, its control, and how to tell and undo a change.

use super::cards;
use super::section::Section;
use crate::store::settings::Settings;
use crate::ui::widgets::fields::Number;

/// One row of the table.
pub(crate) struct Setting {
    pub name: &'static str,
    /// Under the name, "" for nothing.
    pub hint: &'static str,
    pub section: Section,
    /// A heading above the first of several rows, "" for none.
    pub group: &'static str,
    /// What else it may be looked for by.
    pub words: &'static str,
    /// What a toggle's states are called where its own words do not stand beside it: off, on.
    pub states: [&'static str; 2],
    /// What does not apply is not shown.
    pub applies: fn(&Settings) -> bool,
    pub control: Control,
}

/// What a row has that says nothing of it.
pub(super) const ROW: Setting = Setting {
    name: "",
    hint: "",
    section: Section::Appearance,
    group: "",
    words: "",
    states: ["off", "on"],
    applies: |_| true,
    control: Control::Accent,
};

/// What one changes it with. The default is what a new [`Settings`] has there.
pub(crate) enum Control {
    /// Words and their explanations; few of them stand beside each other.
    Choice {
        options: &'static [(&'static str, &'static str)],
        get: fn(&Settings) -> usize,
        set: fn(&mut Settings, usize),
    },
    Toggle {
        words: &'static str,
        at: fn(&mut Settings) -> &mut bool,
    },
    Number {
        range: Range,
        get: fn(&Settings) -> f64,
        set: fn(&mut Settings, f64),
    },
    /// One of the accents.
    Accent,
    /// The folder of new pictures.
    PicturesFolder,
    /// The pattern of file names.
    FileName,
    /// Folders that are looked through for models.
    ModelFolders,
    /// How many prompts are remembered, and a button to forget them.
    PromptHistory,
    /// Which of several NVIDIA cards compute.
    Cards,
    /// Another machine that computes: its address, its token, and how that stands.
    Machine,
}

/// Of a number, with its unit.
#[derive(Clone, Copy)]
pub(crate) struct Range {
    pub from: f64,
    pub to: f64,
    pub step: f64,
    pub suffix: &'static str,
}

impl Range {
    /// Shares of a whole.
    pub(super) const PERCENT: Self = Self { from: 1.0, to: 100.0, step: 1.0, suffix: " %" };

    pub(crate) fn number(self, default: f64) -> Number {
        Number::new(self.step, self.from..=self.to).suffix(self.suffix).default(default)
    }
}

impl Setting {
    /// Whether it is otherwise than usual.
    #[must_use]
    pub(crate) fn is_changed(&self, settings: &Settings, usual: &Settings) -> bool {
        match &self.control {
            Control::Choice { get, .. } => get(settings) != get(usual),
            Control::Toggle { at, .. } => *at(&mut settings.clone()) != *at(&mut usual.clone()),
            Control::Number { get, .. } => (get(settings) - get(usual)).abs() > 1e-6,
            Control::Accent => settings.preferences.accent != usual.preferences.accent,
            Control::PicturesFolder => settings.preferences.saving.folder != usual.preferences.saving.folder,
            Control::FileName => settings.preferences.saving.name != usual.preferences.saving.name,
            Control::ModelFolders => settings.known_models != usual.known_models,
            Control::PromptHistory => false,
            Control::Cards => cards::chosen(settings) != cards::chosen(usual),
            Control::Machine => settings.preferences.machine != usual.preferences.machine,
        }
    }

    /// Makes it usual again.
    pub(crate) fn reset(&self, settings: &mut Settings, usual: &Settings) {
        match &self.control {
            Control::Choice { get, set, .. } => set(settings, get(usual)),
            Control::Toggle { at, .. } => *at(settings) = *at(&mut usual.clone()),
            Control::Number { get, set, .. } => set(settings, get(usual)),
            Control::Accent => settings.preferences.accent = usual.preferences.accent,
            Control::PicturesFolder => {
                settings.preferences.saving.folder.clone_from(&usual.preferences.saving.folder);
            }
            Control::FileName => settings.preferences.saving.name.clone_from(&usual.preferences.saving.name),
            Control::ModelFolders => settings.known_models.clone_from(&usual.known_models),
            Control::PromptHistory => {}
            Control::Cards => cards::choose(settings, &cards::chosen(usual)),
            Control::Machine => settings.preferences.machine.clone_from(&usual.preferences.machine),
        }
    }

    /// In one or two words, "" where it has no value.
    #[must_use]
    pub(crate) fn value(&self, settings: &Settings) -> String {
        match &self.control {
            Control::Choice { options, get, .. } => {
                options.get(get(settings)).map_or(String::new(), |(words, _)| (*words).to_owned())
            }
            Control::Toggle { at, .. } => {
                let [off, on] = self.states;
                if *at(&mut settings.clone()) { on } else { off }.to_owned()
            }
            Control::Number { range, get, .. } => format!("{}{}", get(settings).round(), range.suffix),
            Control::Accent => format!("{:?}", settings.preferences.accent),
            Control::PicturesFolder => {
                let folder = settings.preferences.saving.folder.as_ref();
                let name = folder.and_then(|folder| folder.file_name());
                name.map_or_else(|| "usual".to_owned(), |name| name.to_string_lossy().into_owned())
            }
            Control::FileName => settings.preferences.saving.name.clone(),
            Control::ModelFolders => settings.known_models.len().to_string(),
            Control::PromptHistory => settings.prompt_history.len().to_string(),
            Control::Cards => cards::chosen(settings).iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            Control::Machine => {
                let machine = settings.preferences.machine.as_ref();
                machine.map_or_else(|| "none".to_owned(), |machine| machine.address.clone())
            }
        }
    }

    /// Whether all words of `search` (in small letters) are found in what it says.
    #[must_use]
    pub(crate) fn is_found(&self, search: &str) -> bool {
        let mut text = [self.name, self.hint, self.section.name(), self.group, self.words].join(" ").to_lowercase();
        if let Control::Choice { options, .. } = &self.control {
            for (words, _) in *options {
                text.push(' ');
                text.push_str(&words.to_lowercase());
            }
        }
        if let Control::Toggle { words, .. } = &self.control {
            text.push(' ');
            text.push_str(&words.to_lowercase());
        }
        search.split_whitespace().all(|word| text.contains(word))
    }
}
