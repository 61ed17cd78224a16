//! What the program remembers between two runs: how the window looks and what was not sent yet.
//!
//! Kept as RON. A missing field takes its default, an unknown one is passed over, so that versions can change.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};

use super::atomic;
use super::readable_fields::readable_fields;
use crate::canvas::tools::{Tool, ToolSettings};
use crate::job::{ErrorKind, Intent, JobError, ModelRef, Request};
use crate::raster::ResizeMode;
use crate::store::models::notes::ModelNote;
use crate::store::paths::Paths;
use crate::store::preferences::Preferences;
use crate::store::words::lora_file::KeptLora;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Theme {
    #[default]
    Dark,
    Light,
    /// Follows the desktop.
    System,
}

/// A part of the prompt panel that folds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PanelSection {
    Negative,
    Sampling,
    FineSampling,
    Inpainting,
    MemoryAndSpeed,
    Loras,
}

/// Where the window stands, in the desktop's points. `None` leaves it to the desktop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WindowPlace {
    pub size: Option<[f32; 2]>,
    pub position: Option<[f32; 2]>,
    pub maximized: bool,
}

/// The prompt panel as it was left. The chosen model is `request.model`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Draft {
    /// Its `seed` is not used: see `seed` beside it.
    pub request: Request,
    /// `None` takes a fresh one for every picture.
    pub seed: Option<u64>,
    /// How many are made at one press.
    pub pictures: u32,
    /// Of a repainted picture, in pixels; `None` is the picture's own.
    pub repaint_size: Option<[u32; 2]>,
    /// How the picture meets that.
    pub resize: ResizeMode,
    /// Of Edit, 0 to 1.
    pub strength: f64,
    /// Of Fill, 0 to 1.
    pub fill_strength: f64,
}

impl Default for Draft {
    fn default() -> Self {
        let preset = Intent::Fill.preset();
        let request = Request { inpaint: preset.settings, ..Request::default() };
        Self {
            request,
            seed: None,
            pictures: 1,
            repaint_size: None,
            resize: ResizeMode::Crop,
            strength: 0.75,
            fill_strength: preset.strength,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Of this structure, so that files written today can be read tomorrow.
    pub version: u32,
    pub theme: Theme,
    /// 1 is 100 %.
    pub ui_scale: f32,
    pub window: WindowPlace,
    pub prompt_panel_shown: bool,
    pub gallery_panel_shown: bool,
    /// In points; `None` is the usual one.
    pub prompt_panel_width: Option<f32>,
    pub gallery_panel_width: Option<f32>,
    /// Whether the list of layers is unfolded; `None` as long as nobody folded it.
    pub layers_open: Option<bool>,
    pub open_sections: BTreeSet<PanelSection>,
    pub draft: Draft,
    /// The one in hand.
    pub tool: Tool,
    /// Of the canvas.
    pub tools: ToolSettings,
    /// Newest first, each once, at most `MAX_HISTORY`.
    pub prompt_history: Vec<String>,
    /// Models outside the models folder that were opened once, and folders that are looked through for models.
    pub known_models: Vec<PathBuf>,
    /// By `ModelNote::key`.
    pub model_notes: BTreeMap<String, ModelNote>,
    /// Where the last file dialog ended.
    pub dialog_folder: Option<PathBuf>,
    pub starred: BTreeSet<PathBuf>,
    /// The finished pictures under the canvas, oldest first.
    pub results: Vec<PathBuf>,
    /// Other programs' folders whose pictures the gallery lists.
    pub gallery_folders: Vec<PathBuf>,
    pub preferences: Preferences,
    /// The list of tags that is completed; `None` is one that lies where lists do.
    pub tags_file: Option<PathBuf>,
    /// The shelf of the prompt panel.
    pub loras: Vec<KeptLora>,
    pub project: KeptProject,
    /// Newest first.
    pub recent_projects: Vec<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: Self::VERSION,
            theme: Theme::default(),
            ui_scale: 1.0,
            window: WindowPlace::default(),
            prompt_panel_shown: true,
            gallery_panel_shown: true,
            prompt_panel_width: None,
            gallery_panel_width: None,
            layers_open: None,
            open_sections: BTreeSet::new(),
            draft: Draft::default(),
            tool: Tool::default(),
            tools: ToolSettings::default(),
            prompt_history: Vec::new(),
            known_models: Vec::new(),
            model_notes: BTreeMap::new(),
            dialog_folder: None,
            starred: BTreeSet::new(),
            results: Vec::new(),
            gallery_folders: Vec::new(),
            preferences: Preferences::default(),
            tags_file: None,
            loras: Vec::new(),
            project: KeptProject::default(),
            recent_projects: Vec::new(),
        }
    }
}

/// The project that the canvas belongs to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeptProject {
    pub file: Option<PathBuf>,
    /// Whether canvas and panel were as the file holds them.
    pub is_saved: bool,
}

/// What was read, and what was wrong with the file.
#[derive(Debug)]
pub struct LoadedSettings {
    pub settings: Settings,
    /// There was no file: nobody has worked here before.
    pub is_first_start: bool,
    pub problem: Option<SettingsError>,
}

#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file is as it was.
    #[error("{what}; look at {}", path.display())]
    Misread { what: String, path: PathBuf },
    #[error("{what}; the old file is {}", kept.display())]
    PutAside { what: String, kept: PathBuf },
    #[error("{what}; the file could not be put aside ({source}), look at {}", path.display())]
    NotPutAside { what: String, source: io::Error, path: PathBuf },
    #[error("the settings could not be written as text ({source}); nothing was written to {}", path.display())]
    Encode { source: ron::Error, path: PathBuf },
    #[error("the settings could not be saved ({source}); check the disk and the folder's rights: {}", path.display())]
    Write { source: io::Error, path: PathBuf },
}

impl From<SettingsError> for JobError {
    fn from(error: SettingsError) -> Self {
        let kind = match error {
            SettingsError::Misread { .. } | SettingsError::PutAside { .. } | SettingsError::NotPutAside { .. } => {
                ErrorKind::Unreadable
            }
            SettingsError::Encode { .. } | SettingsError::Write { .. } => ErrorKind::Storage,
        };
        Self::caused(kind, error)
    }
}

impl Settings {
    pub const VERSION: u32 = 1;
    pub const MAX_HISTORY: usize = 100;

    /// Reads the settings for whoever writes them again: a file that cannot be read as a whole is put aside under a name
    /// that is free, such as `settings.ron.broken`, and what of it can be read is kept. Never fails.
    #[must_use]
    pub fn load(path: &Path) -> LoadedSettings {
        atomic::sweep(atomic::folder_of(path));
        let is_first_start = !path.exists();
        let (settings, wrong) = Self::parts_of(path);
        let problem = wrong.map(|what| match atomic::put_aside(path) {
            Ok(kept) => {
                if settings != Self::default()
                    && let Err(error) = settings.save(path)
                {
                    tracing::warn!("{error}");
                }
                SettingsError::PutAside { what, kept }
            }
            Err(source) => SettingsError::NotPutAside { what, source, path: path.to_path_buf() },
        });
        LoadedSettings { settings, is_first_start, problem }
    }

    /// Reads the settings and leaves the file as it is; what of it cannot be read is as usual, and is told. Never fails.
    #[must_use]
    pub fn look(path: &Path) -> (Self, Option<SettingsError>) {
        let (settings, wrong) = Self::parts_of(path);
        (settings, wrong.map(|what| SettingsError::Misread { what, path: path.to_path_buf() }))
    }

    /// What can be read, and what is wrong with the rest.
    fn parts_of(path: &Path) -> (Self, Option<String>) {
        let whole = |reason: String| format!("the settings could not be read ({reason}), and defaults are used");
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return (Self::default(), None),
            Err(error) => return (Self::default(), Some(whole(error.to_string()))),
            Ok(text) => text,
        };
        // Some editors put a mark before the text.
        let text = text.trim_start_matches('\u{feff}');
        let reason = match ron::from_str::<Self>(text) {
            Ok(settings) => return (settings.in_range(), None),
            Err(error) => error.to_string(),
        };
        match readable_fields::<Self>(text) {
            Some((settings, lost)) if lost.is_empty() => {
                (settings.in_range(), Some(format!("something in the settings could not be read ({reason})")))
            }
            Some((settings, lost)) => {
                let lost = lost.join(", ");
                let what = format!("of the settings {lost} could not be read ({reason}), and the usual is used for it");
                (settings.in_range(), Some(what))
            }
            None => (Self::default(), Some(whole(reason))),
        }
    }

    /// Writes the settings whole or not at all, making the folder if need be.
    ///
    /// # Errors
    /// When the disk or the folder's rights do not allow it.
    pub fn save(&self, path: &Path) -> Result<(), SettingsError> {
        let text = ron::ser::to_string_pretty(&self.without_unwritable_paths(), ron::ser::PrettyConfig::default())
            .map_err(|source| SettingsError::Encode { source, path: path.to_path_buf() })?;
        fs::create_dir_all(atomic::folder_of(path))
            .and_then(|()| atomic::write(path, text.as_bytes()))
            .map_err(|source| SettingsError::Write { source, path: path.to_path_buf() })
    }

    /// Leads to the folders that a person has chosen.
    pub fn direct(self, paths: &mut Paths) {
        paths.other_folders = self.known_models;
        if let Some(folder) = self.preferences.saving.folder {
            paths.pictures_folder = folder;
        }
    }

    /// Puts a prompt in front of the history. Empty ones are not worth remembering.
    pub fn remember_prompt(&mut self, prompt: &str) {
        if prompt.trim().is_empty() {
            return;
        }
        self.prompt_history.retain(|old| old != prompt);
        self.prompt_history.insert(0, prompt.to_owned());
        self.prompt_history.truncate(Self::MAX_HISTORY);
    }

    /// A hand-edited scale of 0 would leave no window to correct it in.
    fn in_range(mut self) -> Self {
        self.ui_scale = if self.ui_scale.is_finite() { self.ui_scale.clamp(0.5, 3.0) } else { 1.0 };
        self.draft.pictures = self.draft.pictures.max(1);
        self.prompt_history.truncate(Self::MAX_HISTORY);
        self.preferences.saving.quality = self.preferences.saving.quality.clamp(1, 100);
        self
    }

    /// RON is text: one path that is not must not cost all the other settings.
    fn without_unwritable_paths(&self) -> Self {
        let is_text = |path: &PathBuf| path.to_str().is_some();
        let mut settings = self.clone();
        settings.known_models.retain(is_text);
        settings.starred.retain(is_text);
        settings.results.retain(is_text);
        settings.gallery_folders.retain(is_text);
        settings.recent_projects.retain(is_text);
        settings.project.file = settings.project.file.filter(is_text);
        for note in settings.model_notes.values_mut() {
            note.vae = note.vae.take().filter(is_text);
            note.picture = note.picture.take().filter(is_text);
        }
        settings.dialog_folder = settings.dialog_folder.filter(is_text);
        let folder = &mut settings.preferences.saving.folder;
        *folder = folder.take().filter(is_text);
        settings.loras.retain(|lora| is_text(&lora.file));
        settings.tags_file = settings.tags_file.filter(is_text);
        if matches!(&settings.draft.request.model, ModelRef::Folder(path) | ModelRef::File(path) if !is_text(path)) {
            settings.draft.request.model = ModelRef::default();
        }
        settings
    }
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
