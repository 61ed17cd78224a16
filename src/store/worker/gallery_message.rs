//! What the window asks of the gallery's pictures besides looking at them: families, labels, filters, copies.

use std::path::PathBuf;
use std::sync::Arc;

use crate::job::Request;
use crate::store::pictures::export::{ExportOrder, Exported};
use crate::store::pictures::index::Facets;
use crate::store::pictures::labels::{LabelChange, Labels};

/// What the window asks for.
#[derive(Clone, Debug)]
pub enum GalleryCommand {
    /// Looks through these folders of other programs too, from the next listing on.
    Watch(Vec<PathBuf>),
    /// What a picture was made from, and what was made from it; answered by [`GalleryEvent::Family`].
    FindFamily(PathBuf),
    /// Answered by [`GalleryEvent::Labels`].
    OpenLabels,
    /// Changes them in their file; answered by all labels as they are then.
    Label(LabelChange),
    /// Of pictures that are gone; answered like it.
    ForgetLabels(Vec<PathBuf>),
    /// Answered by [`GalleryEvent::Facets`].
    ListFacets,
    /// Writes copies; answered by [`GalleryEvent::Exporting`] and, at the end, [`GalleryEvent::Exported`].
    Export(Box<ExportOrder>),
}

/// What comes back.
#[derive(Debug)]
pub enum GalleryEvent {
    Family {
        of: PathBuf,
        from: Option<Relative>,
        made: Vec<Relative>,
    },
    Labels(Arc<Labels>),
    Facets(Facets),
    /// So many are written.
    Exporting {
        done: usize,
        asked: usize,
    },
    Exported(Exported),
}

/// A picture of another's family.
#[derive(Clone, Debug)]
pub struct Relative {
    pub file: PathBuf,
    /// How it was made, and how much anew, where its file says so.
    pub request: Option<Box<Request>>,
    pub strength: Option<f64>,
}
