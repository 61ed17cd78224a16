//! LoRAs: small files that change a model's layers. They patch the weights while these are read, so that the
//! base is never changed and any number at any weight is exact.

mod forms;
mod layer_patch;
mod names;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use candle_core::{DType, Tensor};

use super::CheckpointError;
use super::archive::Archive;
pub(crate) use forms::FORMS;
use layer_patch::LayerPatch;

/// An open LoRA file.
pub struct Lora {
    path: PathBuf,
    archive: Archive,
    /// By network, then by the layer's name with underscores.
    changes: BTreeMap<&'static str, BTreeMap<String, LayerPatch>>,
    weight: f64,
    /// Of the text encoders.
    text_weight: f64,
    outcome: RefCell<Outcome>,
}

/// What became of a file while a model was read.
#[derive(Default)]
struct Outcome {
    applied: usize,
    has_effect: bool,
    /// Whether a network with another weight than 0 was patched.
    is_wanted: bool,
    unmatched: Vec<String>,
    misfit: Option<String>,
}

impl Lora {
    /// # Errors
    /// When the file is missing, damaged, or no LoRA.
    pub fn open(path: &Path, weight: f64) -> Result<Self, CheckpointError> {
        let archive = Archive::open(path)?;
        let mut changes: BTreeMap<&'static str, BTreeMap<String, LayerPatch>> = BTreeMap::new();
        for tensor in archive.tensors() {
            if let Some((stem, role)) = names::split(&tensor.name) {
                let (network, layer) = names::place(stem);
                let change = changes.entry(network).or_default().entry(layer).or_default();
                change.tensors.push((role, tensor.name));
            }
        }
        for layers in changes.values_mut() {
            layers.retain(|_, change| change.is_whole());
        }
        changes.retain(|_, layers| !layers.is_empty());
        let lora =
            Self { path: path.to_owned(), archive, changes, weight, text_weight: weight, outcome: RefCell::default() };
        if lora.changes.is_empty() {
            return Err(lora.refused("holds no changes of layers, so it is no LoRA"));
        }
        Ok(lora)
    }

    /// With another weight for the text encoders than for the UNet.
    #[must_use]
    pub fn with_text_weight(self, text_weight: f64) -> Self {
        Self { text_weight, ..self }
    }

    /// Whether a tensor of that name is part of a LoRA.
    #[must_use]
    pub fn claims(name: &str) -> bool {
        names::split(name).is_some()
    }

    /// How many layers the file changes.
    #[must_use]
    pub fn layers(&self) -> usize {
        self.changes.values().map(BTreeMap::len).sum()
    }

    fn refused(&self, reason: impl Into<String>) -> CheckpointError {
        CheckpointError::Lora { reason: reason.into(), path: self.path.clone() }
    }

    /// After all networks are read: a file that changed nothing must not pass in silence.
    ///
    /// # Errors
    /// Says why the file has no effect on this model.
    pub fn finish(&self) -> Result<(), CheckpointError> {
        let outcome = self.outcome.borrow();
        if let Some(misfit) = &outcome.misfit {
            return Err(
                self.refused(format!("was made for another kind of model ({misfit}); choose a model of its kind"))
            );
        }
        if outcome.applied == 0 {
            let example = outcome.unmatched.first().map(|name| format!(", {name} for one")).unwrap_or_default();
            return Err(self.refused(format!(
                "would change nothing: none of its {} layers is in this model{example}; choose a model of its kind",
                self.layers()
            )));
        }
        if !outcome.has_effect && outcome.is_wanted {
            return Err(self.refused("would change nothing: all of its changes are zero"));
        }
        if !outcome.unmatched.is_empty() {
            tracing::warn!(
                "{} of {} layers of the LoRA are not in this model and were left out: {}",
                outcome.unmatched.len(),
                self.layers(),
                self.path.display()
            );
        }
        Ok(())
    }
}

/// The LoRAs' changes to one network.
pub(crate) struct Patches<'a> {
    /// By the layer's own name.
    by_layer: HashMap<String, Vec<(&'a Lora, &'a LayerPatch)>>,
    is_text: bool,
}

impl<'a> Patches<'a> {
    /// `tensors`: the network's, by diffusers' names.
    #[must_use]
    pub(crate) fn new(loras: &'a [Lora], network: &str, tensors: &BTreeSet<&str>) -> Self {
        let layers = layers_of(tensors);
        let mut by_layer: HashMap<String, Vec<(&Lora, &LayerPatch)>> = HashMap::new();
        let spellings = if loras.is_empty() { HashMap::new() } else { names::spellings(network, &layers) };
        for lora in loras {
            for (layer, change) in lora.changes.get(network).into_iter().flatten() {
                match spellings.get(layer) {
                    Some(own) => by_layer.entry(own.clone()).or_default().push((lora, change)),
                    None => lora.outcome.borrow_mut().unmatched.push(layer.clone()),
                }
            }
        }
        Self { by_layer, is_text: network.starts_with("text_encoder") }
    }

    /// Whether anything patches the layer of the tensor `name`.
    #[must_use]
    pub(crate) fn touches(&self, name: &str) -> bool {
        name.rsplit_once('.').is_some_and(|(layer, _)| self.touches_layer(layer))
    }

    /// Whether anything patches the layer.
    #[must_use]
    pub(crate) fn touches_layer(&self, layer: &str) -> bool {
        self.by_layer.contains_key(layer)
    }

    /// The tensor `name` of the network with all patches applied; `None` where there are none.
    ///
    /// # Errors
    /// When the device is out of memory.
    pub(crate) fn apply(&self, name: &str, base: &Tensor) -> Result<Option<Tensor>, candle_core::Error> {
        let Some((layer, kind)) = name.rsplit_once('.') else { return Ok(None) };
        let Some(changes) = self.by_layer.get(layer) else { return Ok(None) };
        let mut tensor = base.to_dtype(DType::F32)?;
        for (lora, change) in changes {
            let weight = if self.is_text { lora.text_weight } else { lora.weight };
            let changed = match kind {
                "weight" => change.apply(&tensor, &lora.archive, weight),
                "bias" if change.changes_bias() => change.apply_to_bias(&tensor, &lora.archive, weight),
                _ => continue,
            };
            let mut outcome = lora.outcome.borrow_mut();
            match changed {
                Ok(changed) => {
                    outcome.applied += 1;
                    outcome.is_wanted |= weight != 0.0;
                    if !outcome.has_effect {
                        let difference = (&changed - &tensor)?.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?;
                        outcome.has_effect = difference > 0.0;
                    }
                    tensor = changed;
                }
                Err(_) => {
                    outcome.misfit.get_or_insert_with(|| format!("its {layer} does not fit {:?}", base.dims()));
                }
            }
        }
        Ok(Some(tensor))
    }
}

/// Layers are what has a weight.
fn layers_of<'a>(tensors: &BTreeSet<&'a str>) -> BTreeSet<&'a str> {
    tensors.iter().filter_map(|name| name.strip_suffix(".weight")).collect()
}
