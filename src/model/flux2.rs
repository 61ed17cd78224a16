//! FLUX.2 klein: a few blocks with a stream each for picture and prompt, then one stream for both ("Scaling Rectified
//! Flow Transformers for High-Resolution Image Synthesis"; blocks in parallel as in "Scaling Vision Transformers to 22
//! Billion Parameters"). Reference pictures are further tokens, at other places of the first axis.

use candle_core::Tensor;

use super::attend::attend;
use super::denoiser_input::DenoiserInput;
use super::feature::{Execution, Feature};
use super::layers::{Linear, host_vector};
use super::rope::Axes;
use super::swiglu::{SwiGlu, norm_weight};
use super::timestep::{Sinusoid, TimestepEmbedding};
use super::token_ops::Rotation;
use super::weights::{Scope, Weights};
use super::{ForwardOptions, ModelError};
use crate::checkpoint::Flux2Config;
use crate::kernels::{Activation, Heads, Precision};

/// Between two reference pictures on the first axis.
const REFERENCE_STRIDE: usize = 10;

pub struct Flux2 {
    config: Flux2Config,
    execution: Execution,
    time: TimestepEmbedding,
    /// Of the picture's stream, of the prompt's, and of both together.
    modulations: [Linear; 3],
    embed: Linear,
    context: Linear,
    doubles: Vec<DoubleBlock>,
    singles: Vec<SingleBlock>,
    final_modulation: Linear,
    project_out: Linear,
}

impl Flux2 {
    /// Builds the network from its weights, which must match the config exactly.
    ///
    /// # Errors
    /// When they do not, or the device has no memory.
    pub fn new(config: Flux2Config, weights: Weights) -> Result<Self, ModelError> {
        let root = weights.root();
        let width = config.width();
        let modulation =
            |name: &str, sets: usize| Linear::without_bias(&root.at(name).at("linear"), width, 3 * sets * width);
        let network = Self {
            execution: weights.execution().clone(),
            time: TimestepEmbedding::without_biases(
                &root.at("time_guidance_embed.timestep_embedder"),
                config.time_width,
                width,
            )?,
            modulations: [
                modulation("double_stream_modulation_img", 2)?,
                modulation("double_stream_modulation_txt", 2)?,
                modulation("single_stream_modulation", 1)?,
            ],
            embed: Linear::without_bias(&root.at("x_embedder"), config.channels, width)?,
            context: Linear::without_bias(&root.at("context_embedder"), config.context_width, width)?,
            doubles: (0..config.double_layers)
                .map(|index| DoubleBlock::new(&root.at(format_args!("transformer_blocks.{index}")), &config))
                .collect::<Result<_, _>>()?,
            singles: (0..config.single_layers)
                .map(|index| SingleBlock::new(&root.at(format_args!("single_transformer_blocks.{index}")), &config))
                .collect::<Result<_, _>>()?,
            final_modulation: Linear::without_bias(&root.at("norm_out.linear"), width, 2 * width)?,
            project_out: Linear::without_bias(&root.at("proj_out"), width, config.channels)?,
            config,
        };
        weights.finish()?;
        Ok(network)
    }

    #[must_use]
    pub fn config(&self) -> &Flux2Config {
        &self.config
    }

    /// The way from the picture to the noise, as large as the latents, on the host in single precision.
    ///
    /// # Errors
    /// When the pass is cancelled, a shape is wrong, or the device has no memory.
    pub fn forward(&self, input: &DenoiserInput, options: &ForwardOptions) -> Result<Tensor, ModelError> {
        let (batch, channels, height, width) = input.sample.dims4()?;
        if batch != 1 || channels != self.config.channels {
            return Err(ModelError::Misfit(format!("{:?} are no latents for FLUX.2", input.sample.dims())));
        }
        let words = input.context.dim(1)?;
        let mut places: Vec<Vec<usize>> = (0..words).map(|place| vec![0, 0, 0, place]).collect();
        let mut tokens = vec![packed(input.sample)?];
        places.extend(grid(0, height, width));
        for (index, reference) in input.references.iter().enumerate() {
            let (_, _, height, width) = reference.dims4()?;
            tokens.push(packed(reference)?);
            places.extend(grid(REFERENCE_STRIDE * (index + 1), height, width));
        }
        let axes = Axes { theta: self.config.rope_theta, channels: &self.config.axes, rounds: false };
        let rotation = axes.rotation(&places, &self.execution)?;
        let sinusoid = Sinusoid { dimension: self.config.time_width, cosine_first: true, frequency_shift: 0.0 };
        let time = self.time.forward(&sinusoid.embed(&[input.timestep as f32])?, None, &self.execution)?;
        let time = time.activate(Activation::Silu)?;
        let [of_picture, of_words, of_both] = [0, 1, 2].map(|index| self.shifts(&self.modulations[index], &time));
        let (of_picture, of_words, of_both) = (of_picture?, of_words?, of_both?);

        let mut x = self.embed.forward(&Feature::of_tokens(&Tensor::cat(&tokens, 1)?, &self.execution)?)?;
        let mut context = self.context.forward(&Feature::of_tokens(input.context, &self.execution)?)?;
        for block in &self.doubles {
            options.check_cancelled()?;
            (x, context) = block.forward(&x, &context, [&of_picture, &of_words], &rotation, options)?;
        }
        let mut x = context.join_tokens(&x)?;
        drop(context);
        for block in &self.singles {
            options.check_cancelled()?;
            x = block.forward(&x, &of_both[0], &rotation, options)?;
        }
        let x = x.narrow_tokens(words, height * width)?;
        let values = host_vector(&self.final_modulation.forward(&time)?.tokens()?)?;
        let (scale, shift) = values.split_at(values.len() / 2);
        let x = x.layer_norm_by(&plus_one(scale), shift, self.config.norm_eps)?;
        let out = self.project_out.forward(&x)?.tokens()?;
        Ok(out.transpose(1, 2)?.reshape((1, channels, height, width))?)
    }

    fn shifts(&self, modulation: &Linear, time: &Feature) -> Result<Vec<Modulation>, ModelError> {
        let values = host_vector(&modulation.forward(time)?.tokens()?)?;
        let of = |set: &[f32]| {
            let mut parts = set.chunks_exact(self.config.width());
            let mut next = || parts.next().unwrap_or_default().to_vec();
            let (shift, scale, gate) = (next(), next(), next());
            Modulation { summands: shift, factors: plus_one(&scale), gate }
        };
        Ok(values.chunks_exact(3 * self.config.width()).map(of).collect())
    }
}

/// What a time makes of a block's input, and how much of its output is taken.
struct Modulation {
    summands: Vec<f32>,
    factors: Vec<f32>,
    gate: Vec<f32>,
}

impl Modulation {
    fn norm(&self, x: &Feature, eps: f64) -> Result<Feature, ModelError> {
        x.layer_norm_by(&self.factors, &self.summands, eps)
    }
}

fn plus_one(values: &[f32]) -> Vec<f32> {
    values.iter().map(|value| 1.0 + value).collect()
}

/// `(1, channels, height, width)` as `(1, height · width, channels)`.
fn packed(latents: &Tensor) -> Result<Tensor, candle_core::Error> {
    latents.flatten_from(2)?.transpose(1, 2)?.contiguous()
}

fn grid(picture: usize, height: usize, width: usize) -> impl Iterator<Item = Vec<usize>> {
    (0..height).flat_map(move |row| (0..width).map(move |column| vec![picture, row, column, 0]))
}

/// Queries and keys of one stream, normed, and its values.
struct Projections {
    to_q: Linear,
    to_k: Linear,
    to_v: Linear,
    norm_q: Vec<f32>,
    norm_k: Vec<f32>,
    eps: f64,
}

impl Projections {
    fn new(at: &Scope, names: [&str; 5], config: &Flux2Config) -> Result<Self, ModelError> {
        let width = config.width();
        let project = |name| Linear::without_bias(&at.at(name), width, width);
        let norm = |name| norm_weight(&at.at(name), config.head_width);
        let [q, k, v, norm_q, norm_k] = names;
        Ok(Self {
            to_q: project(q)?,
            to_k: project(k)?,
            to_v: project(v)?,
            norm_q: norm(norm_q)?,
            norm_k: norm(norm_k)?,
            eps: config.norm_eps,
        })
    }

    fn forward(&self, x: &Feature) -> Result<[Feature; 3], ModelError> {
        let normed = |layer: &Linear, norm: &[f32]| layer.forward(x)?.rms_norm(norm, self.eps, None);
        Ok([normed(&self.to_q, &self.norm_q)?, normed(&self.to_k, &self.norm_k)?, self.to_v.forward(x)?])
    }
}

const OWN: [&str; 5] = ["to_q", "to_k", "to_v", "norm_q", "norm_k"];
const ADDED: [&str; 5] = ["add_q_proj", "add_k_proj", "add_v_proj", "norm_added_q", "norm_added_k"];

struct DoubleBlock {
    picture: Projections,
    words: Projections,
    to_out: Linear,
    to_add_out: Linear,
    feed_forward: SwiGlu,
    feed_forward_words: SwiGlu,
    heads: Heads,
    eps: f64,
}

fn heads_of(at: &Scope, config: &Flux2Config) -> Heads {
    Heads { in_pairs: at.packing().precision == Precision::Bf16Products, ..Heads::plain(config.heads) }
}

impl DoubleBlock {
    fn new(at: &Scope, config: &Flux2Config) -> Result<Self, ModelError> {
        let width = config.width();
        let attention = at.at("attn");
        let feed_forward =
            |name| SwiGlu::new(&at.at(name), ["gate", "up", "linear_out"], width, config.feed_forward_width);
        Ok(Self {
            picture: Projections::new(&attention, OWN, config)?,
            words: Projections::new(&attention, ADDED, config)?,
            to_out: Linear::without_bias(&attention.at("to_out.0"), width, width)?,
            to_add_out: Linear::without_bias(&attention.at("to_add_out"), width, width)?,
            feed_forward: feed_forward("ff")?,
            feed_forward_words: feed_forward("ff_context")?,
            heads: heads_of(at, config),
            eps: config.norm_eps,
        })
    }

    fn forward(
        &self,
        x: &Feature,
        context: &Feature,
        [of_picture, of_words]: [&[Modulation]; 2],
        rotation: &Rotation,
        options: &ForwardOptions,
    ) -> Result<(Feature, Feature), ModelError> {
        let (picture, words) = (x.token_count()?, context.token_count()?);
        let own = self.picture.forward(&of_picture[0].norm(x, self.eps)?)?;
        let added = self.words.forward(&of_words[0].norm(context, self.eps)?)?;
        let [q, k, v] = [0, 1, 2].map(|index| added[index].join_tokens(&own[index]));
        drop((own, added));
        let (q, k) = (q?.rotated(rotation)?, k?.rotated(rotation)?);
        let attended = attend(&q, &k, &v?, self.heads, options.attention)?;
        drop((q, k));
        let of = |shifts: &[Modulation], x: &Feature, out: &Linear, feed_forward: &SwiGlu, attended: &Feature| {
            let x = out.forward(attended)?.scaled_onto(&shifts[0].gate, x)?;
            let hidden = feed_forward.forward(&shifts[1].norm(&x, self.eps)?)?;
            hidden.scaled_onto(&shifts[1].gate, &x)
        };
        let for_words = attended.narrow_tokens(0, words)?;
        let for_picture = attended.narrow_tokens(words, picture)?;
        drop(attended);
        Ok((
            of(of_picture, x, &self.to_out, &self.feed_forward, &for_picture)?,
            of(of_words, context, &self.to_add_out, &self.feed_forward_words, &for_words)?,
        ))
    }
}

struct SingleBlock {
    projections: Projections,
    gate: Linear,
    up: Linear,
    /// Of what attention gives and, behind it, what the feed-forward layers hold.
    to_out: Linear,
    heads: Heads,
    eps: f64,
}

impl SingleBlock {
    fn new(at: &Scope, config: &Flux2Config) -> Result<Self, ModelError> {
        let (width, hidden) = (config.width(), config.feed_forward_width);
        let attention = at.at("attn");
        Ok(Self {
            projections: Projections::new(&attention, OWN, config)?,
            gate: Linear::without_bias(&at.at("ff.gate"), width, hidden)?,
            up: Linear::without_bias(&at.at("ff.up"), width, hidden)?,
            to_out: Linear::without_bias(&attention.at("to_out"), width + hidden, width)?,
            heads: heads_of(at, config),
            eps: config.norm_eps,
        })
    }

    fn forward(
        &self,
        x: &Feature,
        shift: &Modulation,
        rotation: &Rotation,
        options: &ForwardOptions,
    ) -> Result<Feature, ModelError> {
        let normed = shift.norm(x, self.eps)?;
        let [q, k, v] = self.projections.forward(&normed)?;
        let (q, k) = (q.rotated(rotation)?, k.rotated(rotation)?);
        let attended = attend(&q, &k, &v, self.heads, options.attention)?;
        drop((q, k, v));
        let hidden = SwiGlu::hidden(&self.gate, &self.up, &normed)?;
        drop(normed);
        self.to_out.forward(&attended.join_channels(&hidden)?)?.scaled_onto(&shift.gate, x)
    }
}
