//! What is left of a run that a panic ended: where it happened, in which version, on which system. Nothing personal.
//!
//! A panic on another thread becomes a failed job, and the program goes on; one on the main thread ends it.

use std::backtrace::Backtrace;
use std::fmt::Write as _;
use std::fs;
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};

/// Beside the log: the report that nobody was offered yet.
const NAME: &str = "crash.txt";
/// Where it lies afterwards, until the next one.
const SHOWN_NAME: &str = "crash-shown.txt";

/// Leaves a report in the log's folder when the main thread panics. Call it on the main thread.
pub fn watch(log_file: &Path) {
    let file = log_file.with_file_name(NAME);
    let main = std::thread::current().id();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().id() == main {
            // A report that cannot be written must not hide the panic itself.
            let _ = fs::write(&file, report(panic, &Backtrace::force_capture()));
        }
        before(panic);
    }));
}

fn report(panic: &PanicHookInfo<'_>, trace: &Backtrace) -> String {
    let mut report = String::new();
    let version = env!("CARGO_PKG_VERSION");
    let _ = writeln!(report, "Inkwick {version} on {} {}", std::env::consts::OS, std::env::consts::ARCH);
    let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let _ = writeln!(report, "panic at {place}");
    // Words of the program alone: a message that was put together may quote a prompt or a path.
    if let Some(message) = panic.payload().downcast_ref::<&'static str>() {
        let _ = writeln!(report, "{message}");
    }
    let _ = writeln!(report, "{}", without_folders(&trace.to_string()));
    report
}

/// A trace names source files of the machine that built the program: their folders, which may hold a person's name,
/// are left out.
fn without_folders(trace: &str) -> String {
    let line = |line: &str| match line.trim_start().strip_prefix("at ") {
        Some(place) => {
            let name = place.rsplit(['/', '\\']).next().unwrap_or(place);
            format!("             at {name}\n")
        }
        None => format!("{line}\n"),
    };
    trace.lines().map(line).collect()
}

/// The report of an earlier run, once: it is put aside under another name, which is returned.
#[must_use]
pub fn take_report(log_file: &Path) -> Option<PathBuf> {
    let (new, shown) = (log_file.with_file_name(NAME), log_file.with_file_name(SHOWN_NAME));
    fs::rename(new, &shown).ok()?;
    Some(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_offered_once() {
        let home = tempfile::tempdir().unwrap();
        let log = home.path().join("inkwick.log");
        assert_eq!(take_report(&log), None);
        fs::write(home.path().join(NAME), "panic at src/lib.rs:1:1").unwrap();
        let shown = take_report(&log).unwrap();
        assert_eq!(fs::read_to_string(shown).unwrap(), "panic at src/lib.rs:1:1");
        assert_eq!(take_report(&log), None);
    }

    #[test]
    fn a_trace_keeps_functions_and_loses_folders() {
        let trace = "   3: inkwick::run\n             at /home/ann/inkwick/src/main.rs:12:5\n   4: main\n";
        assert_eq!(without_folders(trace), "   3: inkwick::run\n             at main.rs:12:5\n   4: main\n");
    }
}
