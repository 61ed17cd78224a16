//! What can be asked for while one paints live.

use crate::job::Request;

#[derive(Clone, Debug)]
pub enum LiveAction {
    /// Begins to draw along with every pause of the hand, or ends it.
    Toggle,
    /// The result beside the drawing, or laid over it.
    TogglePlace,
    /// The canvas is put into one picture for the ask of this number.
    Ready { ask: u64, request: Box<Request> },
    /// It could not be.
    Failed { ask: u64 },
    /// Keeps the result: it joins the strip and the gallery.
    Keep,
    /// Makes the result the canvas's own picture.
    UseAsInput,
    /// Draws with the built-in model in four steps from now on.
    UseFewSteps,
}
