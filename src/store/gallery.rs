//! The finished pictures: one folder a day, `00001-SEED.png` inside, never written over.
//!
//! Looking through it reads names and times only, so that 20,000 pictures are listed at once.

use std::path::PathBuf;
use std::time::SystemTime;

/// One picture's file, as far as its name and the folder tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GalleryPicture {
    pub path: PathBuf,
    pub modified: SystemTime,
    /// From the name; files from elsewhere may have none.
    pub seed: Option<u64>,
}

/// A day's pictures, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GalleryDay {
    /// "2026-01-31", the folder's name.
    pub date: String,
    /// "Today", "Yesterday", or the date in words.
    pub title: String,
    pub pictures: Vec<GalleryPicture>,
}
