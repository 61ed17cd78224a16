//! A network walked with sizes alone: what it would compute, and what it would hold while it does. No weights are
//! read and nothing is computed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::job::Work;
use crate::kernels::Shelf;

#[derive(Debug)]
struct Tally {
    work: Work,
    weight_bytes: usize,
    weight_count: usize,
    live_floats: usize,
    peak_floats: usize,
    shelf: Shelf<usize>,
    is_card: bool,
}

/// What is noted of a walk; shared by a network's layers and everything that flows between them.
#[derive(Debug)]
pub struct Ledger(Mutex<Tally>);

impl Ledger {
    /// Buffers of at most `idle_limit_bytes` wait for their next use, as the kernels' pool keeps them.
    #[must_use]
    pub fn new(idle_limit_bytes: usize) -> Arc<Self> {
        Self::with_shelf(Shelf::new(idle_limit_bytes / size_of::<f32>()), false)
    }

    /// Of a graphics card, where candle's operators run: every buffer is given back at once.
    #[must_use]
    pub fn of_card() -> Arc<Self> {
        Self::with_shelf(Shelf::new(0), true)
    }

    fn with_shelf(shelf: Shelf<usize>, is_card: bool) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Tally {
            work: Work::default(),
            weight_bytes: 0,
            weight_count: 0,
            live_floats: 0,
            peak_floats: 0,
            shelf,
            is_card,
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

    pub fn add_work(&self, work: Work) {
        let mut tally = self.tally();
        tally.work = tally.work.plus(work);
    }

    /// A buffer, from the shelf where one fits; given back when it is dropped.
    #[must_use]
    pub fn take(self: &Arc<Self>, floats: usize) -> Held {
        let mut tally = self.tally();
        let floats = tally.shelf.take(floats).unwrap_or(floats);
        tally.live_floats += floats;
        tally.peak_floats = tally.peak_floats.max(tally.live_floats + tally.shelf.idle_floats());
        Held { ledger: Arc::clone(self), floats }
    }

    /// Between two networks the idle buffers go, and what was counted starts anew; the weights stay.
    pub fn start_anew(&self) {
        let mut tally = self.tally();
        tally.shelf.clear();
        tally.work = Work::default();
        tally.peak_floats = tally.live_floats;
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
    pub fn peak_floats(&self) -> usize {
        self.tally().peak_floats
    }

    /// Whether candle's operators on a card are walked, not the kernels.
    #[must_use]
    pub fn is_card(&self) -> bool {
        self.tally().is_card
    }
}

/// A buffer that is only thought of.
#[derive(Debug)]
pub struct Held {
    ledger: Arc<Ledger>,
    floats: usize,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut tally = self.ledger.tally();
        tally.live_floats -= self.floats;
        tally.shelf.give(self.floats);
    }
}

/// A feature map's sizes: what flows between the layers of a walk.
#[derive(Clone, Debug)]
pub struct Sketch {
    pub batch: usize,
    pub height: usize,
    pub width: usize,
    pub channels: usize,
    ledger: Arc<Ledger>,
    _held: Arc<Held>,
}

impl Sketch {
    #[must_use]
    pub fn new(ledger: &Arc<Ledger>, batch: usize, height: usize, width: usize, channels: usize) -> Self {
        let held = Arc::new(ledger.take(batch * height * width * channels));
        Self { batch, height, width, channels, ledger: Arc::clone(ledger), _held: held }
    }

    /// As many pixels with other channels.
    #[must_use]
    pub fn with_channels(&self, channels: usize) -> Self {
        Self::new(&self.ledger, self.batch, self.height, self.width, channels)
    }

    /// The same memory seen as a map of another size.
    #[must_use]
    pub fn resized(&self, height: usize, width: usize) -> Self {
        Self { height, width, ..self.clone() }
    }

    #[must_use]
    pub fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// Pixels of all pictures of the batch.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.batch * self.height * self.width
    }

    #[must_use]
    pub fn floats(&self) -> usize {
        self.rows() * self.channels
    }

    /// A new map of this size, for which every value is passed over once.
    #[must_use]
    pub fn passed_over(&self) -> Self {
        self.copied(self.channels)
    }

    /// A new map of both maps' channels.
    #[must_use]
    pub fn concatenated(&self, other: &Self) -> Self {
        self.copied(self.channels + other.channels)
    }

    fn copied(&self, channels: usize) -> Self {
        let values = (self.rows() * channels) as f64 / 1e9;
        self.ledger.add_work(Work { values, ..Work::default() });
        self.with_channels(channels)
    }
}
