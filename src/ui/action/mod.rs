//! What a person can do, as values: panels push them, `app::apply` carries them out, an exhaustive match for each area.

mod branch;
mod canvas;
mod compare;
mod dialog;
mod files;
mod gallery;
mod grid;
mod layers;
mod library;
mod live;
mod maker;
mod place;
mod pose;
mod prompt;
mod queue;
mod results;
mod settings;
mod share;
mod window;
mod words;

pub use branch::BranchAction;
pub use canvas::{CanvasAction, Join, MaskStep, PenPoint, StrokeStart, WholeStep, Zoom};
pub use compare::{CompareAction, CompareMode};
pub use dialog::DialogRequest;
pub use files::{DecodeChoice, FilesAction};
pub use gallery::{Filter, GalleryAction, SettingsPart, Sort, Step};
pub use grid::GridAction;
pub use layers::{LayerAction, LayerRow, NewLayer};
pub use library::{Column, LibraryAction, Tab};
pub use live::LiveAction;
pub use maker::Maker;
pub use place::{Grip, PlaceAction};
pub use pose::PoseAction;
pub use prompt::PromptAction;
pub use queue::{Press, QueueAction};
pub use results::{GalleryView, LookingAt, ResultsAction};
pub use settings::SettingsAction;
pub use share::ShareAction;
pub use window::{Sheet, WindowAction};
pub use words::{PromptField, WordsAction};

/// One thing that was asked for, by area.
#[derive(Clone, Debug)]
pub enum Action {
    Prompt(PromptAction),
    Queue(QueueAction),
    Results(ResultsAction),
    Branch(BranchAction),
    Canvas(CanvasAction),
    Compare(CompareAction),
    Files(FilesAction),
    Gallery(GalleryAction),
    Grid(GridAction),
    Layers(LayerAction),
    Library(LibraryAction),
    Live(LiveAction),
    Settings(SettingsAction),
    Share(ShareAction),
    Window(WindowAction),
    Words(WordsAction),
}
