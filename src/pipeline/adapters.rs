//! What is laid over a model while it is read: another VAE, LoRAs, and words with embeddings of their own.

use std::path::PathBuf;

use super::load::OnLoading;
use super::networks::NetworkSlot;
use super::{Pipeline, PipelineError};
use crate::checkpoint::Lora;
use crate::job::{EmbeddingRef, LoraRef, MemoryMode, Request};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Adapters {
    /// A VAE file instead of the model's own.
    pub vae: Option<PathBuf>,
    /// Whether memory is spent for speed.
    pub memory: MemoryMode,
    /// Laid over text encoders and UNet, in this order.
    pub loras: Vec<LoraRef>,
    /// Words that the text encoders learn.
    pub embeddings: Vec<EmbeddingRef>,
}

impl Adapters {
    /// Those that a request asks for.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        Self {
            vae: request.vae.clone(),
            memory: request.compute.memory,
            loras: request.loras.clone(),
            embeddings: request.embeddings.clone(),
        }
    }
}

impl Pipeline {
    /// Lays other LoRAs and embeddings over the networks: only layers that they touch, or touched before, are read again.
    /// What they are laid over now is given up first, so the pipeline is gone after an error.
    ///
    /// # Errors
    /// As for loading.
    pub fn with_adapters(mut self, adapters: &Adapters, on_loading: OnLoading) -> Result<Self, PipelineError> {
        (self.text, self.unet) = (NetworkSlot::OnDemand, NetworkSlot::OnDemand);
        self.source.adapters = adapters.clone();
        self.loras = self.source.loras()?;
        if !self.source.sequential_offload {
            self.text = NetworkSlot::Kept(self.source.read_text(&self.loras, on_loading)?);
            self.unet = NetworkSlot::Kept(self.source.read_unet(&self.loras, on_loading)?);
            self.loras.iter().try_for_each(Lora::finish)?;
        }
        Ok(self)
    }
}
