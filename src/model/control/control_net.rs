//! ControlNet: a copy of the UNet's way down that is shown a picture as well ("Adding Conditional Control to
//! Text-to-Image Diffusion Models", arXiv 2302.05543).

use candle_core::Tensor;

use super::super::blocks::{BlockInputs, DownBlock, MidBlock};
use super::super::cross_context::CrossContext;
use super::super::feature::{Execution, Feature};
use super::super::layers::{Conv1x1, Conv3x3};
use super::super::unet_time::{AddedConditioning, TimeEmbedder};
use super::super::weights::Weights;
use super::super::{ForwardOptions, ModelError};
use super::hint::{Hint, HintEncoder, TypedHint};
use super::union::Union;
use super::{AddedMap, ControlMaps};
use crate::checkpoint::ControlNetConfig;
use crate::kernels::Activation;

pub struct ControlNet {
    config: ControlNetConfig,
    execution: Execution,
    time: TimeEmbedder,
    conv_in: Conv3x3,
    hint: HintEncoder,
    union: Option<Union>,
    down: Vec<DownBlock>,
    mid: Option<MidBlock>,
    /// One for each map that the UNet keeps.
    outputs: Vec<Conv1x1>,
    mid_output: Conv1x1,
}

/// What the network is given at one step; all tensors are on the host, in single precision.
#[derive(Clone, Copy)]
pub struct ControlNetInput<'a> {
    /// Noisy latents `(rows, in_channels, height / 8, width / 8)`.
    pub sample: &'a Tensor,
    pub timestep: f64,
    /// The encoded prompts `(rows, tokens, context_width)`.
    pub context: &'a Tensor,
    pub added: Option<&'a AddedConditioning>,
    /// One picture; several for a network that knows several kinds.
    pub hints: &'a [TypedHint<'a>],
}

impl ControlNet {
    /// Builds the network from its weights, which must match the config exactly.
    ///
    /// # Errors
    /// When they do not, or the device has no memory.
    pub fn new(config: ControlNetConfig, weights: Weights) -> Result<Self, ModelError> {
        let root = weights.root();
        let unet = &config.unet;
        let first = unet.blocks[0].channels;
        let levels = unet.blocks.len();
        let last = unet.blocks[levels - 1].channels;
        let outputs = kept_channels(&config).into_iter().enumerate();
        let net = Self {
            execution: weights.execution().clone(),
            time: TimeEmbedder::new(&root, unet)?,
            conv_in: Conv3x3::new(&root.at("conv_in"), unet.in_channels, first)?,
            hint: HintEncoder::new(&root.at("controlnet_cond_embedding"), &config)?,
            union: config.union.as_ref().map(|union| Union::new(&root, union, unet)).transpose()?,
            down: (0..levels)
                .map(|level| DownBlock::new(&root.at(format_args!("down_blocks.{level}")), unet, level))
                .collect::<Result<_, _>>()?,
            mid: unet
                .mid_attention
                .as_ref()
                .map(|attention| MidBlock::new(&root.at("mid_block"), unet, attention))
                .transpose()?,
            outputs: outputs
                .map(|(index, channels)| {
                    Conv1x1::new(&root.at(format_args!("controlnet_down_blocks.{index}")), channels, channels)
                })
                .collect::<Result<_, _>>()?,
            mid_output: Conv1x1::new(&root.at("controlnet_mid_block"), last, last)?,
            config,
        };
        weights.finish()?;
        Ok(net)
    }

    #[must_use]
    pub fn config(&self) -> &ControlNetConfig {
        &self.config
    }

    /// The picture that steers, once for all steps: `(1, picture_channels, height, width)` in 0…1.
    ///
    /// # Errors
    /// When the shape is wrong, or the device has no memory.
    pub fn encode(&self, picture: &Tensor) -> Result<Hint, ModelError> {
        self.hint.forward(picture, &self.execution)
    }

    /// What is added to the UNet's pass, as yet at full weight.
    ///
    /// # Errors
    /// When the pass is cancelled, a shape is wrong, or the device has no memory.
    pub fn forward(&self, input: &ControlNetInput, options: &ForwardOptions) -> Result<ControlMaps, ModelError> {
        let rows = input.sample.dim(0)?;
        let given = self.time.inputs(input.timestep, rows, None, input.added)?;
        let mut time = self.time.forward(given.upload(&self.execution)?)?;
        if let Some(union) = &self.union {
            time = time.add(&union.embed_types(input.hints, rows, &self.execution)?)?;
        }
        let time = time.activate(Activation::Silu)?;
        let prompt = Feature::of_tokens(input.context, &self.execution)?;
        let context = CrossContext::new(prompt, (&[], &[]), &self.execution)?;
        let given = BlockInputs { time: &time, context: &context, options };
        let mut x = self.conv_in.forward(&Feature::of_picture(input.sample, &self.execution)?)?;
        x = match (&self.union, input.hints) {
            (Some(union), hints) => union.fuse(&x, hints, &self.execution)?,
            (None, [one]) => x.add_repeated(&one.hint.map)?,
            (None, _) => return Err(ModelError::Misfit("a ControlNet of one kind takes one picture".to_owned())),
        };
        let mut kept = vec![x.clone()];
        for block in &self.down {
            x = block.forward(x, &given, &mut kept, &Ok::<Feature, ModelError>)?;
        }
        if let Some(mid) = &self.mid {
            x = mid.forward(x, &given)?;
        }
        let outputs = self.outputs.iter().zip(&kept).map(|(output, kept)| output.forward(kept));
        let maps = outputs.chain([self.mid_output.forward(&x)]).map(|map| {
            let map = map?;
            let map = if self.config.pools { map.mean_of_pixels()? } else { map };
            Ok(AddedMap { map, share: None })
        });
        Ok(ControlMaps(maps.collect::<Result<_, ModelError>>()?))
    }
}

/// Channels of each map that the UNet keeps for its way up.
fn kept_channels(config: &ControlNetConfig) -> Vec<usize> {
    let blocks = &config.unet.blocks;
    let mut kept = vec![blocks[0].channels];
    for (level, block) in blocks.iter().enumerate() {
        let halves = usize::from(level + 1 < blocks.len());
        kept.extend(std::iter::repeat_n(block.channels, block.layers + halves));
    }
    kept
}
