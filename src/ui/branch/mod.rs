//! Going on from a step of a picture: its steps are looked through over the canvas, and one of them is where another picture
//! begins, with what the prompt panel says then.

pub(crate) mod decode_sheet;
pub(crate) mod state;
pub(crate) mod strip;
