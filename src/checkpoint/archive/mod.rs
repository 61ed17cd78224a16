//! A file of tensors, whatever its format: names, shapes, and the tensors when they are asked for.

mod disk;
mod element;
mod foreign;
mod formats;
mod gguf;
mod gguf_header;
mod gguf_vocabulary;
mod legacy;
mod numbers;
mod pickle;
mod pickle_machine;
mod pickle_value;
mod pytorch;
mod refusal;
mod safetensors_file;
mod scaled;
mod strided;
mod zip_index;

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

use candle_core::safetensors::Load;
use candle_core::{DType, Device, Tensor};
use safetensors::SafeTensors;

use super::CheckpointError;
use super::builtin::addition_at;
use crate::kernels::BlockKind;
use element::Element;
pub(crate) use element::KINDS as PRECISIONS;
pub(crate) use foreign::STARTS;
pub(crate) use foreign::instead_of_text as foreign_text;
pub(crate) use formats::FORMATS;
use gguf::GgufFile;
use gguf_vocabulary::Vocabulary;
use numbers::Held;
pub(crate) use numbers::WeightBuffer;
use pytorch::PytorchFile;
use refusal::{Foreign, Refusal};
use safetensors_file::SafetensorsFile;
use scaled::{Scales, scaled};

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
    /// Whether its precision is one that is read.
    pub is_read: bool,
}

/// An open file of tensors.
pub struct Archive {
    path: PathBuf,
    format: Format,
    /// The file's own text.
    metadata: BTreeMap<String, String>,
    /// Of tensors that are kept smaller than they are.
    scales: Scales,
}

impl Archive {
    /// Opens a safetensors file, a file of `PyTorch` (`.ckpt`, `.pt`, `.pth`, `.bin`) or a GGUF file, by its contents.
    ///
    /// # Errors
    /// When it is missing, damaged, written in a way that is not read, or something else, which is said.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        if let Some(bytes) = addition_at(path) {
            return Self::embedded(bytes, path);
        }
        if !path.is_file() {
            return Err(CheckpointError::Missing { what: "a weights file", path: path.to_owned() });
        }
        let with_scales = |file: Self| Self { scales: Scales::of(&file.listed()), ..file };
        Self::open_by_contents(path).map(with_scales).map_err(|refusal| {
            let path = path.to_owned();
            match refusal {
                Refusal::Damaged(reason) => CheckpointError::Damaged { reason, path },
                Refusal::Unread(reason) => CheckpointError::Unread { reason, path },
                Refusal::Foreign(Foreign { found, remedy }) => CheckpointError::NotWeights { found, remedy, path },
            }
        })
    }

    fn open_by_contents(place: &Path) -> Result<Self, Refusal> {
        let path = place.to_owned();
        let head = start_of(place).map_err(|error| error.to_string())?;
        if head.is_empty() {
            return Err("the file is empty".into());
        }
        let is_safetensors = is_safetensors(&head);
        if head.starts_with(b"PK") || (legacy::is_pickle(&head) && !is_safetensors) {
            let file = PytorchFile::open(place)?;
            let metadata = file.texts().clone();
            return Ok(Self { path, format: Format::Pytorch(file), metadata, scales: Scales::default() });
        }
        if head.starts_with(gguf_header::MAGIC) {
            let file = GgufFile::open(place)?;
            let metadata = file.texts().clone();
            return Ok(Self { path, format: Format::Gguf(file), metadata, scales: Scales::default() });
        }
        if head.starts_with(DRAW_THINGS) {
            let remedy = "choose the .safetensors or .ckpt file that it was imported from";
            return Err(Foreign::new("a database of Draw Things, whose models no other program reads", remedy).into());
        }
        if !is_safetensors {
            let is_blank = head.iter().all(|byte| *byte == 0);
            return Err(match foreign::known(&head, place) {
                Some(known) => known.into(),
                None if is_blank => "it begins with zeros only, as a download that was not finished".into(),
                None if head.len() < 8 => "it is too short for a file of weights".into(),
                None => foreign::unknown().into(),
            });
        }
        let file = SafetensorsFile::open(place)?;
        let metadata = file.header.metadata().iter().flatten().map(|(key, text)| (key.clone(), text.clone())).collect();
        Ok(Self { path, format: Format::Safetensors(file), metadata, scales: Scales::default() })
    }

    /// A safetensors file that is part of the program.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn embedded(bytes: &'static [u8], path: &Path) -> Result<Self, CheckpointError> {
        let file = SafeTensors::deserialize(bytes)
            .map_err(|error| CheckpointError::Damaged { reason: error.to_string(), path: path.to_owned() })?;
        let format = Format::Embedded(Box::new(file));
        Ok(Self { path: path.to_owned(), format, metadata: BTreeMap::new(), scales: Scales::default() })
    }

    /// Where it was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    #[must_use]
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// The tensors of networks; numbers that only say how others are kept are left out.
    #[must_use]
    pub fn tensors(&self) -> Vec<TensorInfo> {
        self.scales.without_scales(self.listed())
    }

    fn listed(&self) -> Vec<TensorInfo> {
        match &self.format {
            Format::Safetensors(file) => {
                let listed = file.header.tensors().into_iter().map(|(name, info)| TensorInfo {
                    name,
                    shape: info.shape.clone(),
                    precision: info.dtype.to_string(),
                    bytes: (info.data_offsets.1 - info.data_offsets.0) as u64,
                    is_read: Element::of_safetensors(info.dtype).is_some(),
                });
                listed.collect()
            }
            Format::Embedded(file) => {
                let listed = file.tensors().into_iter().map(|(name, view)| TensorInfo {
                    name,
                    shape: view.shape().to_vec(),
                    precision: view.dtype().to_string(),
                    bytes: view.data().len() as u64,
                    is_read: true,
                });
                listed.collect()
            }
            Format::Pytorch(file) => file
                .entries()
                .map(|(name, shape, element, bytes)| TensorInfo {
                    name: name.to_owned(),
                    shape: shape.to_vec(),
                    precision: element.map_or_else(str::to_uppercase, |element| element.name().to_owned()),
                    bytes,
                    is_read: element.is_ok(),
                })
                .collect(),
            Format::Gguf(file) => file
                .entries()
                .map(|(name, shape, precision, bytes)| TensorInfo {
                    name: name.to_owned(),
                    shape: shape.to_vec(),
                    precision,
                    bytes,
                    is_read: true,
                })
                .collect(),
        }
    }

    /// The tensor in the file's own precision; one that is quantized or scaled in single.
    ///
    /// # Errors
    /// When there is none of that name, its precision is not supported, or the device is out of memory.
    pub fn load(&self, name: &str, device: &Device) -> Result<Tensor, candle_core::Error> {
        let tensor = self.load_kept(name, device)?;
        match self.scales.of_weight(name) {
            Some(scale) => scaled(name, &tensor, &self.load_kept(scale, device)?),
            None => Ok(tensor),
        }
    }

    fn load_kept(&self, name: &str, device: &Device) -> Result<Tensor, candle_core::Error> {
        match &self.format {
            Format::Safetensors(file) => {
                let (info, start) = file.find(name).ok_or_else(|| missing(name))?;
                let element = Element::of_safetensors(info.dtype);
                let element = element.ok_or_else(|| numbers::unread(name, &info.dtype.to_string()))?;
                if let Some(dtype) = element.dtype() {
                    return numbers::tensor(&file.file, start, &info.shape, dtype, device);
                }
                let length = (info.data_offsets.1 - info.data_offsets.0) as u64;
                let bytes = zip_index::bytes_at(&file.file, start, length).map_err(candle_core::Error::msg)?;
                element.tensor(&bytes, &info.shape, device)
            }
            Format::Embedded(file) => file.tensor(name).map_err(candle_core::Error::wrap)?.load(device),
            Format::Pytorch(file) => file.load(name, device),
            Format::Gguf(file) => file.load(name, device),
        }
    }

    /// The tokenizer that the file brings along, if it does.
    #[must_use]
    pub(crate) fn vocabulary(&self) -> Option<Vocabulary> {
        if matches!(self.format, Format::Gguf(_)) { Vocabulary::read(&self.path).ok().flatten() } else { None }
    }

    /// The blocks of a quantised tensor.
    #[must_use]
    pub fn block_kind(&self, name: &str) -> Option<BlockKind> {
        match &self.format {
            Format::Gguf(file) => Some(file.blocks(name)?.2),
            Format::Safetensors(file) => {
                let (info, _) = file.find(name)?;
                (info.dtype == safetensors::Dtype::F8_E4M3).then_some(BlockKind::F8E4M3)
            }
            Format::Embedded(_) | Format::Pytorch(_) => None,
        }
    }

    /// Reads a share of a tensor's rows, as `rows` of `of` equal parts, into a buffer that the kernels read from. Where
    /// `width` says how many numbers a row has, rows in blocks stay so. Gives `false`, and reads nothing, where its numbers
    /// must be converted or turned before.
    ///
    /// # Errors
    /// When there is none of that name, or the disk fails.
    pub fn read_rows(
        &self,
        name: &str,
        (rows, of): (Range<usize>, usize),
        width: Option<usize>,
        into: &mut WeightBuffer,
    ) -> Result<bool, candle_core::Error> {
        let blocks = width.and_then(|width| self.block_kind(name).filter(|kind| kind.fits(width)));
        let count_of = |shape: &[usize]| shape.iter().product::<usize>() / of;
        let (file, start, shape, held) = match &self.format {
            Format::Safetensors(file) => {
                let (info, start) = file.find(name).ok_or_else(|| missing(name))?;
                let Some(held) = blocks.map(Held::Blocks).or_else(|| kept_as(info.dtype).map(Held::Plain)) else {
                    return Ok(false);
                };
                (&file.file, start, info.shape.as_slice(), held)
            }
            Format::Embedded(file) => {
                let view = file.tensor(name).map_err(candle_core::Error::wrap)?;
                let Some(dtype) = kept_as(view.dtype()) else {
                    return Ok(false);
                };
                let held = Held::Plain(dtype);
                let part = held.bytes_of(count_of(view.shape()));
                into.copy(&view.data()[part * rows.start..part * rows.end], count_of(view.shape()) * rows.len(), held);
                return Ok(true);
            }
            Format::Pytorch(file) => {
                let Some((start, shape, dtype)) = file.plain(name) else { return Ok(false) };
                (file.file(), start, shape, Held::Plain(dtype))
            }
            Format::Gguf(file) => {
                let plain = || file.plain(name).map(|(start, shape, dtype)| (start, shape, Held::Plain(dtype)));
                let in_blocks = blocks
                    .and_then(|_| file.blocks(name))
                    .map(|(start, shape, kind)| (start, shape, Held::Blocks(kind)));
                let Some((start, shape, held)) = in_blocks.or_else(plain) else { return Ok(false) };
                (file.file(), start, shape, held)
            }
        };
        let Some(scales) = self.scales_of(name, shape.first().copied().unwrap_or(1), (&rows, of))? else {
            return Ok(false);
        };
        let part = count_of(shape);
        into.read(file, start + held.bytes_of(part * rows.start) as u64, part * rows.len(), held)?;
        into.scale_by(scales);
        Ok(true)
    }

    /// What a share of a tensor's rows is times; `None` where the scales are not those of its rows.
    fn scales_of(
        &self,
        name: &str,
        height: usize,
        (rows, of): (&Range<usize>, usize),
    ) -> Result<Option<Vec<f32>>, candle_core::Error> {
        let Some(scale) = self.scales.of_weight(name) else { return Ok(Some(vec![1.0])) };
        let scales = self.load_kept(scale, &Device::Cpu)?.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
        let part = height / of;
        Ok(match scales.len() {
            1 => Some(scales),
            count if count == height => Some(scales[part * rows.start..part * rows.end].to_vec()),
            _ => None,
        })
    }
}

/// What the kernels read as it stands in a file.
fn kept_as(dtype: safetensors::Dtype) -> Option<DType> {
    Element::of_safetensors(dtype)?.dtype().filter(|dtype| WeightBuffer::holds(*dtype))
}

fn missing(name: &str) -> candle_core::Error {
    candle_core::Error::CannotFindTensor { path: name.to_owned() }
}

fn start_of(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut start = Vec::new();
    std::fs::File::open(path)?.take(foreign::LOOKED_AT as u64).read_to_end(&mut start)?;
    Ok(start)
}

/// A safetensors file begins with the length of its header, whose upper bytes are zero, and the header with a brace.
fn is_safetensors(head: &[u8]) -> bool {
    let is_length = head.len() >= 8 && head[..4] != [0; 4] && head[4..8] == [0; 4];
    let is_text = head.iter().take(8).all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
    let is_brace = head.get(8) == Some(&b'{');
    // A pickle's first bytes may be a length as well, or have such a brace by chance, never both.
    if legacy::is_pickle(head) { is_length && is_brace } else { is_length || (is_brace && !is_text) }
}
