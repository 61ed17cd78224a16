//! What `auto` stands for: how attention's scores are held, whether the VAE works in tiles, and whether memory is
//! spent for speed, by what each is foretold to take and what is free. What cannot fit is refused with what would.

use candle_core::DType;

use super::cost::{CostModel, Costs, Drawing, Manner, scoring_of};
use super::{Extras, Pipeline, PipelineError, Plan, budget};
use crate::job::{AttentionMode, Compute, MemoryMode, VaeTiling};
use crate::model::{Execution, Operators, Scoring, Tiling};

/// On a graphics card, scores of more bytes than this are not held all at once.
const FULL_SCORES_BYTES: u64 = 256 << 20;

/// Of what is free, decoding in one piece may take so much: what else runs wants some as well.
const UNTILED_SHARE: f64 = 0.6;

/// On a graphics card that does not say what is free, pictures of more pixels than this are decoded in tiles.
const UNTILED_PIXELS: usize = 1536 * 1536;

/// Left to other programs when memory is spent for speed.
const ROOM_BYTES: u64 = 512 << 20;

/// What was decided, and what it is foretold to take.
pub(super) struct Settled {
    pub compute: Compute,
    pub costs: Costs,
}

impl Pipeline {
    /// Decides what was left open, and sets the networks to it.
    pub(super) fn settle(&self, wanted: Compute, plan: &Plan, encodes: bool) -> Result<Settled, PipelineError> {
        let free = budget::free_bytes(&self.execution);
        let model = self.cost_model();
        let drawing = Drawing {
            width: plan.width as usize,
            height: plan.height as usize,
            rows: match (plan.guidance > 1.0, self.extras) {
                (false, _) => 1,
                (true, Extras::Picture) => 3,
                (true, _) => 2,
            },
            windows: 1,
            encodes,
        };
        let attention = self.settled_attention(wanted.attention, &drawing, free)?;
        let mut manner = Manner {
            scoring: scoring_of(attention),
            tiling: (wanted.vae_tiling == VaeTiling::On).then(Tiling::default),
            winograd: self.memory == MemoryMode::High,
            dtype: self.weight_dtype,
            card: self.execution.operators().map(Operators::card),
        };
        let costs = model.tiled_where_needed(drawing, &mut manner, wanted.vae_tiling, free)?;
        if let Some(free) = free
            && costs.working_bytes() as u64 > free
        {
            return Err(too_large(&model, drawing, manner, &costs, free)?);
        }
        self.unet.set_scoring(manner.scoring);
        self.vae.set_scoring(manner.scoring);
        self.vae.set_tiling(manner.tiling);
        let vae_tiling = if manner.tiling.is_some() { VaeTiling::On } else { VaeTiling::Off };
        let compute = Compute { attention, vae_tiling, memory: self.memory };
        tracing::info!("attention {attention}, VAE tiling {vae_tiling:?}, memory {:?}", self.memory);
        Ok(Settled { compute, costs })
    }

    /// Of the networks that are loaded.
    fn cost_model(&self) -> CostModel {
        let text = self.text.iter().map(|stage| stage.encoder.config().clone()).collect();
        CostModel::of(text, self.unet.config().clone(), self.vae.config().clone(), self.embedded_bytes)
    }

    fn settled_attention(
        &self,
        wanted: AttentionMode,
        drawing: &Drawing,
        free: Option<u64>,
    ) -> Result<AttentionMode, PipelineError> {
        let (heads, score_bytes) = self.largest_scores(drawing);
        Ok(match wanted {
            AttentionMode::Auto if self.execution.operators().is_none() => AttentionMode::Tiled,
            AttentionMode::Auto if self.has_fused_attention() => AttentionMode::Flash,
            AttentionMode::Auto if heads * score_bytes <= FULL_SCORES_BYTES => AttentionMode::Full,
            AttentionMode::Auto => AttentionMode::Tiled,
            AttentionMode::Flash if !self.has_fused_attention() => {
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

    fn has_fused_attention(&self) -> bool {
        self.execution.operators().is_some_and(Operators::has_fused_attention)
    }

    /// Heads of all pictures, and the bytes of one head's scores, where the UNet has most of them.
    fn largest_scores(&self, drawing: &Drawing) -> (u64, u64) {
        let cell = self.vae.config().factor();
        let levels = self.unet.config().blocks.iter().enumerate().filter_map(|(level, block)| {
            let attention = block.down_attention.as_ref().or(block.up_attention.as_ref())?;
            let side = |pixels: usize| ((pixels / cell) >> level).max(1) as u64;
            let pixels = side(drawing.width) * side(drawing.height);
            Some(((attention.heads * drawing.rows) as u64, pixels * pixels * size_of::<f32>() as u64))
        });
        levels.max_by_key(|(heads, bytes)| heads * bytes).unwrap_or((drawing.rows as u64, 0))
    }
}

impl CostModel {
    /// What a picture takes with `auto` settled as [`Pipeline`] settles it, nothing being loaded yet.
    ///
    /// # Errors
    /// When the networks cannot draw this.
    pub fn settled_costs(
        &self,
        drawing: Drawing,
        mut manner: Manner,
        wanted: Compute,
        free: Option<u64>,
    ) -> Result<Costs, PipelineError> {
        if wanted.memory == MemoryMode::Auto
            && let Some(free) = free
        {
            manner.winograd &= self.has_room_for_speed(manner, free)?;
        }
        let weights = self.costs(self.native_drawing(), manner)?.weight_bytes as u64;
        self.tiled_where_needed(drawing, &mut manner, wanted.vae_tiling, free.map(|free| free.saturating_sub(weights)))
    }

    /// Whether memory can be spent for speed, by what a picture of the model's own size will take.
    fn has_room_for_speed(&self, manner: Manner, free: u64) -> Result<bool, PipelineError> {
        let manner = Manner { scoring: Scoring::Tiled, tiling: Some(Tiling::default()), winograd: true, ..manner };
        Ok(self.costs(self.native_drawing(), manner)?.peak_bytes() as u64 + ROOM_BYTES <= free)
    }

    /// Sets tiling where `wanted` leaves it open and one piece would take too much of what is free.
    fn tiled_where_needed(
        &self,
        drawing: Drawing,
        manner: &mut Manner,
        wanted: VaeTiling,
        free: Option<u64>,
    ) -> Result<Costs, PipelineError> {
        let costs = self.costs(drawing, *manner)?;
        let fits = match free {
            Some(free) => costs.decode_bytes.max(costs.encode_bytes) as f64 <= free as f64 * UNTILED_SHARE,
            None => drawing.width * drawing.height <= UNTILED_PIXELS,
        };
        if wanted != VaeTiling::Auto || fits {
            return Ok(costs);
        }
        manner.tiling = Some(Tiling::default());
        self.costs(drawing, *manner)
    }
}

/// One sentence with what would fit: the same size in less memory, or the largest size of this shape.
fn too_large(
    model: &CostModel,
    drawing: Drawing,
    manner: Manner,
    costs: &Costs,
    free: u64,
) -> Result<PipelineError, PipelineError> {
    let leanest = Manner { scoring: Scoring::Tiled, tiling: Some(Tiling::default()), ..manner };
    let needs = |drawing: Drawing| Ok::<_, PipelineError>(model.costs(drawing, leanest)?.working_bytes() as u64);
    let instead = if leanest != manner && needs(drawing)? <= free {
        "tiled attention and decoding in tiles would fit (--attention tiled --vae-tiling on)".to_owned()
    } else {
        // 64 pixels divide well in every model.
        const STEP: usize = 64;
        let mut fitting = None;
        let (mut low, mut high) = (0, drawing.width.max(drawing.height) / STEP);
        while low < high {
            let middle = (low + high).div_ceil(2);
            let longer = drawing.width.max(drawing.height);
            let side = |pixels: usize| (pixels * middle * STEP / longer / STEP * STEP).max(STEP);
            let smaller = Drawing { width: side(drawing.width), height: side(drawing.height), ..drawing };
            if needs(smaller)? <= free {
                (low, fitting) = (middle, Some(smaller));
            } else {
                high = middle - 1;
            }
        }
        match fitting {
            Some(size) => format!("{}×{} would fit", size.width, size.height),
            None => "close other programs, or take a smaller model".to_owned(),
        }
    };
    Ok(PipelineError::TooLarge {
        width: drawing.width,
        height: drawing.height,
        needed_gb: costs.working_bytes() as f64 / 1e9,
        free_gb: free as f64 / 1e9,
        instead,
    })
}

/// Spends memory where there is plenty, by what a picture of the model's own size will take.
pub(super) fn settled_memory(
    wanted: MemoryMode,
    model: &CostModel,
    dtype: DType,
    execution: &Execution,
) -> Result<MemoryMode, PipelineError> {
    let Some(free) = budget::free_bytes(execution) else {
        return Ok(if wanted == MemoryMode::Auto { MemoryMode::High } else { wanted });
    };
    let card = execution.operators().map(Operators::card);
    let manner = |winograd| Manner { scoring: Scoring::Tiled, tiling: None, winograd, dtype, card };
    let chosen = match wanted {
        MemoryMode::Auto if card.is_some() || model.has_room_for_speed(manner(true), free)? => MemoryMode::High,
        MemoryMode::Auto => MemoryMode::Low,
        chosen => chosen,
    };
    let weights = model.costs(model.native_drawing(), manner(chosen == MemoryMode::High))?.weight_bytes as u64;
    if weights > free {
        let gb = |bytes: u64| bytes as f64 / 1e9;
        return Err(PipelineError::ModelTooLarge {
            needed_gb: gb(weights),
            free_gb: gb(free),
            instead: less_for_weights(chosen, dtype),
        });
    }
    Ok(chosen)
}

fn less_for_weights(memory: MemoryMode, dtype: DType) -> &'static str {
    match (memory, dtype) {
        (MemoryMode::High, _) => "--memory low takes less",
        (_, DType::F32) => "--dtype f16 takes half of it",
        _ => "close other programs, or take a smaller model",
    }
}
