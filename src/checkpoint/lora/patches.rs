//! The changes of all LoRAs to one network, laid over its tensors as they are read.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use candle_core::{DType, Error, Tensor};

use super::layer_patch::LayerPatch;
use super::outcome::Reason;
use super::reader::{PatchError, Reader, is_finite};
use super::transformer_layers::{self, Target, rows_around};
use super::{Lora, PatchKey, names};
use crate::checkpoint::single_file::TensorSlice;
use crate::checkpoint::transformer_names::TRANSFORMER;

/// The LoRAs' changes to one network.
pub(crate) struct Patches<'a> {
    /// By the layer's own name.
    by_layer: HashMap<String, Vec<Patch<'a>>>,
}

struct Patch<'a> {
    lora: &'a Lora,
    key: &'a PatchKey,
    change: &'a LayerPatch,
    /// What of the file's layer ours is.
    cut: TensorSlice,
}

impl<'a> Patches<'a> {
    /// `tensors`: the network's shapes, by diffusers' names.
    #[must_use]
    pub(crate) fn new(loras: &'a [Lora], network: &str, tensors: &BTreeMap<&str, &[usize]>) -> Self {
        let layers = layers_of(tensors);
        let mut by_layer: HashMap<String, Vec<Patch>> = HashMap::new();
        let mut spellings: HashMap<String, Vec<Target>> = HashMap::new();
        if !loras.is_empty() {
            let whole = |(spelling, own)| (spelling, vec![(own, TensorSlice::Whole)]);
            spellings.extend(names::spellings(network, &layers).into_iter().map(whole));
        }
        if network == TRANSFORMER && !loras.is_empty() {
            for (spelling, targets) in transformer_layers::spellings(tensors) {
                spellings.entry(spelling).or_insert(targets);
            }
        }
        for lora in loras {
            for (key, change) in lora.changes.iter().filter(|(key, _)| names::is_for(key.network, network)) {
                let targets = spellings.get(&key.layer).into_iter().flatten();
                for (own, cut) in targets.filter(|(own, _)| layers.contains(own.as_str())) {
                    if change.needs_bias() && !tensors.contains_key(format!("{own}.bias").as_str()) {
                        lora.outcome.borrow_mut().left_out.insert(key.clone(), Reason::NoBias);
                    }
                    by_layer.entry(own.clone()).or_default().push(Patch { lora, key, change, cut: *cut });
                }
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
        let Self { lora, key, change, cut } = self;
        let around = tensor.dims().first().and_then(|rows| rows_around(*cut, *rows));
        if let (TensorSlice::Rows { .. }, Some((rows, _)), "weight") = (cut, &around, kind)
            && let Some(form) = change.mixes_rows(rows.len())
        {
            lora.outcome.borrow_mut().left_out.insert((*key).clone(), Reason::Form(form));
            return Ok(None);
        }
        let part = tensor;
        let whole = around.as_ref().map(|(rows, _)| {
            let rows = Tensor::from_slice(rows, rows.len(), tensor.device())?;
            tensor.index_select(&rows, 0)
        });
        let whole = whole.transpose()?;
        let tensor = whole.as_ref().unwrap_or(part);
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
        // Back to the rows that are ours.
        let changed = changed.and_then(|changed| match (&around, cut) {
            (None, _) => Ok(changed),
            (Some((rows, _)), TensorSlice::HalvesSwapped) => {
                Ok(changed.index_select(&Tensor::from_slice(rows, rows.len(), changed.device())?, 0)?)
            }
            (Some((_, start)), _) => Ok(changed.narrow(0, *start, part.dim(0)?)?.contiguous()?),
        });
        let mut outcome = lora.outcome.borrow_mut();
        match changed {
            Ok(changed) => {
                outcome.fitting.insert((*key).clone());
                if !outcome.has_effect {
                    let difference = (&changed - part)?.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?;
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
fn layers_of<'a>(tensors: &BTreeMap<&'a str, &[usize]>) -> BTreeSet<&'a str> {
    tensors.keys().filter_map(|name| name.strip_suffix(".weight")).collect()
}
