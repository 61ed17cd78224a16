//! What a picture is estimated to take before it is made: memory and time.

use super::{AttentionMode, Compute, MemoryMode, ModelRef};

/// What must be known for an estimate.
#[derive(Clone, Debug, PartialEq)]
pub struct EstimateQuestion {
    pub model: ModelRef,
    /// As the network works: width and height in pixels.
    pub size_px: [u32; 2],
    pub guided: bool,
    /// Of the prompt, each of which is one pass; at least 1.
    pub parts: u32,
    /// That are encoded, both prompts together.
    pub texts: u32,
    /// Whether a picture is encoded before.
    pub encodes: bool,
    /// The network's calls for one picture.
    pub calls: u32,
    pub compute: Compute,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// Of the whole process, the model included.
    pub peak_bytes: u64,
    /// What the system can give, where it reports it.
    pub free_bytes: Option<u64>,
    pub seconds_per_call: f64,
    /// What comes once: text encoding, VAE encoding, decoding.
    pub seconds_once: f64,
    pub calls: u32,
    /// The peak with each way to hold attention's scores.
    pub by_attention: Vec<(AttentionMode, u64)>,
    /// The peak with memory saved, and spent.
    pub by_memory: [(MemoryMode, u64); 2],
}

impl Estimate {
    /// For one picture; `pace` is how much longer a call really took than was estimated.
    #[must_use]
    pub fn seconds(&self, pace: f64) -> f64 {
        (self.seconds_per_call * f64::from(self.calls) + self.seconds_once) * pace
    }

    /// Whether it is more than there is.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        self.free_bytes.is_some_and(|free| self.peak_bytes > free)
    }
}
