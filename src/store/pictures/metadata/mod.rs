//! How a picture was made, in its file: written as text that other programs read too, and read wherever it stands.

pub(crate) mod comment_letters;
pub(crate) mod exif;
pub(crate) mod iptc;
pub mod parameters;
pub(crate) mod parameters_inpaint;
mod png_chunk;
pub(crate) mod png_controls;
pub(crate) mod png_latents;
pub(crate) mod png_mask;
pub(crate) mod png_text;
pub mod settings_in;
pub(crate) mod xmp;
