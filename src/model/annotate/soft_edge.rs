//! Soft edges ("Holistically-Nested Edge Detection", in the form that ControlNet 1.1 was trained on): five blocks of
//! convolutions, each of which says by itself where edges are.

use super::super::tensors::Tensors;
use super::super::{CancelCheck, ModelError};
use super::maps::{Corners, pooled, resized};
use crate::kernels::{Conv3x3, Epilogue, Linear, Map, Steps, rectified};

const BLOCKS: usize = 5;

pub(super) struct SoftEdge {
    /// Taken off the picture's channels.
    norm: Vec<f32>,
    blocks: Vec<Block>,
}

struct Block {
    convolutions: Vec<Conv3x3>,
    projection: Linear,
}

impl SoftEdge {
    pub(super) fn new(tensors: &Tensors) -> Result<Self, ModelError> {
        let root = tensors.at("");
        let norm = root.values("norm", &[1, 3, 1, 1])?;
        let mut width = 3;
        let mut blocks = Vec::with_capacity(BLOCKS);
        for index in 1..=BLOCKS {
            let at = root.at(format!("block{index}"));
            let mut convolutions = Vec::new();
            while at.has(&format!("convs.{}.weight", convolutions.len())) {
                let at = at.at("convs").at(convolutions.len());
                let [outputs, ..] = at.shape::<4>("weight")?;
                convolutions.push(at.biased_convolution(width, outputs, Steps::SAME)?);
                width = outputs;
            }
            if convolutions.is_empty() {
                return Err(at.wrong(format!("lacks block{index}.convs.0.weight")));
            }
            blocks.push(Block { convolutions, projection: at.at("projection").biased_point(width, 1)? });
        }
        Ok(Self { norm, blocks })
    }

    /// `(height, width, 3)` in 0…255 to `(height, width, 1)` in 0…1.
    pub(super) fn forward(&self, picture: &Map, cancel_check: CancelCheck) -> Result<Map, ModelError> {
        let size = (picture.height, picture.width);
        let values = picture.values().iter().enumerate().map(|(index, value)| value - self.norm[index % 3]).collect();
        let mut x = Map::from_vec(values, 1, size.0, size.1, 3)?;
        let mut sums = vec![0f32; size.0 * size.1];
        for (index, block) in self.blocks.iter().enumerate() {
            if index > 0 {
                x = pooled(&x)?;
            }
            for convolution in &block.convolutions {
                cancel_check()?;
                x = rectified(&convolution.forward(&x, (x.height, x.width), &Epilogue::default())?);
            }
            let edges = block.projection.forward(&x, &Epilogue::default())?;
            let edges = resized(&edges, size, Corners::Free)?;
            sums.iter_mut().zip(edges.values()).for_each(|(sum, value)| *sum += value);
        }
        let share = |sum: f32| 1.0 / (1.0 + (-sum / BLOCKS as f32).exp());
        Ok(Map::from_vec(sums.into_iter().map(share).collect(), 1, size.0, size.1, 1)?)
    }
}
