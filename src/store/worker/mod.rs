//! The store's thread: all file work of the window happens there, so that the window never waits for a disk.
//!
//! Commands go in through [`StoreHandle::send`], events come out of [`StoreHandle::try_recv`]; neither ever blocks.

mod pending;
mod tasks;

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::keys::KeyNames;
use super::paths::Paths;
use super::settings::Settings;
use crate::canvas::{Document, Record};
use crate::job::Request;
use crate::job::Wake;
use crate::mask::MaskPlane;
use crate::raster::Picture;
use crate::store::models::entry::ModelEntry;
use crate::store::models::inspection::Inspection;
use crate::store::pictures::gallery::GalleryDay;
use crate::store::worker::pending::{Pending, Task};
use crate::store::worker::tasks::Tasks;

/// The longer side of every thumbnail: sharp on a doubled screen in a panel of two columns.
pub const THUMBNAIL_SIDE_PX: u32 = 256;

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
    /// The newest request is met first; see [`StoreEvent::ThumbnailsSkipped`].
    LoadThumbnail(PathBuf),
    LoadPicture(PathBuf),
    /// Moves them to the system's trash.
    DeletePictures(Vec<PathBuf>),
    SaveAs {
        from: PathBuf,
        to: PathBuf,
    },
    /// Shows the file in the system's file manager.
    Reveal(PathBuf),
    ListModels {
        known: Vec<PathBuf>,
    },
    /// Looks whether a folder or file is a model; other files that go with models are filed where they belong.
    InspectModel(PathBuf),
    /// Only tells what a file is.
    InspectFile(PathBuf),
    ReadRequest(PathBuf),
    LoadMask(PathBuf),
    /// Writes a picture as its name's ending says.
    SavePicture {
        to: PathBuf,
        picture: Arc<Picture>,
    },
    SaveMask {
        to: PathBuf,
        mask: Arc<MaskPlane>,
    },
    /// Writes the keys' file if there is none, and shows it.
    ShowKeysFile {
        path: PathBuf,
        usual: KeyNames,
    },
    /// Opens the canvas's journal; answered by [`StoreEvent::Canvas`].
    OpenCanvas,
    /// Adds steps to it.
    KeepSteps(Vec<Record>),
}

/// What comes back. Every `String` is one sentence for a person.
#[derive(Debug)]
pub enum StoreEvent {
    /// Newest day first.
    Gallery(Vec<GalleryDay>),
    Thumbnail {
        path: PathBuf,
        picture: Result<Arc<Picture>, String>,
    },
    /// So many thumbnails were asked for since that these were given up; ask again when they are seen.
    ThumbnailsSkipped(Vec<PathBuf>),
    Picture {
        path: PathBuf,
        picture: Result<Arc<Picture>, String>,
        /// How it was made, if the file tells.
        request: Option<Box<Request>>,
    },
    /// Those that are in the trash now.
    Deleted(Vec<PathBuf>),
    SavedAs(PathBuf),
    /// The built-in one first.
    Models(Vec<ModelEntry>),
    Model(Box<ModelEntry>),
    /// A folder that is no model, with so many files and folders inside that may be.
    FolderAdded {
        folder: PathBuf,
        models: usize,
    },
    /// What a file is that is no model by itself, and what became of it.
    Inspected(Box<Inspection>),
    Request {
        path: PathBuf,
        request: Option<Box<Request>>,
        painted: Option<Box<Painted>>,
    },
    Mask {
        path: PathBuf,
        mask: Result<MaskPlane, String>,
    },
    /// As it was left, or empty.
    Canvas(Box<Document>),
    Problem(String),
}

/// The one way to the store. Dropping it writes what is waiting to be written and waits for the thread.
pub struct StoreHandle {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    pending: Mutex<Pending>,
    arrived: Condvar,
    events: Mutex<VecDeque<StoreEvent>>,
    wake: Wake,
}

impl StoreHandle {
    /// Starts the thread. `wake` is called on it after every event.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(paths: Paths, wake: Wake) -> io::Result<Self> {
        let shared =
            Arc::new(Shared { pending: Mutex::default(), arrived: Condvar::new(), events: Mutex::default(), wake });
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("inkwick-store".into())
            .spawn(move || for_thread.work(&mut Tasks::new(paths)))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Asks for something. Never waits for the disk.
    pub fn send(&self, command: StoreCommand) {
        self.shared.pending().push(command);
        self.shared.arrived.notify_one();
    }

    /// The next event, if there is one.
    #[must_use]
    pub fn try_recv(&self) -> Option<StoreEvent> {
        self.shared.events().pop_front()
    }
}

impl Drop for StoreHandle {
    fn drop(&mut self) {
        self.shared.pending().close();
        self.shared.arrived.notify_one();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's thread ended in a panic");
        }
    }
}

impl Shared {
    fn work(&self, tasks: &mut Tasks) {
        while let Some(task) = self.wait_for_task() {
            let sentence = "something broke inside while a file was worked on; try it again, or leave that file out";
            // A decoder that breaks on one file must not take the settings with it.
            let outcome = catch_unwind(AssertUnwindSafe(|| tasks.run(task, &mut |event| self.post(event))));
            if outcome.is_err() {
                self.post(StoreEvent::Problem(sentence.into()));
            }
        }
    }

    /// `None` when the handle is gone and nothing is left to do.
    fn wait_for_task(&self) -> Option<Task> {
        let mut pending = self.pending();
        loop {
            let task = pending.next();
            if task.is_some() || pending.is_closed() {
                return task;
            }
            pending = self.arrived.wait(pending).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn post(&self, event: StoreEvent) {
        self.events().push_back(event);
        (self.wake)();
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn events(&self) -> MutexGuard<'_, VecDeque<StoreEvent>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
