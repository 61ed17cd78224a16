//! What `generate` prints: JSON lines on stdout, or a bar (plain lines where there is no terminal) on stderr.

use std::cell::Cell;
use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::output::{explain, say};
use crate::job::{Finished, ModelPart};
use crate::kernels::Level;

pub(super) struct Report {
    json: bool,
    bar: Option<ProgressBar>,
    last_part: Cell<Option<ModelPart>>,
}

impl Report {
    pub(super) fn new(json: bool) -> Self {
        let bar = (!json && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::new(1);
            if let Ok(style) = ProgressStyle::with_template("{msg:12} {bar:32} {pos}/{len}") {
                bar.set_style(style);
            }
            bar
        });
        Self { json, bar, last_part: Cell::new(None) }
    }

    pub(super) fn loading(&self, part: ModelPart, fraction: f32) {
        if self.json {
            let fraction = (f64::from(fraction) * 1000.0).round() / 1000.0;
            emit(&json!({"event": "loading", "part": part.name(), "fraction": fraction}));
        } else if let Some(bar) = &self.bar {
            bar.set_message("loading");
            bar.set_length(100);
            bar.set_position((fraction * 100.0) as u64);
        } else if self.last_part.replace(Some(part)) != Some(part) {
            explain(&format!("loading {}", part.name().replace('_', " ")));
        }
    }

    pub(super) fn step(&self, done: u32, total: u32, seconds: f64) {
        if self.json {
            emit(&json!({"event": "step", "done": done, "total": total, "seconds": rounded(seconds)}));
        } else if let Some(bar) = &self.bar {
            bar.set_message(format!("{seconds:.2} s/step"));
            bar.set_length(u64::from(total));
            bar.set_position(u64::from(done));
        } else {
            explain(&format!("step {done}/{total}, {seconds:.2} s"));
        }
    }

    pub(super) fn decoded(&self, seconds: f64) {
        if self.json {
            emit(&json!({"event": "decoded", "seconds": rounded(seconds)}));
        }
    }

    /// The picture goes another way than was asked for.
    pub(super) fn notice(&self, message: &str) {
        if self.json {
            emit(&json!({"event": "notice", "message": message}));
        }
        let line = format!("note: {message}");
        match &self.bar {
            Some(bar) => bar.println(line),
            None => explain(&line),
        }
    }

    pub(super) fn finished(&self, finished: &Finished) {
        let (width, height) = (finished.picture.width(), finished.picture.height());
        if self.json {
            emit(&json!({
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
            }));
            return;
        }
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let (file, seed, seconds) = (finished.file.display(), finished.request.seed, finished.seconds);
        say(&format!("{file}: {width}×{height}, seed {seed}, {seconds:.1} s"));
    }

    pub(super) fn cancelled(&self) {
        self.clear();
        if self.json {
            emit(&json!({"event": "cancelled"}));
        }
        explain("cancelled");
    }

    pub(super) fn failed(&self, message: &str) {
        self.clear();
        if self.json {
            emit(&json!({"event": "failed", "message": message}));
        }
        explain(&format!("inkwick: {message}"));
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

fn emit(event: &Value) {
    say(&event.to_string());
}
