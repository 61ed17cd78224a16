//! Arguments and logging, then the window or a subcommand.

use std::process::ExitCode;

use clap::Parser;
use inkwick::cli::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(tracing::Level::WARN).init();
    arguments.run()
}
