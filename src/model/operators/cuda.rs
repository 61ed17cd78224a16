//! What only a CUDA card tells: how much memory it has, and how much of it is free.

use candle_core::Device;

/// Of the whole card; `None` for other devices.
#[must_use]
pub(crate) fn total_bytes(device: &Device) -> Option<u64> {
    sizes(device).map(|[_, total]| total)
}

/// What could be had right now; `None` for other devices.
#[must_use]
pub(crate) fn free_bytes(device: &Device) -> Option<u64> {
    if device.is_cuda() {
        // What is given back on the way is free once the card has come that far.
        device.synchronize().ok();
    }
    sizes(device).map(|[free, _]| free)
}

/// What is free and what there is, as the driver says.
#[cfg(feature = "cuda")]
fn sizes(device: &Device) -> Option<[u64; 2]> {
    let Device::Cuda(cuda) = device else { return None };
    let memory = cuda.cuda_stream().context().mem_get_info();
    let (free, total) = memory.inspect_err(|error| tracing::warn!("the card's memory is unknown: {error}")).ok()?;
    Some([free as u64, total as u64])
}

#[cfg(not(feature = "cuda"))]
fn sizes(_device: &Device) -> Option<[u64; 2]> {
    None
}
