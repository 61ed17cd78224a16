//! What the denoiser works on where it is not the latents themselves: cells of neighbouring latent pixels, normed by
//! what the autoencoder has learnt of them.

use candle_core::{Device, Tensor};

use super::super::ModelError;
use super::super::layers::host_vector;
use super::super::weights::Scope;
use super::LatentDistribution;
use crate::checkpoint::VaeConfig;

pub(super) struct Cells {
    patch: usize,
    /// Mean and deviation of each channel of a cell, `(1, channels, 1, 1)`.
    statistics: Option<[Tensor; 2]>,
}

impl Cells {
    pub(super) fn new(at: &Scope, config: &VaeConfig) -> Result<Self, ModelError> {
        let channels = config.cell_channels();
        let statistics = config.statistics_eps.map(|eps| -> Result<_, ModelError> {
            let of = |name| host_vector(&at.at("bn").tensor(name, &[channels])?);
            let deviation: Vec<f32> =
                of("running_var")?.iter().map(|variance| (variance + eps as f32).sqrt()).collect();
            let row = |values| Tensor::from_vec(values, (1, channels, 1, 1), &Device::Cpu);
            Ok([row(of("running_mean")?)?, row(deviation)?])
        });
        Ok(Self { patch: config.patch, statistics: statistics.transpose()? })
    }

    pub(super) fn of(&self, found: LatentDistribution) -> Result<LatentDistribution, ModelError> {
        let LatentDistribution { mut mean, mut standard_deviation } = found;
        if self.patch > 1 {
            mean = gathered(&mean, self.patch)?;
            standard_deviation = gathered(&standard_deviation, self.patch)?;
        }
        if let Some([centre, deviation]) = &self.statistics {
            mean = mean.broadcast_sub(centre)?.broadcast_div(deviation)?;
            standard_deviation = standard_deviation.broadcast_div(deviation)?;
        }
        Ok(LatentDistribution { mean, standard_deviation })
    }

    /// The latents that the cells stand for.
    pub(super) fn latents(&self, cells: &Tensor) -> Result<Tensor, ModelError> {
        let latents = match &self.statistics {
            Some([centre, deviation]) => cells.broadcast_mul(deviation)?.broadcast_add(centre)?,
            None => cells.clone(),
        };
        Ok(if self.patch > 1 { spread(&latents, self.patch)? } else { latents })
    }
}

/// `(batch, channels, h, w)` to `(batch, channels · patch², h / patch, w / patch)`.
fn gathered(latents: &Tensor, patch: usize) -> Result<Tensor, candle_core::Error> {
    let (batch, channels, height, width) = latents.dims4()?;
    let (rows, columns) = (height / patch, width / patch);
    let parted = latents.reshape((batch * channels, rows, patch, columns, patch))?;
    parted.permute((0, 2, 4, 1, 3))?.reshape((batch, channels * patch * patch, rows, columns))
}

/// The way back.
fn spread(cells: &Tensor, patch: usize) -> Result<Tensor, candle_core::Error> {
    let (batch, channels, rows, columns) = cells.dims4()?;
    let channels = channels / (patch * patch);
    let parted = cells.reshape((batch * channels, patch, patch, rows, columns))?;
    parted.permute((0, 3, 1, 4, 2))?.reshape((batch, channels, rows * patch, columns * patch))
}
