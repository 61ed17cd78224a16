//! The pictures on disk as the right panel lists them: newest first, a heading for each day.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::job::{Picture, Request};

/// A saved picture.
#[derive(Clone, Debug)]
pub struct GalleryItem {
    pub file: PathBuf,
    /// "2026-05-03": its day's folder.
    pub day: String,
    /// Empty when the file tells nothing.
    pub prompt: String,
    /// The settings that made it, when the file tells them.
    pub request: Option<Request>,
}

/// The right panel.
#[derive(Default)]
pub struct GalleryState {
    /// Newest first.
    pub items: Vec<GalleryItem>,
    /// Small pictures that the store has sent. A file that was asked for and is not here yet is in `wanted`.
    pub thumbnails: HashMap<PathBuf, Arc<Picture>>,
    /// Files whose thumbnail the panel drew a slot for in this frame and has not got; `logic` asks the store.
    pub wanted: Vec<PathBuf>,
    /// Whether the first listing has arrived.
    pub listed: bool,
    /// Where the pictures are kept, as a person reads it: "Pictures / Inkwick".
    pub folder_text: String,
}

impl GalleryState {
    #[must_use]
    pub fn item(&self, file: &Path) -> Option<&GalleryItem> {
        self.items.iter().find(|item| item.file == file)
    }

    /// The days, newest first, each with its slice of `items`.
    pub fn days(&self) -> impl Iterator<Item = (&str, &[GalleryItem])> {
        self.items.chunk_by(|a, b| a.day == b.day).map(|items| (items[0].day.as_str(), items))
    }
}
