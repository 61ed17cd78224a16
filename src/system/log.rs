//! The program's log: a file that keeps the last megabytes, and standard error for warnings.
//!
//! What a person writes or paints, and tokens, never go into it: whoever logs an error passes it through [`redacted`].
//! tracing-appender would rotate by date, which bounds no size: so the file is rotated here.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

/// Chooses the level instead of `-v`: error, warn, info, debug or trace.
pub const LEVEL_VARIABLE: &str = "INKWICK_LOG";
/// Whoever sets it to anything wants no colours.
const NO_COLOUR_VARIABLE: &str = "NO_COLOR";
/// For failures that a front shows anyway: they go to the file alone, unless more is asked for.
pub const SHOWN_TARGET: &str = "inkwick::shown";

/// Beyond so many bytes a new file is begun.
const MAX_FILE_BYTES: u64 = 1_000_000;
/// Older files beside the newest.
const KEPT: usize = 3;
/// Shorter pieces of a private text are too common to be recognised.
const LEAST_PRIVATE_CHARS: usize = 4;

/// Logs from now on: into `file`, where there is one, and to standard error. `verbosity` counts `-v`.
pub fn start(file: Option<&Path>, verbosity: u8) {
    let (level, problem) = level(verbosity, std::env::var(LEVEL_VARIABLE).ok().as_deref());
    let ours = |level: LevelFilter| Targets::new().with_default(LevelFilter::WARN).with_target("inkwick", level);
    let shown = if level > LevelFilter::WARN { level } else { LevelFilter::OFF };
    // A layer says by a print that panics what it could not write: a full disk behind stderr is no reason to end.
    let stderr = fmt::layer()
        .log_internal_errors(false)
        .with_ansi(wants_colours(io::stderr().is_terminal(), std::env::var_os(NO_COLOUR_VARIABLE).as_deref()))
        .with_writer(io::stderr)
        .with_filter(ours(level).with_target(SHOWN_TARGET, shown));
    let opened = file.map(|file| LogFile::open(file, MAX_FILE_BYTES));
    let (log_file, error) = match opened {
        Some(Ok(log_file)) => (Some(log_file), None),
        Some(Err(error)) => (None, Some(error)),
        None => (None, None),
    };
    let to_file = log_file.map(|log_file| {
        let layer = fmt::layer().log_internal_errors(false).with_ansi(false).with_writer(Mutex::new(log_file));
        layer.with_filter(ours(level.max(LevelFilter::INFO)))
    });
    let started: Result<(), TryInitError> = tracing_subscriber::registry().with(stderr).with(to_file).try_init();
    if started.is_err() {
        tracing::debug!("somebody logs already");
    }
    let (system, architecture) = (std::env::consts::OS, std::env::consts::ARCH);
    tracing::info!("Inkwick {} on {system} {architecture}", env!("CARGO_PKG_VERSION"));
    if let Some(sentence) = problem {
        tracing::warn!("{sentence}");
    }
    if let (Some(error), Some(file)) = (error, file) {
        tracing::warn!("the log cannot be written ({error}): {}", file.display());
    }
    log_panics();
}

/// On a terminal, unless somebody wants none (<https://no-color.org>).
fn wants_colours(is_terminal: bool, no_colour: Option<&OsStr>) -> bool {
    is_terminal && no_colour.is_none_or(OsStr::is_empty)
}

/// By `INKWICK_LOG`, else by the count of `-v`; with what is wrong with the variable.
fn level(verbosity: u8, variable: Option<&str>) -> (LevelFilter, Option<String>) {
    let by_count = match verbosity {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let Some(text) = variable.filter(|text| !text.is_empty()) else { return (by_count, None) };
    if let Ok(level) = text.parse::<LevelFilter>() {
        return (level.max(by_count), None);
    }
    (by_count, Some(format!("{LEVEL_VARIABLE} is {text}; allowed are error, warn, info, debug and trace")))
}

/// Where a panic happened goes into the log. Its message does not: it may quote a prompt.
fn log_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        let thread = std::thread::current();
        tracing::error!(target: SHOWN_TARGET, "a panic in thread {} at {place}", thread.name().unwrap_or("without a name"));
        before(panic);
    }));
}

/// `text` without what a person wrote: each of `private` as a whole, and its pieces between commas, brackets and lines.
#[must_use]
pub fn redacted(text: &str, private: &[&str]) -> String {
    let is_border = |letter: char| ",;:|<>()[]{}\"“”\n\r\t".contains(letter);
    let pieces = private.iter().flat_map(|whole| std::iter::once(*whole).chain(whole.split(is_border)));
    let mut pieces: Vec<&str> =
        pieces.map(str::trim).filter(|piece| piece.chars().count() >= LEAST_PRIVATE_CHARS).collect();
    pieces.sort_by_key(|piece| std::cmp::Reverse(piece.len()));
    pieces.iter().fold(text.to_owned(), |text, piece| text.replace(piece, "…"))
}

/// A file that is put aside when it is full.
struct LogFile {
    path: PathBuf,
    file: File,
    bytes: u64,
    max_bytes: u64,
}

impl LogFile {
    fn open(path: &Path, max_bytes: u64) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let bytes = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), file, bytes, max_bytes })
    }

    /// `inkwick.log` becomes `inkwick.1.log`, that `inkwick.2.log`, and the oldest goes.
    fn rotate(&mut self) -> io::Result<()> {
        for age in (1..KEPT).rev() {
            let (newer, older) = (aged(&self.path, age), aged(&self.path, age + 1));
            if newer.exists() {
                fs::rename(newer, older)?;
            }
        }
        fs::rename(&self.path, aged(&self.path, 1))?;
        *self = Self::open(&self.path, self.max_bytes)?;
        Ok(())
    }
}

impl Write for LogFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // Another process may hold the file (on Windows): then it grows on until that has ended.
        if self.bytes > 0 && self.bytes + line.len() as u64 > self.max_bytes && self.rotate().is_err() {
            self.bytes = 0;
        }
        self.file.write_all(line)?;
        self.bytes += line.len() as u64;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn aged(path: &Path, age: usize) -> PathBuf {
    path.with_extension(format!("{age}.log"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_file_is_put_aside_and_the_oldest_goes() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("log/inkwick.log");
        for line in 0..50 {
            // Each time anew, as another run of the program would.
            let mut file = LogFile::open(&path, 100).unwrap();
            for part in 0..2 {
                writeln!(file, "line {line} part {part} of the log").unwrap();
            }
        }
        let mut names: Vec<_> =
            fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["inkwick.1.log", "inkwick.2.log", "inkwick.3.log", "inkwick.log"]);
        assert!(fs::read_to_string(&path).unwrap().ends_with("line 49 part 1 of the log\n"));
        for name in names {
            let bytes = fs::metadata(path.with_file_name(name)).unwrap().len();
            assert!(bytes <= 100, "{bytes} bytes");
        }
    }

    #[test]
    fn the_variable_and_the_count_choose_the_level() {
        assert_eq!(level(0, None), (LevelFilter::WARN, None));
        assert_eq!(level(2, Some("")), (LevelFilter::DEBUG, None));
        assert_eq!(level(0, Some("debug")), (LevelFilter::DEBUG, None));
        assert_eq!(level(3, Some("info")), (LevelFilter::TRACE, None), "whichever asks for more");
        let (chosen, problem) = level(1, Some("loud"));
        assert!(chosen == LevelFilter::INFO && problem.unwrap().contains("warn, info"));
    }

    #[test]
    fn colours_are_for_terminals() {
        let none = Some(OsStr::new("1"));
        assert!(wants_colours(true, None) && wants_colours(true, Some(OsStr::new(""))));
        assert!(!wants_colours(false, None) && !wants_colours(true, none) && !wants_colours(false, none));
    }

    #[test]
    fn nothing_that_a_person_wrote_is_left() {
        let prompt = "a secret castle, <lora:hidden:0.8>, (by night:1.2)";
        let text = format!("no LoRA hidden; the prompt `{prompt}` ends early; near by night");
        let left = redacted(&text, &[prompt, ""]);
        assert_eq!(left, "no LoRA …; the prompt `…` ends early; near …");
    }
}
