//! Which of the gallery's pictures are selected, to do something with all of them. What is looked at is another thing.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Empty at first.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    files: HashSet<PathBuf>,
    /// Where a run with Shift began, and what was selected then.
    run: Option<(PathBuf, HashSet<PathBuf>)>,
}

impl Selection {
    #[must_use]
    pub fn contains(&self, file: &Path) -> bool {
        self.files.contains(file)
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Those of `listed` that are selected, in that order.
    #[must_use]
    pub fn among(&self, listed: &[&Path]) -> Vec<PathBuf> {
        listed.iter().filter(|file| self.files.contains(**file)).map(|file| file.to_path_buf()).collect()
    }

    /// One more or one less; a run with Shift begins here.
    pub fn toggle(&mut self, file: &Path) {
        if !self.files.remove(file) {
            self.files.insert(file.to_path_buf());
        }
        self.run = Some((file.to_path_buf(), self.files.clone()));
    }

    /// Everything from where the run began, or from `from`, up to `to`; a run that turns back gives free again.
    pub fn extend(&mut self, from: &Path, to: &Path, listed: &[&Path]) {
        let place = |file: &Path| listed.iter().position(|listed| listed.as_os_str() == file.as_os_str());
        let begun = self.run.as_ref().filter(|(start, _)| place(start).is_some()).cloned();
        let (start, before) = begun.unwrap_or_else(|| (from.to_path_buf(), self.files.clone()));
        let (Some(a), Some(b)) = (place(&start), place(to)) else { return };
        self.files.clone_from(&before);
        self.files.extend(listed[a.min(b)..=a.max(b)].iter().map(|file| file.to_path_buf()));
        self.run = Some((start, before));
    }

    /// The next run with Shift begins where one looks then.
    pub fn end_run(&mut self) {
        self.run = None;
    }

    /// These instead of what is selected.
    pub fn take(&mut self, files: impl IntoIterator<Item = PathBuf>) {
        self.files = files.into_iter().collect();
        self.run = None;
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Nothing stays selected that is not listed any more: what is done with the selection is seen.
    pub fn keep_listed(&mut self, listed: &[&Path]) {
        if self.files.is_empty() {
            return;
        }
        let listed: HashSet<&Path> = listed.iter().copied().collect();
        self.files.retain(|file| listed.contains(file.as_path()));
        if let Some((_, before)) = &mut self.run {
            before.retain(|file| listed.contains(file.as_path()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [&str; 6] = ["/a", "/b", "/c", "/d", "/e", "/f"];

    fn listed() -> Vec<&'static Path> {
        ALL.iter().map(Path::new).collect()
    }

    fn names(selection: &Selection) -> String {
        selection.among(&listed()).iter().map(|file| file.to_string_lossy().replace('/', "")).collect()
    }

    #[test]
    fn shift_goes_on_from_where_it_began_and_turns_back() {
        let mut selection = Selection::default();
        for (to, wanted) in [("/c", "bc"), ("/d", "bcd"), ("/c", "bc"), ("/a", "ab")] {
            selection.extend(Path::new("/b"), Path::new(to), &listed());
            assert_eq!(names(&selection), wanted, "{to}");
        }
        selection.end_run();
        selection.extend(Path::new("/e"), Path::new("/f"), &listed());
        assert_eq!(names(&selection), "abef", "another run adds to the first");
        selection.toggle(Path::new("/a"));
        selection.extend(Path::new("/f"), Path::new("/c"), &listed());
        assert_eq!(names(&selection), "abcef", "from what was toggled last");
    }

    #[test]
    fn what_is_no_longer_listed_is_no_longer_selected() {
        let mut selection = Selection::default();
        selection.take(ALL.iter().map(PathBuf::from));
        selection.keep_listed(&listed()[..2]);
        assert_eq!((selection.len(), names(&selection).as_str()), (2, "ab"));
        selection.extend(Path::new("/gone"), Path::new("/b"), &listed());
        assert_eq!(names(&selection), "ab");
        selection.take([PathBuf::from("/f")]);
        assert_eq!(names(&selection), "f");
        selection.clear();
        assert!(selection.is_empty());
    }
}
