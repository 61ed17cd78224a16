//! Finds a thing in a picture by a click or a box ("Segment Anything", with the small encoder of "Faster Segment
//! Anything: Towards Lightweight SAM for Mobile Applications").
//!
//! Always on the CPU, by our kernels: it takes about a second a picture, and the graphics card stays free for drawing.

mod decoder;
mod prompt;
mod tiny_vit;

use std::path::Path;

use self::decoder::MaskDecoder;
use self::prompt::PromptEncoder;
use self::tiny_vit::TinyVit;
use super::tensors::Tensors;
use super::{CancelCheck, ModelError};
use crate::job::SelectPrompt;
use crate::kernels::Map;
use crate::mask::MaskPlane;
use crate::raster::Picture;
use crate::raster::{Filter, resample};

/// The longer side of what the network sees; the rest of a square of this side is left empty.
const SIDE_PX: usize = 1024;
/// Pixels of that square for one place of the encoded picture.
const PATCH_PX: usize = 16;
/// Numbers of each place, and of each token.
const WIDTH: usize = 256;
/// The mean and the deviation of the photographs that it learnt from, RGB.
const MEAN: [f32; 3] = [123.675, 116.28, 103.53];
const DEVIATION: [f32; 3] = [58.395, 57.12, 57.375];

/// `MobileSAM`.
pub struct Segmenter {
    encoder: TinyVit,
    prompts: PromptEncoder,
    decoder: MaskDecoder,
}

/// A picture as the network knows it. Made once, asked often.
pub struct EncodedPicture {
    /// `(1, 64, 64, 256)`
    features: Map,
    /// The picture's own.
    size_px: [u32; 2],
    /// What of the network's square it fills.
    scaled_px: [usize; 2],
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// At a quarter of the network's square: `(256, 256)`, above 0 where the thing is.
    pub logits: Vec<f32>,
    /// How good the network thinks it is: the share of what is right, about 0 to 1.
    pub score: f32,
}

impl Segmenter {
    /// Reads the weights of a safetensors file or of a file of `PyTorch`.
    ///
    /// # Errors
    /// When the file is missing, damaged, or holds another network.
    pub fn open(path: &Path) -> Result<Self, ModelError> {
        let tensors = Tensors::open(path, |reason, path| ModelError::NoSegmenter { reason, path })?;
        Ok(Self {
            encoder: TinyVit::new(&tensors.at("image_encoder"))?,
            prompts: PromptEncoder::new(&tensors.at("prompt_encoder"))?,
            decoder: MaskDecoder::new(&tensors.at("mask_decoder"))?,
        })
    }

    /// Looks at the picture; its transparency does not count.
    ///
    /// # Errors
    /// When the picture has no pixels, or `cancel_check` fails.
    pub fn encode(&self, picture: &Picture, cancel_check: CancelCheck) -> Result<EncodedPicture, ModelError> {
        let size_px = [picture.width(), picture.height()];
        if size_px.contains(&0) {
            return Err(ModelError::Misfit("a picture without pixels holds nothing to select".to_owned()));
        }
        let scaled_px = scaled(size_px);
        let rgb: Vec<u8> = picture.rgba().chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
        let rgb = resample::<3>(&rgb, size_px.map(|side| side as usize), scaled_px, Filter::Triangle);
        let mut values = vec![0.0; SIDE_PX * SIDE_PX * 3];
        for (row, pixels) in values.chunks_exact_mut(SIDE_PX * 3).zip(rgb.chunks_exact(scaled_px[0] * 3)) {
            for (index, (value, byte)) in row.iter_mut().zip(pixels).enumerate() {
                *value = (f32::from(*byte) - MEAN[index % 3]) / DEVIATION[index % 3];
            }
        }
        let features = self.encoder.forward(&Map::from_vec(values, 1, SIDE_PX, SIDE_PX, 3)?, cancel_check)?;
        Ok(EncodedPicture { features, size_px, scaled_px })
    }

    /// What is meant by the prompt. One click may mean a part, a thing or a group: the answer that the network holds
    /// for the best is given. A prompt of more than one point is unambiguous.
    ///
    /// # Errors
    /// When the prompt is empty.
    pub fn answer(&self, picture: &EncodedPicture, prompt: &SelectPrompt) -> Result<Segment, ModelError> {
        let mut segments = self.answers(picture, prompt)?;
        let own = segments.remove(0);
        if !prompt.is_ambiguous() {
            return Ok(own);
        }
        let best = segments.into_iter().max_by(|a, b| a.score.total_cmp(&b.score));
        Ok(best.unwrap_or(own))
    }

    /// All four answers: the one for an unambiguous prompt, then the three for a single click.
    ///
    /// # Errors
    /// When the prompt is empty.
    pub fn answers(&self, picture: &EncodedPicture, prompt: &SelectPrompt) -> Result<Vec<Segment>, ModelError> {
        let factors = [0, 1].map(|side| picture.scaled_px[side] as f32 / picture.size_px[side] as f32);
        let tokens = self.prompts.tokens(prompt, factors)?;
        self.decoder.forward(&picture.features, &self.prompts, &tokens)
    }
}

impl EncodedPicture {
    /// The answer as a mask of the picture's own size: 255 where the thing is.
    #[must_use]
    pub fn mask(&self, segment: &Segment) -> MaskPlane {
        let quarter = SIDE_PX / 4;
        let square = [SIDE_PX, SIDE_PX];
        let logits = smoothly_resized(&segment.logits, quarter, [quarter, quarter], square);
        let size = self.size_px.map(|side| side as usize);
        let logits = smoothly_resized(&logits, SIDE_PX, self.scaled_px, size);
        let values = logits.into_iter().map(|logit| if logit > 0.0 { 255 } else { 0 }).collect();
        MaskPlane::from_values(self.size_px[0], self.size_px[1], values)
            .unwrap_or_else(|| MaskPlane::empty(self.size_px[0], self.size_px[1]))
    }
}

/// The longer side becomes the network's.
fn scaled([width, height]: [u32; 2]) -> [usize; 2] {
    let scale = SIDE_PX as f64 / f64::from(width.max(height));
    [width, height].map(|side| ((f64::from(side) * scale + 0.5) as usize).max(1))
}

/// The upper left `from` of values in rows of `stride`, by straight lines between the pixels' middles.
fn smoothly_resized(values: &[f32], stride: usize, from: [usize; 2], to: [usize; 2]) -> Vec<f32> {
    use rayon::prelude::*;
    let places = |from: usize, to: usize| -> Vec<(usize, usize, f32)> {
        let scale = from as f32 / to as f32;
        let place = |target: usize| {
            let source = ((target as f32 + 0.5) * scale - 0.5).max(0.0);
            let first = (source as usize).min(from - 1);
            (first, (first + 1).min(from - 1), source - first as f32)
        };
        (0..to).map(place).collect()
    };
    let (columns, rows) = (places(from[0], to[0]), places(from[1], to[1]));
    let mut resized = vec![0.0; to[0] * to[1]];
    resized.par_chunks_mut(to[0]).zip(rows).for_each(|(target, (above, below, share))| {
        let (above, below) = (&values[above * stride..], &values[below * stride..]);
        for (value, (left, right, across)) in target.iter_mut().zip(&columns) {
            let between = |row: &[f32]| row[*left] * (1.0 - across) + row[*right] * across;
            *value = between(above) * (1.0 - share) + between(below) * share;
        }
    });
    resized
}
