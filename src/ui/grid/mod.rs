//! Grids: pictures over one or two settings, as jobs and as one labelled picture.

pub(crate) mod composed;
mod lettering;
pub(crate) mod sheet;
pub(crate) mod state;
