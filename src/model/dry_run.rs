//! A network walked with sizes alone: what it would compute, and what it would hold while it does. No weights are
//! read and nothing is computed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::job::Work;
use crate::kernels::BufferPool;

/// Where a device's operator puts what it gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BufferStorage {
    /// Where the device alone may look.
    Private,
    /// Where the processor may look too.
    Shared,
    /// The same, in a buffer of its own that is no larger than it must be.
    Exact,
}

/// Buffers that nobody holds, waiting for their next use.
#[derive(Debug)]
enum Idle {
    /// By the rules of the kernels' pool.
    Kernels(BufferPool<usize>),
    /// Given back at once.
    None,
    /// How many of each size in bytes, private and shared: as candle keeps Metal's until somebody waits for the
    /// device. A new one has a power of two; the smallest that is large enough is taken, however large.
    Metal([BTreeMap<usize, usize>; 2]),
}

impl Idle {
    fn bytes(&self) -> usize {
        match self {
            Self::Kernels(pool) => pool.idle_floats() * size_of::<f32>(),
            Self::None => 0,
            Self::Metal(pools) => pools.iter().flatten().map(|(size, count)| size * count).sum(),
        }
    }

    fn clear(&mut self) {
        match self {
            Self::Kernels(pool) => pool.clear(),
            Self::None => {}
            Self::Metal(pools) => pools.iter_mut().for_each(BTreeMap::clear),
        }
    }

    /// The size of the buffer that is taken for `bytes`.
    fn take(&mut self, bytes: usize, place: BufferStorage) -> usize {
        match self {
            Self::Kernels(pool) => {
                let floats = bytes / size_of::<f32>();
                pool.take(floats).unwrap_or(floats) * size_of::<f32>()
            }
            Self::None => bytes,
            Self::Metal(_) if place == BufferStorage::Exact => bytes,
            Self::Metal(pools) => {
                let pool = &mut pools[pool_of(place)];
                let Some((&size, count)) = pool.range_mut(bytes..).find(|(_, count)| **count > 0) else {
                    return bytes.next_power_of_two();
                };
                *count -= 1;
                size
            }
        }
    }

    fn give(&mut self, size: usize, place: BufferStorage) {
        match self {
            Self::Kernels(pool) => pool.give(size / size_of::<f32>()),
            Self::None => {}
            Self::Metal(pools) => *pools[pool_of(place)].entry(size).or_default() += 1,
        }
    }
}

fn pool_of(place: BufferStorage) -> usize {
    usize::from(place != BufferStorage::Private)
}

#[derive(Debug)]
struct Tally {
    work: Work,
    weight_bytes: usize,
    weight_count: usize,
    row_work: Work,
    host_bytes: usize,
    live_bytes: usize,
    peak_bytes: usize,
    idle: Idle,
}

/// What is noted of a walk; shared by a network's layers and everything that flows between them.
#[derive(Debug)]
pub struct MemoryTracker(Mutex<Tally>);

impl MemoryTracker {
    /// Buffers of at most `idle_limit_bytes` wait for their next use, as the kernels' pool keeps them.
    #[must_use]
    pub fn new(idle_limit_bytes: usize) -> Arc<Self> {
        Self::with_idle(Idle::Kernels(BufferPool::new(idle_limit_bytes / size_of::<f32>())))
    }

    /// Of a graphics card that is given every buffer back at once.
    #[must_use]
    pub fn of_card() -> Arc<Self> {
        Self::with_idle(Idle::None)
    }

    /// Of Metal, where candle keeps buffers.
    #[must_use]
    pub fn of_metal() -> Arc<Self> {
        Self::with_idle(Idle::Metal(Default::default()))
    }

    fn with_idle(idle: Idle) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Tally {
            work: Work::default(),
            weight_bytes: 0,
            weight_count: 0,
            row_work: Work::default(),
            host_bytes: 0,
            live_bytes: 0,
            peak_bytes: 0,
            idle,
        })))
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a layer's weights: how many, and what they take as they are kept.
    pub fn keep_weights(&self, count: usize, bytes: usize) {
        let mut tally = self.tally();
        tally.weight_count += count;
        tally.weight_bytes += bytes;
    }

    /// Notes what a linear layer of the kernels multiplies for one row.
    pub fn keep_row_work(&self, work: Work) {
        let mut tally = self.tally();
        tally.row_work = tally.row_work.plus(work);
    }

    /// Of all such layers.
    #[must_use]
    pub fn row_work(&self) -> Work {
        self.tally().row_work
    }

    /// Of the weights so many bytes wait on the host.
    pub fn leave_on_host(&self, bytes: usize) {
        let mut tally = self.tally();
        tally.weight_bytes = tally.weight_bytes.saturating_sub(bytes);
        tally.host_bytes += bytes;
    }

    /// Weights that wait on the host.
    #[must_use]
    pub fn host_bytes(&self) -> usize {
        self.tally().host_bytes
    }

    pub fn add_work(&self, work: Work) {
        let mut tally = self.tally();
        tally.work = tally.work.plus(work);
    }

    /// A buffer of the kernels, an idle one where one fits; given back when it is dropped.
    #[must_use]
    pub fn take(self: &Arc<Self>, floats: usize) -> TrackedBuffer {
        self.take_bytes(floats * size_of::<f32>(), BufferStorage::Private)
    }

    /// The same of a device.
    #[must_use]
    pub fn take_bytes(self: &Arc<Self>, bytes: usize, place: BufferStorage) -> TrackedBuffer {
        let mut tally = self.tally();
        let size = tally.idle.take(bytes, place);
        tally.live_bytes += size;
        tally.peak_bytes = tally.peak_bytes.max(tally.live_bytes + tally.idle.bytes());
        TrackedBuffer { tracker: Arc::clone(self), size, place }
    }

    /// Somebody has waited for the device: its idle buffers are given back.
    pub fn waited(&self) {
        self.tally().idle.clear();
    }

    /// Between two networks the idle buffers go, and what was counted starts anew; the weights stay.
    pub fn start_anew(&self) {
        let mut tally = self.tally();
        tally.idle.clear();
        tally.work = Work::default();
        tally.peak_bytes = tally.live_bytes;
    }

    #[must_use]
    pub fn work(&self) -> Work {
        self.tally().work
    }

    #[must_use]
    pub fn weight_bytes(&self) -> usize {
        self.tally().weight_bytes
    }

    #[must_use]
    pub fn weight_count(&self) -> usize {
        self.tally().weight_count
    }

    /// The most that buffers, idle ones included, took at once.
    #[must_use]
    pub fn peak_bytes(&self) -> usize {
        self.tally().peak_bytes
    }
}

/// A buffer that is only thought of.
#[derive(Debug)]
pub struct TrackedBuffer {
    tracker: Arc<MemoryTracker>,
    size: usize,
    place: BufferStorage,
}

impl Drop for TrackedBuffer {
    fn drop(&mut self) {
        let mut tally = self.tracker.tally();
        tally.live_bytes -= self.size;
        tally.idle.give(self.size, self.place);
    }
}

/// A feature map's sizes: what flows between the layers of a walk.
#[derive(Clone, Debug)]
pub(crate) struct TracedFeature {
    pub batch: usize,
    pub height: usize,
    pub width: usize,
    pub channels: usize,
    tracker: Arc<MemoryTracker>,
    held: Arc<TrackedBuffer>,
}

impl TracedFeature {
    #[must_use]
    pub(crate) fn new(
        tracker: &Arc<MemoryTracker>,
        batch: usize,
        height: usize,
        width: usize,
        channels: usize,
    ) -> Self {
        let held = Arc::new(tracker.take(batch * height * width * channels));
        Self { batch, height, width, channels, tracker: Arc::clone(tracker), held }
    }

    /// As many pixels with other channels.
    #[must_use]
    pub(crate) fn with_channels(&self, channels: usize) -> Self {
        Self::new(&self.tracker, self.batch, self.height, self.width, channels)
    }

    /// So many tokens, copied from elsewhere.
    #[must_use]
    pub(crate) fn of_tokens(&self, count: usize) -> Self {
        let values = (count * self.channels) as f64 / 1e9;
        self.tracker.add_work(Work { values, ..Work::default() });
        Self::new(&self.tracker, 1, 1, count, self.channels)
    }

    /// The same memory seen as a map of another size.
    #[must_use]
    pub(crate) fn resized(&self, height: usize, width: usize) -> Self {
        Self { height, width, ..self.clone() }
    }

    #[must_use]
    pub(crate) fn tracker(&self) -> &Arc<MemoryTracker> {
        &self.tracker
    }

    /// Pixels of all pictures of the batch.
    #[must_use]
    pub(crate) fn rows(&self) -> usize {
        self.batch * self.height * self.width
    }

    #[must_use]
    pub(crate) fn floats(&self) -> usize {
        self.rows() * self.channels
    }

    /// A new map of this size, for which every value is passed over once.
    #[must_use]
    pub(crate) fn passed_over(&self) -> Self {
        self.copied(self.channels)
    }

    /// Every value is passed over once, in this map's own memory where nobody else holds it.
    #[must_use]
    pub(crate) fn passed_over_in_place(self) -> Self {
        if Arc::strong_count(&self.held) > 1 {
            return self.passed_over();
        }
        self.tracker.add_work(Work { values: self.floats() as f64 / 1e9, ..Work::default() });
        self
    }

    /// A new map of both maps' channels.
    #[must_use]
    pub(crate) fn concatenated(&self, other: &Self) -> Self {
        self.copied(self.channels + other.channels)
    }

    fn copied(&self, channels: usize) -> Self {
        let values = (self.rows() * channels) as f64 / 1e9;
        self.tracker.add_work(Work { values, ..Work::default() });
        self.with_channels(channels)
    }
}
