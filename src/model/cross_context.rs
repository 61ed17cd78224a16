//! What cross-attention reads: the prompt, by area the prompts of regions, and pictures that are prompts.
//!
//! Each query attends to each prompt by itself, and the answers are joined by how much each counts at the query's place.
//! So where no region lies, the answer is the prompt's own, bit for bit.

use std::cell::RefCell;
use std::sync::Arc;

use candle_core::{Device, Tensor};

use super::ModelError;
use super::feature::{Execution, Feature};
use super::image_prompt::ImageLayers;
use crate::mask::MaskPlane;

/// A painted area with a prompt of its own, for one pass.
#[derive(Clone)]
pub struct RegionPrompt {
    /// `(rows, tokens, context_width)`
    pub context: Tensor,
    /// Which rows have words of their own; in the others the prompt counts everywhere.
    pub rows: Vec<bool>,
    /// Of the whole picture, of any size in its shape.
    pub mask: Arc<MaskPlane>,
    /// 0 to 1.
    pub weight: f32,
}

/// A picture that is a prompt, for one pass.
#[derive(Clone)]
pub struct ImagePrompt {
    /// `(rows, tokens, context_width)`
    pub tokens: Tensor,
    pub layers: ImageLayers,
    /// By a cross-attention's name whether the picture counts there.
    pub counts: Arc<dyn Fn(&str) -> bool + Send + Sync>,
    pub weight: f32,
    /// Where it counts; everywhere without one.
    pub mask: Option<Arc<MaskPlane>>,
}

/// The same at one size of the feature map.
pub(crate) struct SizedImage<'a> {
    pub tokens: &'a Feature,
    pub layers: &'a ImageLayers,
    pub counts: &'a (dyn Fn(&str) -> bool + Send + Sync),
    pub share: Feature,
}

/// Height and width, and how much each prompt counts there.
type SharesOfSize = ((usize, usize), Arc<[Feature]>);

/// The prompts of one pass.
pub(crate) struct CrossContext<'a> {
    prompt: Feature,
    regions: &'a [RegionPrompt],
    contexts: Vec<Feature>,
    images: &'a [ImagePrompt],
    image_tokens: Vec<Feature>,
    execution: &'a Execution,
    /// By the sizes at which was asked.
    shares: RefCell<Vec<SharesOfSize>>,
}

/// The same at one size of the feature map.
pub(crate) struct SizedContext<'a> {
    pub prompt: &'a Feature,
    pub regions: &'a [Feature],
    /// How much the prompt, and then each region, counts for each query; empty without regions.
    pub shares: Arc<[Feature]>,
    pub images: Vec<SizedImage<'a>>,
}

impl<'a> CrossContext<'a> {
    /// `prompt` is `(rows, tokens, context_width)`.
    ///
    /// # Errors
    /// When a shape is wrong, or the device is out of memory.
    pub(crate) fn new(
        prompt: Feature,
        (regions, images): (&'a [RegionPrompt], &'a [ImagePrompt]),
        execution: &'a Execution,
    ) -> Result<Self, ModelError> {
        Ok(Self {
            prompt,
            regions,
            contexts: regions
                .iter()
                .map(|region| Feature::of_tokens(&region.context, execution))
                .collect::<Result<_, _>>()?,
            images,
            image_tokens: images
                .iter()
                .map(|image| Feature::of_tokens(&image.tokens, execution))
                .collect::<Result<_, _>>()?,
            execution,
            shares: RefCell::default(),
        })
    }

    /// For a map of this height and width.
    ///
    /// # Errors
    /// When the device is out of memory.
    pub(crate) fn at(&self, size: (usize, usize)) -> Result<SizedContext<'_>, ModelError> {
        let known = self.shares.borrow().iter().find(|(known, _)| *known == size).map(|(_, shares)| Arc::clone(shares));
        let shares = if let Some(known) = known {
            known
        } else {
            let shares: Arc<[Feature]> = self.shares_at(size)?.into();
            self.shares.borrow_mut().push((size, Arc::clone(&shares)));
            shares
        };
        let sized = |(image, tokens): (&'a ImagePrompt, _)| -> Result<SizedImage<'_>, ModelError> {
            let share = match &image.mask {
                Some(mask) => self.share(area_means(mask, size, image.weight), (1, size.0, size.1))?,
                None => self.share(vec![image.weight], (1, 1, 1))?,
            };
            Ok(SizedImage { tokens, layers: &image.layers, counts: &*image.counts, share })
        };
        let images = self.images.iter().zip(&self.image_tokens).map(sized).collect::<Result<_, _>>()?;
        Ok(SizedContext { prompt: &self.prompt, regions: &self.contexts, shares, images })
    }

    fn shares_at(&self, (height, width): (usize, usize)) -> Result<Vec<Feature>, ModelError> {
        let Some(first) = self.regions.first() else { return Ok(Vec::new()) };
        let (rows, area) = (first.rows.len(), height * width);
        let planes: Vec<Vec<f32>> =
            self.regions.iter().map(|region| area_means(&region.mask, (height, width), region.weight)).collect();
        let mut shares = vec![vec![0f32; rows * area]; self.regions.len() + 1];
        for row in 0..rows {
            for pixel in 0..area {
                let own = |place: usize| if self.regions[place].rows[row] { planes[place][pixel] } else { 0.0 };
                let sum: f32 = (0..planes.len()).map(own).sum();
                // Where they lie over each other and come to more than all of it, each by its part.
                let most = sum.max(1.0);
                let at = row * area + pixel;
                shares[0][at] = 1.0 - sum / most;
                for place in 0..planes.len() {
                    shares[place + 1][at] = own(place) / most;
                }
            }
        }
        shares.into_iter().map(|values| self.share(values, (rows, height, width))).collect()
    }

    /// A number for each query, as tokens.
    fn share(&self, values: Vec<f32>, (rows, height, width): (usize, usize, usize)) -> Result<Feature, ModelError> {
        let picture = Tensor::from_vec(values, (rows, 1, height, width), &Device::Cpu)?;
        Feature::of_picture(&picture, self.execution)?.to_tokens()
    }
}

/// `weight` times the mean of what each cell of a smaller map covers: cell i of n from the pixel `i·side/n`, rounded down, to
/// `(i+1)·side/n`, rounded up, as `PyTorch`'s adaptive pooling has it.
fn area_means(mask: &MaskPlane, (height, width): (usize, usize), weight: f32) -> Vec<f32> {
    let ranges = |from: usize, to: usize| -> Vec<(usize, usize)> {
        (0..to).map(|cell| (cell * from / to, ((cell + 1) * from).div_ceil(to))).collect()
    };
    let columns = ranges(mask.width() as usize, width);
    let mut means = Vec::with_capacity(height * width);
    for (top, bottom) in ranges(mask.height() as usize, height) {
        for (left, right) in &columns {
            let rows = (top..bottom).map(|y| &mask.row(y as u32)[*left..*right]);
            let sum: u64 = rows.flatten().map(|value| u64::from(*value)).sum();
            let count = ((bottom - top) * (right - left)).max(1);
            means.push((sum as f64 / (255 * count) as f64) as f32 * weight);
        }
    }
    means
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(regions: &[RegionPrompt], size: (usize, usize)) -> Vec<Vec<f32>> {
        let prompt = Tensor::zeros((2, 3, 4), candle_core::DType::F32, &Device::Cpu).unwrap();
        let prompt = Feature::of_tokens(&prompt, &Execution::Kernels).unwrap();
        let context = CrossContext::new(prompt, (regions, &[]), &Execution::Kernels).unwrap();
        let found = context.at(size).unwrap().shares;
        found.iter().map(|share| share.tokens().unwrap().flatten_all().unwrap().to_vec1().unwrap()).collect()
    }

    fn region(values: Vec<u8>, rows: [bool; 2], weight: f32) -> RegionPrompt {
        RegionPrompt {
            context: Tensor::zeros((2, 3, 4), candle_core::DType::F32, &Device::Cpu).unwrap(),
            rows: rows.to_vec(),
            mask: Arc::new(MaskPlane::from_values(4, 2, values).unwrap()),
            weight,
        }
    }

    #[test]
    fn each_query_hears_each_prompt_by_its_area() {
        // Two columns of a map of 1 × 2: a region over the left one, another softly over both.
        let left = region(vec![255, 255, 0, 0, 255, 255, 0, 0], [true, true], 1.0);
        let soft = region(vec![51; 8], [false, true], 1.0);
        let found = shares(&[left.clone(), soft], (1, 2));
        // The first row does not know the second region; where both count, they share.
        let near = |found: &[f32], wanted: [f32; 4]| {
            assert!(found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?} {wanted:?}");
        };
        near(&found[0], [0.0, 1.0, 0.0, 0.8]);
        near(&found[1], [1.0, 0.0, 1.0 / 1.2, 0.0]);
        near(&found[2], [0.0, 0.0, 0.2 / 1.2, 0.2]);
        let half = shares(&[RegionPrompt { weight: 0.5, ..left }], (1, 2));
        near(&half[0], [0.5, 1.0, 0.5, 1.0]);
    }

    #[test]
    fn a_cell_is_the_mean_of_what_it_covers() {
        let mask = MaskPlane::from_values(5, 1, vec![0, 255, 0, 255, 255]).unwrap();
        assert_eq!(area_means(&mask, (1, 2), 1.0), [1.0 / 3.0, 2.0 / 3.0]);
        assert_eq!(area_means(&mask, (2, 5), 0.5)[..5], [0.0, 0.5, 0.0, 0.5, 0.5]);
        assert_eq!(area_means(&mask, (1, 10), 1.0)[2..4], [1.0, 1.0]);
    }
}
