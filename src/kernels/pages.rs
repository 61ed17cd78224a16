//! Huge pages for large buffers, where the system has them for the asking: it hands out hundreds of pages at once, and the
//! processor finds its way among few.

use half::vec::HalfBitsVecExt;
use half::{bf16, f16};

/// What Linux calls huge on most processors.
#[cfg(all(target_os = "linux", target_env = "gnu", not(miri)))]
const HUGE_BYTES: usize = 2 << 20;

/// Asks for them under values that were just made and not touched yet. A wish: nothing is lost where it is not granted.
#[cfg(all(target_os = "linux", target_env = "gnu", not(miri)))]
fn wish_for_huge<T>(values: &[T]) {
    let range = values.as_ptr_range();
    let start = range.start.map_addr(|address| address.next_multiple_of(HUGE_BYTES));
    let bytes = range.end.addr().saturating_sub(start.addr()) / HUGE_BYTES * HUGE_BYTES;
    if bytes > 0 {
        // SAFETY: whole pages inside the values, whose contents the advice does not change.
        unsafe { libc::madvise(start.cast_mut().cast(), bytes, libc::MADV_HUGEPAGE) };
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu", not(miri))))]
fn wish_for_huge<T>(_: &[T]) {}

/// What panels hold.
pub(super) trait Element: Copy + Default + Send + Sync {
    /// Pages that the system hands out as zeros, so that each thread first touches what it will fill.
    fn zeros(count: usize) -> Vec<Self>;
}

impl Element for f32 {
    fn zeros(count: usize) -> Vec<Self> {
        let values = vec![0.0; count];
        wish_for_huge(&values);
        values
    }
}

impl Element for f16 {
    fn zeros(count: usize) -> Vec<Self> {
        let values = vec![0u16; count];
        wish_for_huge(&values);
        values.reinterpret_into()
    }
}

impl Element for bf16 {
    fn zeros(count: usize) -> Vec<Self> {
        let values = vec![0u16; count];
        wish_for_huge(&values);
        values.reinterpret_into()
    }
}

impl Element for u8 {
    fn zeros(count: usize) -> Vec<Self> {
        let values = vec![0u8; count];
        wish_for_huge(&values);
        values
    }
}
