//! Buffers that a thread keeps from one piece of work to its next: fresh ones cost their zeros and, where the system hands
//! them out, a page fault every 4 KiB.

use std::cell::Cell;
use std::thread::LocalKey;

/// Runs `work` with the calling thread's buffers, as its last piece of work left them.
pub(super) fn with_kept<T: Default>(kept: &'static LocalKey<Cell<T>>, work: impl FnOnce(&mut T)) {
    let mut buffers = kept.take();
    work(&mut buffers);
    kept.set(buffers);
}
