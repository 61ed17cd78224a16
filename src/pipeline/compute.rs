//! What `auto` stands for: how attention's scores are held, whether the VAE works in tiles, and whether memory is
//! spent for speed, by what each is foretold to take and what is free. What cannot fit is refused with what would.

use candle_core::DType;

use super::cost::{CostModel, Costs, ExecutionPlan, Workload, attention_method_of};
use super::fit::wants_tiles;
use super::{LoadOptions, Pipeline, PipelineError, ResolvedRequest, memory_budget};
use crate::job::{AttentionMode, Compute, MemoryMode, Remedy, VaeTiling};
use crate::model::{AttentionMethod, Operators, Tiling};

/// On a graphics card, scores of more bytes than this are not held all at once.
const FULL_SCORES_BYTES: u64 = 256 << 20;

/// What was decided, and what it is foretold to take.
pub(super) struct Settled {
    pub compute: Compute,
    pub costs: Costs,
}

impl Pipeline {
    /// Decides what was left open, and sets the networks to it.
    pub(super) fn settle(
        &self,
        wanted: Compute,
        resolved: &ResolvedRequest,
        encodes: bool,
    ) -> Result<Settled, PipelineError> {
        let source = &self.source;
        let sequential_offload = source.sequential_offload;
        let free = memory_budget::free_bytes(&source.execution);
        let workload = resolved.workload(self.spec.concat, encodes);
        let attention =
            self.spec.costs.settled_attention(wanted.attention, &workload, source.execution.operators(), free)?;
        let mut plan = ExecutionPlan {
            attention: attention_method_of(attention),
            tiling: (wanted.vae_tiling == VaeTiling::On).then(Tiling::default),
            winograd: source.memory == MemoryMode::High,
            dtype: source.weight_dtype,
            card: source.execution.operators().map(Operators::card),
            sequential_guidance: self.sequential_guidance.get(),
        };
        let mut costs = self.spec.costs.costs(workload, plan)?;
        let held = if sequential_offload { costs.weights[2] as u64 } else { 0 };
        let left = free.map(|free| free.saturating_sub(held));
        if wanted.vae_tiling == VaeTiling::Auto && wants_tiles(workload, &costs, left) {
            plan.tiling = Some(Tiling::default());
            costs = self.spec.costs.costs(workload, plan)?;
        }
        if let Some(free) = free
            && needed_bytes(&costs, sequential_offload) > free
        {
            return Err(too_large(&self.spec.costs, workload, plan, (&costs, sequential_offload), free)?);
        }
        self.attention.set(plan.attention);
        self.tiling.set(plan.tiling);
        let vae_tiling = if plan.tiling.is_some() { VaeTiling::On } else { VaeTiling::Off };
        let compute = Compute { attention, vae_tiling, memory: source.memory };
        tracing::info!("attention {attention}, VAE tiling {vae_tiling:?}, memory {:?}", source.memory);
        Ok(Settled { compute, costs })
    }
}

/// What is still to be taken once a pipeline is loaded.
fn needed_bytes(costs: &Costs, sequential_offload: bool) -> u64 {
    if sequential_offload { costs.working_set_bytes(true) as u64 } else { costs.activation_bytes() as u64 }
}

impl CostModel {
    /// What `wanted` stands for on this device; none are the kernels.
    ///
    /// # Errors
    /// When the device cannot do what is wanted.
    pub(super) fn settled_attention(
        &self,
        wanted: AttentionMode,
        workload: &Workload,
        operators: Option<&Operators>,
        free: Option<u64>,
    ) -> Result<AttentionMode, PipelineError> {
        let has_fused = operators.is_some_and(Operators::has_fused_attention);
        let (heads, score_bytes) = self.largest_scores(workload);
        Ok(match wanted {
            AttentionMode::Auto if operators.is_none() => AttentionMode::Tiled,
            AttentionMode::Auto if has_fused => AttentionMode::Flash,
            AttentionMode::Auto if heads * score_bytes <= FULL_SCORES_BYTES => AttentionMode::Full,
            AttentionMode::Auto => AttentionMode::Tiled,
            AttentionMode::Flash if !has_fused => {
                return Err(PipelineError::Unsupported(
                    "flash attention needs Metal, or a CUDA card, half precision and a build with the feature \
                     `flash-attn`; tiled gives the same picture in constant memory"
                        .to_owned(),
                ));
            }
            AttentionMode::Sliced(None) => {
                // Half of what is free, so that the rest of the step has room as well.
                let room = free.unwrap_or(2 * FULL_SCORES_BYTES) / 2;
                let mut at_once = heads;
                while at_once > 1 && at_once * score_bytes > room {
                    at_once = at_once.div_ceil(2);
                }
                AttentionMode::Sliced(Some(at_once as u32))
            }
            chosen => chosen,
        })
    }

    /// Heads of all pictures, and the bytes of one head's scores, where the UNet has most of them.
    fn largest_scores(&self, workload: &Workload) -> (u64, u64) {
        let cell = self.vae_config().factor();
        let levels = self.unet_config().blocks.iter().enumerate().filter_map(|(level, block)| {
            let attention = block.down_attention.as_ref().or(block.up_attention.as_ref())?;
            let side = |pixels: usize| ((pixels / cell) >> level).max(1) as u64;
            let pixels = side(workload.width) * side(workload.height);
            Some(((attention.heads * workload.rows) as u64, pixels * pixels * size_of::<f32>() as u64))
        });
        levels.max_by_key(|(heads, bytes)| heads * bytes).unwrap_or((workload.rows as u64, 0))
    }
}

/// One sentence with what would fit: the same size in less memory, or the largest size of this shape.
fn too_large(
    model: &CostModel,
    workload: Workload,
    plan: ExecutionPlan,
    (costs, sequential_offload): (&Costs, bool),
    free: u64,
) -> Result<PipelineError, PipelineError> {
    let leanest = ExecutionPlan { attention: AttentionMethod::Tiled, tiling: Some(Tiling::default()), ..plan };
    let needs =
        |workload: Workload| Ok::<_, PipelineError>(needed_bytes(&model.costs(workload, leanest)?, sequential_offload));
    let remedy = if leanest != plan && needs(workload)? <= free {
        Remedy::Tiling
    } else {
        // 64 pixels divide well in every model.
        const STEP: usize = 64;
        let mut fitting = None;
        let (mut low, mut high) = (0, workload.width.max(workload.height) / STEP);
        while low < high {
            let middle = (low + high).div_ceil(2);
            let longer = workload.width.max(workload.height);
            let side = |pixels: usize| (pixels * middle * STEP / longer / STEP * STEP).max(STEP);
            let smaller = Workload { width: side(workload.width), height: side(workload.height), ..workload };
            if needs(smaller)? <= free {
                (low, fitting) = (middle, Some(smaller));
            } else {
                high = middle - 1;
            }
        }
        match fitting {
            Some(size) => Remedy::SmallerSize { width: size.width as u32, height: size.height as u32 },
            None => Remedy::FreeMemory,
        }
    };
    Ok(PipelineError::TooLarge {
        width: workload.width,
        height: workload.height,
        needed_gb: needed_bytes(costs, sequential_offload) as f64 / 1e9,
        free_gb: free as f64 / 1e9,
        remedy,
    })
}

/// Spends memory where there is plenty, by what a picture of the model's own size will take.
pub(super) fn settled_memory(
    wanted: MemoryMode,
    model: &CostModel,
    options: &LoadOptions,
) -> Result<MemoryMode, PipelineError> {
    let LoadOptions { execution, dtype, sequential_offload } = options;
    let Some(free) = memory_budget::free_bytes(execution) else {
        return Ok(if wanted == MemoryMode::Auto { MemoryMode::High } else { wanted });
    };
    let card = execution.operators().map(Operators::card);
    let plan = |winograd| ExecutionPlan {
        attention: AttentionMethod::Tiled,
        tiling: None,
        winograd,
        dtype: *dtype,
        card,
        sequential_guidance: false,
    };
    let chosen = match wanted {
        MemoryMode::Auto if *sequential_offload => MemoryMode::Low,
        MemoryMode::Auto if card.is_some() || model.has_room_for_speed(plan(true), free)? => MemoryMode::High,
        MemoryMode::Auto => MemoryMode::Low,
        chosen => chosen,
    };
    let costs = model.costs(model.native_workload(), plan(chosen == MemoryMode::High))?;
    let largest = costs.weights.into_iter().max().unwrap_or(0);
    let weights = if *sequential_offload { largest } else { costs.weight_bytes() } as u64;
    if weights > free {
        let gb = |bytes: u64| bytes as f64 / 1e9;
        return Err(PipelineError::ModelTooLarge {
            needed_gb: gb(weights),
            free_gb: gb(free),
            remedy: less_for_weights(chosen, *dtype),
        });
    }
    Ok(chosen)
}

fn less_for_weights(memory: MemoryMode, dtype: DType) -> Remedy {
    match (memory, dtype) {
        (MemoryMode::High, _) => Remedy::LowMemory,
        (_, DType::F32) => Remedy::HalfPrecision,
        _ => Remedy::FreeMemory,
    }
}
