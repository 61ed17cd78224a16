//! What the sheet of an export holds, and how far one is that is being written.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::store::pictures::picture_file::PictureFormat;
use crate::store::pictures::saving::Saving;

#[derive(Debug)]
pub struct ExportPanel {
    /// For the next one.
    pub files: Vec<PathBuf>,
    pub format: PictureFormat,
    /// Of a JPEG, 1 to 100.
    pub quality: u8,
    pub with_settings: bool,
    pub pattern: String,
    /// Where to, as it is written in the field.
    pub folder: String,
    pub running: Option<RunningExport>,
}

/// One that is being written.
#[derive(Debug)]
pub struct RunningExport {
    pub done: usize,
    pub asked: usize,
    pub cancelled: Arc<AtomicBool>,
}

impl Default for ExportPanel {
    fn default() -> Self {
        Self {
            files: Vec::new(),
            format: PictureFormat::Png,
            quality: Saving::DEFAULT_QUALITY,
            with_settings: true,
            pattern: "{date} {name}".into(),
            folder: String::new(),
            running: None,
        }
    }
}
