//! `inkwick pages FOLDER`: manual pages and the shells' completions, from the same definition as `--help`.
//!
//! Packages call it when they are built; it is not listed in the help.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io};

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Arguments;
use super::output::{explain, say};

/// Where each shell looks, below `/usr/share`.
const SHELLS: [(Shell, &str); 3] = [
    (Shell::Bash, "bash-completion/completions"),
    (Shell::Zsh, "zsh/vendor-completions"),
    (Shell::Fish, "fish/vendor_completions.d"),
];

#[derive(Debug, Args)]
pub(super) struct PagesArguments {
    /// Takes the files, laid out as below /usr/share
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

pub(super) fn run(arguments: &PagesArguments) -> ExitCode {
    match write(&arguments.folder) {
        Ok(()) => {
            say(&arguments.folder.display().to_string());
            ExitCode::SUCCESS
        }
        Err(error) => {
            explain(&format!("inkwick: the pages could not be written ({error}): {}", arguments.folder.display()));
            ExitCode::FAILURE
        }
    }
}

fn write(folder: &Path) -> io::Result<()> {
    let manual = folder.join("man/man1");
    fs::create_dir_all(&manual)?;
    clap_mangen::generate_to(Arguments::command(), &manual)?;
    for (shell, place) in SHELLS {
        let place = folder.join(place);
        fs::create_dir_all(&place)?;
        clap_complete::generate_to(shell, &mut Arguments::command(), "inkwick", &place)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subcommand_has_a_page_and_every_shell_knows_the_options() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path()).unwrap();
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap_or_default();
        for command in Arguments::command().get_subcommands().filter(|command| !command.is_hide_set()) {
            let page = read(&format!("man/man1/inkwick-{}.1", command.get_name()));
            assert!(page.contains("SYNOPSIS"), "{}", command.get_name());
        }
        for name in [
            "bash-completion/completions/inkwick.bash",
            "zsh/vendor-completions/_inkwick",
            "fish/vendor_completions.d/inkwick.fish",
        ] {
            assert!(read(name).contains("mask-blur"), "{name}");
        }
    }
}
