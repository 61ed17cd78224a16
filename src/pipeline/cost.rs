//! What a picture will take, foretold by walking its networks with sizes alone: memory and arithmetic.

use std::sync::Arc;

use candle_core::{DType, Device, Tensor};

use super::PipelineError;
use super::load::LOW_IDLE_BYTES;
use crate::checkpoint::{ClipConfig, ModelFiles, UnetConfig, VaeConfig};
use crate::job::{AttentionMode, Work};
use crate::model::{
    AddedConditioning, AttentionMethod, Card, Execution, MemoryTracker, Operators, TextEncoder, Tiling, Unet, Vae,
    Watch, Weights,
};

/// Tokens of one window of a prompt.
const WINDOW_TOKENS: usize = 77;

/// The program itself, its threads, and what is neither a weight nor a map: measured.
const PROGRAM_BYTES: usize = 24 << 20;

/// A model by its configs alone.
#[derive(Clone, Debug)]
pub struct CostModel {
    text: Vec<ClipConfig>,
    unet: UnetConfig,
    vae: VaeConfig,
    /// Of a model inside the program, whose pages count as the program's.
    embedded_bytes: usize,
    /// Looks on while a device's operators are walked.
    watch: Option<Arc<Watch>>,
}

/// What is to be drawn, as far as it matters for the cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workload {
    /// As the network works: in pixels of the picture that it is shown.
    pub width: usize,
    pub height: usize,
    /// Rows of one pass: 2 with guidance, 3 with guidance by words and picture.
    pub rows: usize,
    /// Of the prompt.
    pub windows: usize,
    /// Whether a picture is encoded before.
    pub encodes: bool,
}

/// How it is to be computed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExecutionPlan {
    pub attention: AttentionMethod,
    pub tiling: Option<Tiling>,
    pub winograd: bool,
    /// What the weights are kept in.
    pub dtype: DType,
    /// By candle's operators on this device, not by the kernels.
    pub card: Option<Card>,
    /// The passes of a guided step come one after the other.
    pub sequential_guidance: bool,
}

/// What it takes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Costs {
    /// As they are kept: the text encoders, the UNet, the VAE.
    pub weights: [usize; 3],
    /// Besides the weights, at the worst moment of a step, of decoding, and of encoding.
    pub step_bytes: usize,
    pub decode_bytes: usize,
    pub encode_bytes: usize,
    /// The prompt's, once.
    pub text: Work,
    pub step: Work,
    pub decode: Work,
    pub encode: Work,
    /// The program and what is mapped into it.
    pub program_bytes: usize,
}

impl Costs {
    /// Besides the weights, at the worst moment of all.
    #[must_use]
    pub fn activation_bytes(&self) -> usize {
        self.step_bytes.max(self.decode_bytes).max(self.encode_bytes)
    }

    /// All networks.
    #[must_use]
    pub fn weight_bytes(&self) -> usize {
        self.weights.iter().sum()
    }

    /// Besides the program: with all networks there, or each when it is needed.
    #[must_use]
    pub fn working_set_bytes(&self, sequential_offload: bool) -> usize {
        if !sequential_offload {
            return self.weight_bytes() + self.activation_bytes();
        }
        let [text, unet, vae] = self.weights;
        text.max(unet + self.step_bytes).max(vae + self.decode_bytes.max(self.encode_bytes))
    }

    /// Of the whole process.
    #[must_use]
    pub fn peak_bytes(&self, sequential_offload: bool) -> usize {
        self.program_bytes + self.working_set_bytes(sequential_offload)
    }
}

/// How an attention mode holds its scores, once `auto` is settled.
#[must_use]
pub fn attention_method_of(attention: AttentionMode) -> AttentionMethod {
    match attention {
        AttentionMode::Full => AttentionMethod::Full,
        AttentionMode::Sliced(at_once) => AttentionMethod::Sliced(at_once.unwrap_or(1) as usize),
        AttentionMode::Flash => AttentionMethod::Flash,
        AttentionMode::Auto | AttentionMode::Tiled => AttentionMethod::Tiled,
    }
}

impl CostModel {
    /// Reads a model's configs.
    ///
    /// # Errors
    /// When one is missing, unreadable or not supported.
    pub fn read(files: &ModelFiles) -> Result<Self, PipelineError> {
        Self::read_with(files, VaeConfig::read(files)?)
    }

    /// With another VAE.
    ///
    /// # Errors
    /// As above.
    pub fn read_with(files: &ModelFiles, vae: VaeConfig) -> Result<Self, PipelineError> {
        let mut text = vec![ClipConfig::read(files, "text_encoder")?];
        let unet = UnetConfig::read(files)?;
        if unet.added.is_some() {
            text.push(ClipConfig::read(files, "text_encoder_2")?);
        }
        let embedded_bytes = match files {
            ModelFiles::Embedded(list) => list.iter().map(|(_, bytes)| bytes.len()).sum(),
            _ => 0,
        };
        Ok(Self { text, unet, vae, embedded_bytes, watch: None })
    }

    /// `watch` hears of every operator of a device that is walked.
    #[must_use]
    pub fn watched(self, watch: &Arc<Watch>) -> Self {
        Self { watch: Some(Arc::clone(watch)), ..self }
    }

    #[must_use]
    pub fn unet_config(&self) -> &UnetConfig {
        &self.unet
    }

    #[must_use]
    pub fn vae_config(&self) -> &VaeConfig {
        &self.vae
    }

    /// A guided picture of the size that the model was trained on.
    #[must_use]
    pub fn native_workload(&self) -> Workload {
        let side = self.unet.sample_size * self.vae.factor();
        Workload { width: side, height: side, rows: 2, windows: 1, encodes: false }
    }

    /// Rows of one pass; where guidance is embedded in the time step, one does.
    #[must_use]
    pub fn rows(&self, guided: bool) -> usize {
        if guided && self.unet.guidance_width.is_none() { 2 } else { 1 }
    }

    /// # Errors
    /// When the networks cannot draw this: a size that is too small, say.
    pub fn costs(&self, workload: Workload, plan: ExecutionPlan) -> Result<Costs, PipelineError> {
        let (tracker, execution) = dry_run(plan, self.watch.as_ref());
        let mut costs = Costs { program_bytes: PROGRAM_BYTES + self.embedded_bytes, ..Costs::default() };
        for config in &self.text {
            let before = tracker.weight_count();
            TextEncoder::new(config.clone(), Weights::dry_run(&execution, plan.dtype))?;
            // Two passes (the words and what is unwanted); embeddings are looked up, not multiplied.
            let embeddings = (config.vocabulary_size + config.positions) * config.width;
            let layers = (tracker.weight_count() - before).saturating_sub(embeddings);
            costs.text.product += 2.0 * 2.0 * (WINDOW_TOKENS * workload.windows * layers) as f64 / 1e9;
        }
        costs.weights[0] = tracker.weight_bytes();
        let weights = |dtype| Weights::dry_run(&execution, dtype).with_winograd(plan.winograd);
        let unet = Unet::new(self.unet.clone(), weights(plan.dtype))?;
        unet.set_attention(plan.attention);
        costs.weights[1] = tracker.weight_bytes() - costs.weights[0];
        let vae = Vae::new(self.vae.clone(), weights(self.vae_dtype(plan)))?;
        vae.set_attention(plan.attention);
        vae.set_tiling(plan.tiling);
        costs.weights[2] = tracker.weight_bytes() - costs.weights[0] - costs.weights[1];

        let factor = self.vae.factor();
        let (height, width) = (workload.height / factor, workload.width / factor);
        let zeros = |shape: &[usize]| Tensor::zeros(1, DType::F32, &Device::Cpu)?.broadcast_as(shape);
        if workload.encodes {
            tracker.start_anew();
            vae.encode(&zeros(&[1, self.vae.picture_channels, workload.height, workload.width])?, &|| Ok(()))?;
            (costs.encode, costs.encode_bytes) = (tracker.work(), tracker.peak_bytes());
        }
        tracker.start_anew();
        let (at_once, passes) = if plan.sequential_guidance { (1, workload.rows) } else { (workload.rows, 1) };
        self.walk_step(&unet, Workload { rows: at_once, ..workload }, (height, width))?;
        costs.step = (1..passes).fold(tracker.work(), |sum, _| sum.plus(tracker.work()));
        costs.step_bytes = tracker.peak_bytes();
        tracker.start_anew();
        vae.decode(&zeros(&[1, self.vae.latent_channels, height, width])?, &|| Ok(()))?;
        (costs.decode, costs.decode_bytes) = (tracker.work(), tracker.peak_bytes());
        Ok(costs)
    }

    /// What the VAE is kept in: some overflow in half precision and say so.
    fn vae_dtype(&self, plan: ExecutionPlan) -> DType {
        if self.vae.force_upcast { DType::F32 } else { plan.dtype }
    }

    fn walk_step(&self, unet: &Unet, workload: Workload, (height, width): (usize, usize)) -> Result<(), PipelineError> {
        let rows = workload.rows;
        let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F32, &Device::Cpu);
        let sample = zeros(&[rows, self.unet.in_channels, height, width])?;
        let context_width = self.unet.context_width().unwrap_or(1);
        let context = zeros(&[rows, WINDOW_TOKENS * workload.windows, context_width])?;
        let added = match &self.unet.added {
            Some(added) => {
                const IDS: usize = 6;
                let pooled_text = zeros(&[rows, added.width.saturating_sub(IDS * added.time_width)])?;
                Some(AddedConditioning { pooled_text, time_ids: vec![0.0; IDS * rows] })
            }
            None => None,
        };
        unet.forward(&sample, 0.0, &context, added.as_ref(), &|| Ok(()))?;
        Ok(())
    }
}

/// Networks that are only walked through, and where that is noted.
fn dry_run(plan: ExecutionPlan, watch: Option<&Arc<Watch>>) -> (Arc<MemoryTracker>, Execution) {
    let Some(card) = plan.card else {
        let tracker = MemoryTracker::new(if plan.winograd { usize::MAX } else { LOW_IDLE_BYTES });
        return (Arc::clone(&tracker), Execution::DryRun(tracker));
    };
    let tracker = if card == Card::Metal { MemoryTracker::of_metal() } else { MemoryTracker::of_card() };
    let operators = Operators::dry_run(card, &tracker, plan.dtype);
    let operators = watch.map_or(operators.clone(), |watch| operators.watched(watch));
    (tracker, Execution::Candle(operators))
}
