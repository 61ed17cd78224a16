//! The left panel: the prompt, the model, and everything that goes into the next request.

pub(crate) mod estimate;
pub(crate) mod fields;
pub mod inpaint;
pub(crate) mod loras;
pub(crate) mod memory;
pub(crate) mod model_box;
pub(crate) mod panel;
pub(crate) mod places;
pub(crate) mod sampling;
pub(crate) mod size;
pub mod state;
pub(crate) mod token_count;
pub(crate) mod words;
