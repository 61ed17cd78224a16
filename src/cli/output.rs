//! The one writer of the command line: what was asked for goes to stdout, what is said about it to stderr.
//!
//! `println!` and `eprintln!` panic when nobody reads or the disk behind is full; here neither ends the program.

use std::io::{self, ErrorKind, Write};
use std::sync::OnceLock;

/// The first line that stdout did not take, and why.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// A line of what was asked for.
pub(super) fn say(line: &str) {
    // Flushed, because an answer that waits in a buffer is lost without an error when the program ends.
    let mut stdout = io::stdout().lock();
    if let Err(error) = writeln!(stdout, "{line}").and_then(|()| stdout.flush()) {
        let _ = LOST.set(error);
    }
}

/// A line about what is done, or why it was not.
pub(super) fn explain(line: &str) {
    // There is nowhere left to say that this failed.
    let _ = writeln!(io::stderr(), "{line}");
}

/// What became of all that was said: a reader that closed the pipe had enough (`inkwick models list | head -1`), a
/// full disk loses what was asked for.
pub(super) fn lost() -> Option<String> {
    let error = LOST.get().filter(|error| error.kind() != ErrorKind::BrokenPipe)?;
    Some(format!("the answer could not be written to standard output ({error}); choose another place for it"))
}
