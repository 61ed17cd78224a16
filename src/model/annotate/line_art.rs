//! A photograph as a line drawing ("Learning to generate line drawings that convey geometry and semantics"): a network that
//! halves the size twice, thinks in residual blocks, and comes back.

use super::super::tensors::{Place, Tensors};
use super::super::{CancelCheck, ModelError};
use super::maps::{Border, instance_norm, wide, with_mirrored_border, with_zeros_between};
use crate::kernels::{Conv3x3, Epilogue, Linear, Map, Steps, add, rectified};

/// Of the first convolution and of the last.
const SIDE: usize = 7;
const HALVING: Steps = Steps { stride: 2, before: 1, after: 1 };

pub(super) struct LineArt {
    first: (Linear, usize),
    halving: [Conv3x3; 2],
    blocks: Vec<[Conv3x3; 2]>,
    doubling: [Conv3x3; 2],
    last: Linear,
}

impl LineArt {
    pub(super) fn new(tensors: &Tensors) -> Result<Self, ModelError> {
        let root = tensors.at("");
        let first = root.at("model0.1");
        let [width, ..] = first.shape::<4>("weight")?;
        let convolution = |at: Place, inputs, outputs, steps| at.biased_convolution(inputs, outputs, steps);
        let mut blocks = Vec::new();
        while root.has(&format!("model2.{}.conv_block.1.weight", blocks.len())) {
            let at = root.at("model2").at(blocks.len()).at("conv_block");
            let same = |index: usize| convolution(at.at(index), 4 * width, 4 * width, Steps::SAME);
            blocks.push([same(1)?, same(5)?]);
        }
        Ok(Self {
            first: (first.wide_convolution(3, width, SIDE)?, width),
            halving: [
                convolution(root.at("model1.0"), width, 2 * width, HALVING)?,
                convolution(root.at("model1.3"), 2 * width, 4 * width, HALVING)?,
            ],
            blocks,
            doubling: [
                root.at("model3.0").doubling(4 * width, 2 * width)?,
                root.at("model3.3").doubling(2 * width, width)?,
            ],
            last: root.at("model4.1").wide_convolution(width, 1, SIDE)?,
        })
    }

    /// `(height, width, 3)` in 0…1, sides multiples of 4, to `(height, width, 1)`: paper 1, lines 0.
    pub(super) fn forward(&self, picture: &Map, cancel_check: CancelCheck) -> Result<Map, ModelError> {
        let normed = |x: &Map| Ok::<_, ModelError>(rectified(&instance_norm(x)?));
        let (first, width) = &self.first;
        let mut x = normed(&wide(picture, first, [SIDE, 1], *width, Border::Mirrored)?)?;
        for layer in &self.halving {
            cancel_check()?;
            x = normed(&layer.forward(&x, (x.height, x.width), &Epilogue::default())?)?;
        }
        for [one, other] in &self.blocks {
            cancel_check()?;
            let inner = normed(&with_mirrors(&x, one)?)?;
            x = add(&x, &instance_norm(&with_mirrors(&inner, other)?)?)?;
        }
        for layer in &self.doubling {
            cancel_check()?;
            let apart = with_zeros_between(&x)?;
            x = normed(&layer.forward(&apart, (apart.height, apart.width), &Epilogue::default())?)?;
        }
        cancel_check()?;
        let x = wide(&x, &self.last, [SIDE, 1], 1, Border::Mirrored)?;
        let values = x.values().iter().map(|value| 1.0 / (1.0 + (-value).exp())).collect();
        Ok(Map::from_vec(values, 1, x.height, x.width, 1)?)
    }
}

/// The convolution with mirrors instead of zeros around the map: of what it makes of the larger one, the inside.
fn with_mirrors(x: &Map, layer: &Conv3x3) -> Result<Map, ModelError> {
    let larger = with_mirrored_border(x, 1)?;
    let out = layer.forward(&larger, (larger.height, larger.width), &Epilogue::default())?;
    Ok(out.cropped(1..larger.height - 1, 1..larger.width - 1))
}
