//! The pictures of this session, and the strip that shows them.

pub mod candidate;
mod captions;
pub(crate) mod figures;
pub(crate) mod picture_menu;
pub(crate) mod strip;
