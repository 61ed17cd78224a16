//! Styles and snippets: words with a name. Kept as AUTOMATIC1111 keeps them (`styles.csv`: name, prompt,
//! `negative_prompt`), so that a file that people have goes on.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use csv::{ReaderBuilder, StringRecord, WriterBuilder};

use crate::job::{ErrorKind, JobError};
use crate::store::atomic;
use crate::store::models::scan::is_root;
use crate::store::paths::Paths;

/// Where the prompt goes inside a style's.
const PLACEHOLDER: &str = "{prompt}";
/// A table of styles is no larger.
const MOST_BYTES: u64 = 16 << 20;
const COLUMNS: [&str; 3] = ["name", "prompt", "negative_prompt"];

/// Words with a name. One without a negative prompt and a place for the prompt is a snippet, one without a prompt is a
/// negative prompt that is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Style {
    pub name: String,
    pub prompt: String,
    pub negative: String,
    /// In the user's own file, which alone is changed.
    pub is_own: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum StyleError {
    #[error("the styles are not text in UTF-8, so nothing was changed; save the file as CSV in UTF-8: {}", path.display())]
    NotText { path: PathBuf },
    #[error("the styles could not be read ({source}): {}", path.display())]
    Read { source: io::Error, path: PathBuf },
    #[error("the styles could not be saved ({source}); check the disk and the folder's rights: {}", path.display())]
    Write { source: io::Error, path: PathBuf },
}

impl From<StyleError> for JobError {
    fn from(error: StyleError) -> Self {
        let kind = match error {
            StyleError::NotText { .. } | StyleError::Read { .. } => ErrorKind::Unreadable,
            StyleError::Write { .. } => ErrorKind::Storage,
        };
        Self::caused(kind, error)
    }
}

impl Style {
    /// Whether it is for the negative prompt alone.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.prompt.trim().is_empty() && !self.negative.trim().is_empty()
    }

    /// Whether its words go around the prompt.
    #[must_use]
    pub fn surrounds(&self) -> bool {
        self.prompt.contains(PLACEHOLDER)
    }

    /// The prompt in this style: at its place in the style's words, else before them.
    #[must_use]
    pub fn styled(&self, prompt: &str) -> String {
        merged(prompt, &self.prompt)
    }

    #[must_use]
    pub fn styled_negative(&self, negative: &str) -> String {
        merged(negative, &self.negative)
    }
}

fn merged(words: &str, style: &str) -> String {
    let (words, style) = (words.trim(), style.trim());
    if style.contains(PLACEHOLDER) {
        return style.replace(PLACEHOLDER, words);
    }
    match (words.is_empty(), style.is_empty()) {
        (true, _) => style.to_owned(),
        (false, true) => words.to_owned(),
        (false, false) => format!("{}, {style}", words.trim_end_matches(',').trim_end()),
    }
}

/// All styles: the user's own, then those of other programs' folders, each name once. What cannot be read is said.
#[must_use]
pub(crate) fn all(paths: &Paths, problems: &mut Vec<String>) -> Vec<Style> {
    let own = paths.styles_file();
    let mut found: Vec<Style> = Vec::new();
    for file in std::iter::once(own.clone()).chain(elsewhere(paths)) {
        match read(&file) {
            Ok(styles) => {
                for style in styles {
                    if found.iter().all(|known| known.name != style.name) {
                        found.push(Style { is_own: file == own, ..style });
                    }
                }
            }
            Err(error) => problems.push(format!("{error}.")),
        }
    }
    found
}

/// AUTOMATIC1111 and its kin keep theirs beside their program, one folder above the models.
fn elsewhere(paths: &Paths) -> Vec<PathBuf> {
    let roots = paths.other_folders.iter().filter(|folder| is_root(folder));
    let mut found: Vec<PathBuf> = Vec::new();
    for root in roots {
        let above = root.parent().filter(|_| root.file_name().is_some_and(|name| name == "models"));
        for file in std::iter::once(root.as_path()).chain(above).map(|folder| folder.join("styles.csv")) {
            if file.is_file() && !found.contains(&file) {
                found.push(file);
            }
        }
    }
    found
}

/// The styles of a file; none where there is no file.
///
/// # Errors
/// When it cannot be read, or is no text.
pub fn read(file: &Path) -> Result<Vec<Style>, StyleError> {
    let failed = |source| StyleError::Read { source, path: file.to_owned() };
    match fs::metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
        Ok(found) if found.len() > MOST_BYTES => {
            return Err(failed(io::Error::new(io::ErrorKind::InvalidData, "it is far too large for a list of styles")));
        }
        Ok(_) => {}
    }
    let bytes = fs::read(file).map_err(failed)?;
    let text = String::from_utf8(bytes).map_err(|_| StyleError::NotText { path: file.to_owned() })?;
    Ok(parsed(text.trim_start_matches('\u{FEFF}')))
}

/// The columns stand in the order of the first line; the oldest files call the prompt `text`.
fn parsed(text: &str) -> Vec<Style> {
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let rows: Vec<StringRecord> = reader.records().filter_map(Result::ok).collect();
    let heading = |row: &StringRecord| row.iter().any(|cell| cell.trim().eq_ignore_ascii_case("name"));
    let (head, rows) = match rows.split_first() {
        Some((head, rest)) if heading(head) => (Some(head), rest),
        _ => (None, &rows[..]),
    };
    let place = |names: &[&str], usual: usize| match head {
        None => Some(usual),
        Some(head) => head.iter().position(|cell| names.iter().any(|name| cell.trim().eq_ignore_ascii_case(name))),
    };
    let (name, prompt) = (place(&COLUMNS[..1], 0), place(&["prompt", "text"], 1));
    let negative = place(&["negative_prompt", "negative prompt", "negative"], 2);
    let style = |row: &StringRecord| {
        let cell = |at: Option<usize>| at.and_then(|at| row.get(at)).unwrap_or_default().trim().to_owned();
        Style { name: cell(name), prompt: cell(prompt), negative: cell(negative), is_own: false }
    };
    // People part their lists by rows that are names alone.
    rows.iter()
        .map(style)
        .filter(|style| !(style.name.is_empty() || style.prompt.is_empty() && style.negative.is_empty()))
        .collect()
}

/// Puts a style into the user's file, in place of one of the same name.
///
/// # Errors
/// When the file cannot be read or written; then it stays as it was.
pub(crate) fn keep(file: &Path, style: &Style) -> Result<(), StyleError> {
    let mut styles = read(file)?;
    match styles.iter_mut().find(|known| known.name == style.name) {
        Some(known) => known.clone_from(style),
        None => styles.push(style.clone()),
    }
    write(file, &styles)
}

/// Takes the style of this name out of the user's file.
///
/// # Errors
/// As [`keep`].
pub(crate) fn forget(file: &Path, name: &str) -> Result<(), StyleError> {
    let mut styles = read(file)?;
    styles.retain(|style| style.name != name);
    write(file, &styles)
}

fn write(file: &Path, styles: &[Style]) -> Result<(), StyleError> {
    let failed = |source: io::Error| StyleError::Write { source, path: file.to_owned() };
    let mut writer = WriterBuilder::new().from_writer(Vec::new());
    let rows = styles.iter().map(|style| [&style.name, &style.prompt, &style.negative].map(String::as_str));
    for row in std::iter::once(COLUMNS).chain(rows) {
        writer.write_record(row).map_err(|error| failed(error.into()))?;
    }
    let bytes = writer.into_inner().map_err(|error| failed(error.into_error()))?;
    fs::create_dir_all(atomic::folder_of(file)).and_then(|()| atomic::write(file, &bytes)).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style(name: &str, prompt: &str, negative: &str) -> Style {
        Style { name: name.into(), prompt: prompt.into(), negative: negative.into(), is_own: false }
    }

    #[test]
    fn files_of_automatic1111_are_read_old_and_new() {
        let new = "\u{FEFF}name,prompt,negative_prompt\r\n\"Ink, dark\",\"{prompt}, \"\"ink\"\"\nwash\",blurry\r\n--- photo ---,,\r\nLow,,\"worst quality, text\"\r\n";
        let wanted = [style("Ink, dark", "{prompt}, \"ink\"\nwash", "blurry"), style("Low", "", "worst quality, text")];
        assert_eq!(parsed(new.trim_start_matches('\u{FEFF}')), wanted);
        assert_eq!(parsed("name,text\nOld,oil painting\n"), [style("Old", "oil painting", "")]);
        assert_eq!(parsed("negative_prompt,name,prompt\nbad,Turned,good\n"), [style("Turned", "good", "bad")]);
        assert_eq!(parsed("Bare,watercolour\n"), [style("Bare", "watercolour", "")]);
        assert_eq!(parsed(""), []);
    }

    #[test]
    fn a_prompt_goes_into_a_style_or_before_it() {
        let around = style("a", "photo of {prompt}, 35mm", "");
        assert_eq!((around.styled("a fox"), around.surrounds()), ("photo of a fox, 35mm".into(), true));
        let behind = style("b", "ink wash", "blurry");
        assert_eq!((behind.styled("a fox, "), behind.styled("")), ("a fox, ink wash".into(), "ink wash".into()));
        assert_eq!(behind.styled_negative("text"), "text, blurry");
        assert_eq!(around.styled_negative("text"), "text");
        assert!(style("c", "", "bad").is_negative() && !behind.is_negative());
    }

    #[test]
    fn own_styles_are_kept_and_others_are_read_in_place() {
        let home = tempfile::tempdir().unwrap();
        let webui = home.path().join("webui");
        fs::create_dir_all(webui.join("models")).unwrap();
        let theirs = "name,prompt,negative_prompt\nInk,theirs,\nFilm,35mm,\n";
        fs::write(webui.join("styles.csv"), theirs).unwrap();
        let paths = Paths { other_folders: vec![webui.join("models")], ..Paths::under(home.path()) };
        let file = paths.styles_file();
        for own in [style("Ink", "a \"wash\",\nof ink", "x"), style("Gone", "y", ""), style("Ink", "ink", "")] {
            keep(&file, &own).unwrap();
        }
        forget(&file, "Gone").unwrap();
        let mut problems = Vec::new();
        let found: Vec<_> = all(&paths, &mut problems).into_iter().map(|s| (s.name, s.prompt, s.is_own)).collect();
        let text = |name: &str, prompt: &str, own| (name.to_owned(), prompt.to_owned(), own);
        assert_eq!(found, [text("Ink", "ink", true), text("Film", "35mm", false)]);
        assert_eq!(problems, [""; 0]);
        assert_eq!(fs::read_to_string(webui.join("styles.csv")).unwrap(), theirs);
    }

    #[test]
    fn a_file_that_is_no_text_is_never_written_over() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("styles.csv");
        let bytes = [b"name,prompt\nA,".as_slice(), &[0xE9, 0xFF], b"\n"].concat();
        fs::write(&file, &bytes).unwrap();
        assert!(matches!(keep(&file, &style("a", "b", "")), Err(StyleError::NotText { .. })));
        assert!(forget(&file, "A").is_err());
        assert_eq!(fs::read(&file).unwrap(), bytes);
    }
}
