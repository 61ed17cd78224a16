//! A file of tensors, whatever its format: names, shapes, and the tensors when they are asked for.

mod disk;
mod gguf;
mod numbers;
mod pickle;
mod pickle_machine;
mod pickle_value;
mod pytorch;
mod safetensors_file;
mod zip_index;

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::Range;
use std::path::Path;

use candle_core::safetensors::Load;
use candle_core::{DType, Device, Tensor};
use half::f16;
use safetensors::{Dtype, SafeTensors};

use super::CheckpointError;
use gguf::GgufFile;
pub(crate) use numbers::WeightBuffer;
use pytorch::PytorchFile;
use safetensors_file::SafetensorsFile;

/// How the database files begin in which Draw Things keeps its models.
const DRAW_THINGS: &[u8] = b"SQLi";

enum Format {
    Safetensors(SafetensorsFile),
    Embedded(Box<SafeTensors<'static>>),
    Pytorch(PytorchFile),
    Gguf(GgufFile),
}

/// One tensor as its file lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    pub name: String,
    pub shape: Vec<usize>,
    /// As the file calls it: `F16`, `BF16`, `F8_E4M3`, …
    pub precision: String,
    pub bytes: u64,
}

/// An open file of tensors.
pub struct Archive {
    format: Format,
    /// The file's own text.
    metadata: BTreeMap<String, String>,
}

impl Archive {
    /// Opens a safetensors file, a file of `PyTorch` (`.ckpt`, `.pt`, `.pth`, `.bin`) or a GGUF file, by its contents.
    ///
    /// # Errors
    /// When it is missing, damaged, or none of these.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        if !path.is_file() {
            return Err(CheckpointError::Missing { what: "a weights file", path: path.to_owned() });
        }
        let damaged = |reason: String| CheckpointError::Damaged { reason, path: path.to_owned() };
        let start = start_of(path).map_err(|error| damaged(error.to_string()))?;
        if is_pytorch(path, &start) {
            let file = PytorchFile::open(path).map_err(damaged)?;
            let metadata = file.texts().clone();
            return Ok(Self { format: Format::Pytorch(file), metadata });
        }
        if start == gguf::MAGIC {
            let file = GgufFile::open(path).map_err(|refusal| match refusal {
                gguf::Refusal::Damaged(reason) => damaged(reason),
                gguf::Refusal::Unread(reason) => CheckpointError::Quantized { reason, path: path.to_owned() },
            })?;
            let metadata = file.texts().clone();
            return Ok(Self { format: Format::Gguf(file), metadata });
        }
        if start == DRAW_THINGS {
            return Err(CheckpointError::DrawThings(path.to_owned()));
        }
        let file = SafetensorsFile::open(path).map_err(damaged)?;
        let metadata = file.header.metadata().iter().flatten().map(|(key, text)| (key.clone(), text.clone())).collect();
        Ok(Self { format: Format::Safetensors(file), metadata })
    }

    /// A safetensors file that is part of the program.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn embedded(bytes: &'static [u8], path: &Path) -> Result<Self, CheckpointError> {
        let file = SafeTensors::deserialize(bytes)
            .map_err(|error| CheckpointError::Damaged { reason: error.to_string(), path: path.to_owned() })?;
        Ok(Self { format: Format::Embedded(Box::new(file)), metadata: BTreeMap::new() })
    }

    #[must_use]
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    #[must_use]
    pub fn tensors(&self) -> Vec<TensorInfo> {
        match &self.format {
            Format::Safetensors(file) => {
                let listed = file.header.tensors().into_iter().map(|(name, info)| TensorInfo {
                    name,
                    shape: info.shape.clone(),
                    precision: info.dtype.to_string(),
                    bytes: (info.data_offsets.1 - info.data_offsets.0) as u64,
                });
                listed.collect()
            }
            Format::Embedded(file) => {
                let listed = file.tensors().into_iter().map(|(name, view)| TensorInfo {
                    name,
                    shape: view.shape().to_vec(),
                    precision: view.dtype().to_string(),
                    bytes: view.data().len() as u64,
                });
                listed.collect()
            }
            Format::Pytorch(file) => file
                .entries()
                .map(|(name, shape, dtype, bytes)| TensorInfo {
                    name: name.to_owned(),
                    shape: shape.to_vec(),
                    precision: dtype.as_str().to_uppercase(),
                    bytes,
                })
                .collect(),
            Format::Gguf(file) => file
                .entries()
                .map(|(name, shape, precision, bytes)| TensorInfo {
                    name: name.to_owned(),
                    shape: shape.to_vec(),
                    precision,
                    bytes,
                })
                .collect(),
        }
    }

    /// The tensor in the file's own precision; a quantized one in single.
    ///
    /// # Errors
    /// When there is none of that name, its precision is not supported, or the device is out of memory.
    pub fn load(&self, name: &str, device: &Device) -> Result<Tensor, candle_core::Error> {
        match &self.format {
            Format::Safetensors(file) => {
                let (info, start) = file.find(name).ok_or_else(|| missing(name))?;
                let dtype = if info.dtype == Dtype::F8_E5M2 { DType::U8 } else { info.dtype.try_into()? };
                let tensor = numbers::tensor(&file.file, start, &info.shape, dtype, device)?;
                if info.dtype == Dtype::F8_E5M2 { widened_e5m2(&tensor) } else { Ok(tensor) }
            }
            Format::Embedded(file) => file.tensor(name).map_err(candle_core::Error::wrap)?.load(device),
            Format::Pytorch(file) => file.load(name, device),
            Format::Gguf(file) => file.load(name, device),
        }
    }

    /// Reads a share of a tensor's rows, as `rows` of `of` equal parts, into a buffer that the kernels read from. Gives
    /// `false`, and reads nothing, where its numbers must be converted or turned before.
    ///
    /// # Errors
    /// When there is none of that name, or the disk fails.
    pub fn read_rows(
        &self,
        name: &str,
        rows: Range<usize>,
        of: usize,
        into: &mut WeightBuffer,
    ) -> Result<bool, candle_core::Error> {
        let count_of = |shape: &[usize]| shape.iter().product::<usize>() / of;
        match &self.format {
            Format::Safetensors(file) => {
                let (info, start) = file.find(name).ok_or_else(|| missing(name))?;
                let Some(dtype) = DType::try_from(info.dtype).ok().filter(|dtype| WeightBuffer::holds(*dtype)) else {
                    return Ok(false);
                };
                let (part, count) = (count_of(&info.shape), count_of(&info.shape) * rows.len());
                let start = start + (part * rows.start * dtype.size_in_bytes()) as u64;
                into.read(&file.file, start, count, dtype)?;
            }
            Format::Embedded(file) => {
                let view = file.tensor(name).map_err(candle_core::Error::wrap)?;
                let Some(dtype) = DType::try_from(view.dtype()).ok().filter(|dtype| WeightBuffer::holds(*dtype)) else {
                    return Ok(false);
                };
                let part = count_of(view.shape()) * dtype.size_in_bytes();
                into.copy(&view.data()[part * rows.start..part * rows.end], count_of(view.shape()) * rows.len(), dtype);
            }
            Format::Pytorch(_) | Format::Gguf(_) => {
                let (file, plain) = match &self.format {
                    Format::Pytorch(file) => (file.file(), file.plain(name)),
                    Format::Gguf(file) => (file.file(), file.plain(name)),
                    Format::Safetensors(_) | Format::Embedded(_) => return Ok(false),
                };
                let Some((start, shape, dtype)) = plain else { return Ok(false) };
                let part = count_of(shape);
                let start = start + (part * rows.start * dtype.size_in_bytes()) as u64;
                into.read(file, start, part * rows.len(), dtype)?;
            }
        }
        Ok(true)
    }
}

fn missing(name: &str) -> candle_core::Error {
    candle_core::Error::CannotFindTensor { path: name.to_owned() }
}

/// Such a number is the upper byte of a half.
fn widened_e5m2(bytes: &Tensor) -> Result<Tensor, candle_core::Error> {
    let halves: Vec<f16> =
        bytes.flatten_all()?.to_vec1::<u8>()?.into_iter().map(|byte| f16::from_bits(u16::from(byte) << 8)).collect();
    Tensor::from_vec(halves, bytes.shape(), bytes.device())
}

fn start_of(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut start = Vec::new();
    std::fs::File::open(path)?.take(4).read_to_end(&mut start)?;
    Ok(start)
}

/// A zip file, or a bare pickle: both are for `PyTorch`'s reader to judge.
fn is_pytorch(path: &Path, start: &[u8]) -> bool {
    let by_name = path.extension().is_some_and(|extension| {
        ["ckpt", "pt", "pth", "bin"].iter().any(|known| extension.eq_ignore_ascii_case(known))
    });
    // A safetensors file begins with its header's length, whose upper bytes are nearly always zero.
    start == b"PK\x03\x04" || (by_name && (start.first() == Some(&0x80) || start.starts_with(b"PK")))
}
