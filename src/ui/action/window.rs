//! What can be asked of the window itself: its panels, its sheets, its end.

#[derive(Clone, Copy, Debug)]
pub enum WindowAction {
    SetTheme(egui::ThemePreference),
    TogglePromptPanel,
    ToggleGallery,
    /// Both side panels at once.
    TogglePanels,
    Show(Sheet),
    CloseSheet,
    CloseToast(u64),
    Quit,
}

/// A small sheet in front of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sheet {
    /// All models, and where to get more.
    Library,
    /// What a file is.
    Inspection,
    Keys,
    About,
    /// How to get a model that paints photographs.
    PhotographicModel,
    /// How to get what selects by a click.
    Selector,
    /// A field for a picture's path, where the desktop has no file dialog.
    PicturePath,
}
