//! What the gallery's commands do (see `gallery_message`).

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::job::JobError;
use crate::store::pictures::export;
use crate::store::pictures::gallery::Gallery;
use crate::store::pictures::labels::{Labels, LabelsError};
use crate::store::pictures::metadata::settings_in;
use crate::store::worker::gallery_message::{GalleryCommand, GalleryEvent, Relative};
use crate::store::worker::message::StoreEvent;
use crate::store::worker::tasks::Tasks;

impl Tasks {
    pub(super) fn answer_of_gallery(
        &mut self,
        command: GalleryCommand,
        post: &mut dyn FnMut(StoreEvent),
    ) -> Result<Option<GalleryEvent>, JobError> {
        Ok(Some(match command {
            GalleryCommand::Watch(folders) => {
                self.gallery = Gallery::new(&self.paths).watching(&folders);
                return Ok(None);
            }
            GalleryCommand::FindFamily(of) => self.family(of)?,
            GalleryCommand::OpenLabels => GalleryEvent::Labels(self.open_labels(post)),
            GalleryCommand::Label(change) => {
                GalleryEvent::Labels(self.change_labels(post, |labels| labels.change(&change))?)
            }
            GalleryCommand::ForgetLabels(gone) => GalleryEvent::Labels(self.change_labels(post, |labels| {
                labels.forget(&gone);
            })?),
            GalleryCommand::ListFacets => GalleryEvent::Facets(self.with_index(|index| index.facets())?),
            GalleryCommand::Export(order) => {
                let closing = Arc::clone(&self.closing);
                let asked = order.files.len();
                let mut report = |done| post(StoreEvent::OfGallery(GalleryEvent::Exporting { done, asked }));
                GalleryEvent::Exported(export::export(&order, &mut report, &|| closing.load(Ordering::Relaxed)))
            }
        }))
    }

    /// The labels as they were last, for a search that comes before anything else.
    pub(super) fn known_labels(&mut self) -> Arc<Labels> {
        if let Some(labels) = &self.labels {
            return Arc::clone(labels);
        }
        // What is wrong with the file is said where it is opened.
        let labels = Arc::new(Labels::load(&self.paths.labels_file()).unwrap_or_default());
        self.labels = Some(Arc::clone(&labels));
        labels
    }

    fn open_labels(&mut self, post: &mut dyn FnMut(StoreEvent)) -> Arc<Labels> {
        let labels = Labels::load(&self.paths.labels_file()).unwrap_or_else(|error| {
            post(StoreEvent::Problem(error.into()));
            Labels::default()
        });
        let labels = Arc::new(labels);
        self.labels = Some(Arc::clone(&labels));
        labels
    }

    /// In the file as it is now: another window may have changed it.
    fn change_labels(
        &mut self,
        post: &mut dyn FnMut(StoreEvent),
        change: impl FnOnce(&mut Labels),
    ) -> Result<Arc<Labels>, JobError> {
        let path = self.paths.labels_file();
        let mut labels = match Labels::load(&path) {
            Ok(labels) => labels,
            // It was put aside: a new one is begun.
            Err(error @ LabelsError::Unreadable { .. }) => {
                post(StoreEvent::Problem(error.into()));
                Labels::default()
            }
            Err(error) => return Err(error.into()),
        };
        change(&mut labels);
        labels.save(&path)?;
        let labels = Arc::new(labels);
        self.labels = Some(Arc::clone(&labels));
        Ok(labels)
    }

    fn family(&mut self, of: PathBuf) -> Result<GalleryEvent, JobError> {
        let relative = |file: PathBuf| {
            let settings = settings_in::read(&file).ok().flatten();
            let strength = settings.as_ref().and_then(|settings| settings.strength);
            Relative { request: settings.map(|settings| Box::new(settings.request)), strength, file }
        };
        let settings = settings_in::read(&of).ok().flatten();
        let parent = settings.and_then(|settings| self.gallery.file_of(settings.request.made_from.as_deref()?));
        let from = parent.filter(|file| file.is_file()).map(relative);
        let made = match self.gallery.name_of(&of) {
            Some(name) => self.with_index(|index| index.made_from(&name))?,
            None => Vec::new(),
        };
        // The index may still know one that is gone.
        let made = made.into_iter().filter(|file| *file != of && file.is_file()).map(relative).collect();
        Ok(GalleryEvent::Family { of, from, made })
    }
}
