//! How long a checkpoint takes to open, part by part, and the most memory that it takes; then with a LoRA laid over it.
//!
//! `cargo bench --bench opening -- FILE [--dtype f32|f16|bf16] [--memory high|low] [--lora FILE]`; `full_size.py` in
//! `tests/reference` makes files of full size. One JSON line each; sizes count against the file's.

#![allow(clippy::print_stdout)] // What it measures is what it prints.

#[path = "compare/arguments.rs"]
mod arguments;

use std::cell::RefCell;
use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use arguments::say;
use candle_core::DType;
use inkwick::checkpoint::ModelFiles;
use inkwick::job::{LoraRef, MemoryMode, ModelPart};
use inkwick::model::Execution;
use inkwick::pipeline::{Adapters, ExecutionPlan, LoadOptions, ModelSpec, Pipeline};
use inkwick::system::peak::peak_memory_bytes;

fn main() -> Result<(), Box<dyn Error>> {
    let (mut lora, mut memory, mut dtype) = (None, MemoryMode::Low, DType::F16);
    let file = arguments::read(|name, value| {
        match name {
            "--lora" => lora = Some(PathBuf::from(value)),
            "--memory" => memory = if value == "high" { MemoryMode::High } else { MemoryMode::Low },
            "--dtype" => dtype = arguments::dtype(value)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let Some(file) = file else {
        println!("opening: give a checkpoint (tests/reference/full_size.py makes one)");
        return Ok(());
    };
    let file_bytes = std::fs::metadata(&file)?.len();
    let mut adapters = Adapters::default();
    let started = Instant::now();
    let files = ModelFiles::open_file(&file)?;
    say("header", started);
    let parts = Parts::default();
    let on_loading = |part, _| {
        parts.told(part);
        Ok(())
    };
    let winograd = memory != MemoryMode::Low;
    let plan = ExecutionPlan { winograd, ..ExecutionPlan::plain(None, dtype) };
    let load_options = LoadOptions::of(&Execution::Kernels, &plan);
    let spec = ModelSpec::read(&files, None)?;
    let mut pipeline = Pipeline::load_planned(spec, &adapters, &load_options, &on_loading)?;
    parts.say();
    say("opened", started);
    say_peak(file_bytes);
    let Some(lora) = lora else { return Ok(()) };
    for weight in [1.0, 0.5, 0.0] {
        adapters.loras = if weight == 0.0 { Vec::new() } else { vec![LoraRef::new(&lora, weight)] };
        let started = Instant::now();
        pipeline = pipeline.with_adapters(&adapters, &|_, _| Ok(()))?;
        say(&format!("LoRA at {weight}"), started);
    }
    say_peak(file_bytes);
    Ok(())
}

/// When each part began.
#[derive(Default)]
struct Parts(RefCell<Vec<(ModelPart, Instant)>>);

impl Parts {
    fn told(&self, part: ModelPart) {
        let mut begun = self.0.borrow_mut();
        if begun.last().is_none_or(|(last, _)| *last != part) {
            begun.push((part, Instant::now()));
        }
    }

    /// Each part until the next began, the last one until now.
    fn say(&self) {
        let begun = self.0.borrow();
        for (index, (part, start)) in begun.iter().enumerate() {
            let end = begun.get(index + 1).map_or_else(Instant::now, |(_, next)| *next);
            let seconds = end.duration_since(*start).as_secs_f64();
            println!("{}", serde_json::json!({"what": part, "seconds": seconds}));
        }
    }
}

fn say_peak(file_bytes: u64) {
    let peak = peak_memory_bytes();
    let share = peak.map(|peak| peak as f64 / file_bytes as f64);
    println!("{}", serde_json::json!({"what": "peak", "bytes": peak, "of the file": share}));
}
