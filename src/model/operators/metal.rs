//! What is special about a Metal device: how much memory it recommends, and pools that let go of Objective-C's
//! temporaries.

use candle_core::Device;

/// Of what Metal recommends, so much may be taken before idle buffers are given back.
const CROWDED_SHARE: f64 = 0.85;

/// What Metal recommends as a working set; `None` for other devices.
#[must_use]
pub(crate) fn working_set_bytes(device: &Device) -> Option<u64> {
    sizes(device).map(|[recommended, _]| recommended)
}

/// The same, less what is allocated once idle buffers are given back.
#[must_use]
pub(crate) fn free_bytes(device: &Device) -> Option<u64> {
    if device.is_metal() {
        device.synchronize().ok();
    }
    sizes(device).map(|[recommended, allocated]| recommended.saturating_sub(allocated))
}

/// Whether little is left of what Metal recommends.
pub(super) fn is_crowded(device: &Device) -> bool {
    sizes(device).is_some_and(|[recommended, allocated]| allocated as f64 > recommended as f64 * CROWDED_SHARE)
}

/// What is recommended, and what is allocated.
#[cfg(target_os = "macos")]
fn sizes(device: &Device) -> Option<[u64; 2]> {
    let Device::Metal(metal) = device else { return None };
    let metal = metal.metal_device();
    Some([metal.recommended_max_working_set_size() as u64, metal.current_allocated_size() as u64])
}

#[cfg(not(target_os = "macos"))]
fn sizes(_device: &Device) -> Option<[u64; 2]> {
    None
}

/// Runs `work` in an autorelease pool where there is such a thing: a thread that never returns to a run loop keeps
/// what Metal's calls give until the program ends.
#[cfg(target_os = "macos")]
pub(crate) fn in_pool<T>(work: impl FnOnce() -> T) -> T {
    objc2::rc::autoreleasepool(|_| work())
}

/// Runs `work`: only Apple's systems have autorelease pools.
#[cfg(not(target_os = "macos"))]
pub(crate) fn in_pool<T>(work: impl FnOnce() -> T) -> T {
    work()
}
