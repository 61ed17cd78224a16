//! What the window asks of the store, and what comes back.

use std::path::PathBuf;
use std::sync::Arc;

use crate::canvas::{Document, PictureLayer, Record};
use crate::job::{JobError, JobId, Notice, Request};
use crate::mask::MaskPlane;
use crate::raster::Picture;
use crate::store::keys::KeyNames;
use crate::store::models::entry::ModelEntry;
use crate::store::models::file::Shelf;
use crate::store::models::inspection::Inspection;
use crate::store::models::list::ModelList;
use crate::store::models::prompt_references::ReferenceError;
use crate::store::pictures::gallery::GalleryDay;
use crate::store::pictures::index::Found;
use crate::store::pictures::programs::PictureSettings;
use crate::store::pictures::saving::Saving;
use crate::store::project::Project;
use crate::store::settings::Settings;
use crate::store::unfinished::Unfinished;
use crate::store::words::{Style, Words};
use crate::store::worker::gallery_message::{GalleryCommand, GalleryEvent};

/// With what a picture in the gallery was painted.
#[derive(Clone, Debug)]
pub struct Painted {
    pub strength: Option<f64>,
    /// The mask and, of the same size, the picture that came of it.
    pub mask: Option<(MaskPlane, Arc<Picture>)>,
}

/// What the window asks for.
#[derive(Clone, Debug)]
pub enum StoreCommand {
    /// Only the newest of several waiting ones is written.
    SaveSettings(Box<Settings>),
    ScanGallery,
    /// Brings what is searched to what is listed; comes by itself with [`Self::ScanGallery`].
    IndexGallery,
    /// Answered by [`StoreEvent::Found`]; only the newest of several waiting ones is.
    SearchGallery(String),
    /// What else is done with the gallery.
    OfGallery(GalleryCommand),
    /// The newest request is met first; see [`StoreEvent::ThumbnailsSkipped`].
    LoadThumbnail(PathBuf),
    LoadPicture(PathBuf),
    /// The results that were left under the canvas; each is answered by [`StoreEvent::Result`].
    LoadResults(Vec<PathBuf>),
    /// Moves them to the system's trash.
    DeletePictures(Vec<PathBuf>),
    SaveAs {
        from: PathBuf,
        to: PathBuf,
        /// Whether the copy says how it was made.
        with_settings: bool,
    },
    /// Shows the file in the system's file manager.
    Reveal(PathBuf),
    /// Makes the folder if need be, and shows it there.
    RevealFolder(PathBuf),
    /// All models, and what else lies in the `known` folders; answered by [`StoreEvent::Models`].
    ListModels {
        known: Vec<PathBuf>,
    },
    /// What helps to write: LoRAs, embeddings, wildcards, styles, and the chosen list of tags or one that is found;
    /// answered by [`StoreEvent::Words`].
    ReadWords {
        folders: Vec<PathBuf>,
        tags: Option<PathBuf>,
    },
    /// Puts words with a name into the user's file.
    KeepStyle(Style),
    /// Takes those of this name out of it.
    ForgetStyle(String),
    /// Answered by [`StoreEvent::TriggerWords`].
    ReadTriggerWords(PathBuf),
    /// Looks whether a folder or file is a model; other files that go with models are filed where they belong.
    InspectModel(PathBuf),
    /// Files it as what a person says it is.
    FileModel {
        path: PathBuf,
        shelf: Shelf,
    },
    /// Only reports what a file is.
    InspectFile(PathBuf),
    /// Finds the LoRAs and embeddings that the prompts name, among the models folder's and those of `folders`. Goes before
    /// everything else that waits, since someone has pressed Generate.
    ResolveReferences {
        /// Given back with the answer.
        id: u64,
        request: Box<Request>,
        /// Of the batch that begins with the request.
        picture_count: u32,
        folders: Vec<PathBuf>,
    },
    /// Reads how a picture was made; the files that it names are looked for in the models folder and in `folders`.
    ReadRequest {
        path: PathBuf,
        folders: Vec<PathBuf>,
    },
    /// Reads how pictures were made, some at a time; answered by [`StoreEvent::Described`].
    DescribePictures(Vec<PathBuf>),
    LoadMask(PathBuf),
    /// Writes a picture as its name's ending says.
    SavePicture {
        to: PathBuf,
        picture: Arc<Picture>,
    },
    /// The same for the canvas: what was painted is put onto the picture here.
    SaveCanvas {
        to: PathBuf,
        picture: Box<PictureLayer>,
    },
    /// Puts a picture into the gallery; answered by [`StoreEvent::Kept`].
    KeepPicture {
        /// That made it, or another number of the asker's; given back with the answer.
        job: JobId,
        picture: Arc<Picture>,
        request: Box<Request>,
        /// How pictures are kept.
        saving: Box<Saving>,
    },
    /// Answered by [`StoreEvent::ProjectSaved`].
    SaveProject {
        to: PathBuf,
        project: Box<Project>,
    },
    /// Answered by [`StoreEvent::Project`].
    OpenProject(PathBuf),
    SaveMask {
        to: PathBuf,
        mask: Arc<MaskPlane>,
    },
    /// Writes the keys' file.
    SaveKeys {
        path: PathBuf,
        keys: KeyNames,
    },
    /// Pictures are in this folder from now on.
    UsePicturesFolder(PathBuf),
    /// Opens the canvas's journal; answered by [`StoreEvent::Canvas`].
    OpenCanvas,
    /// Adds steps to it.
    KeepSteps(Vec<Record>),
    /// Looks for downloads that earlier runs left unfinished; answered by [`StoreEvent::Unfinished`].
    FindUnfinished,
    /// Deletes what was fetched of an unfinished download; answered by [`StoreEvent::DownloadDiscarded`].
    DiscardDownload(String),
}

/// What comes back.
#[derive(Debug)]
pub enum StoreEvent {
    /// Newest day first.
    Gallery(Vec<GalleryDay>),
    /// More or other pictures can be found than before.
    Indexed,
    Found {
        /// As it was asked.
        text: String,
        /// `None` where the text says nothing that could be looked for.
        pictures: Option<Found>,
    },
    OfGallery(GalleryEvent),
    Thumbnail {
        path: PathBuf,
        picture: Result<Arc<Picture>, JobError>,
    },
    /// So many thumbnails were asked for since that these were given up; ask again when they are seen.
    ThumbnailsSkipped(Vec<PathBuf>),
    Picture {
        path: PathBuf,
        picture: Result<Arc<Picture>, JobError>,
        /// How it was made, if the file says so.
        settings: Option<Box<PictureSettings>>,
        /// What of the file is missing, or was left aside.
        notices: Vec<Notice>,
    },
    Result {
        path: PathBuf,
        /// With how it was made; nothing where the file is gone.
        found: Option<(Arc<Picture>, Box<Request>)>,
    },
    /// Those that are in the trash now.
    Deleted(Vec<PathBuf>),
    SavedAs(PathBuf),
    ProjectSaved {
        path: PathBuf,
        /// As it was written.
        project: Box<Project>,
    },
    Project {
        path: PathBuf,
        project: Result<Box<Project>, JobError>,
    },
    /// Where a kept picture lies, or why it is nowhere.
    Kept {
        job: JobId,
        file: Result<PathBuf, JobError>,
    },
    Models(ModelList),
    Words(Arc<Words>),
    /// The words that a LoRA was trained with; none where its file does not say.
    TriggerWords {
        lora: PathBuf,
        words: Vec<String>,
    },
    Model(Box<ModelEntry>),
    /// A folder that is no model, with so many files and folders inside that may be.
    FolderAdded {
        folder: PathBuf,
        models: usize,
    },
    /// What a file is that is no model by itself, and what became of it.
    Inspected(Box<Inspection>),
    /// A request for each picture with what its prompt names, and what of the prompts is read otherwise than they say.
    ReferencesResolved {
        id: u64,
        requests: Result<(Vec<Request>, Vec<Notice>), ReferenceError>,
    },
    Request {
        path: PathBuf,
        /// With its prompt, its program and what cannot be taken over.
        settings: Option<Box<PictureSettings>>,
        painted: Option<Box<Painted>>,
    },
    /// How pictures were made, where their files say so.
    Described(Vec<(PathBuf, Option<Box<Request>>)>),
    Mask {
        path: PathBuf,
        mask: Result<MaskPlane, JobError>,
        /// What of the file is missing, and what of it was taken for the mask.
        notices: Vec<Notice>,
    },
    /// As it was left, or empty.
    Canvas(Box<Document>),
    Unfinished(Vec<Unfinished>),
    DownloadDiscarded(String),
    Problem(JobError),
}
