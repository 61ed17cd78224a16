//! The picture's encoder ("`TinyViT`: Fast Pretraining Distillation for Small Vision Transformers"), as `MobileSAM` has it:
//! convolutions first, then attention in windows, and a neck that brings it to the decoder's width.

use super::super::tensors::Place;
use super::super::{CancelCheck, ModelError};
use super::{PATCH_PX, SIDE_PX, WIDTH};
use crate::kernels::{
    self, Activation, Conv3x3, Depthwise3x3, Epilogue, LayerNorm, Level, Linear, Map, Steps, Windows, window_attention,
};

/// Of the convolutions' inner channels and of the layers between two attentions, over the outer ones.
const EXPANSION: usize = 4;
/// Stages after the first; the last of the steps between them keeps the size.
const STAGES: usize = 3;
const HALVING: Steps = Steps { stride: 2, before: 1, after: 1 };
const GELU: Epilogue = Epilogue { per_picture: None, activation: Activation::Gelu, residual: None };

pub(crate) struct TinyVit {
    patches: [Conv3x3; 2],
    convolutions: Vec<Bottleneck>,
    first_step: Merging,
    stages: Vec<Stage>,
    neck: (Linear, LayerNorm, Conv3x3, LayerNorm),
}

impl TinyVit {
    pub(crate) fn new(at: &Place) -> Result<Self, ModelError> {
        if !at.has("patch_embed.seq.0.c.weight") {
            return Err(at.wrong("holds another network".to_owned()));
        }
        let [width, ..] = at.shape::<4>("patch_embed.seq.2.c.weight")?;
        let patches = at.at("patch_embed.seq");
        let layer = at.at("layers.0");
        let [first_width, ..] = layer.shape::<4>("downsample.conv1.c.weight")?;
        let convolutions =
            (0..).map(|index| layer.at(format!("blocks.{index}"))).take_while(|at| at.has("conv1.c.weight"));
        let stages = (1..=STAGES).map(|stage| Stage::new(&at.at(format!("layers.{stage}")), stage));
        let neck = at.at("neck");
        let stages = stages.collect::<Result<Vec<_>, _>>()?;
        let last_width = stages.last().map_or(first_width, |stage| stage.width);
        Ok(Self {
            patches: [
                patches.at(0).normed_convolution(3, width / 2, HALVING)?,
                patches.at(2).normed_convolution(width / 2, width, HALVING)?,
            ],
            convolutions: convolutions.map(|at| Bottleneck::new(&at, width)).collect::<Result<_, _>>()?,
            first_step: Merging::new(&layer.at("downsample"), width, first_width, HALVING)?,
            stages,
            neck: (
                neck.at(0).point(last_width, WIDTH)?,
                neck.at(1).channel_norm(WIDTH)?,
                neck.at(2).convolution(WIDTH, WIDTH)?,
                neck.at(3).channel_norm(WIDTH)?,
            ),
        })
    }

    /// `(1, 1024, 1024, 3)` to `(1, 64, 64, 256)`.
    pub(crate) fn forward(&self, picture: &Map, cancel_check: CancelCheck) -> Result<Map, ModelError> {
        let [first, second] = &self.patches;
        let x = first.forward(picture, (picture.height, picture.width), &GELU)?;
        let mut x = second.forward(&x, (x.height, x.width), &Epilogue::default())?;
        for block in &self.convolutions {
            cancel_check()?;
            x = block.forward(&x)?;
        }
        x = self.first_step.forward(&x)?;
        for stage in &self.stages {
            x = stage.forward(x, cancel_check)?;
        }
        let (point, norm, convolution, last_norm) = &self.neck;
        let x = norm.forward(&point.forward(&x, &Epilogue::default())?)?;
        let x = convolution.forward(&x, (x.height, x.width), &Epilogue::default())?;
        let x = last_norm.forward(&x)?;
        if (x.height, x.width) != (SIDE_PX / PATCH_PX, SIDE_PX / PATCH_PX) {
            return Err(ModelError::Misfit(format!("the encoder's grid is {} × {}", x.width, x.height)));
        }
        Ok(x)
    }
}

/// Wider by 1×1, each channel for itself by 3×3, narrower by 1×1, onto what came in.
struct Bottleneck {
    widen: Linear,
    middle: Depthwise3x3,
    narrow: Linear,
}

impl Bottleneck {
    fn new(at: &Place, width: usize) -> Result<Self, ModelError> {
        let inner = width * EXPANSION;
        Ok(Self {
            widen: at.at("conv1").normed_point(width, inner)?,
            middle: at.at("conv2").normed_depthwise(inner, Steps::SAME)?,
            narrow: at.at("conv3").normed_point(inner, width)?,
        })
    }

    fn forward(&self, x: &Map) -> Result<Map, ModelError> {
        let inner = self.widen.forward(x, &GELU)?;
        let inner = self.middle.forward(&inner, Activation::Gelu)?;
        let sum = self.narrow.forward(&inner, &Epilogue { residual: Some(x.values()), ..Epilogue::default() })?;
        Ok(kernels::activate(&sum, Activation::Gelu, Level::current()))
    }
}

/// The step to the next stage: other channels and, but for the last one, half the size.
struct Merging {
    before: Linear,
    middle: Depthwise3x3,
    after: Linear,
}

impl Merging {
    fn new(at: &Place, width: usize, next_width: usize, steps: Steps) -> Result<Self, ModelError> {
        Ok(Self {
            before: at.at("conv1").normed_point(width, next_width)?,
            middle: at.at("conv2").normed_depthwise(next_width, steps)?,
            after: at.at("conv3").normed_point(next_width, next_width)?,
        })
    }

    fn forward(&self, x: &Map) -> Result<Map, ModelError> {
        let x = self.before.forward(x, &GELU)?;
        let x = self.middle.forward(&x, Activation::Gelu)?;
        Ok(self.after.forward(&x, &Epilogue::default())?)
    }
}

struct Stage {
    blocks: Vec<Block>,
    step: Option<Merging>,
    /// Channels of its blocks.
    width: usize,
}

impl Stage {
    fn new(at: &Place, stage: usize) -> Result<Self, ModelError> {
        let [width] = at.shape::<1>("blocks.0.attn.norm.weight")?;
        let places = (0..).map(|index| at.at(format!("blocks.{index}"))).take_while(|at| at.has("attn.norm.weight"));
        let blocks = places.map(|at| Block::new(&at, width)).collect::<Result<_, _>>()?;
        let step = if stage < STAGES {
            let [next_width, ..] = at.shape::<4>("downsample.conv1.c.weight")?;
            let steps = if stage + 1 == STAGES { Steps::SAME } else { HALVING };
            Some(Merging::new(&at.at("downsample"), width, next_width, steps)?)
        } else {
            None
        };
        Ok(Self { blocks, step, width })
    }

    fn forward(&self, mut x: Map, cancel_check: CancelCheck) -> Result<Map, ModelError> {
        for block in &self.blocks {
            cancel_check()?;
            x = block.forward(&x)?;
        }
        match &self.step {
            Some(step) => step.forward(&x),
            None => Ok(x),
        }
    }
}

/// Attention in windows, a look at the neighbours, and two layers on each pixel.
struct Block {
    norm: LayerNorm,
    qkv: Linear,
    heads: usize,
    window: usize,
    /// `(heads, window², window²)`
    bias: Vec<f32>,
    projection: Linear,
    neighbours: Depthwise3x3,
    layers_norm: LayerNorm,
    layers: [Linear; 2],
}

impl Block {
    fn new(at: &Place, width: usize) -> Result<Self, ModelError> {
        let attention = at.at("attn");
        let [heads, distances] = attention.shape::<2>("attention_biases")?;
        let window = distances.isqrt();
        if window * window != distances || heads == 0 || !width.is_multiple_of(heads) {
            return Err(at.wrong(format!("has {heads} heads with {distances} distances")));
        }
        let by_distance = attention.values("attention_biases", &[heads, distances])?;
        let layers = at.at("mlp");
        Ok(Self {
            norm: attention.at("norm").layer_norm(width)?,
            qkv: attention.at("qkv").linear(width, 3 * width)?,
            heads,
            window,
            bias: spread_bias(&by_distance, window),
            projection: attention.at("proj").linear(width, width)?,
            neighbours: at.at("local_conv").normed_depthwise(width, Steps::SAME)?,
            layers_norm: layers.at("norm").layer_norm(width)?,
            layers: [
                layers.at("fc1").linear(width, EXPANSION * width)?,
                layers.at("fc2").linear(EXPANSION * width, width)?,
            ],
        })
    }

    fn forward(&self, x: &Map) -> Result<Map, ModelError> {
        // The windows at the right and below reach over the edge: what they see there is zeros, and those count.
        let padded = (x.height.next_multiple_of(self.window), x.width.next_multiple_of(self.window));
        let qkv = self.qkv.forward(&self.norm.forward(&padded_to(x, padded)?)?, &Epilogue::default())?;
        let windows = Windows { side: self.window, heads: self.heads, bias: &self.bias };
        let mixed = window_attention(&qkv, windows, (x.height, x.width), Level::current())?;
        let x = self.projection.forward(&mixed, &Epilogue { residual: Some(x.values()), ..Epilogue::default() })?;
        let x = self.neighbours.forward(&x, Activation::None)?;
        let inner = self.layers[0].forward(&self.layers_norm.forward(&x)?, &GELU)?;
        Ok(self.layers[1].forward(&inner, &Epilogue { residual: Some(x.values()), ..Epilogue::default() })?)
    }
}

/// `(heads, distances)` to `(heads, window², window²)`: a distance is so many rows and columns, whatever the direction.
fn spread_bias(by_distance: &[f32], window: usize) -> Vec<f32> {
    let tokens = window * window;
    let mut bias = Vec::with_capacity(by_distance.len() * tokens);
    for head in by_distance.chunks_exact(tokens) {
        for a in 0..tokens {
            bias.extend((0..tokens).map(|b| {
                let (rows, columns) = ((a / window).abs_diff(b / window), (a % window).abs_diff(b % window));
                head[rows * window + columns]
            }));
        }
    }
    bias
}

/// The picture with zeros to the right and below.
fn padded_to(x: &Map, (height, width): (usize, usize)) -> Result<Map, ModelError> {
    if (height, width) == (x.height, x.width) {
        return Ok(x.clone());
    }
    let mut values = vec![0.0; x.batch * height * width * x.channels];
    let rows = x.values().chunks_exact(x.width * x.channels).enumerate();
    for (row, pixels) in rows {
        let target = (row / x.height * height + row % x.height) * width * x.channels;
        values[target..][..pixels.len()].copy_from_slice(pixels);
    }
    Ok(Map::from_vec(values, x.batch, height, width, x.channels)?)
}
