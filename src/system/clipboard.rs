//! Files on the system's clipboard, to be pasted into a file manager or another program: egui's own holds texts and pictures.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use arboard::Clipboard;

/// Some systems ask who copied for the files when somebody pastes: it lives as long as the program.
static CLIPBOARD: Mutex<Option<Clipboard>> = Mutex::new(None);

/// May wait for the desktop.
///
/// # Errors
/// A sentence that says why there is no clipboard.
pub(crate) fn copy_files(files: &[PathBuf]) -> Result<(), String> {
    let mut held = CLIPBOARD.lock().unwrap_or_else(PoisonError::into_inner);
    let clipboard = match held.take() {
        Some(clipboard) => held.insert(clipboard),
        None => held.insert(Clipboard::new().map_err(|error| said(&error))?),
    };
    clipboard.set().file_list(files).map_err(|error| said(&error))
}

fn said(error: &arboard::Error) -> String {
    format!("The desktop's clipboard does not take files ({error}); “Reveal in folder” leads to them.")
}
