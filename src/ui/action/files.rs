//! What can be asked for with files: pictures and masks that come and go, and what the system's file manager shows.

use std::path::PathBuf;

use crate::job::UpscaleRequest;

#[derive(Clone, Debug)]
pub enum FilesAction {
    /// Asks for a picture file.
    OpenPictureDialog,
    /// Reads a picture and puts it on the canvas.
    OpenPicture(PathBuf),
    OpenMaskDialog,
    SaveMaskDialog,
    /// Reads a mask and puts it over the canvas's picture.
    LoadMask(PathBuf),
    SaveMask(PathBuf),
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
    /// And there on the list of layers.
    DroppedOnLayers(PathBuf),
    /// Shows the file in the system's file manager.
    Reveal(PathBuf),
    Trash(PathBuf),
    /// Makes a larger picture of it, by the network that is chosen for that.
    Upscale(PathBuf),
    /// It was read.
    ReadyToUpscale(Box<UpscaleRequest>),
    /// It was not.
    NotRead(String),
    /// Enlarges with this network from now on.
    UseUpscaler(PathBuf),
    /// Before it is really gone.
    TakeBack(PathBuf),
    /// Gives it a star, or takes that away.
    Star(PathBuf),
    OpenPicturesFolder,
    /// Shows the log's file.
    ShowLog,
}
