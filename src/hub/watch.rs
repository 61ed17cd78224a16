//! Who watches a download, and may stop it at any moment: also while nothing comes over the connection.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use super::{DownloadError, DownloadProgress, OnProgress};

/// How often it is asked whether to go on.
const ASKED_EVERY: Duration = Duration::from_millis(200);
/// How many bytes come between two reports.
const REPORTED_BYTES: u64 = 1 << 16;

pub(super) struct Watch<'a> {
    on_progress: RefCell<OnProgress<'a>>,
    progress: RefCell<DownloadProgress>,
    /// Bytes of the files that are whole.
    whole: Cell<u64>,
    reported: Cell<u64>,
}

impl<'a> Watch<'a> {
    pub(crate) fn new(on_progress: OnProgress<'a>) -> Self {
        let progress = DownloadProgress { file: String::new(), bytes_done: 0, bytes_total: 0 };
        Self {
            on_progress: RefCell::new(on_progress),
            progress: RefCell::new(progress),
            whole: Cell::new(0),
            reported: Cell::new(0),
        }
    }

    /// All that will be there in the end.
    pub(crate) fn expect(&self, bytes_total: u64) {
        self.progress.borrow_mut().bytes_total = bytes_total;
    }

    /// So much of a file is there.
    ///
    /// # Errors
    /// When it shall not go on.
    pub(crate) fn at(&self, file: &str, bytes: u64) -> Result<(), DownloadError> {
        let done = self.whole.get().saturating_add(bytes);
        {
            let mut progress = self.progress.borrow_mut();
            if progress.file != file {
                file.clone_into(&mut progress.file);
            }
            progress.bytes_done = done.min(progress.bytes_total);
        }
        // Connections bring blocks of a few kilobytes, thousands a second.
        if done.abs_diff(self.reported.get()) < REPORTED_BYTES {
            return Ok(());
        }
        self.reported.set(done);
        if self.goes_on() { Ok(()) } else { Err(DownloadError::Stopped) }
    }

    pub(crate) fn file_is_whole(&self, bytes: u64) {
        self.whole.set(self.whole.get().saturating_add(bytes));
    }

    /// Ends when the download shall not go on.
    pub(crate) async fn stopped(&self) {
        while self.goes_on() {
            tokio::time::sleep(ASKED_EVERY).await;
        }
    }

    fn goes_on(&self) -> bool {
        (self.on_progress.borrow_mut())(&self.progress.borrow())
    }
}
