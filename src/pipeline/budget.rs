//! How much memory a picture may take: what the system can give right now, or what a person allows.

use candle_core::Device;

use crate::model::{Execution, Operators, metal_budget_bytes};
use crate::store::memory::available_memory_bytes;

/// Takes the place of what the system says is free, in bytes: to leave room for other programs, and for tests.
pub const VARIABLE: &str = "INKWICK_FREE_MEMORY";

/// What is free for the networks' work, or `None` where nobody says.
#[must_use]
pub fn free_bytes(execution: &Execution) -> Option<u64> {
    if let Some(allowed) = std::env::var(VARIABLE).ok().and_then(|text| text.trim().parse().ok()) {
        return Some(allowed);
    }
    match execution.operators().map(Operators::device) {
        None | Some(Device::Cpu) => available_memory_bytes(),
        Some(device) => metal_budget_bytes(device),
    }
}
