//! What a UNet, and a ControlNet, makes of the time step: its embedding, with SDXL's pooled text and size ids.

use candle_core::Tensor;

use super::ModelError;
use super::feature::{Execution, Feature};
use super::timestep::{Sinusoid, TimestepEmbedding, embed_guidance};
use super::weights::Scope;
use crate::checkpoint::UnetConfig;

/// SDXL's second conditioning.
#[derive(Clone, Debug)]
pub struct AddedConditioning {
    /// `(batch, pooled_width)`
    pub pooled_text: Tensor,
    /// Original height and width, crop top and left, target height and width, for each of the batch.
    pub time_ids: Vec<f32>,
}

struct AddedEmbedder {
    sinusoid: Sinusoid,
    embedding: TimestepEmbedding,
}

pub(super) struct TimeEmbedder {
    sinusoid: Sinusoid,
    embedding: TimestepEmbedding,
    added: Option<AddedEmbedder>,
    guidance_width: Option<usize>,
}

impl TimeEmbedder {
    pub(crate) fn new(root: &Scope, config: &UnetConfig) -> Result<Self, ModelError> {
        let first = config.blocks[0].channels;
        let sinusoid = |dimension| Sinusoid {
            dimension,
            cosine_first: config.cosine_first,
            frequency_shift: config.frequency_shift,
        };
        let added = config.added.as_ref().map(|added| -> Result<_, ModelError> {
            let embedding = TimestepEmbedding::new(&root.at("add_embedding"), added.width, config.time_width(), None)?;
            Ok(AddedEmbedder { sinusoid: sinusoid(added.time_width), embedding })
        });
        let width = config.guidance_width;
        Ok(Self {
            sinusoid: sinusoid(first),
            embedding: TimestepEmbedding::new(&root.at("time_embedding"), first, config.time_width(), width)?,
            added: added.transpose()?,
            guidance_width: width,
        })
    }

    /// `(rows, 1, time_width)`; `guidance` for networks that embed it.
    pub(crate) fn embed(
        &self,
        timestep: f64,
        rows: usize,
        guidance: Option<f64>,
        added: Option<&AddedConditioning>,
        execution: &Execution,
    ) -> Result<Feature, ModelError> {
        let time = self.sinusoid.embed(&vec![timestep as f32; rows])?;
        let guidance = self.guidance_width.zip(guidance).map(|(width, scale)| embed_guidance(scale, rows, width));
        let time = self.embedding.forward(&time, guidance.transpose()?.as_ref(), execution)?;
        let Some(embedder) = &self.added else { return Ok(time) };
        let missing = || ModelError::Misfit("this UNet needs pooled text and size ids as well".to_owned());
        let added = added.ok_or_else(missing)?;
        let ids = embedder.sinusoid.embed(&added.time_ids)?.reshape((rows, ()))?;
        let both = Tensor::cat(&[&added.pooled_text, &ids], 1)?;
        time.add(&embedder.embedding.forward(&both, None, execution)?)
    }
}
