//! What the sheet of tags and collections is about.

use std::path::PathBuf;

use crate::store::pictures::labels::LabelKind;

#[derive(Clone, Debug)]
pub struct Labelling {
    pub files: Vec<PathBuf>,
    pub kind: LabelKind,
    /// What is being written.
    pub text: String,
    pub wants_focus: bool,
}

impl Default for Labelling {
    fn default() -> Self {
        Self { files: Vec::new(), kind: LabelKind::Tag, text: String::new(), wants_focus: false }
    }
}
