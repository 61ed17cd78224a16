//! The conditional UNet: predicts, from a noisy latent, a timestep and the prompt, what the scheduler removes.

use candle_core::Tensor;

use super::blocks::{BlockInputs, DownBlock, MidBlock, UpBlock};
use super::control::ControlSignals;
use super::cross_context::CrossContext;
use super::feature::{Execution, Feature};
use super::layers::{Conv3x3, GroupNorm};
use super::operators::Replay;
use super::unet_inputs::UnetInputs;
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
    /// Passes that the device has recorded.
    replay: Replay,
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
            replay: Replay::default(),
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
        let time = self.time.inputs(input.timestep, rows, Some(input.guidance), input.added)?;
        let given = UnetInputs { sample: input.sample.clone(), context: input.context.clone(), time };
        match &self.execution {
            // What is added on the way is of its own at each step.
            Execution::Candle(operators) if signals.is_empty() => {
                self.replay.run(operators, &given.list(), options.attention, |arrays| {
                    let given = given.placed(arrays.into_iter().map(Feature::Device))?;
                    self.pass(given, signals, options)?.into_array()
                })
            }
            execution => self.pass(given.upload(execution)?, signals, options)?.picture(),
        }
    }

    fn pass(
        &self,
        given: UnetInputs<Feature>,
        signals: &ControlSignals,
        options: &ForwardOptions,
    ) -> Result<Feature, ModelError> {
        let UnetInputs { sample, context, time } = given;
        let time = self.time.forward(time)?.activate(Activation::Silu)?;
        let context = CrossContext::new(context, (&signals.regions, &signals.images), &self.execution)?;
        let given = BlockInputs { time: &time, context: &context, options };
        let mut x = self.conv_in.forward(&sample)?;
        drop(sample);
        let mut skips = vec![x.clone()];
        for (level, block) in self.down.iter().enumerate() {
            x = block.forward(x, &given, &mut skips, &|x| signals.onto_level(level, x))?;
        }
        if let Some(mid) = &self.mid {
            x = signals.onto_middle(self.down.len(), mid.forward(x, &given)?)?;
        }
        for (index, skip) in skips.iter_mut().enumerate() {
            *skip = signals.onto(index, skip)?;
        }
        x = signals.onto(skips.len(), &x)?;
        for block in &self.up {
            x = block.forward(x, &given, &mut skips)?;
        }
        self.conv_out.forward(&self.norm_out.forward_silu(x)?)
    }
}

#[cfg(test)]
#[cfg(feature = "cuda")]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use candle_core::{DType, Device};

    use super::*;
    use crate::checkpoint::ModelFiles;
    use crate::model::{Operators, Watch};

    /// The tiny SD 2, whose operators are all the card's own; from the working directory, or where cargo says.
    #[test]
    #[ignore = "needs an NVIDIA card"]
    fn a_pass_that_was_recorded_gives_what_its_operators_give_one_by_one() {
        let root = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
        let files = ModelFiles::Folder(root.join("tests/reference/data/sd2/model"));
        let device = Device::new_cuda(0).unwrap();
        for dtype in [DType::F16, DType::BF16] {
            let unet = |operators: Operators| {
                let weights = Weights::open(&files, "unet", "diffusion_pytorch_model", &device, dtype, &|_| Ok(()));
                let weights = weights.unwrap().with_execution(&Execution::Candle(operators));
                Unet::new(UnetConfig::read(&files).unwrap(), weights).unwrap()
            };
            let operators = Operators::on(&device, dtype);
            let recorded = unet(operators.clone());
            // Whoever looks on sees each operator.
            let one_by_one = unet(operators.watched(&Arc::new(Watch::default())));
            let mut passes = 0;
            for (rows, side) in [(2, 8), (1, 8), (2, 12), (2, 8)] {
                for timestep in [999.0, 500.0, 20.0, 1.0] {
                    let random = |shape: &[usize]| Tensor::randn(0f32, 1.0, shape, &Device::Cpu).unwrap();
                    let sample = random(&[rows, recorded.config.in_channels, side, side]);
                    let context = random(&[rows, 77, recorded.config.context_width().unwrap()]);
                    let input = UnetInput { sample: &sample, timestep, context: &context, added: None, guidance: 1.0 };
                    let [found, wanted] = [&recorded, &one_by_one]
                        .map(|unet| unet.forward(&input, &ForwardOptions::PLAIN).unwrap().flatten_all().unwrap());
                    let [found, wanted] = [found, wanted].map(|values| values.to_vec1::<f32>().unwrap());
                    assert!(found == wanted, "{dtype:?}, {rows} of {side}×{side} at {timestep}");
                    passes += 1;
                }
            }
            assert_eq!((recorded.replay.recorded(), one_by_one.replay.recorded()), (3, 0), "after {passes} passes");
        }
    }
}
