//! What can be asked of the window itself: its panels, its sheets, its end.

use std::path::PathBuf;

use super::DialogRequest;
use crate::ui::tour::state::Tour;

#[derive(Clone, Debug)]
pub enum WindowAction {
    SetTheme(egui::ThemePreference),
    TogglePromptPanel,
    ToggleGallery,
    /// Both side panels at once.
    TogglePanels,
    Show(Sheet),
    /// Asks for a path in a field: the desktop has no dialog, or one would rather write.
    AskPath(DialogRequest),
    /// That was written into it.
    PathWritten(PathBuf),
    /// The file that would be saved is there already.
    PathTaken(PathBuf),
    /// What was written can be done.
    PathFree(PathBuf),
    CloseSheet,
    /// Opens the list of everything that can be done, or closes it.
    TogglePalette,
    CloseToast(u64),
    /// The page of releases names a version that is newer than this one.
    NewerVersion(String),
    /// Opens that page in the browser.
    OpenReleases,
    /// Where the first start's tour is now.
    Tour(Tour),
    Quit,
}

/// A small sheet in front of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sheet {
    /// All models, and where to get more.
    Library,
    /// What a file is.
    Inspection,
    Keys,
    /// The manual's pages.
    Manual,
    About,
    /// What the program is made of, and on which terms.
    Licences,
    /// How to get a model that paints photographs.
    PhotographicModel,
    /// How to get what selects by a click.
    Selector,
    /// How to get what makes a layer of a picture.
    Annotator,
    /// How a picture's latents are decoded once more.
    Decode,
    /// Pictures over one or two settings.
    Grid,
    /// A field for a path, where the desktop has no file dialog.
    Path,
    /// How copies of pictures are written.
    Export,
    /// Tags, or collections, of pictures.
    Labels,
    Settings,
    /// Whether others may draw with this machine.
    Share,
    /// Everything that can be done, by name.
    Palette,
}
