//! Between what a request's numbers must lie.

pub(super) const MAX_STEPS: u32 = 1000;
pub(super) const MAX_GUIDANCE: f64 = 100.0;
/// Pixels.
pub(super) const MIN_SIDE_PX: u32 = 8;
/// Pixels.
pub(super) const MAX_SIDE_PX: u32 = 8192;
