//! What can be asked for with files: pictures and masks that come and go, and what the system's file manager shows.

use std::path::PathBuf;

use crate::job::{Request, UpscaleRequest};

/// How a picture's latents are decoded once more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeChoice {
    pub file: PathBuf,
    pub in_single: bool,
    pub in_tiles: bool,
    /// `None` is the one that decoded it.
    pub vae: Option<PathBuf>,
}

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
    OpenProjectDialog,
    /// Reads a project and puts it in the place of the canvas and of what the panel says.
    OpenProject(PathBuf),
    /// What the prompt panel said before a project was opened.
    WordsBack,
    /// Writes it to its own file; without one that is asked for.
    SaveProject,
    SaveProjectAsDialog,
    SaveProjectAs(PathBuf),
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
    /// Puts the files themselves on the clipboard.
    Copy(Vec<PathBuf>),
    /// They are there; or one sentence why not.
    Copied(Result<usize, String>),
    /// And there on the list of layers.
    DroppedOnLayers(PathBuf),
    /// Shows the file in the system's file manager.
    Reveal(PathBuf),
    Trash(PathBuf),
    /// Makes a larger picture of it, by the network that is chosen for that.
    Upscale(PathBuf),
    /// It was read.
    ReadyToUpscale(Box<UpscaleRequest>),
    /// Asks how its kept latents shall be decoded once more.
    DecodeAgain(PathBuf),
    Decode(DecodeChoice),
    /// Its settings and latents were read.
    ReadyToDecode(Box<Request>),
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
