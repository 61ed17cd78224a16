//! Where Inkwick keeps things on this machine.
//!
//! Only names folders; whoever writes into one makes it first.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::hub_cache;
use super::other_loras::OtherLoras;

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
    /// What the Hugging Face libraries fetched, Python's too: models are fetched to there, and used where they are.
    pub hub_cache: PathBuf,
    /// What lay on the canvas last.
    pub canvas_folder: PathBuf,
    /// How a device failed last.
    pub device_failure_file: PathBuf,
    /// May be emptied at any time.
    pub cache_folder: PathBuf,
    /// Of the machine that computes, where that is another one.
    pub other_loras: OtherLoras,
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
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        Self::choose(std::env::var_os(HOME_VARIABLE), set)
    }

    /// Folders to look through for models and what goes with them.
    pub fn looked_through(&self) -> impl Iterator<Item = &PathBuf> {
        self.other_folders.iter().chain([&self.hub_cache])
    }

    /// Everything under one folder, as tests and portable installations want it.
    #[must_use]
    pub fn under(home: &Path) -> Self {
        Self {
            settings_file: home.join("settings.ron"),
            pictures_folder: home.join("pictures"),
            models_folder: home.join("models"),
            other_folders: Vec::new(),
            hub_cache: home.join("hub"),
            canvas_folder: home.join("canvas"),
            device_failure_file: home.join("device-failure.json"),
            cache_folder: home.join("cache"),
            other_loras: OtherLoras::default(),
        }
    }

    /// What the gallery is searched by. It can be made again from the pictures, so it lies in the cache.
    #[must_use]
    pub fn gallery_index_file(&self) -> PathBuf {
        self.cache_folder.join("gallery.sqlite")
    }

    /// The tags and collections of pictures.
    #[must_use]
    pub fn labels_file(&self) -> PathBuf {
        self.settings_file.with_file_name("labels.ron")
    }

    /// What the window's queue holds, for the next start.
    #[must_use]
    pub fn queue_folder(&self) -> PathBuf {
        self.device_failure_file.with_file_name("queue")
    }

    /// The same of `inkwick serve`, with what became of its jobs.
    #[must_use]
    pub fn service_folder(&self) -> PathBuf {
        self.device_failure_file.with_file_name("service")
    }

    /// Lists of tags that are completed while one writes.
    #[must_use]
    pub fn tags_folder(&self) -> PathBuf {
        self.models_folder.join("tags")
    }

    /// Words with a name, in the form that AUTOMATIC1111 has.
    #[must_use]
    pub fn styles_file(&self) -> PathBuf {
        self.device_failure_file.with_file_name("styles.csv")
    }

    /// Beside the other things that the program keeps by itself.
    #[must_use]
    pub fn log_file(&self) -> PathBuf {
        self.device_failure_file.with_file_name("inkwick.log")
    }

    /// The certificate that the service makes at its first start, and its key.
    #[must_use]
    pub fn certificate_files(&self) -> (PathBuf, PathBuf) {
        let folder = self.device_failure_file.with_file_name("service");
        (folder.join("certificate.pem"), folder.join("key.pem"))
    }

    /// The token of another machine that computes; only its owner may read it.
    #[must_use]
    pub fn machine_token_file(&self) -> PathBuf {
        self.device_failure_file.with_file_name("machine-token")
    }

    /// The token of this machine, for those with whom it is shared; only its owner may read it.
    #[must_use]
    pub fn share_token_file(&self) -> PathBuf {
        self.device_failure_file.with_file_name("share-token")
    }

    fn choose(home: Option<OsString>, variable: impl Fn(&str) -> Option<PathBuf>) -> Result<Self, PathsError> {
        // Absolute at once, so that a later change of the working folder moves nothing.
        let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
        if let Some(home) = home.filter(|home| !home.is_empty()) {
            let paths = Self::under(&absolute(home.into()));
            let hub_cache = hub_cache::named_folder(variable).map_or_else(|| paths.hub_cache.clone(), absolute);
            return Ok(Self { hub_cache, ..paths });
        }
        let user = directories::BaseDirs::new();
        let hub_cache = hub_cache::folder(variable, user.as_ref().map(directories::BaseDirs::home_dir));
        let project = directories::ProjectDirs::from("", "", "Inkwick").ok_or(PathsError::NoHome)?;
        let pictures =
            directories::UserDirs::new().and_then(|user| user.picture_dir().map(|path| path.join("Inkwick")));
        Ok(Self {
            settings_file: project.config_dir().join("settings.ron"),
            pictures_folder: pictures.unwrap_or_else(|| project.data_dir().join("pictures")),
            models_folder: project.data_dir().join("models"),
            other_folders: Vec::new(),
            hub_cache: hub_cache.map_or_else(|| project.cache_dir().join("hub"), absolute),
            canvas_folder: project.data_dir().join("canvas"),
            device_failure_file: project.data_dir().join("device-failure.json"),
            cache_folder: project.cache_dir().to_path_buf(),
            other_loras: OtherLoras::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_variable_moves_everything() {
        let paths = Paths::choose(Some("/somewhere/else".into()), |_| None).unwrap();
        assert_eq!(paths, Paths::under(Path::new("/somewhere/else")));
        assert_eq!(paths.settings_file, Path::new("/somewhere/else/settings.ron"));
    }

    #[test]
    fn a_relative_home_is_made_absolute() {
        assert!(Paths::choose(Some("inkwick-home".into()), |_| None).unwrap().pictures_folder.is_absolute());
    }

    #[test]
    fn an_empty_variable_counts_as_none() {
        if let Ok(paths) = Paths::choose(Some(OsString::new()), |_| None) {
            assert!(paths.settings_file.is_absolute());
        }
    }

    #[test]
    fn a_cache_that_is_named_is_used_wherever_all_else_lies() {
        let named = |name: &str| (name == "HF_HOME").then(|| "/shared/hf".into());
        assert_eq!(Paths::choose(Some("/else".into()), named).unwrap().hub_cache, Path::new("/shared/hf/hub"));
        if let Ok(paths) = Paths::choose(None, named) {
            assert_eq!(paths.hub_cache, Path::new("/shared/hf/hub"));
        }
    }
}
