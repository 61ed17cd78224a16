//! What a LoRA's names and shapes say of it: forms, layers, words.

use std::collections::BTreeSet;

use super::layer_patch::LayerPatch;
use super::{bundled, family_layers, grouped};
use crate::checkpoint::archive::TensorInfo;

/// What a file's names and shapes say, before any number is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoraFacts {
    /// `LoRA`, `LoKr`, `DoRA`, …
    pub forms: Vec<&'static str>,
    /// How many layers the file changes.
    pub layers: usize,
    /// Those of them that no published family has.
    pub without_place: Vec<String>,
    /// Words whose embeddings the file brings along.
    pub words: Vec<String>,
    /// How wide the text is that its cross-attention reads, where the file shows it.
    pub context_width: Option<usize>,
    pub has_second_encoder: bool,
}

impl LoraFacts {
    /// What a file's names and shapes say of it as a LoRA; `None` where it is none.
    #[must_use]
    pub fn of(tensors: &[TensorInfo]) -> Option<Self> {
        let (changes, strays) = grouped(tensors);
        let forms_of = |change: &LayerPatch| change.unmergeable().map_or_else(|| change.forms(), |form| vec![form]);
        let forms: BTreeSet<&'static str> = changes.values().flat_map(forms_of).collect();
        let words: BTreeSet<String> =
            tensors.iter().filter_map(|tensor| bundled::split(&tensor.name)).map(|(word, _)| word.to_owned()).collect();
        if changes.is_empty() && words.is_empty() || forms.is_empty() || strays.len() > changes.len() * 4 {
            return None;
        }
        let without_place = changes.keys().filter(|key| !family_layers::ALL.contains(key.network, &key.layer));
        Some(Self {
            layers: changes.len(),
            without_place: without_place.map(|key| format!("{}: {}", key.network, key.layer)).collect(),
            words: words.into_iter().collect(),
            context_width: changes.iter().filter(|(key, _)| key.reads_text()).find_map(|(_, change)| change.inputs()),
            has_second_encoder: changes.keys().any(|key| key.network == "text_encoder_2"),
            forms: forms.into_iter().collect(),
        })
    }

    /// What a person is told: a name, and its text.
    #[must_use]
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let (all, strange) = (self.layers, self.without_place.len());
        let layers = match self.without_place.first() {
            None => format!("{all} are changed"),
            Some(first) => {
                let more = if strange > 1 { ", …" } else { "" };
                format!("{all} are changed, {strange} of them in no model that is known ({first}{more})")
            }
        };
        let mut lines = vec![("Form", self.forms.join(", ")), ("Layers", layers)];
        if !self.words.is_empty() {
            lines.push(("Words", self.words.join(", ")));
        }
        lines
    }
}
