//! What a picture must be made with so that it fits into what is free, the smallest change first. Foretold, before
//! anything is read.

use candle_core::DType;

use super::adapters::Adapters;
use super::canvas::Canvas;
use super::cost::{CostModel, Costs, ExecutionPlan, Workload, attention_method_of};
use super::load::{OwnGuidance, grid_of, vae_of};
use super::memory_budget;
use super::{ConcatKind, PipelineError, ResolvedRequest};
use crate::checkpoint::{ModelFiles, UnetConfig};
use crate::job::{AttentionMode, Compute, MemoryMode, Request, VaeTiling, WorkGrid};
use crate::model::{AttentionMethod, Execution, Operators, Tiling};

/// Of what is free, decoding in one piece may take so much: what else runs wants some as well.
const UNTILED_SHARE: f64 = 0.6;

/// On a graphics card that does not say what is free, pictures of more pixels than this are decoded in tiles.
const UNTILED_PIXELS: usize = 1536 * 1536;

/// Left to other programs when memory is spent for speed.
const ROOM_BYTES: u64 = 512 << 20;

/// A step towards less memory, in the order in which they are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FallbackStep {
    TiledAttention,
    VaeTiling,
    HalfPrecision,
    /// The passes of a guided step one after the other.
    SequentialGuidance,
    SequentialOffload,
}

impl FallbackStep {
    const ALL: [Self; 5] =
        [Self::TiledAttention, Self::VaeTiling, Self::HalfPrecision, Self::SequentialGuidance, Self::SequentialOffload];

    /// What is done, as the end of a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::TiledAttention => "attention is computed in tiles",
            Self::VaeTiling => "the picture is decoded in tiles",
            Self::HalfPrecision => "weights are kept in half precision",
            Self::SequentialGuidance => "the passes with and without the words come one after the other",
            Self::SequentialOffload => "the networks are read one at a time",
        }
    }
}

/// What may be changed, and what there is.
#[derive(Clone, Copy, Debug)]
pub struct MemoryBudget {
    /// Whether nobody asked for single precision.
    pub may_halve: bool,
    /// For the networks and what they hold; `None` where nobody says.
    pub bytes: Option<u64>,
}

/// How a picture is to be made.
#[derive(Clone, Debug)]
pub struct Fit {
    pub plan: ExecutionPlan,
    pub sequential_offload: bool,
    /// What was changed for it.
    pub fallback_steps: Vec<FallbackStep>,
    pub costs: Costs,
    /// What there was for it.
    pub free_bytes: Option<u64>,
}

impl Fit {
    /// Of the whole process.
    #[must_use]
    pub fn peak_bytes(&self) -> u64 {
        self.costs.peak_bytes(self.sequential_offload) as u64
    }

    /// The same without the program.
    #[must_use]
    pub fn working_set_bytes(&self) -> u64 {
        self.costs.working_set_bytes(self.sequential_offload) as u64
    }

    fn exceeds(&self, room: &MemoryBudget) -> bool {
        room.bytes.is_some_and(|free| self.working_set_bytes() > free)
    }
}

/// Whether encoding and decoding in one piece take too much of what is free, or of a card that does not say.
pub(super) fn wants_tiles(workload: Workload, costs: &Costs, free: Option<u64>) -> bool {
    match free {
        Some(free) => costs.decode_bytes.max(costs.encode_bytes) as f64 > free as f64 * UNTILED_SHARE,
        None => workload.width * workload.height > UNTILED_PIXELS,
    }
}

impl CostModel {
    /// The same for what an execution begins with, its weights kept as `dtype`.
    ///
    /// # Errors
    /// When the networks cannot draw this, or the device cannot do what is wanted.
    pub fn fit_on(
        &self,
        execution: &Execution,
        dtype: DType,
        workload: Workload,
        wanted: Compute,
        room: MemoryBudget,
    ) -> Result<Fit, PipelineError> {
        let here = execution.with_dtype(dtype);
        let attention = self.settled_attention(wanted.attention, &workload, here.operators(), room.bytes)?;
        let plan = ExecutionPlan {
            attention: attention_method_of(attention),
            tiling: (wanted.vae_tiling == VaeTiling::On).then(Tiling::default),
            winograd: wanted.memory != MemoryMode::Low && here.operators().is_none(),
            dtype,
            card: here.operators().map(Operators::card),
            sequential_guidance: false,
        };
        self.fit(workload, plan, wanted, room)
    }

    /// How `workload` is made so that it fits, with what `wanted` leaves open; as wanted where nothing helps.
    ///
    /// # Errors
    /// When the networks cannot draw this.
    pub fn fit(
        &self,
        workload: Workload,
        mut plan: ExecutionPlan,
        wanted: Compute,
        room: MemoryBudget,
    ) -> Result<Fit, PipelineError> {
        let is_auto = wanted.memory == MemoryMode::Auto;
        if let Some(free) = room.bytes.filter(|_| is_auto && plan.winograd) {
            plan.winograd = self.has_room_for_speed(plan, free)?;
        }
        let sequential_offload = wanted.memory == MemoryMode::Low && plan.card.is_some();
        let mut fit = Fit {
            plan,
            sequential_offload,
            fallback_steps: Vec::new(),
            costs: self.costs(workload, plan)?,
            free_bytes: room.bytes,
        };
        for saving in FallbackStep::ALL {
            let plan = fit.plan;
            let held = if fit.sequential_offload { fit.costs.weights[2] } else { fit.costs.weight_bytes() } as u64;
            let helps = match saving {
                FallbackStep::TiledAttention => {
                    let holds_scores = !matches!(plan.attention, AttentionMethod::Tiled | AttentionMethod::Flash);
                    wanted.attention == AttentionMode::Auto && holds_scores && fit.exceeds(&room)
                }
                FallbackStep::VaeTiling => {
                    let free = room.bytes.map(|free| free.saturating_sub(held));
                    let wants = wants_tiles(workload, &fit.costs, free);
                    wanted.vae_tiling == VaeTiling::Auto && plan.tiling.is_none() && wants
                }
                FallbackStep::HalfPrecision => {
                    is_auto && room.may_halve && plan.dtype == DType::F32 && fit.exceeds(&room)
                }
                // The kernels hold little besides the weights.
                FallbackStep::SequentialGuidance => {
                    wanted.memory != MemoryMode::High && plan.card.is_some() && workload.rows > 1 && fit.exceeds(&room)
                }
                FallbackStep::SequentialOffload => is_auto && !fit.sequential_offload && fit.exceeds(&room),
            };
            if !helps {
                continue;
            }
            match saving {
                FallbackStep::TiledAttention => fit.plan.attention = AttentionMethod::Tiled,
                FallbackStep::VaeTiling => fit.plan.tiling = Some(Tiling::default()),
                FallbackStep::HalfPrecision => fit.plan.dtype = DType::F16,
                FallbackStep::SequentialGuidance => fit.plan.sequential_guidance = true,
                FallbackStep::SequentialOffload => fit.sequential_offload = true,
            }
            fit.fallback_steps.push(saving);
            fit.costs = self.costs(workload, fit.plan)?;
        }
        Ok(fit)
    }

    /// Whether memory can be spent for speed, by what a picture of the model's own size will take.
    pub(super) fn has_room_for_speed(&self, plan: ExecutionPlan, free: u64) -> Result<bool, PipelineError> {
        let plan = ExecutionPlan {
            attention: AttentionMethod::Tiled,
            tiling: Some(Tiling::default()),
            winograd: true,
            ..plan
        };
        Ok(self.costs(self.native_workload(), plan)?.peak_bytes(false) as u64 + ROOM_BYTES <= free)
    }
}

/// What must be known of a model to foretell its pictures.
#[derive(Clone)]
pub struct ModelSpec {
    pub(super) costs: CostModel,
    pub(super) grid: WorkGrid,
    pub(super) concat: ConcatKind,
    pub(super) own_guidance: OwnGuidance,
}

impl ModelSpec {
    /// From a model's small files.
    ///
    /// # Errors
    /// When they are missing or unreadable.
    pub fn read(files: &ModelFiles, request: &Request) -> Result<Self, PipelineError> {
        let unet = UnetConfig::read(files)?;
        let (_, vae) = vae_of(files, &Adapters::of(request), unet.added.is_some())?;
        Ok(Self {
            grid: grid_of(&unet, &vae),
            concat: ConcatKind::of(unet.in_channels, vae.latent_channels).unwrap_or(ConcatKind::Nothing),
            own_guidance: OwnGuidance::of(files, &unet),
            costs: CostModel::read_with(files, vae)?,
        })
    }

    /// How a request is made on a device, with weights of `dtype` if nothing forces others.
    ///
    /// `held_bytes` of weights are there already and can be used again.
    ///
    /// # Errors
    /// When the model cannot draw this.
    pub fn fit(
        &self,
        request: &Request,
        (execution, dtype): (&Execution, DType),
        may_halve: bool,
        held_bytes: u64,
    ) -> Result<Fit, PipelineError> {
        let frame = Canvas::frame_of(request, self.grid)?;
        let resolved = ResolvedRequest::new(request, frame, self.grid, self.own_guidance)?;
        let workload = resolved.workload(self.concat, frame.is_some());
        let bytes = memory_budget::free_bytes(execution).map(|free| free + held_bytes);
        self.costs.fit_on(execution, dtype, workload, request.compute, MemoryBudget { may_halve, bytes })
    }
}
