//! The program without a console, which Windows would open beside the window: what the Start menu and Explorer start.
#![cfg_attr(windows, windows_subsystem = "windows")]

use std::process::ExitCode;

fn main() -> ExitCode {
    inkwick::cli::main()
}
