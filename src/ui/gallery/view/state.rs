//! What a picture's view knows: whether it is open, the settings of the picture that is seen, and its family.

use std::path::{Path, PathBuf};

use crate::store::pictures::programs::PictureSettings;
use crate::store::worker::Relative;
use crate::ui::action::{LookingAt, SettingsPart};
use crate::ui::canvas::view::ViewState;

#[derive(Default)]
pub struct PictureView {
    pub is_open: bool,
    /// Where the grid fills the window: the picture lies over it.
    pub covers_grid: bool,
    /// Where the settings have no room of their own: they lie over the picture.
    pub shows_info: bool,
    /// What was seen before it opened, and how.
    pub before: (LookingAt, ViewState),
    /// How the picture that was read last was made, if its file says so.
    pub settings: Option<(PathBuf, Option<Box<PictureSettings>>)>,
    pub family: Option<Family>,
    /// Parts of settings that the store is reading for the prompt panel.
    pub wanted: Vec<(PathBuf, SettingsPart)>,
}

/// What a picture was made from, and what was made from it.
#[derive(Debug)]
pub struct Family {
    pub of: PathBuf,
    pub from: Option<Relative>,
    pub made: Vec<Relative>,
}

impl PictureView {
    /// How a picture was made: nothing while it is read, `Some(None)` where its file does not say.
    #[must_use]
    pub fn settings_of(&self, file: &Path) -> Option<Option<&PictureSettings>> {
        let (_, settings) = self.settings.as_ref().filter(|(of, _)| of == file)?;
        Some(settings.as_deref())
    }

    /// Those of a picture, if it has any.
    #[must_use]
    pub fn family_of(&self, file: &Path) -> Option<&Family> {
        self.family.as_ref().filter(|family| family.of == file && (family.from.is_some() || !family.made.is_empty()))
    }

    /// The oldest wish for this file is met.
    pub fn take_wanted(&mut self, file: &Path) -> Option<SettingsPart> {
        let index = self.wanted.iter().position(|(wanted, _)| wanted == file)?;
        Some(self.wanted.remove(index).1)
    }
}
