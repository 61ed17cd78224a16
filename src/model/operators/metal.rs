//! What only a Metal device tells and wants: how much memory it recommends, and pools that let go of Objective-C's
//! temporaries.

use candle_core::Device;

/// Of what Metal recommends, so much may be taken before idle buffers are given back.
#[cfg(target_os = "macos")]
const CROWDED_SHARE: f64 = 0.85;

/// What Metal recommends as a working set, less what is allocated; `None` for other devices.
#[cfg(target_os = "macos")]
#[must_use]
pub fn budget_bytes(device: &Device) -> Option<u64> {
    let Device::Metal(metal) = device else { return None };
    // What is idle is given back by waiting.
    metal.wait_until_completed().ok();
    let metal = metal.metal_device();
    Some(metal.recommended_max_working_set_size().saturating_sub(metal.current_allocated_size()) as u64)
}

/// What Metal recommends as a working set, less what is allocated; `None` for other devices.
#[cfg(not(target_os = "macos"))]
#[must_use]
pub fn budget_bytes(_device: &Device) -> Option<u64> {
    None
}

/// Whether little is left of what Metal recommends.
#[cfg(target_os = "macos")]
pub(super) fn is_crowded(device: &Device) -> bool {
    let Device::Metal(metal) = device else { return false };
    let metal = metal.metal_device();
    metal.current_allocated_size() as f64 > metal.recommended_max_working_set_size() as f64 * CROWDED_SHARE
}

#[cfg(not(target_os = "macos"))]
pub(super) fn is_crowded(_device: &Device) -> bool {
    false
}

/// Runs `work` in an autorelease pool where there is such a thing: a thread that never returns to a run loop keeps
/// what Metal's calls give until the program ends.
#[cfg(target_os = "macos")]
pub fn in_pool<T>(work: impl FnOnce() -> T) -> T {
    objc2::rc::autoreleasepool(|_| work())
}

/// Runs `work`: only Apple's systems have autorelease pools.
#[cfg(not(target_os = "macos"))]
pub fn in_pool<T>(work: impl FnOnce() -> T) -> T {
    work()
}
