//! Decides how a picture is computed, once, before anything is read: what a request leaves open, and what must be done
//! so that it fits into the memory that is free, the smallest change first.

use candle_core::DType;

use super::PipelineError;
use super::canvas::Canvas;
use super::control::load::SteeringLoad;
use super::cost::{CostModel, Costs};
use super::execution_plan::{ExecutionPlan, FallbackStep};
use super::resolved::ResolvedRequest;
use super::spec::ModelSpec;
use super::workload::Workload;
use crate::job::{AttentionMode, Compute, LoraRef, MemoryMode, ModelInput, Remedy, Request, VaeTiling};
use crate::model::{AttentionMethod, Execution, KeptForms, Operators, Tiling};

/// Of what is free, decoding in one piece may take so much: what else runs wants some as well.
const UNTILED_SHARE: f64 = 0.6;

/// On a graphics card whose free memory is unknown, pictures of more pixels than this are decoded in tiles.
const UNTILED_PIXELS: usize = 1536 * 1536;

/// Left to other programs when memory is spent for speed.
const SPARE_BYTES: u64 = 512 << 20;

/// On a graphics card, scores of more bytes than this are not held all at once.
const FULL_SCORES_BYTES: u64 = 256 << 20;

/// What a plan starts from, and what it may not change.
#[derive(Clone, Debug)]
pub struct Constraints {
    /// What weights are kept in if nothing forces others.
    pub dtype: DType,
    /// Whether they may be kept in half precision though nobody asked for it.
    pub may_halve: bool,
    /// Memory for the networks and everything that flows between them; `None` where nobody knows.
    pub budget_bytes: Option<u64>,
    /// As the networks are packed that are loaded already; `None` is open.
    pub winograd: Option<bool>,
    /// As they are loaded already; `None` is open.
    pub sequential_offload: Option<bool>,
    /// As they are loaded already; `None` is open.
    pub streamed_weights: Option<bool>,
    /// What the machine has free for weights that a card has no room for; `None` where nobody knows.
    pub host_bytes: Option<u64>,
    /// Steps that were taken before, because the device failed without them.
    pub taken: Vec<FallbackStep>,
}

impl Constraints {
    /// Weights of `dtype`, the rest is open.
    #[must_use]
    pub fn new(dtype: DType, budget_bytes: Option<u64>) -> Self {
        Self {
            dtype,
            may_halve: false,
            budget_bytes,
            winograd: None,
            sequential_offload: None,
            streamed_weights: None,
            host_bytes: None,
            taken: Vec::new(),
        }
    }

    /// For networks that are packed already.
    #[must_use]
    pub fn with_winograd(self, winograd: bool) -> Self {
        Self { winograd: Some(winograd), ..self }
    }
}

/// Calls times latent cells, measured with the built-in model: 20 calls at 256×256. A larger network takes as many times
/// longer for both.
const TRANSFORM_REPAID: f64 = 20.0 * 32.0 * 32.0;

/// A plan for one workload, and how it came to be.
#[derive(Clone, Debug)]
pub struct FittedPlan {
    pub plan: ExecutionPlan,
    /// What was changed so that it fits.
    pub fallback_steps: Vec<FallbackStep>,
    pub workload: Workload,
    pub costs: Costs,
    /// What steers beside the model's own networks.
    pub steering: SteeringLoad,
    /// How weights are kept that the model's files pack.
    pub(super) kept_forms: [KeptForms; 4],
    /// What it was to fit into.
    pub budget_bytes: Option<u64>,
}

impl FittedPlan {
    /// What a step does, as the end of a sentence, and what that costs.
    #[must_use]
    pub fn description(&self, step: FallbackStep) -> String {
        let words = step.description();
        match step {
            FallbackStep::StreamedWeights => {
                format!("{words}, about {:.2} s more for each step", self.costs.streaming_seconds())
            }
            _ => words.to_owned(),
        }
    }

    fn exceeds_budget(&self) -> bool {
        self.budget_bytes.is_some_and(|budget| self.costs.working_set_bytes() as u64 > budget)
    }

    /// Whether encoding and decoding in one piece take too much of what is free, or are of many pixels where that is unknown.
    fn wants_tiles(&self) -> bool {
        let Costs { decode_bytes, encode_bytes, .. } = self.costs;
        match self.budget_bytes {
            Some(budget) => {
                let free = budget.saturating_sub(self.costs.weight_bytes_with_vae() as u64);
                decode_bytes.max(encode_bytes) as f64 > free as f64 * UNTILED_SHARE
            }
            None => self.workload.width * self.workload.height > UNTILED_PIXELS,
        }
    }
}

impl CostModel {
    /// How `workload` is computed by `execution`: as wanted, with what `wanted` leaves open chosen so that it fits; as
    /// wanted where nothing helps, which [`CostModel::check_fits`] refuses.
    ///
    /// # Errors
    /// When the networks cannot do this, or the device cannot do what is wanted.
    pub fn plan(
        &self,
        execution: &Execution,
        workload: Workload,
        wanted: Compute,
        constraints: &Constraints,
    ) -> Result<FittedPlan, PipelineError> {
        let Constraints { dtype, budget_bytes, .. } = *constraints;
        let halved = constraints.taken.contains(&FallbackStep::HalfPrecision);
        let here = execution.with_dtype(if halved { DType::F16 } else { dtype });
        let card = here.operators().map(Operators::card);
        let is_auto = wanted.memory == MemoryMode::Auto;
        let mut plan = ExecutionPlan {
            tiling: (wanted.vae_tiling == VaeTiling::On).then(Tiling::default),
            sequential_offload: constraints
                .sequential_offload
                .unwrap_or(wanted.memory == MemoryMode::Low && card.is_some()),
            streamed_weights: constraints.streamed_weights.unwrap_or_default(),
            ..ExecutionPlan::plain(card, dtype)
        };
        plan.winograd = card.is_none()
            && match (constraints.winograd, wanted.memory, budget_bytes) {
                (Some(loaded), ..) => loaded,
                (None, MemoryMode::Auto, Some(budget)) => self.fits_winograd(plan, budget)?,
                (None, memory, _) => memory != MemoryMode::Low,
            };
        plan.attention = self.attention(wanted.attention, (workload, plan), here.operators(), budget_bytes)?;
        for step in &constraints.taken {
            step.apply(&mut plan);
        }
        let costs = self.costs(workload, plan)?;
        let steering = self.steering().clone();
        let kept_forms = self.kept_forms().clone();
        let mut fitted =
            FittedPlan { plan, fallback_steps: Vec::new(), workload, costs, steering, kept_forms, budget_bytes };
        for step in FallbackStep::ALL {
            let may_take = match step {
                FallbackStep::TiledAttention => wanted.attention == AttentionMode::Auto,
                FallbackStep::VaeTiling => wanted.vae_tiling == VaeTiling::Auto,
                FallbackStep::HalfPrecision => is_auto && constraints.may_halve,
                FallbackStep::SequentialGuidance => wanted.memory != MemoryMode::High && workload.rows > 1,
                FallbackStep::SequentialOffload => is_auto && constraints.sequential_offload.is_none(),
                FallbackStep::StreamedWeights => {
                    let fits_host = constraints.host_bytes.is_none_or(|host| fitted.costs.weights[1] as u64 <= host);
                    wanted.memory != MemoryMode::High && constraints.streamed_weights.is_none() && fits_host
                }
            };
            let helps = if step == FallbackStep::VaeTiling { fitted.wants_tiles() } else { fitted.exceeds_budget() };
            if may_take && helps && step.is_open(&fitted.plan) {
                let mut plan = fitted.plan;
                step.apply(&mut plan);
                let costs = self.costs(workload, plan)?;
                // It slows each step: not where another network, or what flows, is what takes the most.
                if step == FallbackStep::StreamedWeights
                    && costs.working_set_bytes() >= fitted.costs.working_set_bytes()
                {
                    continue;
                }
                fitted.fallback_steps.push(step);
                (fitted.plan, fitted.costs) = (plan, costs);
            }
        }
        Ok(fitted)
    }

    /// What `wanted` stands for on this device; no operators are the kernels.
    fn attention(
        &self,
        wanted: AttentionMode,
        (workload, plan): (Workload, ExecutionPlan),
        operators: Option<&Operators>,
        budget_bytes: Option<u64>,
    ) -> Result<AttentionMethod, PipelineError> {
        let has_fused = operators.is_some_and(Operators::has_fused_attention);
        let (heads, score_bytes) = self.largest_scores(&workload);
        Ok(match wanted {
            AttentionMode::Auto if operators.is_none() => AttentionMethod::Tiled,
            AttentionMode::Auto | AttentionMode::Flash if has_fused => AttentionMethod::Flash,
            AttentionMode::Auto if heads * score_bytes <= FULL_SCORES_BYTES => AttentionMethod::Full,
            AttentionMode::Auto | AttentionMode::Tiled => AttentionMethod::Tiled,
            AttentionMode::Full => AttentionMethod::Full,
            AttentionMode::Flash => {
                return Err(PipelineError::Unsupported(
                    "flash attention needs a graphics card: Metal, or CUDA in half precision; tiled gives the same picture \
                     in constant memory"
                        .to_owned(),
                ));
            }
            AttentionMode::Sliced(Some(heads)) => AttentionMethod::Sliced(heads as usize),
            AttentionMode::Sliced(None) => {
                // Half of what the weights leave, so that the rest of a step fits as well.
                let weights = self.costs(workload, plan)?.peak_weight_bytes() as u64;
                let free = budget_bytes.map_or(2 * FULL_SCORES_BYTES, |budget| budget.saturating_sub(weights));
                let mut at_once = heads;
                while at_once > 1 && at_once * score_bytes > free / 2 {
                    at_once = at_once.div_ceil(2);
                }
                AttentionMethod::Sliced(at_once as usize)
            }
        })
    }

    /// Heads of all pictures, and the bytes of one head's scores, where the UNet has most of them.
    fn largest_scores(&self, workload: &Workload) -> (u64, u64) {
        let cell = self.vae_config().factor();
        let Some(unet) = self.denoiser_config().unet() else { return self.transformer_scores(workload) };
        let levels = unet.blocks.iter().enumerate().filter_map(|(level, block)| {
            let attention = block.down_attention.as_ref().or(block.up_attention.as_ref())?;
            let side = |pixels: usize| ((pixels / cell) >> level).max(1) as u64;
            let pixels = side(workload.width) * side(workload.height);
            Some(((attention.heads * workload.rows) as u64, pixels * pixels * size_of::<f32>() as u64))
        });
        levels.max_by_key(|(heads, bytes)| heads * bytes).unwrap_or((workload.rows as u64, 0))
    }

    /// The same of a transformer, which takes one row at a time.
    fn transformer_scores(&self, workload: &Workload) -> (u64, u64) {
        let config = self.denoiser_config();
        let cell = self.vae_config().factor() * config.patch();
        let drawn = workload.width / cell * (workload.height / cell);
        let words = self.text_tokens(workload);
        let tokens = (drawn + workload.read_px() / (cell * cell) + words) as u64;
        (config.heads() as u64, tokens * tokens * size_of::<f32>() as u64)
    }

    /// Whether memory can be spent for speed, by what a picture of the model's own size will take.
    fn fits_winograd(&self, plan: ExecutionPlan, budget_bytes: u64) -> Result<bool, PipelineError> {
        if plan.sequential_offload || self.denoiser_config().unet().is_none() {
            // A transformer has no convolutions, and the VAE's are not worth reading it again.
            return Ok(false);
        }
        let plan = ExecutionPlan { tiling: Some(Tiling::default()), winograd: true, ..plan };
        Ok(self.costs(self.native_workload(), plan)?.peak_bytes() as u64 + SPARE_BYTES <= budget_bytes)
    }

    /// Refuses a plan that does not fit, with what would.
    ///
    /// # Errors
    /// [`PipelineError::ModelTooLarge`] where the weights alone are too much, [`PipelineError::TooLarge`] where the
    /// picture is.
    pub fn check_fits(&self, fitted: &FittedPlan) -> Result<(), PipelineError> {
        let FittedPlan { plan, workload, costs, .. } = fitted;
        let Some(budget) = fitted.budget_bytes.filter(|_| fitted.exceeds_budget()) else { return Ok(()) };
        let gb = |bytes: u64| bytes as f64 / 1e9;
        let weights = costs.peak_weight_bytes() as u64;
        if weights > budget {
            return Err(PipelineError::ModelTooLarge {
                needed_gb: gb(weights),
                free_gb: gb(budget),
                remedy: smaller_weights(plan),
            });
        }
        let leanest = ExecutionPlan { attention: AttentionMethod::Tiled, tiling: Some(Tiling::default()), ..*plan };
        let fits = |workload: Workload| {
            let costs = self.costs(workload, leanest)?;
            Ok::<_, PipelineError>(costs.working_set_bytes() as u64 <= budget)
        };
        let remedy = if leanest != *plan && fits(*workload)? {
            Remedy::Tiling
        } else {
            match largest_fitting(*workload, fits)? {
                Some(size) => Remedy::SmallerSize { width: size.width as u32, height: size.height as u32 },
                None => Remedy::FreeMemory,
            }
        };
        Err(PipelineError::TooLarge {
            width: workload.width,
            height: workload.height,
            needed_gb: gb(costs.working_set_bytes() as u64),
            free_gb: gb(budget),
            remedy,
        })
    }
}

/// The largest size of this shape that `fits`.
fn largest_fitting(
    workload: Workload,
    fits: impl Fn(Workload) -> Result<bool, PipelineError>,
) -> Result<Option<Workload>, PipelineError> {
    // 64 pixels divide well in every model.
    const STEP: usize = 64;
    let longer = workload.width.max(workload.height);
    let mut fitting = None;
    let (mut low, mut high) = (0, longer / STEP);
    while low < high {
        let middle = (low + high).div_ceil(2);
        let side = |pixels: usize| (pixels * middle * STEP / longer / STEP * STEP).max(STEP);
        let smaller = Workload { width: side(workload.width), height: side(workload.height), ..workload };
        if fits(smaller)? {
            (low, fitting) = (middle, Some(smaller));
        } else {
            high = middle - 1;
        }
    }
    Ok(fitting)
}

fn smaller_weights(plan: &ExecutionPlan) -> Remedy {
    match (plan.compute().memory, plan.dtype) {
        (MemoryMode::High, _) => Remedy::LowMemory,
        (_, DType::F32) => Remedy::HalfPrecision,
        _ => Remedy::FreeMemory,
    }
}

impl ModelSpec {
    /// Whether so many pictures like this one repay that convolutions' weights are transformed while they are read: that takes
    /// as long as what it saves in so many calls of the network, weighed by its latents.
    ///
    /// # Errors
    /// When the request does not fit the model.
    pub fn repays_transform(&self, request: &Request, pictures: u32) -> Result<bool, PipelineError> {
        let frame = Canvas::frame_of(request, self.grid)?;
        let resolved = ResolvedRequest::new(request, frame, self)?;
        let workload = resolved.workload(request, self, frame.is_some());
        let strength = request.init.as_ref().map_or(1.0, |init| init.strength);
        let cell = f64::from(self.grid.cell_px);
        let cells = workload.width as f64 / cell * (workload.height as f64 / cell);
        let calls = f64::from(request.steps) * strength * workload.rows as f64 * f64::from(pictures);
        Ok(calls * cells >= TRANSFORM_REPAID)
    }

    /// How a request is computed by `execution`. What the model cannot do is refused here, before anything is loaded; a
    /// plan that does not fit is refused by [`ModelSpec::check_fits`].
    ///
    /// # Errors
    /// When the request does not fit the model, or the device cannot do what is wanted.
    pub fn plan(
        &self,
        request: &Request,
        execution: &Execution,
        constraints: &Constraints,
    ) -> Result<FittedPlan, PipelineError> {
        request.validate()?;
        self.check_regions(request.regions.len())?;
        let frame = Canvas::frame_of(request, self.grid)?;
        let resolved = ResolvedRequest::new(request, frame, self)?;
        let (every, tokens) = (self.input == ModelInput::Instruction, self.tokens(resolved.width, resolved.height));
        self.sampling.check(request, every, tokens)?;
        let workload = resolved.workload(request, self, frame.is_some());
        let calls = self.sampling.calls(request, every, tokens)?;
        let steering = SteeringLoad::of(self, &request.controls, &request.references, calls)?;
        let costs = self.costs_with(&request.loras).with_steering(steering);
        costs.plan(execution, workload, request.compute, constraints)
    }

    /// # Errors
    /// As [`CostModel::check_fits`].
    pub fn check_fits(&self, fitted: &FittedPlan) -> Result<(), PipelineError> {
        let costs = self.costs().with_kept_forms(fitted.kept_forms.clone());
        costs.with_steering(fitted.steering.clone()).check_fits(fitted)
    }

    /// With LoRAs, which change what weights take that the model's files pack. One that cannot be read is complained of when it
    /// is loaded.
    pub(crate) fn costs_with(&self, loras: &[LoraRef]) -> CostModel {
        CostModel::of(self.configs.clone().with_loras(&self.files, loras), self.profile().family.value)
    }

    pub(super) fn costs(&self) -> CostModel {
        CostModel::of(self.configs.clone(), self.profile().family.value)
    }
}
