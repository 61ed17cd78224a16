//! What a bench is given on its command line, and the lines that it prints.

#![allow(clippy::print_stdout)] // What a bench measures is what it prints.

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use candle_core::DType;

/// The file or folder that is measured, where one is given. Each option is handed to `take` with its value, which says whether
/// it knows it.
///
/// # Errors
/// When an option is unknown, has no value, or `take` refuses it.
pub(crate) fn read(
    mut take: impl FnMut(&str, &str) -> Result<bool, Box<dyn Error>>,
) -> Result<Option<PathBuf>, Box<dyn Error>> {
    // cargo adds `--bench`.
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let mut measured = None;
    while let Some(name) = arguments.next() {
        if !name.starts_with("--") {
            measured = Some(name.into());
            continue;
        }
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
        if !take(&name, &value)? {
            return Err(format!("no option {name}").into());
        }
    }
    Ok(measured)
}

/// # Errors
/// When it is none that weights are kept in.
pub(crate) fn dtype(value: &str) -> Result<DType, Box<dyn Error>> {
    match value {
        "f32" => Ok(DType::F32),
        "f16" => Ok(DType::F16),
        "bf16" => Ok(DType::BF16),
        _ => Err(format!("weights are kept as f32, f16 or bf16, not as {value}").into()),
    }
}

/// One JSON line with the seconds since `started`.
pub(crate) fn say(what: &str, started: Instant) {
    println!("{}", serde_json::json!({"what": what, "seconds": started.elapsed().as_secs_f64()}));
}
