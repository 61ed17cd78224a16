//! The conditional UNet: predicts, from a noisy latent, a timestep and the prompt, what the scheduler removes.

use candle_core::Tensor;

use super::blocks::{BlockInputs, DownBlock, MidBlock, UpBlock};
use super::control::ControlSignals;
use super::cross_context::CrossContext;
use super::feature::{Execution, Feature};
use super::layers::{Conv3x3, GroupNorm};
use super::unet_time::{AddedConditioning, TimeEmbedder};
use super::weights::Weights;
use super::{ForwardOptions, ModelError};
use crate::checkpoint::UnetConfig;
use crate::kernels::Activation;

/// What the network is given at one step; all tensors are on the host, in single precision.
#[derive(Clone, Copy)]
pub struct UnetInput<'a> {
    /// Noisy latents `(batch, in_channels, height / 8, width / 8)`.
    pub sample: &'a Tensor,
    pub timestep: f64,
    /// The encoded prompts `(batch, tokens, context_width)`.
    pub context: &'a Tensor,
    /// Needed where [`UnetConfig::added`] is set.
    pub added: Option<&'a AddedConditioning>,
    /// The guidance scale, for networks that embed it ([`UnetConfig::guidance_width`]); others ignore it.
    pub guidance: f64,
}

pub struct Unet {
    config: UnetConfig,
    execution: Execution,
    time: TimeEmbedder,
    conv_in: Conv3x3,
    down: Vec<DownBlock>,
    mid: Option<MidBlock>,
    up: Vec<UpBlock>,
    norm_out: GroupNorm,
    conv_out: Conv3x3,
}

impl Unet {
    /// Builds the network from its weights, which must match the config exactly.
    ///
    /// # Errors
    /// When they do not, or the device has no memory.
    pub fn new(config: UnetConfig, weights: Weights) -> Result<Self, ModelError> {
        let root = weights.root();
        let first = config.blocks[0].channels;
        let levels = config.blocks.len();
        let unet = Self {
            execution: weights.execution().clone(),
            time: TimeEmbedder::new(&root, &config)?,
            conv_in: Conv3x3::new(&root.at("conv_in"), config.in_channels, first)?,
            down: (0..levels)
                .map(|level| DownBlock::new(&root.at(format_args!("down_blocks.{level}")), &config, level))
                .collect::<Result<_, _>>()?,
            mid: config
                .mid_attention
                .as_ref()
                .map(|attention| MidBlock::new(&root.at("mid_block"), &config, attention))
                .transpose()?,
            up: (0..levels)
                .map(|index| UpBlock::new(&root.at(format_args!("up_blocks.{index}")), &config, levels - 1 - index))
                .collect::<Result<_, _>>()?,
            norm_out: GroupNorm::new(&root.at("conv_norm_out"), config.groups, first, config.norm_eps)?,
            conv_out: Conv3x3::new(&root.at("conv_out"), first, config.out_channels)?,
            config,
        };
        weights.finish()?;
        Ok(unet)
    }

    #[must_use]
    pub fn config(&self) -> &UnetConfig {
        &self.config
    }

    /// Predicts what the scheduler removes: `(batch, out_channels, height / 8, width / 8)`, on the host in single
    /// precision.
    ///
    /// # Errors
    /// When the pass is cancelled, a shape is wrong, or the device has no memory.
    pub fn forward(&self, input: &UnetInput, options: &ForwardOptions) -> Result<Tensor, ModelError> {
        self.forward_steered(input, &ControlSignals::default(), options)
    }

    /// The same with what control networks and regions add on the way.
    ///
    /// # Errors
    /// As above, and where what they add does not fit.
    pub fn forward_steered(
        &self,
        input: &UnetInput,
        signals: &ControlSignals,
        options: &ForwardOptions,
    ) -> Result<Tensor, ModelError> {
        let rows = input.sample.dim(0)?;
        let time = self.time.embed(input.timestep, rows, Some(input.guidance), input.added, &self.execution)?;
        let time = time.activate(Activation::Silu)?;
        let context = CrossContext::new(input.context, (&signals.regions, &signals.images), &self.execution)?;
        let given = BlockInputs { time: &time, context: &context, options };
        let mut x = self.conv_in.forward(&Feature::of_picture(input.sample, &self.execution)?)?;
        let mut skips = vec![x.clone()];
        for (level, block) in self.down.iter().enumerate() {
            x = block.forward(x, &given, &mut skips, &|x| signals.onto_level(level, x))?;
        }
        if let Some(mid) = &self.mid {
            x = signals.onto_middle(self.down.len(), mid.forward(&x, &given)?)?;
        }
        for (index, skip) in skips.iter_mut().enumerate() {
            *skip = signals.onto(index, skip)?;
        }
        x = signals.onto(skips.len(), &x)?;
        for block in &self.up {
            x = block.forward(x, &given, &mut skips)?;
        }
        self.conv_out.forward(&self.norm_out.forward_silu(&x)?)?.picture()
    }
}
