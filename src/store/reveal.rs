//! Shows a file in the system's own file manager.
//!
//! The manager lives on by itself; a thread waits for its starter, so that no dead process stays behind. Nobody joins that
//! thread: where the starter is the manager itself, it ends when a person closes that window.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

/// Starts the file manager and returns at once.
pub(crate) fn reveal(path: &Path) -> io::Result<()> {
    let mut child = command(path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    std::thread::Builder::new().name("inkwick-reveal".into()).spawn(move || {
        if let Err(error) = child.wait() {
            tracing::debug!("the file manager's end was not seen: {error}");
        }
    })?;
    Ok(())
}

#[cfg(target_os = "macos")]
fn command(path: &Path) -> Command {
    let mut command = Command::new("open");
    command.arg("-R").arg(path);
    command
}

#[cfg(windows)]
fn command(path: &Path) -> Command {
    use std::os::windows::process::CommandExt;
    let mut command = Command::new("explorer");
    // Explorer reads its own command line: quotes belong around the path alone.
    command.raw_arg(format!("/select,\"{}\"", path.display()));
    command
}

#[cfg(not(any(target_os = "macos", windows)))]
fn command(path: &Path) -> Command {
    // There is no common way to point at the file itself, so its folder is opened.
    let mut command = Command::new("xdg-open");
    command.arg(if path.is_dir() { path } else { super::atomic::folder_of(path) });
    command
}
