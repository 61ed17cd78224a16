//! The program: what the command line says, and the window where it says nothing.

use std::process::ExitCode;

fn main() -> ExitCode {
    inkwick::cli::main()
}
