//! The pictures of a grid as one, with its labels in the window's letters. Takes longer than a frame.

use std::sync::Arc;

use super::lettering::Letters;
use crate::raster::{ContactSheet, Picture};

/// Row by row; `None` where no cell has a picture.
#[must_use]
pub(crate) fn composed(cells: &[Option<Arc<Picture>>], across: &[String], down: &[String]) -> Option<Picture> {
    let mut letters = Letters::new();
    ContactSheet { cells, across, down }.picture(&mut |text, size_px, most_px| letters.line(text, size_px, most_px))
}
