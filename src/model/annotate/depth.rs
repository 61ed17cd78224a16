//! How near each pixel is ("Depth Anything V2"): `DINOv2`'s features of four depths, joined from the coarse to the fine as in
//! "Vision Transformers for Dense Prediction".

use super::super::tensors::{Place, Tensors};
use super::super::{CancelCheck, ModelError};
use super::maps::{Corners, resized, spread};
use super::vision::{Naming, PATCH_PX, Vision};
use crate::kernels::{Conv3x3, Epilogue, Linear, Map, Steps, add, rectified};

const HALVING: Steps = Steps { stride: 2, before: 1, after: 1 };

pub(super) struct Depth {
    vision: Vision,
    /// From the shallow features to the deep ones.
    levels: Vec<Level>,
    /// The same order.
    joints: Vec<Joint>,
    head: [Conv3x3; 2],
    last: Linear,
}

/// One depth's features at their own size: 4, 2, 1 and 1/2 times the patches'.
struct Level {
    projection: Linear,
    resize: Resize,
    convolution: Conv3x3,
}

enum Resize {
    Larger(Linear, usize),
    Same,
    Halved(Conv3x3),
}

/// Joins what came from deeper with one depth's features.
struct Joint {
    projection: Linear,
    residuals: [[Conv3x3; 2]; 2],
}

impl Depth {
    pub(super) fn new(tensors: &Tensors) -> Result<Self, ModelError> {
        let root = tensors.at("");
        let has = |name: &str| root.has(name);
        let naming = if has("pretrained.cls_token") { Naming::Makers } else { Naming::Transformers };
        let vision = Vision::new(tensors, naming)?;
        let level = |index: usize| Level::new(&root, index, vision.width, naming);
        let levels = [level(0)?, level(1)?, level(2)?, level(3)?];
        let features = levels[0].1;
        let joints = (0..4).map(|index| {
            let place = naming.of(
                format!("depth_head.scratch.refinenet{}", index + 1),
                format!("neck.fusion_stage.layers.{}", 3 - index),
            );
            Joint::new(&root.at(place), features, naming)
        });
        let joints = joints.collect::<Result<_, _>>()?;
        let head = naming.of(
            ["output_conv1", "output_conv2.0", "output_conv2.2"].map(|name| format!("depth_head.scratch.{name}")),
            ["conv1", "conv2", "conv3"].map(|name| format!("head.{name}")),
        );
        let [first, second, last] = head.map(|name| root.at(name));
        let ([half, ..], [narrow, ..]) = (first.shape::<4>("weight")?, second.shape::<4>("weight")?);
        Ok(Self {
            vision,
            levels: levels.into_iter().map(|(level, _)| level).collect(),
            joints,
            head: [
                first.biased_convolution(features, half, Steps::SAME)?,
                second.biased_convolution(half, narrow, Steps::SAME)?,
            ],
            last: last.biased_point(narrow, 1)?,
        })
    }

    /// `(height, width, 3)`, both multiples of 14, to `(height, width, 1)`: the larger the nearer, 0 the farthest.
    pub(super) fn forward(&self, picture: &Map, cancel_check: CancelCheck) -> Result<Map, ModelError> {
        let features = self.vision.forward(picture, cancel_check)?;
        let (rows, columns) = features.first().map_or((0, 0), |map| (map.height, map.width));
        let mut maps = Vec::with_capacity(self.levels.len());
        for (level, features) in self.levels.iter().zip(&features) {
            cancel_check()?;
            maps.push(level.forward(features)?);
        }
        let mut joined: Option<Map> = None;
        for (index, joint) in self.joints.iter().enumerate().rev() {
            cancel_check()?;
            let size = match index.checked_sub(1).map(|finer| &maps[finer]) {
                Some(finer) => (finer.height, finer.width),
                None => (2 * maps[0].height, 2 * maps[0].width),
            };
            joined = Some(joint.forward(joined.as_ref(), &maps[index], size)?);
        }
        let Some(x) = joined else { return Err(ModelError::Misfit("a depth network without joints".to_owned())) };
        let [first, second] = &self.head;
        let x = first.forward(&x, (x.height, x.width), &Epilogue::default())?;
        let x = resized(&x, (rows * PATCH_PX, columns * PATCH_PX), Corners::Aligned)?;
        cancel_check()?;
        let x = rectified(&second.forward(&x, (x.height, x.width), &Epilogue::default())?);
        Ok(rectified(&self.last.forward(&x, &Epilogue::default())?))
    }
}

impl Level {
    /// With the number of channels behind it.
    fn new(root: &Place, index: usize, width: usize, naming: Naming) -> Result<(Self, usize), ModelError> {
        let stage = root.at(format!("neck.reassemble_stage.layers.{index}"));
        let head = root.at("depth_head");
        let projection = naming.of(head.at("projects").at(index), stage.at("projection"));
        let resize = naming.of(head.at("resize_layers").at(index), stage.at("resize"));
        let convolution =
            root.at(naming.of(format!("depth_head.scratch.layer{}_rn", index + 1), format!("neck.convs.{index}")));
        let ([channels, ..], [features, ..]) = (projection.shape::<4>("weight")?, convolution.shape::<4>("weight")?);
        let resize = match index {
            0 => Resize::Larger(resize.spreading(channels, 4)?, 4),
            1 => Resize::Larger(resize.spreading(channels, 2)?, 2),
            2 => Resize::Same,
            _ => Resize::Halved(resize.biased_convolution(channels, channels, HALVING)?),
        };
        let projection = projection.biased_point(width, channels)?;
        Ok((Self { projection, resize, convolution: convolution.convolution(channels, features)? }, features))
    }

    fn forward(&self, features: &Map) -> Result<Map, ModelError> {
        let x = self.projection.forward(features, &Epilogue::default())?;
        let x = match &self.resize {
            Resize::Larger(layer, side) => spread(&layer.forward(&x, &Epilogue::default())?, *side)?,
            Resize::Same => x,
            Resize::Halved(layer) => layer.forward(&x, (x.height, x.width), &Epilogue::default())?,
        };
        Ok(self.convolution.forward(&x, (x.height, x.width), &Epilogue::default())?)
    }
}

impl Joint {
    fn new(at: &Place, features: usize, naming: Naming) -> Result<Self, ModelError> {
        let convolution = |name: String| at.at(name).biased_convolution(features, features, Steps::SAME);
        let residual = |index: usize| {
            let place = naming.of(format!("resConfUnit{index}.conv"), format!("residual_layer{index}.convolution"));
            Ok::<_, ModelError>([convolution(format!("{place}1"))?, convolution(format!("{place}2"))?])
        };
        Ok(Self {
            projection: at.at(naming.of("out_conv", "projection")).biased_point(features, features)?,
            residuals: [residual(1)?, residual(2)?],
        })
    }

    fn forward(&self, deeper: Option<&Map>, own: &Map, size: (usize, usize)) -> Result<Map, ModelError> {
        let x = match deeper {
            Some(deeper) => add(deeper, &with_residual(&self.residuals[0], own)?)?,
            None => own.clone(),
        };
        let x = resized(&with_residual(&self.residuals[1], &x)?, size, Corners::Aligned)?;
        Ok(self.projection.forward(&x, &Epilogue::default())?)
    }
}

fn with_residual([first, second]: &[Conv3x3; 2], x: &Map) -> Result<Map, ModelError> {
    let size = (x.height, x.width);
    let inner = rectified(&first.forward(&rectified(x), size, &Epilogue::default())?);
    Ok(second.forward(&inner, size, &Epilogue { residual: Some(x.values()), ..Epilogue::default() })?)
}
