//! All that can be known of a file of tensors, as text for a person.

use std::path::{Path, PathBuf};

use crate::checkpoint::{CheckpointError, FileKind, LoraFacts, inspect_file};

/// How many names without a place are listed.
const LISTED: usize = 8;

/// Metadata that a person looks for, as trainers write it, and what it is called here.
const SHOWN_METADATA: [(&str, &str); 7] = [
    ("modelspec.title", "Title"),
    ("modelspec.trigger_phrase", "Trigger words"),
    ("modelspec.architecture", "Made as"),
    ("ss_sd_model_name", "Trained on"),
    ("ss_base_model_version", "Base model"),
    ("ss_output_name", "Trained as"),
    ("modelspec.license", "Licence"),
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    pub path: PathBuf,
    pub kind: FileKind,
    /// What became of the file when it was dropped, one sentence.
    pub sentence: Option<String>,
    pub facts: Vec<(&'static str, String)>,
    /// The first few tensors that have no place in what the file is.
    pub unmatched: Vec<String>,
    /// Whether it was dropped and not recognised: then a person may say what it is.
    pub may_be_filed: bool,
    /// sha256 in hexadecimal, once it was asked for.
    pub hash: Option<String>,
}

impl Inspection {
    /// Reads the header; the hash takes the whole file and comes by itself.
    ///
    /// # Errors
    /// When the file is missing or damaged.
    pub fn of(path: &Path, sentence: Option<String>) -> Result<Self, CheckpointError> {
        let report = inspect_file(path)?;
        let mut facts = vec![
            ("It is", report.kind.label().to_owned()),
            ("Made for", report.family.unwrap_or_else(|| "not said by the file".to_owned())),
            ("Precision", report.precision),
            ("Size", format!("{:.1} MB", report.bytes as f64 / 1e6)),
            ("Tensors", format!("{} of {} have their place", report.matched, report.tensors)),
        ];
        facts.extend(report.lora.iter().flat_map(LoraFacts::lines).map(|(name, text)| (name, one_line(&text))));
        for (key, name) in SHOWN_METADATA {
            facts.extend(report.metadata.get(key).map(|text| (name, one_line(text))));
        }
        let more = report.unmatched.len().saturating_sub(LISTED);
        let mut unmatched: Vec<String> = report.unmatched.into_iter().take(LISTED).collect();
        if more > 0 {
            unmatched.push(format!("and {more} more"));
        }
        Ok(Self {
            path: path.to_path_buf(),
            kind: report.kind,
            sentence,
            facts,
            unmatched,
            may_be_filed: false,
            hash: None,
        })
    }
}

fn one_line(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(200).collect()
}
