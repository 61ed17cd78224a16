//! What can be asked for in the gallery and in a picture's view.

use std::path::PathBuf;

use crate::store::pictures::labels::{LabelChange, LabelKind};

#[derive(Clone, Debug)]
pub enum GalleryAction {
    /// Opens the gallery view on a picture; on what is looked at, or the newest, where none is named.
    OpenView(Option<PathBuf>),
    /// One step out of it: to the grid where that is covered, else to the canvas.
    LeaveView,
    /// Shows or hides the settings where they lie over the picture.
    ToggleInfo,
    /// To the picture so many rows below.
    StepRow {
        by: isize,
    },
    /// Selects up to there, and looks at it.
    Extend(Step),
    ExtendTo(PathBuf),
    Toggle(PathBuf),
    ToggleShown,
    SelectAll,
    ClearSelection,
    /// These instead of what is selected.
    Select(Vec<PathBuf>),
    /// Gives all of them a star; takes it away where all have one.
    Star(Vec<PathBuf>),
    Trash(Vec<PathBuf>),
    /// Writes one part of a picture's settings into the panel.
    UsePart {
        file: PathBuf,
        part: SettingsPart,
    },
    Copy {
        what: &'static str,
        text: String,
    },
    FocusSearch,
    Filter(Filter),
    Unfilter(Filter),
    Sort(Sort),
    /// Asks what there is to filter by.
    ListFacets,
    /// Opens the sheet of tags and collections for these.
    OpenLabels {
        files: Vec<PathBuf>,
        kind: LabelKind,
    },
    Label(LabelChange),
    /// Opens the sheet for these.
    OpenExport(Vec<PathBuf>),
    StartExport,
    CancelExport,
    ExportFolderDialog,
    ExportTo(PathBuf),
    WatchFolderDialog,
    WatchFolder(PathBuf),
    /// Its pictures stay where they are.
    ForgetFolder(PathBuf),
}

/// Of the looked at picture, with the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Place(isize),
    Row(isize),
}

/// What of a picture's settings is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingsPart {
    All,
    Prompt,
    Negative,
    Model,
    Size,
    Seed,
    Strength,
    Sampler,
    Schedule,
    Steps,
    Guidance,
    Loras,
}

/// A condition on what is listed, besides the words of the search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    Model(String),
    /// "512x768".
    Size(String),
    /// Made within so many days.
    Days(u32),
    Tag(String),
    Collection(String),
}

impl Filter {
    /// Whether a picture may fit several of its kind.
    #[must_use]
    pub fn may_be_several(&self) -> bool {
        matches!(self, Self::Tag(_) | Self::Collection(_))
    }
}

/// In which order pictures are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    #[default]
    NewestFirst,
    OldestFirst,
}
