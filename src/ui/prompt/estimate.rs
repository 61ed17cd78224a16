//! What the next picture will take: the engine's estimate, and how this machine's pace compares with it.

use std::sync::Arc;

use crate::job::{Compute, Estimate, EstimateQuestion};
use crate::ui::numbers::{duration, gigabytes};

/// What a picture will take; `None` where that cannot be known. May take its time: it is called on a thread of its own.
pub type EstimatePicture = Arc<dyn Fn(&EstimateQuestion) -> Option<Estimate> + Send + Sync>;

/// How much of a new measurement goes into the pace.
const SMOOTHING: f64 = 0.4;

/// The panel's choices of memory and speed, and what they are estimated to take.
#[derive(Clone, Debug, PartialEq)]
pub struct MemoryPanel {
    pub is_open: bool,
    pub compute: Compute,
    pub estimate: Option<Estimate>,
    /// How much longer a step really took than was estimated.
    pub pace: f64,
}

impl Default for MemoryPanel {
    fn default() -> Self {
        Self { is_open: false, compute: Compute::default(), estimate: None, pace: 1.0 }
    }
}

impl MemoryPanel {
    /// Learns from a step that was just made, for which `estimated` seconds were estimated.
    pub fn learn(&mut self, estimated: f64, seconds: f64) {
        if estimated > 0.0 && seconds > 0.0 {
            self.pace += (seconds / estimated - self.pace) * SMOOTHING;
        }
    }

    /// "fits: 1.2 of 16 GB", for the status line.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let estimate = self.estimate.as_ref()?;
        let peak = gigabytes(estimate.peak_bytes);
        Some(match estimate.free_bytes {
            Some(free) if estimate.is_too_large() => format!("too large: {peak} of {} GB", gigabytes(free)),
            Some(free) => format!("fits: {peak} of {} GB", gigabytes(free)),
            None => format!("takes {peak} GB"),
        })
    }

    /// "about 12 s", for so many pictures; empty where there is no estimate or no memory for one.
    #[must_use]
    pub fn time_words(&self, picture_count: u32) -> String {
        let fitting = self.estimate.as_ref().filter(|estimate| !estimate.is_too_large());
        let seconds = fitting.map(|estimate| estimate.seconds(self.pace) * f64::from(picture_count));
        seconds.map(|seconds| format!("about {}", duration(seconds))).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::MemoryMode;

    #[test]
    fn the_pace_follows_what_was_measured() {
        let mut panel = MemoryPanel::default();
        for _ in 0..20 {
            panel.learn(0.5, 1.5);
        }
        assert!((panel.pace - 3.0).abs() < 0.01, "{}", panel.pace);
        panel.learn(0.0, 1.0);
        assert!(panel.pace.is_finite());
    }

    #[test]
    fn memory_is_written_in_figures_that_matter() {
        let estimate = Estimate {
            peak_bytes: 1_234_000_000,
            free_bytes: Some(16_000_000_000),
            seconds_per_call: 1.0,
            seconds_once: 1.0,
            calls: 20,
            by_attention: Vec::new(),
            by_memory: [(MemoryMode::Low, 0), (MemoryMode::High, 0)],
        };
        let words = |estimate: Estimate| MemoryPanel { estimate: Some(estimate), ..MemoryPanel::default() }.words();
        assert_eq!(words(estimate.clone()).unwrap(), "fits: 1.2 of 16 GB");
        let larger = Estimate { peak_bytes: 20_000_000_000, ..estimate.clone() };
        assert_eq!(words(larger).unwrap(), "too large: 20 of 16 GB");
        assert_eq!(words(Estimate { free_bytes: None, ..estimate }).unwrap(), "takes 1.2 GB");
    }
}
