//! Buffers for activations that are used again: memory that the system hands out fresh costs a page fault every 4 KiB.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::aligned::Aligned;

/// A buffer may be taken for something smaller, but not for something smaller than this share of it.
const WORST_FIT: f64 = 0.6;

/// Below this the system's own allocator is as good.
const SMALLEST_KEPT_FLOATS: usize = 4096;

/// What a pool keeps: a buffer, or its length alone in a dry run.
pub trait PooledBuffer {
    /// In floats.
    fn floats(&self) -> usize;
}

impl PooledBuffer for Aligned<f32> {
    fn floats(&self) -> usize {
        self.len()
    }
}

impl PooledBuffer for usize {
    fn floats(&self) -> usize {
        *self
    }
}

/// Idle buffers, and the rules by which one is taken again.
#[derive(Debug)]
pub struct BufferPool<T> {
    idle: Vec<T>,
    idle_floats: usize,
    limit_floats: usize,
}

impl<T: PooledBuffer> BufferPool<T> {
    /// Keeps at most so many floats idle.
    #[must_use]
    pub const fn new(limit_floats: usize) -> Self {
        Self { idle: Vec::new(), idle_floats: 0, limit_floats }
    }

    #[must_use]
    pub fn idle_floats(&self) -> usize {
        self.idle_floats
    }

    /// The idle buffer that fits best.
    pub fn take(&mut self, length: usize) -> Option<T> {
        let fits = |kept: &T| kept.floats() >= length && length as f64 >= kept.floats() as f64 * WORST_FIT;
        let best = self.idle.iter().enumerate().filter(|(_, kept)| fits(kept)).min_by_key(|(_, kept)| kept.floats());
        let index = best.map(|(index, _)| index)?;
        let kept = self.idle.swap_remove(index);
        self.idle_floats -= kept.floats();
        Some(kept)
    }

    /// Keeps a buffer for its next use, within the limit.
    pub fn give(&mut self, kept: T) {
        let floats = kept.floats();
        if floats >= SMALLEST_KEPT_FLOATS && self.idle_floats + floats <= self.limit_floats {
            self.idle_floats += floats;
            self.idle.push(kept);
        }
    }

    /// Forgets what is idle.
    pub fn clear(&mut self) {
        self.idle.clear();
        self.idle_floats = 0;
    }
}

static POOL: Mutex<BufferPool<Aligned<f32>>> = Mutex::new(BufferPool::new(usize::MAX));

fn pool() -> MutexGuard<'static, BufferPool<Aligned<f32>>> {
    // A thread that panicked while it held the lock has left plain vectors behind.
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From this size on a block that is freed goes back to the system at once.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const RETURNED_BYTES: i32 = 1 << 20;

/// The allocator of glibc, left alone, keeps up to 64 MB of what was freed, now more and now less as sizes and threads
/// fall: so much could not be estimated, and we keep what is worth keeping ourselves.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn return_what_is_freed() {
    // SAFETY: sets two numbers of the allocator, which takes a lock for it.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, RETURNED_BYTES);
        libc::mallopt(libc::M_TRIM_THRESHOLD, RETURNED_BYTES);
    }
}

/// Gives the idle buffers back to the system, and keeps at most `limit_bytes` idle from now on.
pub fn limit_idle_buffers(limit_bytes: usize) {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    return_what_is_freed();
    let mut pool = pool();
    pool.limit_floats = limit_bytes / size_of::<f32>();
    pool.clear();
}

/// Gives the idle buffers back to the system: what follows needs others.
pub fn release_idle_buffers() {
    pool().clear();
}

/// So many floats, which go back into the pool in the end.
pub(crate) struct Buffer {
    data: Aligned<f32>,
    length: usize,
}

impl Buffer {
    /// Holds whatever was there before: whoever takes it writes all of it.
    #[must_use]
    pub(crate) fn take(length: usize) -> Self {
        Self { data: pool().take(length).unwrap_or_else(|| Aligned::zeros(length)), length }
    }

    #[must_use]
    pub(crate) fn from_vec(data: Vec<f32>) -> Self {
        Self { length: data.len(), data: data.into() }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        pool().give(std::mem::take(&mut self.data));
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.data[..self.length]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.data[..self.length]
    }
}
