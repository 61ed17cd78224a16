//! LoRAs: small files that change a model's layers. They patch the weights while these are read, so that the
//! base is never changed and any number at any weight is exact.

mod bundled;
mod difference;
mod facts;
mod family_layers;
mod forms;
#[cfg(test)]
mod forms_tests;
mod layer_patch;
mod merge;
mod names;
mod outcome;
mod patches;
mod reader;
mod roles;
mod rotation;
mod settings;
mod transformer_layers;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::archive::{Archive, TensorInfo};
use super::{CheckpointError, TextualInversion};
use crate::job::Notice;
pub use facts::LoraFacts;
pub(crate) use forms::FORMS;
use layer_patch::LayerPatch;
use outcome::{Outcome, Reason, Verdict};
pub(crate) use patches::Patches;
use roles::Role;
use settings::AdapterSettings;

/// Which layer a change is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct PatchKey {
    /// diffusers' name of the folder.
    network: &'static str,
    /// With underscores for dots.
    layer: String,
    /// PEFT's name of the adapter; empty in most files.
    adapter: String,
}

impl PatchKey {
    /// Whether the layer reads the text: keys and values of cross-attention.
    fn reads_text(&self) -> bool {
        self.network == "unet" && (self.layer.ends_with("attn2_to_k") || self.layer.ends_with("attn2_to_v"))
    }
}

/// An open LoRA file.
pub struct Lora {
    path: PathBuf,
    archive: Archive,
    settings: AdapterSettings,
    changes: BTreeMap<PatchKey, LayerPatch>,
    /// Layers whose tensors make no change, and why.
    unusable: BTreeMap<PatchKey, Reason>,
    /// Tensors that are no part of a layer.
    strays: Vec<String>,
    words: Vec<(String, TextualInversion)>,
    weight: f64,
    /// Of the text encoders.
    text_weight: f64,
    outcome: RefCell<Outcome>,
}

impl Lora {
    /// # Errors
    /// When the file is missing, damaged, or no LoRA.
    pub fn open(path: &Path, weight: f64) -> Result<Self, CheckpointError> {
        Self::of_archive(Archive::open(path)?, weight)
    }

    /// One whose file is open already.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(crate) fn of_archive(archive: Archive, weight: f64) -> Result<Self, CheckpointError> {
        let path = archive.path().to_owned();
        let path = path.as_path();
        let tensors = archive.tensors();
        let (mut changes, mut strays) = grouped(&tensors);
        let mut unusable = BTreeMap::new();
        for (key, change) in &changes {
            match change.unmergeable() {
                Some(form) => drop(unusable.insert(key.clone(), Reason::Form(form))),
                None if change.forms().is_empty() => drop(unusable.insert(key.clone(), Reason::Incomplete)),
                None => {}
            }
        }
        changes.retain(|key, _| !unusable.contains_key(key));
        let settings = AdapterSettings::read(path, archive.metadata());
        let (words, without_vectors) = bundled::read(path, &archive, &tensors)?;
        strays.extend(without_vectors);
        let outcome = RefCell::new(Outcome { left_out: unusable.clone(), ..Outcome::default() });
        let lora = Self {
            path: path.to_owned(),
            archive,
            settings,
            changes,
            unusable,
            strays,
            words,
            weight,
            text_weight: weight,
            outcome,
        };
        if lora.changes.is_empty() && lora.words.is_empty() {
            // A checkpoint has a name or two that end as a LoRA's do.
            let is_meant = lora.unusable.len() * 4 > lora.strays.len();
            return Err(match lora.verdict() {
                Verdict::Refused(reason) if is_meant => lora.refused(reason),
                _ => lora.refused("holds no changes of layers, so it is no LoRA"),
            });
        }
        Ok(lora)
    }

    /// With another weight for the text encoders than for the UNet.
    #[must_use]
    pub fn with_text_weight(self, text_weight: f64) -> Self {
        Self { text_weight, ..self }
    }

    /// Which of a file's tensors are part of a LoRA.
    #[must_use]
    pub fn claimed(tensors: &[TensorInfo]) -> BTreeSet<&str> {
        let strays: BTreeSet<String> = grouped(tensors).1.into_iter().collect();
        tensors.iter().map(|tensor| tensor.name.as_str()).filter(|name| !strays.contains(*name)).collect()
    }

    /// How many layers the file changes.
    #[must_use]
    pub fn layers(&self) -> usize {
        self.changes.len()
    }

    /// The words that the file teaches, with their vectors.
    #[must_use]
    pub fn words(&self) -> &[(String, TextualInversion)] {
        &self.words
    }

    fn refused(&self, reason: impl Into<String>) -> CheckpointError {
        CheckpointError::Lora { reason: reason.into(), path: self.path.clone() }
    }

    fn file_name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// How much of the file's changes is laid over a network.
    fn weight_in(&self, network: &str) -> f64 {
        if network == "unet" { self.weight } else { self.text_weight }
    }

    fn verdict(&self) -> Verdict {
        let keys: Vec<&PatchKey> = self.changes.keys().chain(self.unusable.keys()).collect();
        self.outcome.borrow().judge(&keys, &self.file_name())
    }

    /// After all networks are read: what of the file was left out.
    ///
    /// # Errors
    /// Says why the file has no effect on this model, was made for another, or is broken.
    pub fn finish(&self) -> Result<Vec<Notice>, CheckpointError> {
        let mut notices = Vec::new();
        match self.verdict() {
            Verdict::Refused(reason) => return Err(self.refused(reason)),
            Verdict::Partly(sentence) => notices.push(sentence.into()),
            Verdict::Fits => {}
        }
        let is_laid_over = self.changes.keys().any(|key| self.weight_in(key.network) != 0.0);
        if !self.outcome.borrow().has_effect && is_laid_over {
            return Err(self.refused("would change nothing: all of its changes are zero"));
        }
        if let Some(name) = self.strays.first() {
            let sentence = format!(
                "the LoRA {} holds {} that nothing here uses: {name}",
                self.file_name(),
                if self.strays.len() == 1 { "a tensor".to_owned() } else { format!("{} tensors", self.strays.len()) }
            );
            notices.push(sentence.into());
        }
        notices.extend(self.mixture().map(Notice::from));
        Ok(notices)
    }

    /// Most programs merge only one of the forms that such a file holds, so that its pictures differ from theirs.
    fn mixture(&self) -> Option<String> {
        let mut layers: BTreeMap<&'static str, usize> = BTreeMap::new();
        for form in self.changes.values().filter_map(LayerPatch::factors) {
            *layers.entry(form).or_default() += 1;
        }
        let counted = layers.iter().map(|(form, count)| format!("{form} in {count}")).collect::<Vec<_>>().join(", ");
        (layers.len() > 1).then(|| {
            format!(
                "the layers of the LoRA {} are of several forms ({counted}), all of which are merged",
                self.file_name()
            )
        })
    }
}

/// A file's tensors by the layers that they change, and the names of the others.
fn grouped(tensors: &[TensorInfo]) -> (BTreeMap<PatchKey, LayerPatch>, Vec<String>) {
    let mut changes: BTreeMap<PatchKey, LayerPatch> = BTreeMap::new();
    let mut strays = Vec::new();
    // LyCORIS calls IA3's factors a weight; only a neighbour tells them from one.
    let factored: BTreeSet<&str> = tensors.iter().filter_map(|tensor| tensor.name.strip_suffix(".on_input")).collect();
    for TensorInfo { name, shape, .. } in tensors {
        let parts = roles::split(name).map(|parts| (parts.stem, parts.adapter, parts.role)).or_else(|| {
            let stem = name.strip_suffix(".weight").filter(|stem| factored.contains(stem))?;
            Some((stem, "", Role::Ia3Change))
        });
        if let Some((stem, adapter, role)) = parts {
            let (network, layer) = names::place(stem);
            let key = PatchKey { network, layer, adapter: adapter.to_owned() };
            changes.entry(key).or_default().tensors.push((role, name.clone(), shape.clone()));
        } else if bundled::split(name).is_none() {
            strays.push(name.clone());
        }
    }
    // What has no adapter's name beside tensors that have one belongs to these.
    let shared: Vec<PatchKey> = changes
        .iter()
        .filter(|(key, change)| key.adapter.is_empty() && change.forms().is_empty() && change.unmergeable().is_none())
        .map(|(key, _)| key.clone())
        .collect();
    for key in shared {
        let is_same = |other: &PatchKey| other.network == key.network && other.layer == key.layer && *other != key;
        if changes.keys().any(is_same)
            && let Some(own) = changes.remove(&key)
        {
            let named = changes.iter_mut().filter(|(other, _)| is_same(other));
            named.for_each(|(_, change)| change.tensors.extend(own.tensors.clone()));
        }
    }
    (changes, strays)
}
