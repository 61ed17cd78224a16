//! How long a checkpoint takes to open, part by part, and the most memory that it takes; then with a LoRA laid over it.
//!
//! `cargo bench --bench opening -- FILE [--dtype f32|f16|bf16] [--memory high|low] [--lora FILE]`; `full_size.py` in
//! `tests/reference` makes files of full size. One JSON line each; sizes count against the file's.

#![allow(clippy::print_stdout)] // What it measures is what it prints.

use std::cell::RefCell;
use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use candle_core::DType;
use inkwick::checkpoint::ModelFiles;
use inkwick::job::{LoraRef, MemoryMode, ModelPart};
use inkwick::model::Execution;
use inkwick::pipeline::{Adapters, ExecutionPlan, LoadOptions, ModelSpec, Pipeline};
use inkwick::system::peak::peak_memory_bytes;

struct Options {
    file: PathBuf,
    lora: Option<PathBuf>,
    memory: MemoryMode,
    dtype: DType,
}

fn main() -> Result<(), Box<dyn Error>> {
    let Some(options) = options()? else {
        println!("opening: give a checkpoint (tests/reference/full_size.py makes one)");
        return Ok(());
    };
    let file_bytes = std::fs::metadata(&options.file)?.len();
    let mut adapters = Adapters::default();
    let started = Instant::now();
    let files = ModelFiles::open_file(&options.file)?;
    say("header", started);
    let parts = Parts::default();
    let on_loading = |part, _| {
        parts.told(part);
        Ok(())
    };
    let winograd = options.memory != MemoryMode::Low;
    let plan = ExecutionPlan { winograd, ..ExecutionPlan::plain(None, options.dtype) };
    let load_options = LoadOptions::of(&Execution::Kernels, &plan);
    let spec = ModelSpec::read(&files, None)?;
    let mut pipeline = Pipeline::load_planned(spec, &adapters, &load_options, &on_loading)?;
    parts.say();
    say("opened", started);
    say_peak(file_bytes);
    let Some(file) = options.lora else { return Ok(()) };
    for weight in [1.0, 0.5, 0.0] {
        adapters.loras = if weight == 0.0 { Vec::new() } else { vec![LoraRef::new(&file, weight)] };
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

fn say(what: &str, started: Instant) {
    println!("{}", serde_json::json!({"what": what, "seconds": started.elapsed().as_secs_f64()}));
}

fn say_peak(file_bytes: u64) {
    let peak = peak_memory_bytes();
    let share = peak.map(|peak| peak as f64 / file_bytes as f64);
    println!("{}", serde_json::json!({"what": "peak", "bytes": peak, "of the file": share}));
}

fn options() -> Result<Option<Options>, Box<dyn Error>> {
    // cargo adds `--bench`.
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let Some(file) = arguments.next() else { return Ok(None) };
    let mut options = Options { file: file.into(), lora: None, memory: MemoryMode::Low, dtype: DType::F16 };
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--lora" => options.lora = Some(value.into()),
            "--memory" => {
                options.memory = if value == "high" { MemoryMode::High } else { MemoryMode::Low };
            }
            "--dtype" => {
                options.dtype = match value.as_str() {
                    "f32" => DType::F32,
                    "bf16" => DType::BF16,
                    _ => DType::F16,
                }
            }
            _ => return Err(format!("no option {name}").into()),
        }
    }
    Ok(Some(options))
}
