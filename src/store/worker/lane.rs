//! Which of the store's threads carries a command out.

use crate::store::worker::error::TaskError;
use crate::store::worker::gallery_message::GalleryCommand;
use crate::store::worker::message::StoreCommand;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// The canvas's steps and the settings: small, and lost if the program ends before they are written.
    Journal,
    /// Single files, and the pictures' own folder.
    Files,
    /// Whole folders of models, which may lie on a slow disk or be large.
    Scan,
    /// Reads the settings of every picture: minutes, the first time, for a hundred thousand.
    Index,
    /// Answers while somebody types.
    Search,
    /// Writes copies of many pictures.
    Export,
}

impl Lane {
    /// In the order of their discriminants.
    pub(crate) const ALL: [Self; 6] = [Self::Journal, Self::Files, Self::Scan, Self::Index, Self::Search, Self::Export];

    pub(crate) fn of(command: &StoreCommand) -> Self {
        use StoreCommand as C;
        match command {
            C::SaveSettings(_) | C::OpenCanvas | C::KeepSteps(_) => Self::Journal,
            // A scan of the gallery keeps its place behind the deleting of pictures, so that it lists none that is gone.
            C::ScanGallery
            | C::OfGallery(GalleryCommand::Watch(_))
            | C::LoadThumbnail(_)
            | C::LoadPicture(_)
            | C::DeletePictures(_)
            | C::SaveAs { .. }
            | C::Reveal(_)
            | C::RevealFolder(_)
            | C::FileModel { .. }
            | C::InspectFile(_)
            | C::ResolveReferences { .. }
            | C::ReadRequest { .. }
            | C::LoadMask(_)
            | C::SavePicture { .. }
            | C::KeepPicture { .. }
            | C::SaveCanvas { .. }
            | C::SaveMask { .. }
            | C::SaveProject { .. }
            | C::OpenProject(_)
            | C::SaveKeys { .. }
            // Every lane is told; this is the one that lists.
            | C::UsePicturesFolder(_) => Self::Files,
            C::IndexGallery => Self::Index,
            C::OfGallery(GalleryCommand::Export(_)) => Self::Export,
            // The index answers, and what is labelled is found by the next search.
            C::SearchGallery(_)
            | C::OfGallery(
                GalleryCommand::FindFamily(_)
                | GalleryCommand::OpenLabels
                | GalleryCommand::Label(_)
                | GalleryCommand::ForgetLabels(_)
                | GalleryCommand::ListFacets,
            ) => Self::Search,
            // A whole gallery may be asked for: it must not hold up a picture that is opened.
            C::DescribePictures(_)
            | C::LoadResults(_)
            | C::ListModels { .. }
            | C::ReadWords { .. }
            | C::KeepStyle(_)
            | C::ForgetStyle(_)
            | C::ReadTriggerWords(_)
            | C::InspectModel(_)
            | C::FindUnfinished
            | C::DiscardDownload(_) => Self::Scan,
        }
    }

    /// Which others have to know of it too.
    pub(crate) fn also(command: &StoreCommand) -> &'static [Self] {
        match command {
            // Each thread has a gallery of its own.
            StoreCommand::OfGallery(GalleryCommand::Watch(_)) | StoreCommand::UsePicturesFolder(_) => {
                &[Self::Journal, Self::Scan, Self::Index, Self::Search, Self::Export]
            }
            _ => &[],
        }
    }

    pub(crate) fn thread_name(self) -> &'static str {
        match self {
            Self::Journal => "inkwick-journal",
            Self::Files => "inkwick-store",
            Self::Scan => "inkwick-scan",
            Self::Index => "inkwick-index",
            Self::Search => "inkwick-search",
            Self::Export => "inkwick-export",
        }
    }

    /// What is reported when a task has ended in a panic.
    pub(crate) fn panicked(self) -> TaskError {
        match self {
            Self::Journal => TaskError::JournalPanic,
            Self::Files | Self::Scan | Self::Index | Self::Search | Self::Export => TaskError::FilePanic,
        }
    }
}
