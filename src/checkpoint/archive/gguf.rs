//! GGUF files: quantized tensors, as stable-diffusion.cpp and `ComfyUI`'s converters write them. Numbers are brought back
//! to single precision as they are read, so that every layer runs on the same kernels at the same speed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use candle_core::quantized::{GgmlDType, ggml_file::qtensor_from_ggml};
use candle_core::{DType, Device, Tensor};
use rayon::prelude::*;

use super::disk::read_at;
use super::numbers::{self, WeightBuffer};
use super::refusal::Refusal;

/// What is said to those whose file is packed otherwise.
const READ: &str = "Q8_0, Q4_0 to Q5_1 and Q2_K to Q6_K are read, get one of these or a .safetensors file";

pub(crate) const MAGIC: &[u8; 4] = b"GGUF";
/// What stands before the data: names, and in files of language models a whole vocabulary.
const MAX_HEADER_BYTES: u64 = 64 << 20;
const MAX_TENSORS: u64 = 100_000;
const MAX_SIDES: u32 = 8;
/// Texts and lists that are kept.
const MAX_TEXT_BYTES: u64 = 4096;
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

/// A tensor's entry in the header.
struct Listed {
    name: String,
    shape: Vec<usize>,
    kind: GgmlDType,
    /// From where the data begin.
    offset: u64,
}

impl GgufFile {
    /// # Errors
    /// When it is damaged, or packed in a way that is not known here.
    pub(crate) fn open(path: &Path) -> Result<Self, Refusal> {
        let file = File::open(path).map_err(|error| error.to_string())?;
        let length = file.metadata().map_err(|error| error.to_string())?.len();
        let mut header = Header { bytes: BufReader::new((&file).take(MAX_HEADER_BYTES)), at: 0 };
        let mut magic = [0; 4];
        header.fill(&mut magic)?;
        let version = header.number(4)?;
        if &magic != MAGIC || !matches!(version, 2 | 3) {
            return Err(Refusal::Unread(format!("is a GGUF file of version {version}, and 2 and 3 are read")));
        }
        let (tensors, values) = (header.number(8)?, header.number(8)?);
        if tensors > MAX_TENSORS {
            return Err("its header speaks of more tensors than any model has".into());
        }
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

fn kind_of(number: u64) -> Option<GgmlDType> {
    Some(match number {
        0 => GgmlDType::F32,
        1 => GgmlDType::F16,
        2 => GgmlDType::Q4_0,
        3 => GgmlDType::Q4_1,
        6 => GgmlDType::Q5_0,
        7 => GgmlDType::Q5_1,
        8 => GgmlDType::Q8_0,
        10 => GgmlDType::Q2K,
        11 => GgmlDType::Q3K,
        12 => GgmlDType::Q4K,
        13 => GgmlDType::Q5K,
        14 => GgmlDType::Q6K,
        30 => GgmlDType::BF16,
        _ => return None,
    })
}

fn count_of(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1usize, |product, side| product.checked_mul(*side))
}

enum Value {
    Text(String),
    Number(u64),
    /// A short one of whole numbers.
    List(Vec<usize>),
    Other,
}

/// What stands before the data, read from its start on.
struct Header<R> {
    bytes: R,
    at: u64,
}

impl<R: Read> Header<R> {
    fn fill(&mut self, into: &mut [u8]) -> Result<(), String> {
        self.bytes.read_exact(into).map_err(|_| "its header is cut off".to_owned())?;
        self.at += into.len() as u64;
        Ok(())
    }

    fn skip(&mut self, count: u64) -> Result<(), String> {
        let skipped = std::io::copy(&mut self.bytes.by_ref().take(count), &mut std::io::sink()).unwrap_or(0);
        self.at += skipped;
        if skipped == count { Ok(()) } else { Err("its header is cut off".to_owned()) }
    }

    fn number(&mut self, width: usize) -> Result<u64, String> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes[..width])?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// `None` for one that is too long to be kept.
    fn text(&mut self) -> Result<Option<String>, String> {
        let length = self.number(8)?;
        if length > MAX_TEXT_BYTES {
            self.skip(length)?;
            return Ok(None);
        }
        let mut bytes = vec![0; length as usize];
        self.fill(&mut bytes)?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    fn value(&mut self) -> Result<Value, String> {
        const TEXT: u64 = 8;
        const LIST: u64 = 9;
        let kind = self.number(4)?;
        if kind == TEXT {
            return Ok(self.text()?.map_or(Value::Other, Value::Text));
        }
        if kind != LIST {
            let width = width_of(kind)?;
            let number = self.number(width)?;
            return Ok(if matches!(kind, 4 | 10) { Value::Number(number) } else { Value::Other });
        }
        let (kind, count) = (self.number(4)?, self.number(8)?);
        if kind == TEXT {
            for _ in 0..count {
                self.text()?;
            }
            return Ok(Value::Other);
        }
        let width = width_of(kind)?;
        if count <= u64::from(MAX_SIDES) && matches!(kind, 4 | 5 | 10 | 11) {
            let numbers = (0..count).map(|_| self.number(width).map(|number| number as usize));
            return Ok(Value::List(numbers.collect::<Result<_, _>>()?));
        }
        self.skip(count.saturating_mul(width as u64))?;
        Ok(Value::Other)
    }

    fn tensor(&mut self) -> Result<Listed, Refusal> {
        let name = self.text()?.ok_or("the name of a tensor is longer than any")?;
        let sides = self.number(4)?;
        if sides > u64::from(MAX_SIDES) {
            return Err(format!("{name} has {sides} sides").into());
        }
        let sides = (0..sides).map(|_| self.number(8).map(|side| usize::try_from(side).unwrap_or(usize::MAX)));
        let mut shape = sides.collect::<Result<Vec<_>, _>>()?;
        // The fastest side comes first there.
        shape.reverse();
        let (kind, offset) = (self.number(4)?, self.number(8)?);
        let kind = kind_of(kind).ok_or_else(|| {
            Refusal::Unread(format!("packs {name} in a way (number {kind}) that is not read; {READ}"))
        })?;
        Ok(Listed { name, shape, kind, offset })
    }
}

/// Bytes of a number.
fn width_of(kind: u64) -> Result<usize, String> {
    match kind {
        0 | 1 | 7 => Ok(1),
        2 | 3 => Ok(2),
        4..=6 => Ok(4),
        10..=12 => Ok(8),
        _ => Err("its header has a value of an unknown kind".to_owned()),
    }
}

#[cfg(test)]
#[path = "gguf_tests.rs"]
mod tests;
