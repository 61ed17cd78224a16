//! What helps to write a prompt, from the user's files: LoRAs, embeddings, wildcards, styles and a list of tags.

mod complete;
pub mod lora_file;
pub mod styles;
mod tags;

use std::path::Path;
use std::sync::Arc;

pub use complete::{Completion, CompletionKind};
pub use lora_file::LoraFile;
pub use styles::Style;
pub(crate) use tags::{TagFile, TagFiles};

use crate::job::EmbeddingRef;
use crate::store::models::{prompt_references, wildcards};
use crate::store::paths::Paths;

/// All that was found at one look.
#[derive(Debug, Default)]
pub struct Words {
    pub loras: Vec<LoraFile>,
    pub embeddings: Vec<EmbeddingRef>,
    /// Their names, without the underscores.
    pub wildcards: Vec<String>,
    /// The user's own first.
    pub styles: Vec<Style>,
    pub(crate) tags: Option<Arc<TagFile>>,
    /// Files that could not be read, a sentence each.
    pub problems: Vec<String>,
}

impl Words {
    /// Looks through the folders. `tags` keeps what it has read; `chosen` is the tags' file where a person chose one.
    #[must_use]
    pub(crate) fn read(paths: &Paths, chosen: Option<&Path>, tags: &mut TagFiles) -> Self {
        let mut problems = Vec::new();
        let styles = styles::all(paths, &mut problems);
        let tags = tags.read(paths, chosen).unwrap_or_else(|problem| {
            problems.push(problem);
            None
        });
        Self {
            loras: prompt_references::loras(paths).into_iter().map(LoraFile::new).collect(),
            embeddings: prompt_references::embeddings(paths),
            wildcards: wildcards::names(paths),
            styles,
            tags,
            problems,
        }
    }

    /// The list of tags and how many it has.
    #[must_use]
    pub fn tags(&self) -> Option<(&Path, usize)> {
        self.tags.as_ref().map(|tags| (tags.path(), tags.len()))
    }

    /// Whether a word is one of an embedding's.
    #[must_use]
    pub fn is_of_embedding(&self, word: &str) -> bool {
        let parts =
            |name: &str| name.split(|sign: char| !sign.is_alphabetic()).any(|part| part.eq_ignore_ascii_case(word));
        self.embeddings.iter().any(|known| parts(&known.word))
    }

    #[must_use]
    pub fn style(&self, name: &str) -> Option<&Style> {
        self.styles.iter().find(|style| style.name == name)
    }
}
