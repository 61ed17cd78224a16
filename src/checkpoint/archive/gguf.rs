//! GGUF files: quantized tensors, as stable-diffusion.cpp and `ComfyUI`'s converters write them. The kernels keep their
//! blocks; for everybody else numbers are brought back to single precision as they are read.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use candle_core::quantized::{GgmlDType, ggml_file::qtensor_from_ggml};
use candle_core::{DType, Device, Tensor};
use rayon::prelude::*;

use super::disk::read_at;
use super::gguf_header::{Header, Listed, Value};
use super::numbers::{self, WeightBuffer};
use super::refusal::Refusal;
use crate::kernels::BlockKind;

/// Where a converter had to flatten a tensor, this and its name give the shape that it had.
const SHAPE_BEFORE: &str = "comfy.gguf.orig_shape.";
/// Numbers that a thread brings back at a time; whole blocks of every kind.
const PART: usize = 1 << 16;

struct Entry {
    shape: Vec<usize>,
    kind: GgmlDType,
    start: u64,
    bytes: usize,
}

/// An open file; tensors are read when they are asked for.
pub(crate) struct GgufFile {
    file: File,
    entries: BTreeMap<String, Entry>,
    texts: BTreeMap<String, String>,
}

impl GgufFile {
    /// # Errors
    /// When it is damaged, or packed in a way that is not known here.
    pub(crate) fn open(path: &Path) -> Result<Self, Refusal> {
        let file = File::open(path).map_err(|error| error.to_string())?;
        let length = file.metadata().map_err(|error| error.to_string())?.len();
        let (mut header, tensors, values) = Header::open(&file)?;
        let (mut texts, mut shapes, mut alignment) = (BTreeMap::new(), BTreeMap::new(), 32);
        for _ in 0..values {
            let key = header.text()?.unwrap_or_default();
            match header.value()? {
                Value::Text(text) => drop(texts.insert(key, text)),
                Value::Number(number) if key == "general.alignment" => alignment = number,
                Value::List(sides) => {
                    if let Some(name) = key.strip_prefix(SHAPE_BEFORE) {
                        shapes.insert(name.to_owned(), sides);
                    }
                }
                Value::Number(_) | Value::Other => {}
            }
        }
        let listed = (0..tensors).map(|_| header.tensor()).collect::<Result<Vec<_>, _>>()?;
        if !(1..=65_536).contains(&alignment) {
            return Err("its alignment is none".into());
        }
        let data = header.at.next_multiple_of(alignment);
        let mut entries = BTreeMap::new();
        for Listed { name, mut shape, kind, offset } in listed {
            if let Some(before) = shapes.remove(&name)
                && count_of(&before) == count_of(&shape)
            {
                shape = before;
            }
            let bytes = count_of(&shape).filter(|count| count.is_multiple_of(kind.block_size()));
            let bytes = bytes.and_then(|count| (count / kind.block_size()).checked_mul(kind.type_size()));
            let start = data.checked_add(offset);
            let (Some(bytes), Some(start)) = (bytes, start) else {
                return Err(format!("{name} has no size that can be").into());
            };
            if start.checked_add(bytes as u64).is_none_or(|end| end > length) {
                return Err(format!("{name} goes past the end of the file").into());
            }
            entries.insert(name, Entry { shape, kind, start, bytes });
        }
        let whole: u64 = entries.values().map(|entry| entry.bytes as u64).sum();
        if whole > length {
            return Err("its tensors share their bytes so that they are larger than the file".into());
        }
        Ok(Self { file, entries, texts })
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &[usize], String, u64)> {
        self.entries
            .iter()
            .map(|(name, entry)| (name.as_str(), entry.shape.as_slice(), name_of(entry.kind), entry.bytes as u64))
    }

    /// Text and numbers besides the tensors.
    pub(crate) fn texts(&self) -> &BTreeMap<String, String> {
        &self.texts
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Where a tensor starts whose numbers the kernels read as they stand, its shape and kind.
    pub(crate) fn plain(&self, name: &str) -> Option<(u64, &[usize], DType)> {
        let entry = self.entries.get(name)?;
        let dtype = plain_kind(entry.kind).filter(|dtype| WeightBuffer::holds(*dtype))?;
        Some((entry.start, entry.shape.as_slice(), dtype))
    }

    /// The same of one whose blocks the kernels keep.
    pub(crate) fn blocks(&self, name: &str) -> Option<(u64, &[usize], BlockKind)> {
        let entry = self.entries.get(name)?;
        Some((entry.start, entry.shape.as_slice(), kept_kind(entry.kind)?))
    }

    /// A quantized tensor comes in single precision.
    pub(crate) fn load(&self, name: &str, device: &Device) -> Result<Tensor, candle_core::Error> {
        let entry = self.entries.get(name);
        let entry = entry.ok_or_else(|| candle_core::Error::CannotFindTensor { path: name.to_owned() })?;
        if let Some(dtype) = plain_kind(entry.kind) {
            return numbers::tensor(&self.file, entry.start, &entry.shape, dtype, device);
        }
        let mut packed = vec![0; entry.bytes];
        read_at(&self.file, &mut packed, entry.start)?;
        let mut values = vec![0f32; entry.shape.iter().product()];
        let part_bytes = PART / entry.kind.block_size() * entry.kind.type_size();
        values.par_chunks_mut(PART).zip(packed.par_chunks(part_bytes)).try_for_each(|(values, packed)| {
            let part = qtensor_from_ggml(entry.kind, packed, vec![values.len()], &Device::Cpu)?;
            values.copy_from_slice(&part.dequantize(&Device::Cpu)?.to_vec1::<f32>()?);
            Ok::<_, candle_core::Error>(())
        })?;
        Tensor::from_vec(values, entry.shape.as_slice(), device)
    }
}

/// What the kernels multiply with as it stands.
fn kept_kind(kind: GgmlDType) -> Option<BlockKind> {
    match kind {
        GgmlDType::Q4_0 => Some(BlockKind::Q4_0),
        GgmlDType::Q4_1 => Some(BlockKind::Q4_1),
        GgmlDType::Q5_0 => Some(BlockKind::Q5_0),
        GgmlDType::Q5_1 => Some(BlockKind::Q5_1),
        GgmlDType::Q8_0 => Some(BlockKind::Q8_0),
        GgmlDType::Q2K => Some(BlockKind::Q2K),
        GgmlDType::Q3K => Some(BlockKind::Q3K),
        GgmlDType::Q4K => Some(BlockKind::Q4K),
        GgmlDType::Q5K => Some(BlockKind::Q5K),
        GgmlDType::Q6K => Some(BlockKind::Q6K),
        _ => None,
    }
}

/// Of whole numbers as they are: not quantized.
fn plain_kind(kind: GgmlDType) -> Option<DType> {
    match kind {
        GgmlDType::F32 => Some(DType::F32),
        GgmlDType::F16 => Some(DType::F16),
        GgmlDType::BF16 => Some(DType::BF16),
        _ => None,
    }
}

/// As people know it: `Q4_K`.
fn name_of(kind: GgmlDType) -> String {
    let name = format!("{kind:?}");
    name.strip_suffix('K').map_or_else(|| name.clone(), |start| format!("{start}_K"))
}

fn count_of(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1usize, |product, side| product.checked_mul(*side))
}

#[cfg(test)]
#[path = "gguf_tests.rs"]
mod tests;
