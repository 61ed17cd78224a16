//! `inkwick doctor`: what this machine and this build have.

use std::path::Path;
use std::process::ExitCode;

use candle_core::utils;

use super::cards;
use super::output::say;
use super::settings::{note, settings};
use crate::checkpoint::{ModelFiles, builtin_model};
use crate::engine::device::DeviceChoice;
use crate::kernels::{Level, SIMD_VARIABLE};
use crate::model::{Operators, metal_working_set_bytes};
use crate::store::device_failure::DeviceFailure;
use crate::store::paths::Paths;
use crate::system::memory::{available_memory_bytes, total_memory_bytes};

pub(super) fn run() -> ExitCode {
    let mut lines = vec![
        ("Inkwick".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ("system".to_owned(), format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)),
        ("device".to_owned(), format!("{} (what auto chooses)", DeviceChoice::Auto.label())),
        ("cpu".to_owned(), format!("{} threads, {}", rayon::current_num_threads(), cpu_features())),
        ("kernels".to_owned(), kernels()),
        ("metal".to_owned(), metal()),
    ];
    lines.extend(cards::lines());
    lines.extend([
        ("dtypes".to_owned(), "f32 (auto on a CPU), f16 (auto on a GPU), bf16".to_owned()),
        ("attention".to_owned(), attention()),
        ("memory".to_owned(), memory()),
        ("built-in".to_owned(), builtin()),
    ]);
    let code = match Paths::of_this_machine() {
        Ok(paths) => {
            for (name, path) in [
                ("settings", &paths.settings_file),
                ("pictures", &paths.pictures_folder),
                ("models", &paths.models_folder),
                ("cache", &paths.cache_folder),
                ("log", &paths.log_file()),
            ] {
                lines.push((name.to_owned(), place(path)));
            }
            settings(&paths, note);
            let failure = DeviceFailure::read(&paths.device_failure_file);
            let line = failure.map_or("none".to_owned(), |failure| failure.line());
            lines.push(("failure".to_owned(), line));
            ExitCode::SUCCESS
        }
        Err(error) => {
            lines.push(("folders".to_owned(), error.to_string()));
            ExitCode::FAILURE
        }
    };
    for (name, text) in lines {
        say(&format!("{name:10} {text}"));
    }
    code
}

fn metal() -> String {
    if !utils::metal_is_available() {
        return "not in this build (cargo feature `metal`)".to_owned();
    }
    DeviceChoice::Metal.open().map_or_else(
        |error| error.to_string(),
        |device| {
            let recommended = metal_working_set_bytes(&device);
            recommended
                .map_or_else(|| "ready".to_owned(), |bytes| format!("ready, {:.1} GB recommended", bytes as f64 / 1e9))
        },
    )
}

fn cpu_features() -> String {
    let named = [
        (utils::with_avx(), "AVX"),
        (utils::with_f16c(), "F16C"),
        (utils::with_neon(), "NEON"),
        (utils::with_simd128(), "SIMD128"),
    ];
    #[cfg(target_arch = "x86_64")]
    let detected = [
        (is_x86_feature_detected!("avx2"), "AVX2"),
        (is_x86_feature_detected!("fma"), "FMA"),
        (is_x86_feature_detected!("avx512f"), "AVX-512"),
        (is_x86_feature_detected!("avx512bf16"), "AVX512-BF16"),
        (is_x86_feature_detected!("avx512vnni"), "AVX512-VNNI"),
        (is_x86_feature_detected!("avxvnni"), "AVX-VNNI"),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let detected: [(bool, &str); 0] = [];
    let found: Vec<&str> = detected.iter().chain(&named).filter_map(|(has, name)| has.then_some(*name)).collect();
    if found.is_empty() { "no vector units known".to_owned() } else { found.join(", ") }
}

fn attention() -> String {
    let device = DeviceChoice::Auto.open().unwrap_or(candle_core::Device::Cpu);
    let fused = Operators::on(&device, candle_core::DType::F16).has_fused_attention();
    let flash = if fused { "flash (auto here)" } else { "no flash here" };
    format!("full, sliced, sliced:N, tiled (auto on a CPU); {flash}")
}

/// The instruction set that the kernels run on, and what else could be asked for.
fn kernels() -> String {
    let names: Vec<&str> = Level::available().into_iter().map(Level::name).collect();
    format!("{} ({SIMD_VARIABLE} chooses among {})", Level::current().name(), names.join(", "))
}

fn memory() -> String {
    let gb = |bytes: u64| format!("{:.1} GB", bytes as f64 / 1e9);
    match (available_memory_bytes(), total_memory_bytes()) {
        (Some(free), Some(total)) => format!("{} of {} free", gb(free), gb(total)),
        (None, Some(total)) => gb(total),
        _ => "not reported by this system".to_owned(),
    }
}

fn builtin() -> String {
    match builtin_model() {
        Ok(ModelFiles::Folder(folder)) => folder.display().to_string(),
        Ok(files) => format!("inside the program, {} MB", files.bytes() / 1_000_000),
        Err(error) => error.to_string(),
    }
}

fn place(path: &Path) -> String {
    let note = if path.exists() { "" } else { " (made when needed)" };
    format!("{}{note}", path.display())
}
