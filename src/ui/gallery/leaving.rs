//! Pictures on their way to the Trash: gone from sight at once, moved when the chance to take it back is over.

use std::collections::{HashSet, VecDeque};
use std::path::{Path, PathBuf};

use crate::ui::action::LookingAt;
use crate::ui::results::candidate::Candidate;

/// A picture that can still be taken back.
#[derive(Debug)]
pub struct Leaving {
    pub file: PathBuf,
    /// The toast that offers to take it back.
    pub toast: u64,
    /// What was looked at.
    pub looking_at: LookingAt,
    /// Its place in the strip, and what stood there.
    pub candidate: Option<(usize, Candidate)>,
}

#[derive(Debug, Default)]
pub struct LeavingPictures {
    waiting: Vec<Leaving>,
    /// The store moves them now, in this order.
    sent: VecDeque<PathBuf>,
    /// All of both.
    hidden: HashSet<PathBuf>,
}

impl LeavingPictures {
    /// Whether the file is not to be seen any more.
    #[must_use]
    pub fn hides(&self, file: &Path) -> bool {
        !self.hidden.is_empty() && self.hidden.contains(file)
    }

    pub fn add(&mut self, leaving: Leaving) {
        self.hidden.insert(leaving.file.clone());
        self.waiting.push(leaving);
    }

    /// It and what was moved with it, in the order in which they were added.
    pub fn take_back(&mut self, file: &Path) -> Vec<Leaving> {
        let Some(toast) = self.waiting.iter().find(|leaving| leaving.file == file).map(|leaving| leaving.toast) else {
            return Vec::new();
        };
        let back: Vec<_> = self.waiting.extract_if(.., |leaving| leaving.toast == toast).collect();
        for leaving in &back {
            self.hidden.remove(&leaving.file);
        }
        back
    }

    /// Those whose toast is gone; the store has to move them now.
    pub fn due(&mut self, is_shown: impl Fn(u64) -> bool) -> Vec<PathBuf> {
        let due = self.waiting.extract_if(.., |leaving| !is_shown(leaving.toast));
        let due: Vec<PathBuf> = due.map(|leaving| leaving.file).collect();
        self.sent.extend(due.iter().cloned());
        due
    }

    /// The store has answered for the oldest. `false` where it could not move it: it is to be seen again.
    pub fn answered(&mut self, deleted: &[PathBuf]) -> bool {
        self.sent.pop_front().is_none_or(|file| {
            self.hidden.remove(&file);
            deleted.contains(&file)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_goes_only_after_its_toast_and_not_when_it_was_taken_back() {
        let mut leaving = LeavingPictures::default();
        for (toast, file) in [(1, "/a.png"), (2, "/b.png"), (2, "/c.png")] {
            leaving.add(Leaving { file: file.into(), toast, looking_at: LookingAt::Canvas, candidate: None });
        }
        assert!(leaving.hides(Path::new("/a.png")) && leaving.due(|_| true).is_empty());
        let back: Vec<_> = leaving.take_back(Path::new("/c.png")).into_iter().map(|leaving| leaving.file).collect();
        assert_eq!(back, [PathBuf::from("/b.png"), PathBuf::from("/c.png")], "with what went with it");
        assert!(!leaving.hides(Path::new("/b.png")));
        assert_eq!(leaving.due(|_| false), [PathBuf::from("/a.png")]);
        assert!(leaving.hides(Path::new("/a.png")), "until it is really gone");
        assert!(!leaving.answered(&[]), "the disk refused");
        assert!(!leaving.hides(Path::new("/a.png")));
    }
}
