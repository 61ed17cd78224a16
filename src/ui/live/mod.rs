//! Live painting: at each pause of the hand the picture is drawn anew, beside the drawing or over it.

pub(super) mod pace;
pub(super) mod state;
pub(super) mod view;
