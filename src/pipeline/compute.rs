//! What `auto` stands for: how attention's scores are held, and whether the VAE works in tiles, by device, size and
//! free memory. What cannot fit is refused with what would.

use candle_core::Device;

use super::{Pipeline, PipelineError, Plan, memory};
use crate::job::{AttentionMode, Compute, VaeTiling};
use crate::model::{Scoring, Tiling};
use crate::store::memory::available_memory_bytes;

/// On a graphics card, scores of more bytes than this are not held all at once.
const FULL_SCORES_BYTES: u64 = 256 << 20;

/// On a graphics card, pictures of more pixels than this are decoded in tiles.
const UNTILED_PIXELS: u64 = 1536 * 1536;

impl Pipeline {
    /// Decides what was left open, and sets the networks to it.
    pub(super) fn settle(&self, wanted: Compute, plan: &Plan) -> Result<Compute, PipelineError> {
        let free = if self.device.is_cpu() { available_memory_bytes() } else { None };
        let pictures = if plan.guidance > 1.0 { 2 } else { 1 };
        let (heads, score_bytes) = self.largest_scores(plan, pictures);
        let full_bytes = heads * score_bytes;
        let attention = match wanted.attention {
            AttentionMode::Auto if self.device.is_cpu() => AttentionMode::Tiled,
            AttentionMode::Auto if self.has_flash() => AttentionMode::Flash,
            AttentionMode::Auto if full_bytes <= FULL_SCORES_BYTES => AttentionMode::Full,
            AttentionMode::Auto => AttentionMode::Tiled,
            AttentionMode::Flash if !self.has_flash() => {
                return Err(PipelineError::Unsupported(
                    "flash attention needs a CUDA card, half precision and a build with the feature `flash-attn`; \
                     tiled gives the same picture in constant memory"
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
        };
        let needed = match attention {
            AttentionMode::Full => full_bytes,
            AttentionMode::Sliced(Some(at_once)) => u64::from(at_once).min(heads) * score_bytes,
            _ => 0,
        };
        if let Some(free) = free
            && needed > free
        {
            return Err(PipelineError::AttentionTooLarge {
                mode: attention,
                needed_gb: needed as f64 / 1e9,
                free_gb: free as f64 / 1e9,
            });
        }
        let vae_tiling = match wanted.vae_tiling {
            VaeTiling::Auto => {
                let pixels = u64::from(plan.width) * u64::from(plan.height);
                let fits = match free {
                    Some(free) => {
                        memory::decoding_bytes(self.vae.config(), plan.width, plan.height) <= free as f64 * 0.6
                    }
                    None => pixels <= UNTILED_PIXELS,
                };
                if fits { VaeTiling::Off } else { VaeTiling::On }
            }
            chosen => chosen,
        };
        if vae_tiling == VaeTiling::Off {
            memory::check(self.vae.config(), plan.width, plan.height, &self.device)?;
        }
        let scoring = match attention {
            AttentionMode::Full => Scoring::Full,
            AttentionMode::Sliced(at_once) => Scoring::Heads(at_once.unwrap_or(1) as usize),
            AttentionMode::Flash => Scoring::Flash,
            AttentionMode::Auto | AttentionMode::Tiled => Scoring::Tiled,
        };
        self.unet.set_scoring(scoring);
        self.vae.set_scoring(scoring);
        self.vae.set_tiling((vae_tiling == VaeTiling::On).then(Tiling::default));
        let settled = Compute { attention, vae_tiling, memory: self.memory };
        tracing::info!("attention {attention}, VAE tiling {vae_tiling:?}, memory {:?}", self.memory);
        Ok(settled)
    }

    fn has_flash(&self) -> bool {
        Scoring::has_flash() && matches!(self.device, Device::Cuda(_)) && self.dtype != candle_core::DType::F32
    }

    /// Heads of all pictures, and the bytes of one head's scores, where the UNet has most of them.
    fn largest_scores(&self, plan: &Plan, pictures: u64) -> (u64, u64) {
        let (_, _, height, width) = self.latent_shape(plan);
        let levels = self.unet.config().blocks.iter().enumerate().filter_map(|(level, block)| {
            let attention = block.down_attention.as_ref().or(block.up_attention.as_ref())?;
            let pixels = (height >> level).max(1) as u64 * (width >> level).max(1) as u64;
            Some((attention.heads as u64 * pictures, pixels * pixels * size_of::<f32>() as u64))
        });
        levels.max_by_key(|(heads, bytes)| heads * bytes).unwrap_or((pictures, 0))
    }
}
