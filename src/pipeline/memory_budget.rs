//! How much memory a picture may take: what the system can give right now, or what a person allows.

use candle_core::Device;

use crate::model::{
    Execution, Operators, cuda_free_bytes, cuda_total_bytes, metal_free_bytes, metal_working_set_bytes,
};
use crate::system::memory::{available_memory_bytes, resident_memory_bytes};

/// Takes the place of what the system says is free, in bytes: to leave memory to other programs, and for tests.
pub(crate) const VARIABLE: &str = "INKWICK_FREE_MEMORY";

/// What the networks may take in all, what this process holds already included.
#[must_use]
pub(crate) fn all_bytes(execution: &Execution) -> Option<u64> {
    match execution.operators().map(Operators::device) {
        // What this process holds it can use again.
        None | Some(Device::Cpu) => free_bytes(execution).map(|free| free + resident_memory_bytes().unwrap_or(0)),
        Some(device) => {
            allowed_bytes().or_else(|| metal_working_set_bytes(device)).or_else(|| cuda_total_bytes(device))
        }
    }
}

fn allowed_bytes() -> Option<u64> {
    std::env::var(VARIABLE).ok().and_then(|text| text.trim().parse().ok())
}

/// What the machine can give to weights that a card has no room for. Pinned memory cannot be moved out of the way, so that
/// the rest of what is free is left alone.
#[must_use]
pub(crate) fn host_bytes() -> Option<u64> {
    available_memory_bytes().map(|free| free / 3 * 2)
}

/// What is free for the networks' work, or `None` where that is unknown.
#[must_use]
pub(crate) fn free_bytes(execution: &Execution) -> Option<u64> {
    if let Some(allowed) = allowed_bytes() {
        return Some(allowed);
    }
    match execution.operators().map(Operators::device) {
        None | Some(Device::Cpu) => available_memory_bytes(),
        Some(device) => metal_free_bytes(device).or_else(|| cuda_free_bytes(device)),
    }
}
