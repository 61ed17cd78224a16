//! Z-Image ("Z-Image: An Efficient Image Generation Foundation Model with Single-Stream Diffusion Transformer"): one
//! stream of picture and prompt, each of which passes a few blocks of its own before.

use candle_core::{Device, Tensor};

use super::attend::attend;
use super::denoiser_input::DenoiserInput;
use super::feature::{Execution, Feature};
use super::layers::{Linear, host_vector};
use super::rope::Axes;
use super::swiglu::{SwiGlu, norm_weight, product};
use super::timestep::Sinusoid;
use super::token_ops::Rotation;
use super::weights::{Scope, Weights};
use super::{ForwardOptions, ModelError};
use crate::checkpoint::ZImageConfig;
use crate::kernels::{Activation, Heads, Precision};

/// Tokens of picture and prompt are filled up to a multiple of this.
const MULTIPLE: usize = 32;

/// Width of the time step's sines and cosines, and of the layer behind them.
const SINES: usize = 256;
const TIME_HIDDEN: usize = 1024;

/// Of queries and keys, and of the last norm.
const HEAD_EPS: f64 = 1e-5;
const FINAL_EPS: f64 = 1e-6;

pub struct ZImage {
    config: ZImageConfig,
    execution: Execution,
    time_1: Linear,
    time_2: Linear,
    embed: Linear,
    caption_norm: Vec<f32>,
    caption: Linear,
    /// What stands where a row is filled up, of picture and prompt.
    pads: [Vec<f32>; 2],
    noise_refiner: Vec<Block>,
    context_refiner: Vec<Block>,
    layers: Vec<Block>,
    final_modulation: Linear,
    project_out: Linear,
}

impl ZImage {
    /// Builds the network from its weights, which must match the config exactly.
    ///
    /// # Errors
    /// When they do not, or the device has no memory.
    pub fn new(config: ZImageConfig, weights: Weights) -> Result<Self, ModelError> {
        let root = weights.root();
        let (width, time_width) = (config.width, config.time_width());
        let token = config.latent_channels * ZImageConfig::PATCH * ZImageConfig::PATCH;
        let kind = format!("{}-1", ZImageConfig::PATCH);
        let blocks = |name: &str, count: usize, modulated: bool| -> Result<Vec<Block>, ModelError> {
            let block = |index| Block::new(&root.at(format_args!("{name}.{index}")), &config, modulated);
            (0..count).map(block).collect()
        };
        let last = root.at("all_final_layer").at(&kind);
        let time = root.at("t_embedder.mlp");
        let network = Self {
            execution: weights.execution().clone(),
            time_1: Linear::new(&time.at(0), SINES, TIME_HIDDEN)?,
            time_2: Linear::new(&time.at(2), TIME_HIDDEN, time_width)?,
            embed: Linear::new(&root.at("all_x_embedder").at(&kind), token, width)?,
            caption_norm: norm_weight(&root.at("cap_embedder.0"), config.context_width)?,
            caption: Linear::new(&root.at("cap_embedder.1"), config.context_width, width)?,
            pads: [pad_token(&root, "x_pad_token", width)?, pad_token(&root, "cap_pad_token", width)?],
            noise_refiner: blocks("noise_refiner", config.refiner_layers, true)?,
            context_refiner: blocks("context_refiner", config.refiner_layers, false)?,
            layers: blocks("layers", config.layers, true)?,
            final_modulation: Linear::new(&last.at("adaLN_modulation.1"), time_width, width)?,
            project_out: Linear::new(&last.at("linear"), width, token)?,
            config,
        };
        weights.finish()?;
        Ok(network)
    }

    #[must_use]
    pub fn config(&self) -> &ZImageConfig {
        &self.config
    }

    /// The way from the picture to the noise, `(1, channels, height, width)`, on the host in single precision.
    ///
    /// # Errors
    /// When the pass is cancelled, a shape is wrong, or the device has no memory.
    pub fn forward(&self, input: &DenoiserInput, options: &ForwardOptions) -> Result<Tensor, ModelError> {
        let (batch, channels, height, width) = input.sample.dims4()?;
        let patch = ZImageConfig::PATCH;
        if batch != 1 || !height.is_multiple_of(patch) || !width.is_multiple_of(patch) {
            return Err(ModelError::Misfit(format!("{:?} is no picture for Z-Image", input.sample.dims())));
        }
        let (rows, columns) = (height / patch, width / patch);
        let words = input.context.dim(1)?;
        let [picture_places, word_places] = self.places(words, rows, columns)?;
        let axes = Axes { theta: self.config.rope_theta, channels: &self.config.axes, rounds: true };
        let rotation = |places: &[Vec<usize>]| axes.rotation(places, &self.execution);
        let time = self.embed_time(input.timestep)?;

        let patches = patched(input.sample, patch)?;
        let x = self.embed.forward(&Feature::of_tokens(&patches, &self.execution)?)?;
        let mut x = self.filled_up(x, rows * columns, picture_places.len(), 0)?;
        let turned = rotation(&picture_places)?;
        for block in &self.noise_refiner {
            options.check_cancelled()?;
            x = block.forward(&x, &turned, Some(&time), options)?;
        }
        let words_in = Feature::of_tokens(input.context, &self.execution)?;
        let normed = words_in.rms_norm(&self.caption_norm, self.config.norm_eps, None)?;
        let mut context = self.filled_up(self.caption.forward(&normed)?, words, word_places.len(), 1)?;
        let turned = rotation(&word_places)?;
        for block in &self.context_refiner {
            options.check_cancelled()?;
            context = block.forward(&context, &turned, None, options)?;
        }
        let mut x = x.join_tokens(&context)?;
        drop(context);
        let turned = rotation(&[picture_places, word_places].concat())?;
        for block in &self.layers {
            options.check_cancelled()?;
            x = block.forward(&x, &turned, Some(&time), options)?;
        }
        let x = x.narrow_tokens(0, rows * columns)?;
        let scale = values_of(&self.final_modulation.forward(&time.activate(Activation::Silu)?)?)?;
        let scale: Vec<f32> = scale.iter().map(|scale| 1.0 + scale).collect();
        let x = x.layer_norm_by(&scale, &vec![0.0; scale.len()], FINAL_EPS)?;
        let out = self.project_out.forward(&x)?.tokens()?;
        // The network looks the other way.
        Ok((unpatched(&out, channels, (rows, columns), patch)? * -1.0)?)
    }

    /// `(1, 1, time_width)`: of how much is picture already.
    fn embed_time(&self, timestep: f64) -> Result<Feature, ModelError> {
        const STEPS: f32 = 1000.0;
        let done = (STEPS - timestep as f32) / STEPS * self.config.time_scale as f32;
        let sinusoid = Sinusoid { dimension: SINES, cosine_first: true, frequency_shift: 0.0 };
        let sines = Feature::of_tokens(&sinusoid.embed(&[done])?.unsqueeze(1)?, &self.execution)?;
        self.time_2.forward(&self.time_1.forward_then(&sines, Activation::Silu)?)
    }

    /// Of the picture's tokens and of the prompt's, filled up: the prompt comes first.
    fn places(&self, words: usize, rows: usize, columns: usize) -> Result<[Vec<Vec<usize>>; 2], ModelError> {
        let context = words.next_multiple_of(MULTIPLE);
        let [places, most_rows, most_columns] = self.config.axes_lengths;
        if context + 1 >= places || rows > most_rows || columns > most_columns {
            return Err(ModelError::Misfit(format!(
                "Z-Image knows places for {most_rows} × {most_columns} tokens and {places} words, and {rows} × {columns} and \
                 {words} were asked for"
            )));
        }
        let mut picture: Vec<Vec<usize>> =
            (0..rows).flat_map(|row| (0..columns).map(move |column| vec![context + 1, row, column])).collect();
        picture.resize(picture.len().next_multiple_of(MULTIPLE), vec![0; 3]);
        Ok([picture, (0..context).map(|place| vec![1 + place, 0, 0]).collect()])
    }

    /// `count` tokens, and as many of what stands where a row is filled up as `total` takes.
    fn filled_up(&self, x: Feature, count: usize, total: usize, kind: usize) -> Result<Feature, ModelError> {
        if total == count {
            return Ok(x);
        }
        let pad = self.pads[kind].repeat(total - count);
        let pad = Tensor::from_vec(pad, (1, total - count, self.config.width), &Device::Cpu)?;
        x.join_tokens(&Feature::of_tokens(&pad, &self.execution)?)
    }
}

fn pad_token(root: &Scope, name: &str, width: usize) -> Result<Vec<f32>, ModelError> {
    host_vector(&root.bare_tensor(name, &[1, width])?)
}

fn values_of(x: &Feature) -> Result<Vec<f32>, ModelError> {
    host_vector(&x.tokens()?)
}

/// `(1, channels, height, width)` as tokens of `patch` × `patch` pixels, each pixel with its channels together.
fn patched(picture: &Tensor, patch: usize) -> Result<Tensor, candle_core::Error> {
    let (_, channels, height, width) = picture.dims4()?;
    let (rows, columns) = (height / patch, width / patch);
    picture.reshape((channels, rows, patch, columns, patch))?.permute((1, 3, 2, 4, 0))?.reshape((
        1,
        rows * columns,
        patch * patch * channels,
    ))
}

/// The way back.
fn unpatched(
    tokens: &Tensor,
    channels: usize,
    (rows, columns): (usize, usize),
    patch: usize,
) -> Result<Tensor, candle_core::Error> {
    tokens.reshape((rows, columns, patch, patch, channels))?.permute((4, 0, 2, 1, 3))?.reshape((
        1,
        channels,
        rows * patch,
        columns * patch,
    ))
}

struct Block {
    to_q: Linear,
    to_k: Linear,
    to_v: Linear,
    to_out: Linear,
    norm_q: Vec<f32>,
    norm_k: Vec<f32>,
    /// Before attention and behind it, before the feed-forward layers and behind them.
    norms: [Vec<f32>; 4],
    feed_forward: SwiGlu,
    modulation: Option<Linear>,
    heads: Heads,
    eps: f64,
}

impl Block {
    fn new(at: &Scope, config: &ZImageConfig, modulated: bool) -> Result<Self, ModelError> {
        let width = config.width;
        let attention = at.at("attention");
        let project = |name| Linear::without_bias(&attention.at(name), width, width);
        let head_norm = |name| norm_weight(&attention.at(name), width / config.heads);
        let norm = |name| norm_weight(&at.at(name), width);
        let in_pairs = at.packing().precision == Precision::Bf16Products;
        Ok(Self {
            to_q: project("to_q")?,
            to_k: project("to_k")?,
            to_v: project("to_v")?,
            to_out: project("to_out.0")?,
            norm_q: head_norm("norm_q")?,
            norm_k: head_norm("norm_k")?,
            norms: [norm("attention_norm1")?, norm("attention_norm2")?, norm("ffn_norm1")?, norm("ffn_norm2")?],
            feed_forward: SwiGlu::new(&at.at("feed_forward"), ["w1", "w3", "w2"], width, config.feed_forward_width())?,
            modulation: modulated
                .then(|| Linear::new(&at.at("adaLN_modulation.0"), config.time_width(), 4 * width))
                .transpose()?,
            heads: Heads { in_pairs, ..Heads::plain(config.heads) },
            eps: config.norm_eps,
        })
    }

    fn forward(
        &self,
        x: &Feature,
        rotation: &Rotation,
        time: Option<&Feature>,
        options: &ForwardOptions,
    ) -> Result<Feature, ModelError> {
        let [before, behind, before_hidden, behind_hidden] = self.modulated_norms(time)?;
        let normed = x.rms_norm(&before, self.eps, None)?;
        let turned =
            |layer: &Linear, norm: &[f32]| layer.forward(&normed)?.rms_norm(norm, HEAD_EPS, None)?.rotated(rotation);
        let (q, k) = (turned(&self.to_q, &self.norm_q)?, turned(&self.to_k, &self.norm_k)?);
        let attended = attend(&q, &k, &self.to_v.forward(&normed)?, self.heads, options.attention)?;
        drop((normed, q, k));
        let x = self.to_out.forward(&attended)?.rms_norm(&behind, self.eps, Some(x))?;
        drop(attended);
        let hidden = self.feed_forward.forward(&x.rms_norm(&before_hidden, self.eps, None)?)?;
        hidden.rms_norm(&behind_hidden, self.eps, Some(&x))
    }

    /// The norms' weights, times how much goes in and how much comes out at this time.
    fn modulated_norms(&self, time: Option<&Feature>) -> Result<[Vec<f32>; 4], ModelError> {
        let (Some(modulation), Some(time)) = (&self.modulation, time) else { return Ok(self.norms.clone()) };
        let values = values_of(&modulation.forward(time)?)?;
        let quarter = |index: usize| values.chunks(self.norms[0].len()).nth(index).unwrap_or_default();
        let scale = |values: &[f32]| values.iter().map(|value| 1.0 + value).collect::<Vec<f32>>();
        let gate = |values: &[f32]| values.iter().map(|value| value.tanh()).collect::<Vec<f32>>();
        let factors = [scale(quarter(0)), gate(quarter(1)), scale(quarter(2)), gate(quarter(3))];
        Ok(std::array::from_fn(|index| product(&self.norms[index], &factors[index])))
    }
}
