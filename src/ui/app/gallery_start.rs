//! What the gallery is asked for when the window opens.

use crate::store::settings::Settings;
use crate::store::worker::{GalleryCommand, StoreCommand, StoreHandle};

/// Asks for everything that the gallery needs at the start.
pub(super) fn open(store: &StoreHandle, settings: &Settings) {
    if let Some(folder) = settings.preferences.saving.folder.clone() {
        store.send(StoreCommand::UsePicturesFolder(folder));
    }
    let ask = |command| store.send(StoreCommand::OfGallery(command));
    if !settings.gallery_folders.is_empty() {
        ask(GalleryCommand::Watch(settings.gallery_folders.clone()));
    }
    ask(GalleryCommand::OpenLabels);
    store.send(StoreCommand::ScanGallery);
}

/// "Pictures / Inkwick": enough to find it, short enough to read.
pub(super) fn folder_text(folder: &std::path::Path) -> String {
    let names: Vec<_> = folder.iter().map(|name| name.to_string_lossy()).collect();
    names[names.len().saturating_sub(2)..].join(" / ")
}
