//! What changes a model while it is read: another VAE, LoRAs, and embeddings (textual inversion).

use std::path::PathBuf;

use crate::job::{EmbeddingRef, LoraRef, Request};

/// What is applied to a model's weights as they are read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Adapters {
    /// A VAE file instead of the model's own.
    pub vae: Option<PathBuf>,
    /// Patches of text encoders and UNet, in this order.
    pub loras: Vec<LoraRef>,
    /// Words that the text encoders learn, by textual inversion.
    pub embeddings: Vec<EmbeddingRef>,
}

impl Adapters {
    /// Those that a request asks for.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        Self { vae: request.vae.clone(), loras: request.loras.clone(), embeddings: request.embeddings.clone() }
    }
}
