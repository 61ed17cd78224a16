//! The keys that a person wants otherwise: a small RON file of commands and keys, beside the settings.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::atomic;

/// Command and key, as in `"brush": "B"`.
pub type KeyNames = BTreeMap<String, String>;

/// The file that belongs to a settings file.
#[must_use]
pub fn file_beside(settings_file: &Path) -> PathBuf {
    settings_file.with_file_name("keys.ron")
}

/// The keys' file is there and cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the keys' file could not be read ({reason}); the usual keys hold until it is mended: {}", path.display())]
pub struct KeysError {
    reason: String,
    path: PathBuf,
}

/// Reads the file; without one nothing is different. A file that cannot be read changes nothing either, but is reported.
#[must_use]
pub fn load(path: &Path) -> (KeyNames, Option<KeysError>) {
    let read = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(KeyNames::new()),
        Err(error) => Err(error.to_string()),
        Ok(text) => ron::from_str(&text).map_err(|error| error.to_string()),
    };
    match read {
        Ok(keys) => (keys, None),
        Err(reason) => (KeyNames::new(), Some(KeysError { reason, path: path.to_path_buf() })),
    }
}

/// Writes the file with every command and its usual key, unless there is one.
///
/// # Errors
/// When the disk or the folder's rights do not allow it.
pub fn create(path: &Path, usual: &KeyNames) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    let keys = ron::ser::to_string_pretty(usual, ron::ser::PrettyConfig::default()).map_err(io::Error::other)?;
    let text = format!(
        "// The keys of Inkwick, read at the start. Ctrl is the Mac's command key. An empty key means none; a line that\n\
         // is not there keeps the usual key.\n{keys}\n"
    );
    fs::create_dir_all(atomic::folder_of(path))?;
    atomic::write(path, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_once_can_be_changed_and_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = file_beside(&folder.path().join("config").join("settings.ron"));
        assert!(matches!(load(&path), (keys, None) if keys.is_empty()));
        let usual = KeyNames::from([("brush".into(), "B".into()), ("undo".into(), "Ctrl+Z".into())]);
        create(&path, &usual).unwrap();
        assert!(matches!(load(&path), (keys, None) if keys == usual));
        fs::write(&path, "{\"brush\": \"P\"}").unwrap();
        create(&path, &usual).unwrap();
        assert_eq!(load(&path).0["brush"], "P");
        fs::write(&path, "{\"brush\": ").unwrap();
        let (keys, problem) = load(&path);
        assert!(keys.is_empty() && problem.unwrap().to_string().contains("keys.ron"));
    }
}
