//! The KL autoencoder: pictures to latents and back ("Auto-Encoding Variational Bayes", as in latent diffusion).

mod cells;
mod halves;
mod quiet;

use candle_core::{DType, Tensor};

use super::feature::{Execution, Feature};
use super::layers::Conv1x1;
use super::tiles::{self, Own, Tiling};
use super::weights::Weights;
use super::{ForwardOptions, ModelError};
use crate::checkpoint::VaeConfig;
use cells::Cells;
use halves::{Decoder, Encoder, Fine};

/// Each round makes right what the norms before a norm did to its statistics; more than two change nothing one sees.
const GATHERING_ROUNDS: usize = 2;

/// What a picture becomes: a Gaussian over latents, each `(batch, cell_channels, height / f, width / f)`.
#[derive(Clone)]
pub struct LatentDistribution {
    pub mean: Tensor,
    pub standard_deviation: Tensor,
}

pub struct Vae {
    config: VaeConfig,
    execution: Execution,
    encoder: Encoder,
    decoder: Decoder,
    quant_conv: Option<Conv1x1>,
    post_quant_conv: Option<Conv1x1>,
    cells: Cells,
}

impl Vae {
    /// Builds the network from its weights, which must match the config exactly. One that would overflow in half precision on
    /// a device is made quieter inside.
    ///
    /// # Errors
    /// When they do not, or the device has no memory.
    pub fn new(config: VaeConfig, weights: Weights) -> Result<Self, ModelError> {
        let overflows = config.force_upcast && weights.dtype == DType::F16;
        let (config, weights) = match weights.execution() {
            Execution::Candle(_) if overflows => quiet::quietened(config, weights),
            _ => (config, weights),
        };
        Self::build(config, weights)
    }

    fn build(config: VaeConfig, weights: Weights) -> Result<Self, ModelError> {
        let root = weights.root();
        let latent = config.latent_channels;
        let vae = Self {
            execution: weights.execution().clone(),
            encoder: Encoder::new(&root.at("encoder"), &config)?,
            decoder: Decoder::new(&root.at("decoder"), &config)?,
            quant_conv: config
                .quant_conv
                .then(|| Conv1x1::new(&root.at("quant_conv"), 2 * latent, 2 * latent))
                .transpose()?,
            post_quant_conv: config
                .post_quant_conv
                .then(|| Conv1x1::new(&root.at("post_quant_conv"), latent, latent))
                .transpose()?,
            cells: Cells::new(&root, &config)?,
            config,
        };
        weights.finish()?;
        Ok(vae)
    }

    #[must_use]
    pub fn config(&self) -> &VaeConfig {
        &self.config
    }

    /// `picture` `(batch, 3, height, width)` in -1…1, on the host; with `tiling` its finest levels are worked through
    /// in tiles. The latents are not scaled yet.
    ///
    /// # Errors
    /// When the pass is cancelled, a shape is wrong, or the device has no memory.
    pub fn encode(
        &self,
        picture: &Tensor,
        tiling: Option<Tiling>,
        options: &ForwardOptions,
    ) -> Result<LatentDistribution, ModelError> {
        let moments = self.moments(picture, tiling, options)?;
        let halves = moments.chunk(2, 1)?;
        let log_variance = halves[1].clamp(-30f64, 20f64)?;
        let (mean, standard_deviation) = (halves[0].contiguous()?, (log_variance * 0.5)?.exp()?);
        self.cells.of(LatentDistribution { mean, standard_deviation })
    }

    /// Mean and logarithm of the variance, one after the other.
    fn moments(
        &self,
        picture: &Tensor,
        tiling: Option<Tiling>,
        options: &ForwardOptions,
    ) -> Result<Tensor, ModelError> {
        let longer = picture.dim(2)?.max(picture.dim(3)?);
        let of = |x: &Tensor| Feature::of_picture(x, &self.execution);
        let fine = match tiling.filter(|tiling| tiling.tile < longer) {
            Some(tiling) => of(&self.fine_in_tiles(&self.encoder, picture, tiling.tile, options)?)?,
            None => self.encoder.fine(of(picture)?, options)?,
        };
        let mut moments = self.encoder.coarse(fine, options)?;
        if let Some(quant) = &self.quant_conv {
            moments = quant.forward(&moments)?;
        }
        moments.picture()
    }

    /// `latent` `(batch, cell_channels, h, w)`, unscaled; gives `(batch, 3, h · f, w · f)` around -1…1. With `tiling`
    /// the finest levels are worked through in tiles.
    ///
    /// # Errors
    /// When the pass is cancelled, a shape is wrong, or the device has no memory.
    pub fn decode(
        &self,
        latent: &Tensor,
        tiling: Option<Tiling>,
        options: &ForwardOptions,
    ) -> Result<Tensor, ModelError> {
        let latent = &self.cells.latents(latent)?;
        let mut x = Feature::of_picture(latent, &self.execution)?;
        if let Some(convolution) = &self.post_quant_conv {
            x = convolution.forward(&x)?;
        }
        let coarse = self.decoder.coarse(&x, options)?;
        drop(x);
        let (_, _, height, width) = latent.dims4()?;
        let factor = self.config.factor() / self.config.patch;
        match tiling.filter(|tiling| tiling.tile < (height * factor).max(width * factor)) {
            Some(tiling) => self.fine_in_tiles(&self.decoder, &coarse.picture()?, tiling.tile, options),
            None => self.decoder.fine(coarse, options)?.picture(),
        }
    }

    /// The levels nearest to the picture, tile by tile. The norms' statistics are gathered first, roughly from a few of
    /// the pixels and then from all tiles; in the last round every tile is normalised as the part of the whole that it
    /// is.
    fn fine_in_tiles(
        &self,
        half: &dyn Fine,
        x: &Tensor,
        tile_px: usize,
        options: &ForwardOptions,
    ) -> Result<Tensor, ModelError> {
        let cut = half.cut(tile_px);
        let norms = half.fine_norms();
        let run = |tile: &Tensor| half.fine(Feature::of_picture(tile, &self.execution)?, options)?.picture();
        let gather = |tile: &Tensor, own: Own| {
            for norm in &norms {
                norm.gather(own);
            }
            run(tile)
        };
        let share = || {
            for norm in &norms {
                norm.share();
            }
        };
        let rounds = || {
            gather(&tiles::thinned_out(x, cut.tile)?, Own::WHOLE)?;
            share();
            for _ in 0..GATHERING_ROUNDS {
                tiles::in_tiles(x, cut, &gather)?;
                share();
            }
            tiles::in_tiles(x, cut, &|tile, _| run(tile))
        };
        let out = rounds();
        for norm in &norms {
            norm.end_sharing();
        }
        out
    }
}

/// A decoded picture's pixels as 8 bits: `(3, height, width)` around -1…1 to RGBA, opaque.
///
/// # Errors
/// When the tensor has another shape.
pub(crate) fn picture_from_tensor(decoded: &Tensor) -> Result<crate::raster::Picture, ModelError> {
    let (_, height, width) = decoded.dims3()?;
    let planes = decoded.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
    let area = height * width;
    let mut rgba = Vec::with_capacity(area * 4);
    for pixel in 0..area {
        for channel in 0..3 {
            // (x / 2 + 0.5) clamped, times 255, rounded half to even: diffusers' `numpy_to_pil`.
            let value = (planes[channel * area + pixel] / 2.0 + 0.5).clamp(0.0, 1.0);
            rgba.push((value * 255.0).round_ties_even() as u8);
        }
        rgba.push(255);
    }
    crate::raster::Picture::from_rgba(width as u32, height as u32, rgba)
        .map_err(|error| ModelError::Misfit(error.to_string()))
}
