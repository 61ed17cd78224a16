//! The queue's panel, in the gallery's place: what is being made, what waits, what is done.

mod done;
mod header;
mod heading;
pub(super) mod menu;
pub(super) mod panel;
mod row;
pub(super) mod rows;
mod running;
pub(super) mod state;
