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

    /// What [`TimeEmbedder::forward`] is given; `guidance` for networks that embed it.
    ///
    /// # Errors
    /// When the pooled text is missing, or of another shape.
    pub(crate) fn inputs(
        &self,
        timestep: f64,
        rows: usize,
        guidance: Option<f64>,
        added: Option<&AddedConditioning>,
    ) -> Result<TimeInputs<Tensor>, ModelError> {
        let time = self.sinusoid.embed(&vec![timestep as f32; rows])?.unsqueeze(1)?;
        let guidance = self.guidance_width.zip(guidance).map(|(width, scale)| embed_guidance(scale, rows, width));
        let guidance = guidance.transpose()?.map(|guidance| guidance.unsqueeze(1)).transpose()?;
        let added = match &self.added {
            Some(embedder) => {
                let missing = || ModelError::Misfit("this UNet needs pooled text and size ids as well".to_owned());
                let added = added.ok_or_else(missing)?;
                let ids = embedder.sinusoid.embed(&added.time_ids)?.reshape((rows, ()))?;
                Some(Tensor::cat(&[&added.pooled_text, &ids], 1)?.unsqueeze(1)?)
            }
            None => None,
        };
        Ok(TimeInputs { time, guidance, added })
    }

    /// `(rows, 1, time_width)`
    ///
    /// # Errors
    /// When a shape is wrong, or the device is out of memory.
    pub(crate) fn forward(&self, given: TimeInputs<Feature>) -> Result<Feature, ModelError> {
        let time = self.embedding.forward_features(given.time, given.guidance.as_ref())?;
        match (&self.added, given.added) {
            (Some(embedder), Some(added)) => time.add(&embedder.embedding.forward_features(added, None)?),
            _ => Ok(time),
        }
    }
}

/// The time step, and what else goes into its embedding: `(rows, 1, width)` each.
pub(super) struct TimeInputs<T> {
    pub time: T,
    pub guidance: Option<T>,
    pub added: Option<T>,
}

impl TimeInputs<Tensor> {
    /// # Errors
    /// When the device is out of memory.
    pub(crate) fn upload(&self, execution: &Execution) -> Result<TimeInputs<Feature>, ModelError> {
        let up = |tensor: &Tensor| Feature::of_tokens(tensor, execution);
        Ok(TimeInputs {
            time: up(&self.time)?,
            guidance: self.guidance.as_ref().map(up).transpose()?,
            added: self.added.as_ref().map(up).transpose()?,
        })
    }

    /// As many from elsewhere.
    pub(crate) fn placed<T>(
        &self,
        mut next: impl FnMut() -> Result<T, ModelError>,
    ) -> Result<TimeInputs<T>, ModelError> {
        Ok(TimeInputs {
            time: next()?,
            guidance: self.guidance.is_some().then(&mut next).transpose()?,
            added: self.added.is_some().then(&mut next).transpose()?,
        })
    }
}
