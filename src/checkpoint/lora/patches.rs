//! The changes of all LoRAs to one network, laid over its tensors as they are read.

use std::collections::{BTreeSet, HashMap};

use candle_core::{DType, Error, Tensor};

use super::layer_patch::LayerPatch;
use super::outcome::Reason;
use super::reader::{PatchError, Reader, is_finite};
use super::{Lora, PatchKey, names};

/// The LoRAs' changes to one network.
pub(crate) struct Patches<'a> {
    /// By the layer's own name.
    by_layer: HashMap<String, Vec<Patch<'a>>>,
}

struct Patch<'a> {
    lora: &'a Lora,
    key: &'a PatchKey,
    change: &'a LayerPatch,
}

impl<'a> Patches<'a> {
    /// `tensors`: the network's, by diffusers' names.
    #[must_use]
    pub(crate) fn new(loras: &'a [Lora], network: &str, tensors: &BTreeSet<&str>) -> Self {
        let layers = layers_of(tensors);
        let mut by_layer: HashMap<String, Vec<Patch>> = HashMap::new();
        let spellings = if loras.is_empty() { HashMap::new() } else { names::spellings(network, &layers) };
        for lora in loras {
            for (key, change) in lora.changes.iter().filter(|(key, _)| key.network == network) {
                let Some(own) = spellings.get(&key.layer) else { continue };
                if change.needs_bias() && !tensors.contains(format!("{own}.bias").as_str()) {
                    lora.outcome.borrow_mut().left_out.insert(key.clone(), Reason::NoBias);
                }
                by_layer.entry(own.clone()).or_default().push(Patch { lora, key, change });
            }
        }
        Self { by_layer }
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

    /// The tensor `name` of the network with all patches applied; `None` where there are none. What does not fit is
    /// left out, and noted.
    ///
    /// # Errors
    /// When the device is out of memory.
    pub(crate) fn apply(&self, name: &str, base: &Tensor) -> Result<Option<Tensor>, Error> {
        let Some((layer, kind)) = name.rsplit_once('.') else { return Ok(None) };
        let Some(patches) = self.by_layer.get(layer) else { return Ok(None) };
        let mut tensor = base.to_dtype(DType::F32)?;
        for patch in patches {
            if let Some(changed) = patch.apply(kind, &tensor)? {
                tensor = changed;
            }
        }
        Ok(Some(tensor))
    }
}

impl Patch<'_> {
    fn apply(&self, kind: &str, tensor: &Tensor) -> Result<Option<Tensor>, Error> {
        let Self { lora, key, change } = self;
        let weight = lora.weight_in(key.network);
        let (network, layer, wanted) = (key.network, key.layer.as_str(), tensor.elem_count());
        let reader = Reader { change, file: &lora.archive, settings: &lora.settings, network, layer, wanted };
        let changed = match kind {
            "weight" if change.changes_weight() => reader.apply(tensor, weight),
            "bias" if change.changes_bias() => reader.apply_to_bias(tensor, weight),
            _ => return Ok(None),
        };
        let changed = changed.and_then(|changed| {
            // Numbers that are fine alone may be too large together.
            if is_finite(&changed)? || !is_finite(tensor)? { Ok(changed) } else { Err(PatchError::TooLarge) }
        });
        let mut outcome = lora.outcome.borrow_mut();
        match changed {
            Ok(changed) => {
                outcome.fitting.insert((*key).clone());
                if !outcome.has_effect {
                    let difference = (&changed - tensor)?.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?;
                    outcome.has_effect = difference > 0.0;
                }
                return Ok(Some(changed));
            }
            Err(PatchError::Misfit(error)) => {
                tracing::debug!("{layer} of {}: {error}", lora.path.display());
                outcome.left_out.insert((*key).clone(), Reason::Shape(tensor.dims().to_vec()));
            }
            Err(PatchError::Broken(name)) => {
                let reason = format!(
                    "holds NaN or an infinite number in {name}, so it was broken when it was saved; get another version of it"
                );
                outcome.broken.get_or_insert(reason);
            }
            Err(PatchError::TooLarge) => {
                let reason = format!("has numbers in {layer} that are too large to reckon with; lower its weight");
                outcome.broken.get_or_insert(reason);
            }
            Err(PatchError::Unread(name, error)) => {
                outcome.broken.get_or_insert(format!("cannot be read in {name} ({error}); get another copy of it"));
            }
        }
        Ok(None)
    }
}

/// Layers are what has a weight.
fn layers_of<'a>(tensors: &BTreeSet<&'a str>) -> BTreeSet<&'a str> {
    tensors.iter().filter_map(|name| name.strip_suffix(".weight")).collect()
}
