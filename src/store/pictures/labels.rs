//! Tags and collections: names that a person gives to pictures, in a small file beside the settings.
//!
//! The pictures' files are not touched, and the gallery's index, which may be lost at any time, holds none of it. Kept as
//! RON. Each change is made in the file as it is then, so that two windows lose nothing of each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};

use crate::job::{ErrorKind, JobError};
use crate::store::atomic;
use crate::store::pictures::picture_key::key_of;

/// What a name is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LabelKind {
    /// What a picture shows or is for; most have several.
    Tag,
    /// Pictures that belong together.
    Collection,
}

impl LabelKind {
    /// As the search has it.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Tag => "tag",
            Self::Collection => "collection",
        }
    }

    pub(crate) fn of_key(key: &str) -> Option<Self> {
        [Self::Tag, Self::Collection].into_iter().find(|kind| kind.key().eq_ignore_ascii_case(key))
    }
}

/// A name for pictures, or one less.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelChange {
    pub kind: LabelKind,
    pub name: String,
    pub files: Vec<PathBuf>,
    /// Else it is taken away.
    pub gives: bool,
}

type Named = BTreeMap<String, BTreeSet<PathBuf>>;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Labels {
    tags: Named,
    collections: Named,
}

#[derive(Debug, thiserror::Error)]
pub enum LabelsError {
    #[error("the tags and collections could not be read ({reason}); the old file is kept as {}", kept.display())]
    Unreadable { reason: String, kept: PathBuf },
    #[error("the tags and collections could not be read ({source}), and nothing was changed; look at {}", path.display())]
    Unopened { source: io::Error, path: PathBuf },
    #[error("the tags and collections could not be saved ({reason}); check the disk and the folder's rights: {}", path.display())]
    Write { reason: String, path: PathBuf },
}

impl From<LabelsError> for JobError {
    fn from(error: LabelsError) -> Self {
        let kind = match error {
            LabelsError::Unreadable { .. } => ErrorKind::Unreadable,
            LabelsError::Unopened { .. } | LabelsError::Write { .. } => ErrorKind::Storage,
        };
        Self::caused(kind, error)
    }
}

impl Labels {
    /// Reads the file; one that is not there is empty. One that is no labels is put aside, so that nothing of it is lost.
    ///
    /// # Errors
    /// When it was put aside, or could not be opened.
    pub fn load(path: &Path) -> Result<Self, LabelsError> {
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(error.to_string()),
            Err(source) => return Err(LabelsError::Unopened { source, path: path.to_path_buf() }),
            Ok(text) => Ok(text),
        };
        text.and_then(|text| ron::from_str(&text).map_err(|error| error.to_string())).map_err(|reason| {
            match atomic::put_aside(path) {
                Ok(kept) => LabelsError::Unreadable { reason, kept },
                Err(source) => LabelsError::Unopened { source, path: path.to_path_buf() },
            }
        })
    }

    /// Writes the file whole or not at all, making its folder if need be.
    ///
    /// # Errors
    /// When the disk or the folder's rights do not allow it.
    pub fn save(&self, path: &Path) -> Result<(), LabelsError> {
        let failed = |reason: String| LabelsError::Write { reason, path: path.to_path_buf() };
        let text = ron::ser::to_string_pretty(self, ron::ser::PrettyConfig::default());
        let text = text.map_err(|error| failed(error.to_string()))?;
        fs::create_dir_all(atomic::folder_of(path))
            .and_then(|()| atomic::write(path, text.as_bytes()))
            .map_err(|error| failed(error.to_string()))
    }

    /// Gives a name to pictures, or takes it away. A name that nothing has is gone. Paths that are no text have no place in
    /// the file.
    pub fn change(&mut self, change: &LabelChange) {
        // A quotation mark ends a name in the search.
        let name = change.name.replace('"', " ").split_whitespace().collect::<Vec<_>>().join(" ");
        if name.is_empty() {
            return;
        }
        let named = self.of_kind_mut(change.kind);
        // One name, however it is written.
        let known = named.keys().find(|known| known.to_lowercase() == name.to_lowercase()).cloned();
        let files = named.entry(known.unwrap_or(name)).or_default();
        for file in change.files.iter().filter(|file| file.to_str().is_some()) {
            if change.gives {
                files.insert(file.clone());
            } else {
                files.remove(file);
            }
        }
        named.retain(|_, files| !files.is_empty());
    }

    /// Takes all names of pictures that are gone. Whether there were any.
    #[allow(clippy::must_use_candidate, reason = "what it does is the point")]
    pub fn forget(&mut self, gone: &[PathBuf]) -> bool {
        let before = self.clone();
        for named in [&mut self.tags, &mut self.collections] {
            for files in named.values_mut() {
                for file in gone {
                    files.remove(file);
                }
            }
            named.retain(|_, files| !files.is_empty());
        }
        before != *self
    }

    /// Whether any of these pictures has a name.
    #[must_use]
    pub fn has_any(&self, files: &[PathBuf]) -> bool {
        let named = || self.tags.values().chain(self.collections.values());
        files.iter().any(|file| named().any(|having| having.contains(file)))
    }

    /// The names of a kind, with how many pictures have each.
    pub fn names(&self, kind: LabelKind) -> impl Iterator<Item = (&str, usize)> {
        self.of_kind(kind).iter().map(|(name, files)| (name.as_str(), files.len()))
    }

    /// What a picture has of a kind.
    pub fn of<'a>(&'a self, kind: LabelKind, file: &'a Path) -> impl Iterator<Item = &'a str> {
        self.of_kind(kind).iter().filter(move |(_, files)| files.contains(file)).map(|(name, _)| name.as_str())
    }

    /// The pictures whose names of this kind fit a word of the search, as the index asks for them: an array in JSON.
    pub(crate) fn keys_json(&self, kind: LabelKind, word: &str, is_whole: bool) -> String {
        json(self.fitting(kind, word, is_whole))
    }

    /// The same for both kinds; `None` where no name fits.
    pub(crate) fn any_keys_json(&self, word: &str, is_whole: bool) -> Option<String> {
        let fitting =
            || [LabelKind::Tag, LabelKind::Collection].into_iter().flat_map(|kind| self.fitting(kind, word, is_whole));
        fitting().next().is_some().then(|| json(fitting()))
    }

    /// A word fits a name of which it begins a word, a phrase the whole name.
    fn fitting(&self, kind: LabelKind, word: &str, is_whole: bool) -> impl Iterator<Item = &Path> {
        let word = word.to_lowercase();
        let fits = move |name: &str| {
            let name = name.to_lowercase();
            let mut begins = name.match_indices(&word).map(|(at, _)| at);
            if is_whole { name == word } else { begins.any(|at| !name[..at].ends_with(char::is_alphanumeric)) }
        };
        self.of_kind(kind).iter().filter(move |(name, _)| fits(name)).flat_map(|(_, files)| files).map(PathBuf::as_path)
    }

    fn of_kind(&self, kind: LabelKind) -> &Named {
        match kind {
            LabelKind::Tag => &self.tags,
            LabelKind::Collection => &self.collections,
        }
    }

    fn of_kind_mut(&mut self, kind: LabelKind) -> &mut Named {
        match kind {
            LabelKind::Tag => &mut self.tags,
            LabelKind::Collection => &mut self.collections,
        }
    }
}

fn json<'a>(files: impl Iterator<Item = &'a Path>) -> String {
    let keys: Vec<String> = files.map(|file| key_of(file).to_string()).collect();
    format!("[{}]", keys.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(kind: LabelKind, name: &str, files: &[&str], gives: bool) -> LabelChange {
        LabelChange { kind, name: name.into(), files: files.iter().map(PathBuf::from).collect(), gives }
    }

    fn names(labels: &Labels, kind: LabelKind) -> Vec<(&str, usize)> {
        labels.names(kind).collect()
    }

    #[test]
    fn names_are_given_kept_and_taken_away() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("config/labels.ron");
        let mut labels = Labels::load(&path).unwrap();
        labels.change(&change(LabelKind::Tag, "  red   Fox ", &["/a.png", "/b.png"], true));
        labels.change(&change(LabelKind::Tag, "RED fox", &["/c \"q\".png"], true));
        labels.change(&change(LabelKind::Collection, "cover", &["/a.png"], true));
        labels.change(&change(LabelKind::Tag, "   ", &["/a.png"], true));
        labels.save(&path).unwrap();
        let mut labels = Labels::load(&path).unwrap();
        assert_eq!(names(&labels, LabelKind::Tag), [("red Fox", 3)], "one name, however it is written");
        assert_eq!(labels.of(LabelKind::Collection, Path::new("/a.png")).collect::<Vec<_>>(), ["cover"]);
        labels.change(&change(LabelKind::Tag, "red fox", &["/a.png"], false));
        assert!(labels.has_any(&["/b.png".into()]) && !labels.has_any(&["/a.jpg".into()]));
        assert!(labels.forget(&["/b.png".into(), "/a.png".into()]) && !labels.forget(&["/b.png".into()]));
        assert_eq!(
            (names(&labels, LabelKind::Tag), names(&labels, LabelKind::Collection)),
            (vec![("red Fox", 1)], vec![])
        );
    }

    #[test]
    fn a_word_finds_names_by_their_words_and_a_phrase_by_the_whole() {
        let mut labels = Labels::default();
        labels.change(&change(LabelKind::Tag, "night fox", &["/a.png"], true));
        for (word, is_whole, fits) in [
            ("fox", false, true),
            ("NIG", false, true),
            ("ox", false, false),
            ("fox", true, false),
            ("night Fox", true, true),
            ("night fox", false, true),
        ] {
            let wanted = if fits { format!("[{}]", key_of(Path::new("/a.png"))) } else { "[]".into() };
            assert_eq!(labels.keys_json(LabelKind::Tag, word, is_whole), wanted, "{word}");
            assert_eq!(labels.any_keys_json(word, is_whole).is_some(), fits, "{word}");
        }
    }

    #[test]
    fn a_damaged_file_is_put_aside_and_reported() {
        let home = tempfile::tempdir().unwrap();
        for (damage, kept) in [
            (&b"(tags: {"[..], "labels.ron.broken"),
            (b"\xff\xfe\0", "labels.ron.broken-2"),
            (b"[1, 2]", "labels.ron.broken-3"),
        ] {
            let path = home.path().join("labels.ron");
            fs::write(&path, damage).unwrap();
            assert!(Labels::load(&path).unwrap_err().to_string().contains(kept));
            assert_eq!(fs::read(home.path().join(kept)).unwrap(), damage);
            assert_eq!(Labels::load(&path).unwrap(), Labels::default());
        }
    }
}
