//! What a person can do, as values: panels push them, `apply` alone carries them out.

use std::path::PathBuf;
use std::sync::Arc;

use super::canvas::action::CanvasAction;
use super::library::action::LibraryAction;
use super::state::{LookingAt, Sheet};
use crate::job::{JobId, ModelRef, WorkGrid};
use crate::raster::Picture;

/// One thing that was asked for.
#[derive(Clone, Debug)]
pub enum Action {
    /// Starts or queues what the panel says.
    Generate,
    /// The same, in front of everything that waits.
    GenerateInFront,
    /// Writes an example into the prompt and starts it.
    StartExample(&'static str),
    /// Stops the picture that is being made; what waits goes on.
    CancelRunning,
    /// Stops one picture, running or waiting.
    Cancel(JobId),
    /// Stops everything.
    CancelAll,

    /// Chooses what lies on the canvas.
    LookAt(LookingAt),
    /// Looks at the picture `by` places further in the strip.
    StepCandidate {
        by: isize,
    },
    /// Makes the shown picture the canvas's own.
    Accept,
    /// Takes the shown candidate off the strip; it stays in the gallery.
    SetAside,
    /// Takes the canvas's picture away: back to Create.
    NewCanvas,
    Undo,
    Redo,
    Zoom(Zoom),
    /// Something on the canvas itself.
    Canvas(CanvasAction),

    /// Fetches what selects by a click.
    FetchSelector,
    OpenSelectorFolder,

    /// Asks for a picture file.
    OpenPictureDialog,
    /// Reads a picture and lays it on the canvas.
    OpenPicture(PathBuf),
    OpenMaskDialog,
    SaveMaskDialog,
    /// Reads a mask and lays it over the canvas's picture.
    LoadMask(PathBuf),
    SaveMask(PathBuf),
    /// A picture from the clipboard.
    Paste(Arc<Picture>),
    AddModelDialog,
    /// The same for a checkpoint, LoRA, VAE or embedding file.
    AddModelFileDialog,
    AddModel(PathBuf),
    ChooseModel(ModelRef),
    /// Looks what models there are now.
    ListModels,
    /// Something in the model library.
    Library(LibraryAction),
    /// A model's files were read.
    GridFound(ModelRef, Option<WorkGrid>),
    /// Takes a folder off the list; its files stay.
    ForgetModel(PathBuf),
    /// Writes the canvas as it is seen.
    SaveCanvas(PathBuf),
    /// Asks where the shown picture shall be copied to, or the canvas written.
    SaveAsDialog,
    /// The same for a picture of the gallery.
    SaveFileAsDialog(PathBuf),
    CopyFile {
        from: PathBuf,
        to: PathBuf,
    },
    /// Something was dropped on the window.
    Dropped(PathBuf),

    /// Writes a gallery picture's settings into the panel.
    UseSettings(PathBuf),
    /// Shows the file in the system's file manager.
    Reveal(PathBuf),
    Trash(PathBuf),
    OpenPicturesFolder,
    /// Shows the file in which keys can be changed.
    ShowKeysFile,

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

/// How the view changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Zoom {
    Fit,
    In,
    Out,
    /// Screen points for one picture pixel.
    To(f32),
}
