//! Settings in the pictures of other programs: one file for each program, and `detect` to tell them apart.

mod automatic1111;
mod comfy_graph;
mod comfy_model;
mod comfy_ui;
mod comfy_values;
mod comfy_widgets;
mod comfy_words;
mod detect;
mod draw_things;
mod fields;
mod fooocus;
pub(crate) mod infotext;
mod invoke_ai;
mod invoke_ai_2;
mod krita;
mod loose;
mod mochi;
mod novel_ai;
mod program;
mod repainting;
mod report;
pub(crate) mod sampler;
mod stable_diffusion_cpp;
mod stealth;
mod swarm_ui;
pub(crate) mod texts;
mod told;
mod xmp;

pub(crate) use automatic1111::read as of_parameters;
pub use detect::{told_by, told_by_hidden};
pub use program::Program;
pub(crate) use stealth::hidden_text;
pub use texts::Texts;
pub use told::{NamedLora, Told, bare_name};
