//! Where Inkwick keeps things on this machine.
//!
//! Only names folders; whoever writes into one makes it first.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Moves all folders under one.
const HOME_VARIABLE: &str = "INKWICK_HOME";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    pub settings_file: PathBuf,
    /// One folder a day inside.
    pub pictures_folder: PathBuf,
    /// One folder a model inside.
    pub models_folder: PathBuf,
    /// Models outside, and folders of other programs: LoRAs, VAEs and embeddings are found there too.
    pub other_folders: Vec<PathBuf>,
    /// What lay on the canvas last.
    pub canvas_folder: PathBuf,
    /// How a device failed last.
    pub device_failure_file: PathBuf,
    /// May be emptied at any time.
    pub cache_folder: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum PathsError {
    #[error("this user has no home folder to keep settings and pictures in; set {HOME_VARIABLE} to a folder")]
    NoHome,
}

impl Paths {
    /// The system's usual places, or all under `INKWICK_HOME` when that is set.
    ///
    /// # Errors
    /// When the system names no home folder and `INKWICK_HOME` is not set.
    pub fn of_this_machine() -> Result<Self, PathsError> {
        Self::choose(std::env::var_os(HOME_VARIABLE))
    }

    /// Everything under one folder, as tests and portable installations want it.
    #[must_use]
    pub fn under(home: &Path) -> Self {
        Self {
            settings_file: home.join("settings.ron"),
            pictures_folder: home.join("pictures"),
            models_folder: home.join("models"),
            other_folders: Vec::new(),
            canvas_folder: home.join("canvas"),
            device_failure_file: home.join("device-failure.json"),
            cache_folder: home.join("cache"),
        }
    }

    /// Beside the other things that the program keeps by itself.
    #[must_use]
    pub fn log_file(&self) -> PathBuf {
        self.device_failure_file.with_file_name("inkwick.log")
    }

    fn choose(home: Option<OsString>) -> Result<Self, PathsError> {
        if let Some(home) = home.filter(|home| !home.is_empty()) {
            // Absolute at once, so that a later change of the working folder moves nothing.
            let home = PathBuf::from(home);
            return Ok(Self::under(&std::path::absolute(&home).unwrap_or(home)));
        }
        let project = directories::ProjectDirs::from("", "", "Inkwick").ok_or(PathsError::NoHome)?;
        let pictures =
            directories::UserDirs::new().and_then(|user| user.picture_dir().map(|path| path.join("Inkwick")));
        Ok(Self {
            settings_file: project.config_dir().join("settings.ron"),
            pictures_folder: pictures.unwrap_or_else(|| project.data_dir().join("pictures")),
            models_folder: project.data_dir().join("models"),
            other_folders: Vec::new(),
            canvas_folder: project.data_dir().join("canvas"),
            device_failure_file: project.data_dir().join("device-failure.json"),
            cache_folder: project.cache_dir().to_path_buf(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_variable_moves_everything() {
        let paths = Paths::choose(Some("/somewhere/else".into())).unwrap();
        assert_eq!(paths, Paths::under(Path::new("/somewhere/else")));
        assert_eq!(paths.settings_file, Path::new("/somewhere/else/settings.ron"));
    }

    #[test]
    fn a_relative_home_is_made_absolute() {
        assert!(Paths::choose(Some("inkwick-home".into())).unwrap().pictures_folder.is_absolute());
    }

    #[test]
    fn an_empty_variable_counts_as_none() {
        if let Ok(paths) = Paths::choose(Some(OsString::new())) {
            assert!(paths.settings_file.is_absolute());
        }
    }
}
