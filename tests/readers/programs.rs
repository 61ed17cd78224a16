//! Texts of a picture as a file of sections: `== KEYWORD`, and what the picture says there below it.

use inkwick::store::pictures::programs::Texts;

/// What the settings are, for the tests that compare them; no text of the picture.
pub(crate) const EXPECTED: &str = "expected";
/// In the picture's lowest bits.
pub(crate) const HIDDEN: &str = "hidden";

pub(crate) fn sections(file: &str) -> Vec<(String, String)> {
    let mut sections: Vec<(String, String)> = Vec::new();
    for line in file.split('\n') {
        match (line.strip_prefix("== "), sections.last_mut()) {
            (Some(name), _) => sections.push((name.to_owned(), String::new())),
            (None, Some((_, text))) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    for (_, text) in &mut sections {
        // The last line's end is the file's, not the text's.
        text.pop();
    }
    sections
}

pub(crate) fn texts_of(sections: &[(String, String)]) -> Texts {
    let mut texts = Texts::default();
    for (name, text) in sections.iter().filter(|(name, _)| name != EXPECTED) {
        texts.add(name, text.as_str());
    }
    texts
}
