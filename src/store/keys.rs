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

/// Writes the keys that are otherwise than usual, whole or not at all.
///
/// # Errors
/// When the disk or the folder's rights do not allow it.
pub fn save(path: &Path, keys: &KeyNames) -> io::Result<()> {
    let keys = ron::ser::to_string_pretty(keys, ron::ser::PrettyConfig::default()).map_err(io::Error::other)?;
    let text = format!(
        "// The keys of Inkwick that are otherwise than usual. Ctrl is the Mac's command key. An empty key means none.\n\
         {keys}\n"
    );
    fs::create_dir_all(atomic::folder_of(path))?;
    atomic::write(path, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_a_broken_file_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let path = file_beside(&folder.path().join("config").join("settings.ron"));
        assert!(matches!(load(&path), (keys, None) if keys.is_empty()));
        let keys = KeyNames::from([("brush".into(), "P".into()), ("undo".into(), String::new())]);
        save(&path, &keys).unwrap();
        assert!(matches!(load(&path), (read, None) if read == keys));
        fs::write(&path, "{\"brush\": ").unwrap();
        let (keys, problem) = load(&path);
        assert!(keys.is_empty() && problem.unwrap().to_string().contains("keys.ron"));
    }
}
