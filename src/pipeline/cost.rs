//! What a picture takes, estimated by a dry run of its networks with sizes alone: memory and arithmetic.

use std::sync::Arc;

use candle_core::{DType, Device, Tensor};

use super::PipelineError;
use super::control::image_load::TracedImages;
use super::control::load::{SteeringLoad, TracedControls};
use super::execution_plan::ExecutionPlan;
use super::spec::NetworkConfigs;
use super::workload::{ReadPictures, Workload};
use crate::checkpoint::{DenoiserConfig, ModelFiles, TextConfig, VaeConfig, network_family};
use crate::job::{Family, Work};
use crate::mask::MaskPlane;
use crate::model::{
    AddedConditioning, Card, Denoiser, DenoiserInput, Execution, ForwardOptions, KeptForms, MemoryTracker, Operators,
    Qwen3, RegionPrompt, TextEncoder, Vae, Watch, Weights,
};

/// Tokens of one window of a prompt.
const WINDOW_TOKENS: usize = 77;

/// The program itself, its threads, and what is neither a weight nor a map: measured.
const PROGRAM_BYTES: usize = 28 << 20;

/// What a card fetches from pinned memory in a second: three quarters of 16 lanes of PCI Express 3, which is the least that
/// cards with tensor cores have.
const BUS_BYTES_PER_SECOND: f64 = 12e9;

/// What a workload takes by a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Costs {
    /// As they are kept: the text encoders, the UNet, the VAE.
    pub weights: [usize; 3],
    /// Of control networks and adapters for pictures, which stay beside the UNet.
    pub control_weights: usize,
    /// Whether only one of them is there at a time.
    pub sequential_offload: bool,
    /// What goes from the host to the card in each step, since it waits there.
    pub streamed_bytes: usize,
    /// Besides the weights, at the worst moment of a step, of decoding, and of encoding.
    pub step_bytes: usize,
    /// The peak while the VAE decodes.
    pub decode_bytes: usize,
    /// The peak while it encodes.
    pub encode_bytes: usize,
    /// Image encoders and the peak while they look at reference pictures; they are given up again.
    pub image_bytes: usize,
    /// The prompt's, once.
    pub text: Work,
    /// Of one call of the UNet, with all its passes.
    pub step: Work,
    pub decode: Work,
    pub encode: Work,
    /// Showing the pictures that steer to their networks, once.
    pub control: Work,
    /// The program and what is mapped into it.
    pub program_bytes: usize,
}

impl Costs {
    /// All networks.
    #[must_use]
    pub fn weight_bytes(&self) -> usize {
        self.weights.iter().sum::<usize>() + self.control_weights
    }

    /// What of them stays from picture to picture.
    #[must_use]
    pub fn resident_weight_bytes(&self) -> usize {
        if self.sequential_offload { 0 } else { self.weight_bytes() }
    }

    /// The most of them that is there at once.
    #[must_use]
    pub fn peak_weight_bytes(&self) -> usize {
        let [text, unet, vae] = self.weights;
        if self.sequential_offload {
            text.max(unet + self.control_weights).max(vae + self.control_weights)
        } else {
            self.weight_bytes()
        }
    }

    /// What is there of them while the VAE works.
    pub(super) fn weight_bytes_with_vae(&self) -> usize {
        if self.sequential_offload { self.weights[2] + self.control_weights } else { self.weight_bytes() }
    }

    /// Weights and everything that flows between them, at the worst moment; the program is not counted.
    #[must_use]
    pub fn working_set_bytes(&self) -> usize {
        let [text, unet, vae] = self.weights;
        let coding_bytes = self.decode_bytes.max(self.encode_bytes);
        if self.sequential_offload {
            let control = self.control_weights;
            let drawn = (unet + control + self.step_bytes).max(vae + control + coding_bytes);
            return text.max(drawn).max(control + self.image_bytes);
        }
        self.weight_bytes() + self.step_bytes.max(coding_bytes).max(self.image_bytes)
    }

    /// What that takes in each step. Computing does not go on meanwhile.
    #[must_use]
    pub fn streaming_seconds(&self) -> f64 {
        self.streamed_bytes as f64 / BUS_BYTES_PER_SECOND
    }

    /// Of the whole process.
    #[must_use]
    pub fn peak_bytes(&self) -> usize {
        self.program_bytes + self.working_set_bytes()
    }
}

/// Estimates costs for one model, by its configs alone.
#[derive(Clone, Debug)]
pub struct CostModel {
    configs: NetworkConfigs,
    native_side_px: usize,
    takes_guidance: bool,
    steering: SteeringLoad,
    /// Looks on while a device's operators are traced.
    watch: Option<Arc<Watch>>,
}

impl CostModel {
    /// Reads a model's configs.
    ///
    /// # Errors
    /// When one is missing, unreadable or not supported.
    pub fn read(files: &ModelFiles) -> Result<Self, PipelineError> {
        let family = network_family(files)?;
        let (denoiser, vae) = (DenoiserConfig::read(files, family)?, VaeConfig::read(files)?);
        Ok(Self::of(NetworkConfigs::read(files, denoiser, (files, vae), family)?, family))
    }

    pub(super) fn of(configs: NetworkConfigs, family: Family) -> Self {
        let native_side_px = configs.denoiser.native_side_px(&configs.vae, family);
        let takes_guidance = family.row().takes_guidance;
        Self { configs, native_side_px, takes_guidance, steering: SteeringLoad::default(), watch: None }
    }

    /// With what steers beside the model's networks.
    #[must_use]
    pub fn with_steering(self, steering: SteeringLoad) -> Self {
        Self { steering, ..self }
    }

    pub(super) fn kept_forms(&self) -> &[KeptForms; 4] {
        &self.configs.kept_forms
    }

    pub(super) fn with_kept_forms(mut self, kept_forms: [KeptForms; 4]) -> Self {
        self.configs.kept_forms = kept_forms;
        self
    }

    pub(super) fn steering(&self) -> &SteeringLoad {
        &self.steering
    }

    /// `watch` counts every operator of a device that is traced.
    #[must_use]
    pub fn watched(self, watch: &Arc<Watch>) -> Self {
        Self { watch: Some(Arc::clone(watch)), ..self }
    }

    #[must_use]
    pub fn denoiser_config(&self) -> &DenoiserConfig {
        &self.configs.denoiser
    }

    #[must_use]
    pub fn vae_config(&self) -> &VaeConfig {
        &self.configs.vae
    }

    /// A guided picture of the size that the model was trained on.
    #[must_use]
    pub fn native_workload(&self) -> Workload {
        let side = self.native_side_px;
        Workload {
            width: side,
            height: side,
            rows: self.rows(true),
            windows: 1,
            texts: 2,
            encodes: false,
            reads_canvas: false,
            references: ReadPictures::default(),
            regions: 0,
        }
    }

    /// Rows of one pass; where guidance is embedded in the time step, one does.
    #[must_use]
    pub fn rows(&self, guided: bool) -> usize {
        let is_one_pass = self.denoiser_config().embeds_guidance() || !self.takes_guidance;
        if guided && !is_one_pass { 2 } else { 1 }
    }

    /// Tokens of a prompt, as the network is given them.
    pub(super) fn text_tokens(&self, workload: &Workload) -> usize {
        self.configs.text.tokens(WINDOW_TOKENS * workload.windows)
    }

    /// Traces the networks through `workload` as `plan` would run them.
    ///
    /// # Errors
    /// When the networks cannot do this: a size that is too small, say.
    pub fn costs(&self, workload: Workload, plan: ExecutionPlan) -> Result<Costs, PipelineError> {
        let (tracker, execution) = dry_run(plan, self.watch.as_ref());
        let vae_dtype = self.configs.vae_dtype(plan.dtype, execution.operators().map(Operators::card));
        let NetworkConfigs { text, denoiser, vae, embedded_bytes, kept_forms } = &self.configs;
        let mut costs = Costs {
            program_bytes: PROGRAM_BYTES + embedded_bytes,
            sequential_offload: plan.sequential_offload,
            ..Costs::default()
        };
        costs.text = text_work(
            text,
            &tracker,
            |index| Weights::dry_run(&execution, plan.dtype).with_kept_forms(&kept_forms[index]),
            workload,
        )?;
        costs.weights[0] = tracker.weight_bytes();
        let weights = |dtype| Weights::dry_run(&execution, dtype).with_winograd(plan.winograd);
        let streaming = if plan.streamed_weights { execution.streaming() } else { execution.clone() };
        let denoiser_weights = Weights::dry_run(&streaming, plan.dtype).with_winograd(plan.winograd);
        let denoiser_weights = denoiser_weights.with_kept_forms(&kept_forms[2]);
        let denoiser = Denoiser::new(denoiser.clone(), denoiser_weights)?;
        costs.weights[1] = tracker.weight_bytes() - costs.weights[0];
        let vae = Vae::new(vae.clone(), weights(vae_dtype).with_kept_forms(&kept_forms[3]))?;
        costs.weights[2] = tracker.weight_bytes() - costs.weights[0] - costs.weights[1];
        let mut controls = TracedControls::new(&self.steering.controls, &tracker, &|| weights(plan.dtype))?;
        let mut images = TracedImages::new(&self.steering.images, &tracker, &|| weights(plan.dtype))?;
        costs.control_weights = controls.weight_bytes + images.weight_bytes;

        let options = ForwardOptions { attention: plan.attention, ..ForwardOptions::PLAIN };
        let config = self.vae_config();
        let (height, width) = (workload.height / config.factor(), workload.width / config.factor());
        let zeros = |shape: &[usize]| Tensor::zeros(1, DType::F32, &Device::Cpu)?.broadcast_as(shape);
        if let Some(([width, height], times)) = workload.encoded_px() {
            tracker.start_anew();
            vae.encode(&zeros(&[1, config.picture_channels, height, width])?, plan.tiling, &options)?;
            (costs.encode, costs.encode_bytes) = (tracker.work().times(times), tracker.peak_bytes());
        }
        tracker.start_anew();
        controls.encode((workload.width, workload.height))?;
        costs.control = tracker.work();
        let control_bytes = tracker.peak_bytes();
        tracker.start_anew();
        let encoder_bytes = images.encode(&tracker, &|| weights(plan.dtype))?;
        costs.control = costs.control.plus(tracker.work());
        costs.image_bytes = if encoder_bytes > 0 { encoder_bytes + tracker.peak_bytes() } else { 0 };
        tracker.start_anew();
        let one_by_one = plan.sequential_guidance || !denoiser.takes_rows_together();
        let (at_once, passes) = if one_by_one { (1, workload.rows) } else { (workload.rows, 1) };
        costs.streamed_bytes = tracker.host_bytes() * passes;
        let at_once = Workload { rows: at_once, ..workload };
        let trace = |images: Option<&TracedImages>| {
            self.trace_step((&denoiser, &controls, images), at_once, (height, width), &tracker, &options)
        };
        let mut step = trace(Some(&images))?;
        costs.step_bytes = tracker.peak_bytes().max(control_bytes);
        if images.share() < 1.0 {
            tracker.start_anew();
            let without = trace(None)?;
            step = without.plus(step.less(without).times(images.share()));
        }
        costs.step = step.times(passes as f64);
        drop((controls, images));
        tracker.start_anew();
        vae.decode(&zeros(&[1, config.cell_channels(), height, width])?, plan.tiling, &options)?;
        (costs.decode, costs.decode_bytes) = (tracker.work(), tracker.peak_bytes());
        Ok(costs)
    }

    /// What a step takes on average; control networks at the steps at which they count.
    fn trace_step(
        &self,
        (denoiser, controls, images): (&Denoiser, &TracedControls, Option<&TracedImages>),
        workload: Workload,
        (height, width): (usize, usize),
        tracker: &MemoryTracker,
        options: &ForwardOptions,
    ) -> Result<Work, PipelineError> {
        let config = self.denoiser_config();
        let rows = workload.rows;
        let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F32, &Device::Cpu);
        let sample = zeros(&[rows, config.in_channels(), height, width])?;
        let context = zeros(&[rows, self.text_tokens(&workload), config.context_width().unwrap_or(1)])?;
        let added = match config.unet().and_then(|unet| unet.added.as_ref()) {
            Some(added) => {
                const IDS: usize = 6;
                let pooled_text = zeros(&[rows, added.width.saturating_sub(IDS * added.time_width)])?;
                Some(AddedConditioning { pooled_text, time_ids: vec![0.0; IDS * rows] })
            }
            None => None,
        };
        let cell = self.vae_config().factor();
        let references = match workload.read_px() / (cell * cell) {
            0 => Vec::new(),
            cells => vec![zeros(&[1, config.in_channels(), 1, cells])?],
        };
        let input = DenoiserInput {
            sample: &sample,
            timestep: 0.0,
            context: &context,
            added: added.as_ref(),
            guidance: 1.0,
            references: &references,
        };
        let (mut signals, spared) = controls.signals(&input.for_unet(), tracker, options)?;
        let region = || RegionPrompt {
            context: context.clone(),
            rows: vec![true; rows],
            mask: Arc::new(MaskPlane::empty(1, 1)),
            weight: 1.0,
        };
        signals.regions = (0..workload.regions).map(|_| region()).collect();
        signals.images = images.map(|images| images.prompts(rows)).transpose()?.unwrap_or_default();
        denoiser.forward_steered(&input, &signals, options)?;
        Ok(tracker.work().less(spared))
    }
}

/// What the encoders multiply for all texts; their weights are noted by `tracker`.
fn text_work<'a>(
    text: &TextConfig,
    tracker: &MemoryTracker,
    weights: impl Fn(usize) -> Weights<'a>,
    workload: Workload,
) -> Result<Work, PipelineError> {
    let tokens = text.tokens(WINDOW_TOKENS * workload.windows) * workload.texts;
    // Embeddings are looked up, not multiplied.
    let product = |before: usize, embeddings: usize| {
        2.0 * (tokens * (tracker.weight_count() - before).saturating_sub(embeddings)) as f64 / 1e9
    };
    let mut sum = 0.0;
    match text {
        TextConfig::Clip(encoders) => {
            for (index, config) in encoders.iter().enumerate() {
                let before = tracker.weight_count();
                TextEncoder::new(config.clone(), weights(index))?;
                sum += product(before, (config.vocabulary_size + config.positions) * config.width);
            }
        }
        TextConfig::Qwen3 { config, states, .. } => {
            let before = tracker.weight_count();
            Qwen3::new(config.clone(), states, weights(0))?;
            sum += product(before, config.vocabulary_size * config.width);
        }
    }
    let of_layers = tracker.row_work().times(tokens as f64);
    let elsewhere = sum - of_layers.product_in_bf16 - of_layers.product_in_integers;
    Ok(Work { product: elsewhere, ..of_layers })
}

/// An execution that computes nothing, and what notes what it would hold.
fn dry_run(plan: ExecutionPlan, watch: Option<&Arc<Watch>>) -> (Arc<MemoryTracker>, Execution) {
    let Some(card) = plan.card else {
        let tracker = MemoryTracker::new(plan.idle_limit_bytes());
        return (Arc::clone(&tracker), Execution::DryRun(tracker));
    };
    let tracker = if card == Card::Metal { MemoryTracker::of_metal() } else { MemoryTracker::of_card() };
    let operators = Operators::dry_run(card, &tracker, plan.dtype);
    let operators = watch.map_or(operators.clone(), |watch| operators.watched(watch));
    (tracker, Execution::Candle(operators))
}
