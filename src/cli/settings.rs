//! The settings as subcommands take them: the file stays as it is, and what is wrong with it is said.

use super::output::explain;
use crate::store::paths::Paths;
use crate::store::settings::Settings;

/// What is wrong goes to `tell`.
pub(super) fn settings(paths: &Paths, tell: impl FnOnce(&str)) -> Settings {
    let (settings, problem) = Settings::look(&paths.settings_file);
    if let Some(problem) = problem {
        tell(&problem.to_string());
    }
    settings
}

/// As a line on standard error.
pub(super) fn note(sentence: &str) {
    explain(&format!("note: {sentence}"));
}
