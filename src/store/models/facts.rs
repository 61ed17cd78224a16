//! What the model library's table shows of a model besides its name: from headers and cards, never from the weights.

use std::fs;
use std::path::{Path, PathBuf};

use crate::checkpoint::{FileReport, ModelFiles, NETWORKS, inspect_file, weight_files};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelFacts {
    /// "Stable Diffusion XL".
    pub family: String,
    /// Of the weights that are read of it.
    pub bytes: u64,
    /// `F16`; empty where it cannot be known.
    pub precision: String,
    /// As its card or its metadata names it; empty where nothing does.
    pub licence: String,
    /// A small picture beside it, as other programs keep them.
    pub thumbnail: Option<PathBuf>,
}

impl ModelFacts {
    #[must_use]
    pub fn of_folder(folder: &Path, family: String) -> Self {
        let files = ModelFiles::Folder(folder.to_path_buf());
        let weights = NETWORKS.iter().filter_map(|(network, stem)| weight_files(&files, network, stem).ok());
        let weights: Vec<PathBuf> = weights
            .flat_map(|chosen| chosen.files)
            .map(|file| folder.join(file))
            .filter(|file| file.is_file())
            .collect();
        let size = |path: &PathBuf| fs::metadata(path).map_or(0, |file| file.len());
        let precision = weights.first().and_then(|file| inspect_file(file).ok()).map(|report| report.precision);
        let card = fs::read_to_string(folder.join("README.md")).unwrap_or_default();
        Self {
            family,
            bytes: weights.iter().map(size).sum(),
            precision: precision.unwrap_or_default(),
            licence: licence_in(&card),
            thumbnail: picture_beside(folder),
        }
    }

    #[must_use]
    pub fn of_file(file: &Path, family: String, report: &FileReport) -> Self {
        let stated = |key: &str| report.metadata.get(key).cloned();
        Self {
            family,
            bytes: fs::metadata(file).map_or(report.bytes, |file| file.len()),
            precision: report.precision.clone(),
            licence: stated("modelspec.license")
                .or_else(|| stated("license"))
                .map(|text| one_line(&text))
                .unwrap_or_default(),
            thumbnail: picture_beside(file),
        }
    }
}

/// `license:` in the few lines at the top of a card.
fn licence_in(card: &str) -> String {
    let head = card.strip_prefix("---").and_then(|rest| rest.split_once("\n---")).map_or("", |(head, _)| head);
    let line = head.lines().find_map(|line| line.strip_prefix("license:"));
    line.map(one_line).unwrap_or_default()
}

/// A file's own text must stay in its cell.
fn one_line(text: &str) -> String {
    text.trim().trim_matches(['"', '\'']).chars().filter(|character| !character.is_control()).take(60).collect()
}

/// `NAME.preview.png` and its kin.
#[must_use]
pub(crate) fn picture_beside(model: &Path) -> Option<PathBuf> {
    let name = if model.is_file() { model.file_stem()? } else { model.file_name()? };
    let endings = ["preview.png", "png", "preview.jpg", "jpg", "preview.jpeg", "jpeg", "preview.webp", "webp"];
    let named = |ending: &&str| model.with_file_name(format!("{}.{ending}", name.to_string_lossy()));
    endings.iter().map(named).find(|picture| picture.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_tells_the_licence() {
        assert_eq!(licence_in("---\ntags: [a]\nlicense: openrail++\n---\n# license: none\n"), "openrail++");
        assert_eq!(licence_in("# A model\nlicense: no"), "");
    }
}
