//! What some UNets are given as further channels of their input: a mask and the masked picture (9 channels), or the
//! picture that an instruction changes (8 channels, "`InstructPix2Pix`: Learning to Follow Image Editing Instructions").

use candle_core::Tensor;

use super::PipelineError;
use super::conditioning::Conditioning;
use crate::model::AddedConditioning;

pub(super) enum ConcatConditioning {
    /// `(1, 1 + latent_channels, height, width)`, the same for every row.
    Mask(Tensor),
    /// `(rows, latent_channels, height, width)`: with guidance nothing, the picture, the picture.
    Picture { latents: Tensor, guidance: f64 },
}

impl ConcatConditioning {
    /// `input` `(rows, channels, height, width)` with the further channels behind its own.
    pub(crate) fn append(&self, input: &Tensor) -> Result<Tensor, PipelineError> {
        let rows = input.dim(0)?;
        Ok(match self {
            Self::Mask(given) => Tensor::cat(&[input, &given.repeat((rows, 1, 1, 1))?], 1)?,
            Self::Picture { latents, .. } => Tensor::cat(&[input, latents], 1)?,
        })
    }

    /// The picture for `conditioning`, which becomes three rows where both guidances are on (neither prompt nor picture,
    /// the picture alone, both), and one where they are not.
    pub(crate) fn picture(
        latents: &Tensor,
        conditioning: &mut Conditioning,
        guidance: f64,
    ) -> Result<Self, PipelineError> {
        let pair = conditioning.context.dim(0)? == 2;
        let rows: &[u32] = match (pair, guidance >= 1.0) {
            (true, true) => &[0, 0, 1],
            (true, false) => &[1],
            (false, _) => &[0],
        };
        conditioning.pick(rows)?;
        let latents = if rows.len() == 3 {
            Tensor::cat(&[&latents.zeros_like()?, latents, latents], 0)?
        } else {
            latents.clone()
        };
        Ok(Self::Picture { latents, guidance })
    }

    /// One answer out of three.
    pub(crate) fn guided_three_ways(&self, output: &[f32], guidance: f32) -> Vec<f32> {
        let image_guidance = match self {
            Self::Picture { guidance, .. } => *guidance as f32,
            Self::Mask(_) => 1.0,
        };
        let (nothing, rest) = output.split_at(output.len() / 3);
        let (picture, both) = rest.split_at(rest.len() / 2);
        nothing
            .iter()
            .zip(picture)
            .zip(both)
            .map(|((nothing, picture), both)| {
                nothing + guidance * (both - picture) + image_guidance * (picture - nothing)
            })
            .collect()
    }
}

impl Conditioning {
    /// Keeps these rows, in this order.
    fn pick(&mut self, rows: &[u32]) -> Result<(), PipelineError> {
        let index = Tensor::new(rows, self.context.device())?;
        self.context = self.context.index_select(&index, 0)?;
        if let Some(added) = &mut self.added {
            let ids = added.time_ids.len() / added.pooled_text.dim(0)?;
            let picked = rows.iter().flat_map(|row| &added.time_ids[*row as usize * ids..][..ids]);
            *added = AddedConditioning {
                time_ids: picked.copied().collect(),
                pooled_text: added.pooled_text.index_select(&index, 0)?,
            };
        }
        Ok(())
    }
}
