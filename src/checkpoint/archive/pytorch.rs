//! `.ckpt`, `.pt` and `.bin` files of `PyTorch`: a zip file with a pickle that describes the tensors beside it.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use candle_core::{DType, Device, Tensor};

use super::numbers::{self, WeightBuffer};
use super::pickle::Pickle;
use super::pickle_value::PickledTensor;
use super::zip_index::{self, Span};

/// Enough for the description of any checkpoint, optimizer and all.
const MAX_PICKLE_BYTES: u64 = 16 << 20;

/// Tied weights are stored once and named twice; a bomb names the same bytes a thousand times.
const MOST_SHARING: u64 = 4;

struct Entry {
    shape: Vec<usize>,
    dtype: DType,
    span: Span,
    /// Column after column, as `PyTorch` keeps a transposed matrix.
    is_transposed: bool,
}

/// An open file; tensors are read when they are asked for.
pub(crate) struct PytorchFile {
    file: File,
    entries: BTreeMap<String, Entry>,
    texts: BTreeMap<String, String>,
}

impl PytorchFile {
    /// # Errors
    /// A few words for a person.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let file = File::open(path).map_err(|error| error.to_string())?;
        let start = zip_index::bytes_at(&file, 0, 4).unwrap_or_default();
        if start.first() == Some(&0x80) || start.starts_with(b"ustar") {
            return Err(
                "it is in PyTorch's format from before version 1.6; load and save it again with a newer one".to_owned()
            );
        }
        let spans = zip_index::read(&file)?;
        let (name, span) = spans
            .iter()
            .find(|(name, _)| *name == "data.pkl" || name.ends_with("/data.pkl"))
            .ok_or("there is no data.pkl inside, so PyTorch did not write it")?;
        if span.length > MAX_PICKLE_BYTES {
            return Err("its pickle is larger than any checkpoint's".to_owned());
        }
        let folder = name.strip_suffix("data.pkl").unwrap_or_default();
        let pickle = Pickle::read(&zip_index::bytes_at(&file, span.offset, span.length)?)?;
        let length = file.metadata().map_err(|error| error.to_string())?.len();
        let mut bytes_named: u64 = 0;
        let mut entries = BTreeMap::new();
        for (name, tensor) in pickle.tensors() {
            let stored = spans.get(&format!("{folder}data/{}", tensor.storage));
            let stored = stored.ok_or_else(|| format!("the data of {name} are missing inside"))?;
            let entry = entry(&name, &tensor, *stored)?;
            bytes_named = bytes_named.saturating_add(entry.span.length);
            if bytes_named > length.saturating_mul(MOST_SHARING) {
                return Err("its tensors share their bytes so that they are many times larger than the file".to_owned());
            }
            entries.insert(name, entry);
        }
        let mut texts = BTreeMap::new();
        for name in ["name", "sd_checkpoint_name"] {
            texts.extend(pickle.text_of(name).map(|text| (name.to_owned(), text.to_owned())));
        }
        texts.extend(pickle.int_of("global_step").map(|step| ("global_step".to_owned(), step.to_string())));
        Ok(Self { file, entries, texts })
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &[usize], DType, u64)> {
        self.entries.iter().map(|(name, entry)| (name.as_str(), entry.shape.as_slice(), entry.dtype, entry.span.length))
    }

    /// Text and numbers besides the tensors.
    pub(crate) fn texts(&self) -> &BTreeMap<String, String> {
        &self.texts
    }

    pub(crate) fn load(&self, name: &str, device: &Device) -> Result<Tensor, candle_core::Error> {
        let entry = self.entries.get(name);
        let entry = entry.ok_or_else(|| candle_core::Error::CannotFindTensor { path: name.to_owned() })?;
        if entry.is_transposed {
            let turned: Vec<usize> = entry.shape.iter().rev().copied().collect();
            return numbers::tensor(&self.file, entry.span.offset, &turned, entry.dtype, device)?.t()?.contiguous();
        }
        numbers::tensor(&self.file, entry.span.offset, &entry.shape, entry.dtype, device)
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Where a tensor starts whose numbers the kernels read as they stand, its shape and kind.
    pub(crate) fn plain(&self, name: &str) -> Option<(u64, &[usize], DType)> {
        let entry = self.entries.get(name)?;
        let is_plain = !entry.is_transposed && WeightBuffer::holds(entry.dtype);
        is_plain.then_some((entry.span.offset, entry.shape.as_slice(), entry.dtype))
    }
}

fn entry(name: &str, tensor: &PickledTensor, stored: Span) -> Result<Entry, String> {
    let dtype = match tensor.storage_kind.as_str() {
        "FloatStorage" => DType::F32,
        "DoubleStorage" => DType::F64,
        "HalfStorage" => DType::F16,
        "BFloat16Storage" => DType::BF16,
        "ByteStorage" | "BoolStorage" | "CharStorage" => DType::U8,
        "IntStorage" => DType::I32,
        "ShortStorage" => DType::I16,
        "LongStorage" => DType::I64,
        other => return Err(format!("{name} is stored as {other}, which is not known")),
    };
    let elements = tensor.shape.iter().try_fold(1usize, |product, side| product.checked_mul(*side));
    let length = elements.and_then(|elements| elements.checked_mul(dtype.size_in_bytes())).map(|length| length as u64);
    let start = tensor.offset.checked_mul(dtype.size_in_bytes()).map(|start| start as u64);
    let span =
        start.zip(length).filter(|(start, length)| start.checked_add(*length).is_some_and(|end| end <= stored.length));
    let (start, length) = span.ok_or_else(|| format!("{name} goes past the end of its data"))?;
    let is_plain = strides_fit(&tensor.shape, &tensor.strides);
    let turned = |list: &[usize]| list.iter().rev().copied().collect::<Vec<_>>();
    let is_transposed =
        !is_plain && tensor.shape.len() == 2 && strides_fit(&turned(&tensor.shape), &turned(&tensor.strides));
    if !is_plain && !is_transposed {
        return Err(format!("{name} does not lie in one piece"));
    }
    let span = Span { offset: stored.offset + start, length };
    Ok(Entry { shape: tensor.shape.clone(), dtype, span, is_transposed })
}

/// Row after row, with no gaps.
fn strides_fit(shape: &[usize], strides: &[usize]) -> bool {
    let mut wanted = 1usize;
    shape.len() == strides.len()
        && shape.iter().zip(strides).rev().all(|(side, stride)| {
            let fits = *side <= 1 || *stride == wanted;
            wanted = wanted.saturating_mul(*side);
            fits
        })
}
