//! What a file dialog is opened for. The desktop's dialog and the sheet with a path field ask the same.

use std::path::{Path, PathBuf};

use crate::store::project::ENDING;

use super::{Action, FilesAction, GalleryAction, LayerAction, LibraryAction, NewLayer, SettingsAction, WordsAction};

/// A dialog that shall open. The window's owner takes these, because only it has the window's handle.
#[derive(Clone, Debug, PartialEq)]
pub enum DialogRequest {
    OpenPicture,
    OpenProject,
    SaveProject {
        /// Offered for the file, without the ending.
        name: String,
    },
    AddModel,
    AddModelFile,
    SaveAs {
        from: PathBuf,
    },
    /// The canvas as it is seen.
    SaveCanvas,
    OpenMask,
    /// A picture that becomes a layer.
    OpenLayer,
    /// A picture that the prompt speaks of.
    OpenReference,
    SaveMask,
    /// Where copies of pictures are written.
    ExportFolder,
    /// Another program's pictures.
    WatchFolder,
    /// Where new pictures go.
    PicturesFolder,
    /// A list of tags to complete.
    OpenTags,
}

impl DialogRequest {
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self {
            Self::OpenPicture => "Open a picture",
            Self::OpenProject => "Open a project",
            Self::SaveProject { .. } => "Save the project as",
            Self::AddModel => "Add a model folder",
            Self::AddModelFile => "Add a checkpoint, LoRA, VAE or embedding",
            Self::SaveAs { .. } => "Save the picture as",
            Self::SaveCanvas => "Save the canvas as",
            Self::OpenMask => "Load a mask (white is made anew)",
            Self::OpenLayer => "Add a picture as a layer",
            Self::OpenReference => "Add a reference picture",
            Self::SaveMask => "Save the mask as",
            Self::ExportFolder => "Export to a folder",
            Self::WatchFolder => "Add a folder of pictures",
            Self::PicturesFolder => "Folder for new pictures",
            Self::OpenTags => "Choose a list of tags",
        }
    }

    /// On the button that ends it.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self {
            Self::OpenPicture => "Open picture",
            Self::OpenProject => "Open project",
            Self::AddModel | Self::WatchFolder => "Add folder",
            Self::ExportFolder => "Choose folder",
            Self::AddModelFile => "Add file",
            Self::PicturesFolder => "Use this folder",
            Self::OpenMask => "Load mask",
            Self::OpenLayer => "Add layer",
            Self::OpenReference => "Add reference",
            Self::OpenTags => "Use this list",
            Self::SaveAs { .. } | Self::SaveCanvas | Self::SaveMask | Self::SaveProject { .. } => "Save",
        }
    }

    /// The name that a new file is offered, where one is written.
    #[must_use]
    pub fn file_name(&self) -> Option<String> {
        match self {
            Self::SaveAs { from } => {
                let name = from.file_name().map(|name| name.to_string_lossy().into_owned());
                Some(name.unwrap_or_else(|| "picture.png".into()))
            }
            Self::SaveProject { name } => Some(format!("{name}.{ENDING}")),
            Self::SaveCanvas => Some("canvas.png".into()),
            Self::SaveMask => Some("mask.png".into()),
            Self::OpenPicture
            | Self::OpenProject
            | Self::AddModel
            | Self::AddModelFile
            | Self::OpenMask
            | Self::OpenLayer
            | Self::OpenReference
            | Self::ExportFolder
            | Self::WatchFolder
            | Self::PicturesFolder
            | Self::OpenTags => None,
        }
    }

    /// What is done with the chosen path.
    #[must_use]
    pub fn chosen(&self, path: &Path) -> Action {
        let path = path.to_path_buf();
        match self {
            Self::OpenPicture => Action::Files(FilesAction::OpenPicture(path)),
            Self::OpenProject => Action::Files(FilesAction::OpenProject(path)),
            Self::SaveProject { .. } => Action::Files(FilesAction::SaveProjectAs(path)),
            Self::OpenMask => Action::Files(FilesAction::LoadMask(path)),
            Self::OpenLayer => Action::Layers(LayerAction::Add(NewLayer::OfFile(path, None))),
            Self::OpenReference => Action::Layers(LayerAction::Add(NewLayer::Reference(path))),
            Self::SaveMask => Action::Files(FilesAction::SaveMask(path)),
            Self::OpenTags => Action::Words(WordsAction::UseTags(path)),
            Self::SaveCanvas => Action::Files(FilesAction::SaveCanvas(path)),
            Self::PicturesFolder => Action::Settings(SettingsAction::PicturesFolder(path)),
            Self::AddModel | Self::AddModelFile => Action::Library(LibraryAction::AddModel(path)),
            Self::ExportFolder => Action::Gallery(GalleryAction::ExportTo(path)),
            Self::WatchFolder => Action::Gallery(GalleryAction::WatchFolder(path)),
            Self::SaveAs { from } => Action::Files(FilesAction::CopyFile { from: from.clone(), to: path }),
        }
    }
}
