//! Refuses what cannot fit, before the system ends the program for it.

use candle_core::Device;

use super::PipelineError;
use crate::model::VaeConfig;
use crate::store::memory::available_memory_bytes;

/// At the decoder's last level, so many full-size feature maps are alive at once (4.1 measured at 1024×1024; a little more is kept free).
const LIVE_MAPS: f64 = 5.0;

/// What decoding at full size needs at once.
pub fn decoding_bytes(vae: &VaeConfig, width: u32, height: u32) -> f64 {
    // The last level begins with the channels of the one before it.
    let channels = vae.block_channels.iter().take(2).max().copied().unwrap_or(1);
    f64::from(width) * f64::from(height) * channels as f64 * 4.0 * LIVE_MAPS
}

/// Decoding at full size is where memory peaks.
pub fn check(vae: &VaeConfig, width: u32, height: u32, device: &Device) -> Result<(), PipelineError> {
    let (Device::Cpu, Some(free)) = (device, available_memory_bytes()) else { return Ok(()) };
    let needed = decoding_bytes(vae, width, height);
    if needed <= free as f64 {
        return Ok(());
    }
    let gb = |bytes: f64| bytes / 1e9;
    Err(PipelineError::TooLarge { width, height, needed_gb: gb(needed), free_gb: gb(free as f64) })
}
