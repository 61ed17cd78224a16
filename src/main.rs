//! Arguments and logging, then the window or a subcommand.

use std::process::ExitCode;

use clap::Parser;
use inkwick::cli::Arguments;
use inkwick::store::paths::Paths;
use inkwick::system::log;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let file = Paths::of_this_machine().ok().map(|paths| paths.log_file());
    log::start(file.as_deref(), arguments.verbose);
    arguments.run()
}
