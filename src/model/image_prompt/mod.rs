//! Pictures as prompts: an image encoder, and adapters that make tokens of what it sees, with a key and a value of their own
//! in each cross-attention.

mod adapter;
mod encoder;
mod resampler;

pub(crate) use adapter::KeyValue;
pub use adapter::{ImageLayers, IpAdapter};
pub use encoder::{ImageEmbedding, ImageEncoder};
