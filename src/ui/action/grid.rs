//! What can be asked of grids: pictures over one or two settings.

use std::path::PathBuf;
use std::sync::Arc;

use super::Press;
use crate::job::Request;
use crate::raster::Picture;

#[derive(Clone, Debug)]
pub enum GridAction {
    /// Shows the sheet on which one is written.
    Open,
    /// Draws what the sheet says.
    Make,
    /// The canvas is in the request that all cells begin with; nothing where it could not be read.
    BaseReady { press: Press, request: Option<Box<Request>> },
    /// All cells are on one picture; nothing where that broke.
    Composed { press: Press, picture: Option<Arc<Picture>> },
    /// The LoRA whose weight an axis goes over.
    ChooseLora(PathBuf),
}
