//! A file of tensors, whatever its format: names, shapes, and the tensors when they are asked for.

mod pickle;
mod pickle_machine;
mod pytorch;
mod zip_index;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use candle_core::safetensors::{Load, MmapedSafetensors};
use candle_core::{DType, Device, Tensor};
use safetensors::{Dtype, SafeTensors};

use super::ModelError;
use super::weights::map_file;
use pytorch::PytorchFile;

/// What `safetensors` allows for its header.
const MAX_HEADER_BYTES: u64 = 100_000_000;

enum Format {
    Mapped(MmapedSafetensors),
    Embedded(Box<SafeTensors<'static>>),
    Pytorch(PytorchFile),
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
    /// What the file tells in words.
    metadata: BTreeMap<String, String>,
}

impl Archive {
    /// Opens a safetensors file (mapped) or a file of `PyTorch` (`.ckpt`, `.pt`, `.pth`, `.bin`), by its contents.
    ///
    /// # Errors
    /// When it is missing, damaged, or neither.
    pub fn open(path: &Path) -> Result<Self, ModelError> {
        if !path.is_file() {
            return Err(ModelError::Missing { what: "a weights file", path: path.to_owned() });
        }
        let damaged = |reason: String| ModelError::Damaged { reason, path: path.to_owned() };
        if is_pytorch(path).map_err(|error| damaged(error.to_string()))? {
            let file = PytorchFile::open(path).map_err(damaged)?;
            let metadata = file.texts().clone();
            return Ok(Self { format: Format::Pytorch(file), metadata });
        }
        let metadata = metadata_of(path).map_err(damaged)?;
        let file = map_file(path).map_err(|error| damaged(first_line(&error)))?;
        Ok(Self { format: Format::Mapped(file), metadata })
    }

    /// A safetensors file that is part of the program.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn embedded(bytes: &'static [u8], path: &Path) -> Result<Self, ModelError> {
        let file = SafeTensors::deserialize(bytes)
            .map_err(|error| ModelError::Damaged { reason: error.to_string(), path: path.to_owned() })?;
        Ok(Self { format: Format::Embedded(Box::new(file)), metadata: BTreeMap::new() })
    }

    #[must_use]
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    #[must_use]
    pub fn tensors(&self) -> Vec<TensorInfo> {
        let of_views = |views: Vec<(String, safetensors::tensor::TensorView<'_>)>| {
            let info = |(name, view): (String, safetensors::tensor::TensorView<'_>)| TensorInfo {
                name,
                shape: view.shape().to_vec(),
                precision: view.dtype().to_string(),
                bytes: view.data().len() as u64,
            };
            views.into_iter().map(info).collect()
        };
        match &self.format {
            Format::Mapped(file) => of_views(file.tensors()),
            Format::Embedded(file) => of_views(file.tensors()),
            Format::Pytorch(file) => file
                .entries()
                .map(|(name, shape, dtype, bytes)| TensorInfo {
                    name: name.to_owned(),
                    shape: shape.to_vec(),
                    precision: dtype.as_str().to_uppercase(),
                    bytes,
                })
                .collect(),
        }
    }

    /// The tensor in the file's own precision.
    ///
    /// # Errors
    /// When there is none of that name, its precision is not supported, or the device has no room.
    pub fn load(&self, name: &str, device: &Device) -> Result<Tensor, candle_core::Error> {
        let view = match &self.format {
            Format::Mapped(file) => file.get(name)?,
            Format::Embedded(file) => file.tensor(name).map_err(candle_core::Error::wrap)?,
            Format::Pytorch(file) => return file.load(name, device),
        };
        if view.dtype() == Dtype::F8_E5M2 {
            // The upper byte of a half.
            let halves: Vec<u8> = view.data().iter().flat_map(|byte| [0, *byte]).collect();
            return Tensor::from_raw_buffer(&halves, DType::F16, view.shape(), device);
        }
        view.load(device)
    }
}

/// A zip file, or a bare pickle: both are for `PyTorch`'s reader to judge.
fn is_pytorch(path: &Path) -> std::io::Result<bool> {
    let mut start = Vec::new();
    std::fs::File::open(path)?.take(4).read_to_end(&mut start)?;
    let by_name = path.extension().is_some_and(|extension| {
        ["ckpt", "pt", "pth", "bin"].iter().any(|known| extension.eq_ignore_ascii_case(known))
    });
    // A safetensors file begins with its header's length, whose upper bytes are nearly always zero.
    Ok(start == b"PK\x03\x04" || (by_name && (start.first() == Some(&0x80) || start.starts_with(b"PK"))))
}

/// `__metadata__` of a safetensors file. The header's length is judged before any room is made for it.
fn metadata_of(path: &Path) -> Result<BTreeMap<String, String>, String> {
    #[derive(serde::Deserialize)]
    struct Header {
        #[serde(rename = "__metadata__", default)]
        metadata: Option<BTreeMap<String, String>>,
    }
    let mut file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let whole = file.metadata().map_err(|error| error.to_string())?.len();
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(|_| "it is too short for a safetensors file".to_owned())?;
    let length = u64::from_le_bytes(length);
    if length > MAX_HEADER_BYTES || length > whole.saturating_sub(8) {
        return Err("its header is longer than the file, so it is cut off or no safetensors file".to_owned());
    }
    let mut header = Vec::new();
    file.take(length).read_to_end(&mut header).map_err(|error| error.to_string())?;
    let header: Header = serde_json::from_slice(&header).map_err(|error| format!("its header: {error}"))?;
    Ok(header.metadata.unwrap_or_default())
}

fn first_line(error: &candle_core::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
