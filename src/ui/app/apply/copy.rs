//! Copies the picture that is seen, or what is masked of the canvas.

use std::path::PathBuf;
use std::sync::Arc;

use egui::ColorImage;

use crate::canvas::Snapshot;
use crate::raster::Picture;
use crate::ui::action::{Action, CanvasAction, FilesAction};
use crate::ui::app::studio::Studio;

impl Studio {
    /// Puts files on the clipboard. The desktop may take its time.
    pub(super) fn copy_files(&self, files: Vec<PathBuf>) {
        let copy = self.services.copy_files.clone();
        let failed = FilesAction::Copied(Err("The files could not be copied. Try again.".to_owned()));
        self.background.aside(Some(Action::Files(failed)), move || {
            Some(Action::Files(FilesAction::Copied(copy(&files).map(|()| files.len()))))
        });
    }

    /// Copies the picture that is seen, or, of the canvas, what is masked. Put together on the worker.
    pub(super) fn copy_shown(&self) {
        let (canvas, is_over) = (&self.state.canvas, self.state.is_over_canvas());
        let seen = self.state.shown_picture().filter(|_| is_over).cloned();
        let snapshot = (!is_over && canvas.has_picture()).then(|| canvas.document.snapshot());
        if seen.is_none() && snapshot.is_none() {
            return;
        }
        self.background.queue(None, move || {
            let picture = seen.or_else(|| copied(&snapshot?))?;
            let size = [picture.width() as usize, picture.height() as usize];
            let image = ColorImage::from_rgba_unmultiplied(size, picture.rgba());
            Some(Action::Canvas(CanvasAction::Copied(Arc::new(image))))
        });
    }
}

/// The canvas's picture, or what is masked of it, as softly as it is masked.
fn copied(canvas: &Snapshot) -> Option<Arc<Picture>> {
    let whole = canvas.whole_picture()?;
    let mask = canvas.mask();
    let Some(rect) = mask.bounds() else { return Some(whole) };
    let mut rgba = Vec::with_capacity(rect.width() as usize * rect.height() as usize * 4);
    for y in rect.top..rect.bottom {
        let row = &whole.rgba()[y as usize * whole.width() as usize * 4..][..whole.width() as usize * 4];
        let part = &row[rect.left as usize * 4..rect.right as usize * 4];
        for (pixel, masked) in part.chunks_exact(4).zip(&mask.row(y)[rect.left as usize..]) {
            let alpha = u16::from(pixel[3]) * u16::from(*masked) / 255;
            rgba.extend([pixel[0], pixel[1], pixel[2], alpha as u8]);
        }
    }
    Picture::from_rgba(rect.width(), rect.height(), rgba).ok().map(Arc::new)
}
