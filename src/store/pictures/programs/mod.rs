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
mod novel_ai_emphasis;
mod picture_settings;
mod program;
mod repainting;
mod report;
pub(crate) mod sampler;
mod stable_diffusion_cpp;
mod stealth;
mod swarm_ui;
pub(crate) mod texts;

pub(crate) use automatic1111::read as of_parameters;
pub use detect::{settings_of, settings_of_hidden};
pub use picture_settings::{NamedLora, PictureSettings, bare_name};
pub use program::Program;
pub(crate) use stealth::hidden_text;
pub use texts::Texts;
