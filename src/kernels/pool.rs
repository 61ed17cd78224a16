//! Buffers for activations that are used again: memory that the system hands out fresh costs a page fault every 4 KiB.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A buffer may be taken for something smaller, but not for something smaller than this share of it.
const WORST_FIT: f64 = 0.6;

/// Below this the system's own allocator is as good.
const SMALLEST_KEPT_FLOATS: usize = 4096;

struct Pool {
    idle: Vec<Vec<f32>>,
    idle_floats: usize,
    idle_limit_floats: usize,
}

static POOL: Mutex<Pool> = Mutex::new(Pool { idle: Vec::new(), idle_floats: 0, idle_limit_floats: usize::MAX });

fn pool() -> MutexGuard<'static, Pool> {
    // A thread that panicked while it held the lock has left plain vectors behind.
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives the idle buffers back to the system, and keeps at most `limit_bytes` idle from now on.
pub fn limit_idle_buffers(limit_bytes: usize) {
    let mut pool = pool();
    pool.idle_limit_floats = limit_bytes / size_of::<f32>();
    pool.idle.clear();
    pool.idle_floats = 0;
}

/// Gives the idle buffers back to the system: what follows needs others.
pub fn release_idle_buffers() {
    let mut pool = pool();
    pool.idle.clear();
    pool.idle_floats = 0;
}

/// So many floats, which go back into the pool in the end.
pub struct Buffer {
    data: Vec<f32>,
    length: usize,
}

impl Buffer {
    /// Holds whatever was there before: whoever takes it writes all of it.
    #[must_use]
    pub fn take(length: usize) -> Self {
        Self { data: pool().take(length).unwrap_or_else(|| vec![0.0; length]), length }
    }

    #[must_use]
    pub fn from_vec(data: Vec<f32>) -> Self {
        Self { length: data.len(), data }
    }
}

impl Pool {
    /// The idle buffer that fits best.
    fn take(&mut self, length: usize) -> Option<Vec<f32>> {
        let fits = |data: &Vec<f32>| data.len() >= length && length as f64 >= data.len() as f64 * WORST_FIT;
        let best = self.idle.iter().enumerate().filter(|(_, data)| fits(data)).min_by_key(|(_, data)| data.len());
        let index = best.map(|(index, _)| index)?;
        let data = self.idle.swap_remove(index);
        self.idle_floats -= data.len();
        Some(data)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let data = std::mem::take(&mut self.data);
        if data.len() < SMALLEST_KEPT_FLOATS {
            return;
        }
        let mut pool = pool();
        if pool.idle_floats + data.len() <= pool.idle_limit_floats {
            pool.idle_floats += data.len();
            pool.idle.push(data);
        }
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
