//! Previews: a latent's picture by one small linear product, without the decoder.

use std::borrow::Borrow;

use candle_core::{Device, Tensor};
use image::imageops::FilterType;
use serde::Deserialize;

use super::PipelineError;
use crate::checkpoint::{ModelFiles, VaeConfig};
use crate::model::{ForwardOptions, Vae};
use crate::raster::Picture;
use crate::sampling::{NoiseSource, TorchNoise};

/// `rgb = latent · factors + bias`, from *scaled* latents to -1…1.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct LatentRgb {
    factors: Vec<[f32; 3]>,
    #[serde(default)]
    bias: [f32; 3],
}

/// For the VAE of SD 1.x and 2.x (ComfyUI's `latent_formats.py`).
const SD: [[f32; 3]; 4] =
    [[0.3512, 0.2297, 0.3227], [0.3250, 0.4974, 0.2350], [-0.2829, 0.1762, 0.2721], [-0.2120, -0.2616, -0.7177]];
/// For SDXL's.
const XL: [[f32; 3]; 4] =
    [[0.3651, 0.4232, 0.4341], [-0.2533, -0.0042, 0.1068], [0.1076, 0.1111, -0.0362], [-0.3165, -0.2492, -0.2188]];
const XL_BIAS: [f32; 3] = [0.1084, -0.0175, -0.0011];

/// A preview has so many pixels across and down for each of the latent's, as far as its longer side allows: whoever shows it
/// larger does so by himself, and no step waits for pixels that nobody looks at.
const ENLARGED: usize = 4;
const LONGER_SIDE_PX: usize = 256;

/// What `sd-vae` and its fine-tunes look like, whatever they are called.
const KNOWN_BLOCKS: [usize; 4] = [128, 256, 512, 512];

impl LatentRgb {
    /// From the model's own `latent_rgb.json`, from the table for known VAEs, or fitted to a few decoded latents; only then the
    /// VAE is asked for.
    ///
    /// # Errors
    /// When the file is there and unreadable, or the decoder fails.
    pub(crate) fn of_model<V: Borrow<Vae>>(
        files: &ModelFiles,
        config: &VaeConfig,
        vae: impl FnOnce() -> Result<V, PipelineError>,
    ) -> Result<Self, PipelineError> {
        let channels = config.cell_channels();
        if let Some(own) = files.read_json::<Self>("latent_rgb.json")?
            && own.factors.len() == channels
        {
            return Ok(own);
        }
        if config.block_channels == KNOWN_BLOCKS && channels == 4 {
            let scale = config.scale;
            if (scale - 0.18215).abs() < 1e-4 {
                return Ok(Self { factors: SD.to_vec(), bias: [0.0; 3] });
            }
            if (scale - 0.13025).abs() < 1e-4 {
                return Ok(Self { factors: XL.to_vec(), bias: XL_BIAS });
            }
        }
        Self::fitted(vae()?.borrow())
    }

    /// Least squares over a few decoded random latents, coarse ones, since pictures are mostly even areas.
    fn fitted(vae: &Vae) -> Result<Self, PipelineError> {
        const SIDE: usize = 8;
        const PICTURES: usize = 3;
        /// Fewer samples than unknowns would fit anything.
        const COARSE: [(usize, usize); 3] = [(4, 4), (16, 2), (usize::MAX, 1)];
        let config = vae.config();
        let channels = config.cell_channels();
        let patch = COARSE.iter().find(|(most, _)| channels <= *most).map_or(1, |(_, patch)| *patch);
        let mut noise = TorchNoise::new(0);
        let mut samples = Vec::new();
        for _ in 0..PICTURES {
            let patches = SIDE / patch;
            let coarse = Tensor::from_vec(
                noise.randn(channels * patches * patches),
                (1, channels, patches, patches),
                &Device::Cpu,
            )?;
            let latent = coarse.upsample_nearest2d(SIDE, SIDE)?;
            let unscaled = ((&latent / config.scale)? + config.shift)?;
            let decoded = vae.decode(&unscaled, None, &ForwardOptions::PLAIN)?;
            let shrunk = decoded.avg_pool2d(config.factor())?.squeeze(0)?.flatten_from(1)?.to_vec2::<f32>()?;
            let latent = latent.squeeze(0)?.flatten_from(1)?.to_vec2::<f32>()?;
            samples.extend((0..SIDE * SIDE).map(|pixel| {
                let inputs: Vec<f64> = latent.iter().map(|plane| f64::from(plane[pixel])).chain([1.0]).collect();
                let rgb = [0, 1, 2].map(|channel| f64::from(shrunk[channel][pixel]).clamp(-1.0, 1.0));
                (inputs, rgb)
            }));
        }
        let mut rows = least_squares(&samples, channels + 1);
        let bias = rows.pop().unwrap_or_default();
        Ok(Self { factors: rows, bias })
    }

    /// Scaled latents `(channels, height, width)` as a small picture of the same shape.
    #[must_use]
    pub(crate) fn picture(&self, latents: &[f32], width: usize, height: usize) -> Picture {
        let area = width * height;
        let mut small = Vec::with_capacity(area * 3);
        for pixel in 0..area {
            let mut rgb = self.bias;
            for (factors, plane) in self.factors.iter().zip(latents.chunks_exact(area)) {
                for (value, factor) in rgb.iter_mut().zip(factors) {
                    *value += plane[pixel] * factor;
                }
            }
            small.extend(rgb.map(|value| ((value * 0.5 + 0.5) * 255.0).clamp(0.0, 255.0) as u8));
        }
        let scale = (LONGER_SIDE_PX / width.max(height).max(1)).clamp(1, ENLARGED);
        let (width_px, height_px) = ((width * scale) as u32, (height * scale) as u32);
        let blank = || Picture::filled(width_px, height_px, [0, 0, 0, 255]);
        let Some(small) = image::RgbImage::from_raw(width as u32, height as u32, small) else { return blank() };
        let large = image::imageops::resize(&small, width_px, height_px, FilterType::CatmullRom);
        let rgba = large.pixels().flat_map(|pixel| [pixel[0], pixel[1], pixel[2], 255]).collect();
        Picture::from_rgba(width_px, height_px, rgba).unwrap_or_else(|_| blank())
    }
}

/// Solves the normal equations for three outputs at once: row i holds what input i adds to R, G and B.
fn least_squares(samples: &[(Vec<f64>, [f64; 3])], unknowns: usize) -> Vec<[f32; 3]> {
    // A little ridge keeps a channel that the decoder ignores from dividing by zero.
    const RIDGE: f64 = 1e-6;
    let mut matrix = vec![vec![0.0; unknowns + 3]; unknowns];
    for (inputs, rgb) in samples {
        for (row, input) in inputs.iter().enumerate() {
            for (column, other) in inputs.iter().chain(rgb).enumerate() {
                matrix[row][column] += input * other;
            }
        }
    }
    for (index, row) in matrix.iter_mut().enumerate() {
        row[index] += RIDGE;
    }
    for pivot in 0..unknowns {
        let best = (pivot..unknowns).max_by(|a, b| matrix[*a][pivot].abs().total_cmp(&matrix[*b][pivot].abs()));
        matrix.swap(pivot, best.unwrap_or(pivot));
        let lead = matrix[pivot].clone();
        for (index, row) in matrix.iter_mut().enumerate() {
            let factor = if index == pivot { 1.0 - 1.0 / lead[pivot] } else { row[pivot] / lead[pivot] };
            for (value, lead) in row.iter_mut().zip(&lead) {
                *value -= factor * lead;
            }
        }
    }
    matrix.iter().map(|row| [0, 1, 2].map(|channel| row[unknowns + channel] as f32)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_decoder_is_found_again() {
        let truth = [[0.3, -0.1, 0.2], [0.0, 0.5, -0.4], [0.1, 0.1, 0.1]];
        let samples: Vec<_> = (0..40)
            .map(|index| {
                let x = f64::from(index % 7) - 3.0;
                let y = f64::from(index % 5) - 2.0;
                let rgb = [0, 1, 2].map(|c| x * truth[0][c] + y * truth[1][c] + truth[2][c]);
                (vec![x, y, 1.0], rgb)
            })
            .collect();
        for (found, wanted) in least_squares(&samples, 3).iter().zip(truth) {
            for (found, wanted) in found.iter().zip(wanted) {
                assert!((f64::from(*found) - wanted).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn an_even_latent_is_an_even_picture() {
        let product = LatentRgb { factors: vec![[1.0, 0.0, -1.0]], bias: [0.0, 0.5, 0.0] };
        let picture = product.picture(&[0.5; 4], 2, 2);
        assert_eq!(&picture.rgba()[..4], [191, 191, 63, 255]);
        assert_eq!(picture.size(), [8, 8]);
    }
}
