//! Files of `PyTorch` (`.ckpt`, `.pt`, `.pth`, `.bin`): a pickle that describes tensors, and their storages; in a zip file,
//! or, before version 1.6, one after the other.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{DType, Device, Tensor};

use super::element::Element;
use super::numbers::{self, WeightBuffer};
use super::pickle::{Found, Pickle};
use super::pickle_value::PickledTensor;
use super::refusal::{Foreign, Refusal};
use super::strided::Layout;
use super::zip_index::{self, Packed};
use super::{foreign, legacy};

/// Enough for the description of any checkpoint, optimizer and all.
const MAX_PICKLE_BYTES: u64 = 16 << 20;

/// Tied weights are stored once and named twice; a bomb names the same bytes a thousand times.
const MOST_SHARING: u64 = 4;

/// What tensors that repeat the same numbers (with a stride of 0) may become besides.
const MOST_REPEATED_BYTES: u64 = 64 << 20;

const DICTIONARY_WANTED: &str = "save its state_dict() as safetensors or with torch.save";

struct Entry {
    layout: Layout,
    /// Or what the file calls a kind that is not read.
    element: Result<Element, String>,
    storage: Packed,
    bytes: u64,
}

/// An open file; tensors are read when they are asked for.
pub(crate) struct PytorchFile {
    file: File,
    entries: BTreeMap<String, Entry>,
    texts: BTreeMap<String, String>,
    /// The storage that was unpacked last, by where it lies: several tensors may be parts of one.
    unpacked: Mutex<Option<(u64, Arc<Vec<u8>>)>>,
}

/// A tensor as the file lists it: name, shape, its kind or what the file calls one that is not read, bytes.
pub(crate) type Listed<'a> = (&'a str, &'a [usize], Result<Element, &'a str>, u64);

impl PytorchFile {
    /// # Errors
    /// Why it is not read.
    pub(crate) fn open(path: &Path) -> Result<Self, Refusal> {
        let file = File::open(path).map_err(|error| error.to_string())?;
        let start = zip_index::bytes_at(&file, 0, 2).unwrap_or_default();
        let (pickle, storages) =
            if legacy::is_pickle(&start) { legacy::read(&file, MAX_PICKLE_BYTES)? } else { zipped(&file)? };
        let length = file.metadata().map_err(|error| error.to_string())?.len();
        let length = storages.values().fold(length, |most, storage| most.max(storage.length));
        let (mut stored, mut made, mut unpacked) = (0u64, 0u64, 0u64);
        let mut entries = BTreeMap::new();
        for (name, tensor) in pickle.tensors() {
            let entry = entry(&name, tensor, &storages)?;
            let size = entry.element.as_ref().map_or(1, |element| element.size()) as u64;
            let extent = (entry.layout.extent().unwrap_or(0) as u64).saturating_mul(size);
            stored = stored.saturating_add(extent.min(entry.bytes));
            made = made.saturating_add(entry.bytes);
            unpacked = unpacked.saturating_add(if entry.storage.is_deflated() { entry.storage.length } else { 0 });
            entries.insert(name, entry);
        }
        let sharing = length.saturating_mul(MOST_SHARING);
        if stored > sharing
            || made > sharing.saturating_add(MOST_REPEATED_BYTES)
            || unpacked > sharing.saturating_mul(4)
        {
            let sentence = "holds tensors that share their bytes so that they are many times larger than the file";
            return Err(Refusal::Unread(sentence.to_owned()));
        }
        if entries.is_empty() {
            return Err(Refusal::Foreign(match pickle.object() {
                Some(class) => Foreign::new(
                    format!("a whole model that was pickled as an object of {class}, whose code is never run here"),
                    DICTIONARY_WANTED,
                ),
                None => Foreign::new("a file of PyTorch without any named tensor", DICTIONARY_WANTED),
            }));
        }
        let mut texts = BTreeMap::new();
        for name in ["name", "sd_checkpoint_name"] {
            texts.extend(pickle.text_of(name).map(|text| (name.to_owned(), text.to_owned())));
        }
        texts.extend(pickle.int_of("global_step").map(|step| ("global_step".to_owned(), step.to_string())));
        Ok(Self { file, entries, texts, unpacked: Mutex::new(None) })
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = Listed<'_>> {
        self.entries.iter().map(|(name, entry)| {
            let element = entry.element.as_ref().map(|element| *element).map_err(String::as_str);
            (name.as_str(), entry.layout.shape.as_slice(), element, entry.bytes)
        })
    }

    /// Text and numbers besides the tensors.
    pub(crate) fn texts(&self) -> &BTreeMap<String, String> {
        &self.texts
    }

    pub(crate) fn load(&self, name: &str, device: &Device) -> Result<Tensor, candle_core::Error> {
        let entry = self.entries.get(name);
        let entry = entry.ok_or_else(|| candle_core::Error::CannotFindTensor { path: name.to_owned() })?;
        let element = entry.element.as_ref().map_err(|kind| numbers::unread(name, kind))?;
        let (layout, size) = (&entry.layout, element.size());
        if let Some((start, shape, dtype)) = entry.lies_as(element.dtype()) {
            return numbers::tensor(&self.file, start, shape, dtype, device);
        }
        let (start, length) = (layout.offset * size, layout.extent().unwrap_or(0) * size);
        let bytes = if entry.storage.is_deflated() {
            self.unpacked(&entry.storage)?[start..start + length].to_vec()
        } else {
            let start = entry.storage.span.offset + start as u64;
            zip_index::bytes_at(&self.file, start, length as u64).map_err(candle_core::Error::msg)?
        };
        let bytes = if layout.is_plain() { bytes } else { layout.gathered(&bytes, size) };
        element.tensor(&bytes, &layout.shape, device)
    }

    fn unpacked(&self, storage: &Packed) -> Result<Arc<Vec<u8>>, candle_core::Error> {
        let mut kept = self.unpacked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, bytes)) = &*kept
            && *at == storage.span.offset
        {
            return Ok(Arc::clone(bytes));
        }
        let bytes = Arc::new(storage.bytes(&self.file).map_err(candle_core::Error::msg)?);
        *kept = Some((storage.span.offset, Arc::clone(&bytes)));
        Ok(bytes)
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Where a tensor starts whose numbers the kernels read as they stand, its shape and kind.
    pub(crate) fn plain(&self, name: &str) -> Option<(u64, &[usize], DType)> {
        let entry = self.entries.get(name)?;
        entry.lies_as(entry.element.as_ref().ok()?.dtype()).filter(|(.., dtype)| WeightBuffer::holds(*dtype))
    }
}

impl Entry {
    /// Where it starts in the file, its shape and kind, where it lies there as it is.
    fn lies_as(&self, dtype: Option<DType>) -> Option<(u64, &[usize], DType)> {
        let dtype = dtype.filter(|_| !self.storage.is_deflated() && self.layout.is_plain())?;
        let start = self.storage.span.offset + (self.layout.offset * dtype.size_in_bytes()) as u64;
        Some((start, self.layout.shape.as_slice(), dtype))
    }
}

/// What a zip file describes, and where each storage lies.
fn zipped(file: &File) -> Result<(Pickle, HashMap<String, Packed>), Refusal> {
    let packed = zip_index::read(file)?;
    let described = packed.iter().find(|(name, _)| *name == "data.pkl" || name.ends_with("/data.pkl"));
    // TorchScript has such a pickle as well, beside the code that makes use of it.
    let is_program = packed.keys().any(|name| name.ends_with("/constants.pkl"));
    let Some((name, entry)) = described.filter(|_| !is_program) else {
        return Err(foreign::of_zip(&packed.keys().map(String::as_str)).into());
    };
    if entry.length > MAX_PICKLE_BYTES {
        return Err(Refusal::Unread("has a pickle that is larger than any checkpoint's".to_owned()));
    }
    let folder = name.strip_suffix("data.pkl").unwrap_or_default();
    if packed.get(&format!("{folder}byteorder")).is_some_and(|order| order.bytes(file).is_ok_and(|b| b == b"big")) {
        return Err(Refusal::Unread("was written on a big-endian machine; save it again on another one".to_owned()));
    }
    let (pickle, _) = Pickle::read(&entry.bytes(file)?)?;
    let data = format!("{folder}data/");
    let storages = packed.iter().filter_map(|(name, entry)| Some((name.strip_prefix(&data)?.to_owned(), *entry)));
    Ok((pickle, storages.collect()))
}

fn entry(name: &str, tensor: Found, storages: &HashMap<String, Packed>) -> Result<Entry, Refusal> {
    let tensor: &PickledTensor = match tensor {
        Ok(tensor) => tensor,
        // Listed, so that nothing goes without a word; whoever asks for it gets the reason.
        Err(maker) => {
            let layout = Layout { offset: 0, shape: Vec::new(), strides: Vec::new() };
            let storage = Packed::stored(zip_index::Span { offset: 0, length: 0 });
            let kind = maker.rsplit("_rebuild_").next().unwrap_or(maker).to_owned();
            return Ok(Entry { layout, element: Err(kind), storage, bytes: 0 });
        }
    };
    let storage = *storages.get(&tensor.storage).ok_or_else(|| format!("the data of {name} are missing inside"))?;
    let layout = Layout { offset: tensor.offset, shape: tensor.shape.clone(), strides: tensor.strides.clone() };
    let Some(element) = Element::of_torch(&tensor.kind) else {
        let kind = tensor.kind.strip_suffix("Storage").unwrap_or(&tensor.kind).to_owned();
        return Ok(Entry { layout, element: Err(kind), storage, bytes: 0 });
    };
    let size = element.size();
    let bytes = layout.count().and_then(|count| count.checked_mul(size)).map(|bytes| bytes as u64);
    let end = layout.extent().and_then(|extent| extent.checked_add(layout.offset)?.checked_mul(size));
    match (bytes, end) {
        (Some(bytes), Some(end)) if end as u64 <= storage.length || layout.extent() == Some(0) => {
            Ok(Entry { layout, element: Ok(element), storage, bytes })
        }
        _ => Err(format!("{name} goes past the end of its data").into()),
    }
}

#[cfg(test)]
#[path = "pytorch_tests.rs"]
mod tests;
