//! What `generate` prints: JSON lines on stdout, or a bar (plain lines where there is no terminal) on stderr; where several
//! pictures are made at once, a bar for each, and their numbers in lines.

use std::cell::Cell;
use std::io::IsTerminal;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::output::{explain, say};
use crate::job::{Finished, ModelPart, Variation};
use crate::kernels::Level;

pub(super) struct Report {
    json: bool,
    /// Where there is a terminal.
    bars: Option<MultiProgress>,
    bar: Option<ProgressBar>,
    /// Which picture it is, from 1, where several are made at once.
    picture: Option<u32>,
    last_part: Cell<Option<ModelPart>>,
}

impl Report {
    pub(super) fn new(json: bool) -> Self {
        let bars = (!json && std::io::stderr().is_terminal()).then(MultiProgress::new);
        Self::with(json, bars, None)
    }

    /// For one of several pictures that are made at once.
    pub(super) fn of_picture(&self, number: u32) -> Self {
        Self::with(self.json, self.bars.clone(), Some(number))
    }

    /// For the next picture, where one follows the other.
    pub(super) fn again(&self) -> Self {
        Self::with(self.json, self.bars.clone(), None)
    }

    fn with(json: bool, bars: Option<MultiProgress>, picture: Option<u32>) -> Self {
        let bar = bars.as_ref().map(|bars| {
            let bar = bars.add(ProgressBar::new(1));
            let before = picture.map(|number| format!("{number}: ")).unwrap_or_default();
            if let Ok(style) = ProgressStyle::with_template("{prefix}{msg:12} {bar:32} {pos}/{len}") {
                bar.set_style(style);
            }
            bar.with_prefix(before)
        });
        Self { json, bars, bar, picture, last_part: Cell::new(None) }
    }

    pub(super) fn loading(&self, part: ModelPart, fraction: f32) {
        if self.json {
            let fraction = (f64::from(fraction) * 1000.0).round() / 1000.0;
            self.emit(json!({"event": "loading", "part": part.name(), "fraction": fraction}));
        } else if let Some(bar) = &self.bar {
            bar.set_message("loading");
            bar.set_length(100);
            bar.set_position((fraction * 100.0) as u64);
        } else if self.last_part.replace(Some(part)) != Some(part) {
            self.line(&format!("loading {}", part.name().replace('_', " ")));
        }
    }

    pub(super) fn step(&self, done: u32, total: u32, seconds: f64) {
        if self.json {
            self.emit(json!({"event": "step", "done": done, "total": total, "seconds": rounded(seconds)}));
        } else if let Some(bar) = &self.bar {
            bar.set_message(format!("{seconds:.2} s/step"));
            bar.set_length(u64::from(total));
            bar.set_position(u64::from(done));
        } else {
            self.line(&format!("step {done}/{total}, {seconds:.2} s"));
        }
    }

    pub(super) fn decoded(&self, seconds: f64) {
        if self.json {
            self.emit(json!({"event": "decoded", "seconds": rounded(seconds)}));
        }
    }

    /// The picture goes another way than was asked for.
    pub(super) fn notice(&self, message: &str) {
        if self.json {
            self.emit(json!({"event": "notice", "message": message}));
        }
        let line = format!("note: {message}");
        match &self.bar {
            Some(bar) => bar.println(line),
            None => explain(&line),
        }
    }

    pub(super) fn finished(&self, finished: &Finished) {
        let (width, height) = (finished.picture.width(), finished.picture.height());
        let variation = finished.request.variation;
        if self.json {
            let mut event = json!({
                "event": "finished",
                "file": finished.file.display().to_string(),
                "seed": finished.request.seed,
                "width": width,
                "height": height,
                "seconds": rounded(finished.seconds),
                "peak_memory_bytes": finished.peak_memory_bytes,
                "predicted_peak_bytes": finished.predicted_peak_bytes,
                "attention": finished.request.compute.attention.to_string(),
                "memory": finished.request.compute.memory,
                "vae_tiling": finished.request.compute.vae_tiling,
                "instruction_set": Level::current().name(),
            });
            if let Some(Variation { seed, strength }) = variation {
                (event["variation_seed"], event["variation_strength"]) = (seed.into(), strength.into());
            }
            self.emit(event);
            return;
        }
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let (file, seed, seconds) = (finished.file.display(), finished.request.seed, finished.seconds);
        let varied = variation.map_or(String::new(), |variation| format!(", variation seed {}", variation.seed));
        say(&format!("{file}: {width}×{height}, seed {seed}{varied}, {seconds:.1} s"));
    }

    pub(super) fn cancelled(&self) {
        self.clear();
        if self.json {
            self.emit(json!({"event": "cancelled"}));
        }
        explain("cancelled");
    }

    pub(super) fn failed(&self, message: &str) {
        self.clear();
        if self.json {
            self.emit(json!({"event": "failed", "message": message}));
        }
        explain(&format!("inkwick: {message}"));
    }

    /// With the picture's number before it, where there are several.
    fn line(&self, words: &str) {
        match self.picture {
            Some(number) => explain(&format!("picture {number}: {words}")),
            None => explain(words),
        }
    }

    fn emit(&self, mut event: Value) {
        if let Some(number) = self.picture {
            event["picture"] = number.into();
        }
        say(&event.to_string());
    }

    fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}
