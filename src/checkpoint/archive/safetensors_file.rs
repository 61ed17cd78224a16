//! A safetensors file that is read tensor by tensor: only its header stays in memory.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use safetensors::tensor::{Metadata, TensorInfo};
use serde_json::{Map, Value};

use super::refusal::Refusal;
use super::zip_index::bytes_at;

/// The format allows 100 MB; a model with a header of this size would have a hundred times as many tensors as any.
const MAX_HEADER_BYTES: u64 = 25_000_000;

/// What stands behind the last tensor, if it is zeros.
const MOST_PADDING: u64 = 1 << 20;

pub(crate) struct SafetensorsFile {
    pub file: File,
    pub header: Metadata,
    data_start: u64,
}

impl SafetensorsFile {
    /// Every length is held against the file's before memory is allocated for it.
    ///
    /// # Errors
    /// Why it is not read.
    pub(crate) fn open(path: &Path) -> Result<Self, Refusal> {
        let mut file = File::open(path).map_err(|error| error.to_string())?;
        let whole = file.metadata().map_err(|error| error.to_string())?.len();
        let mut length = [0; 8];
        file.read_exact(&mut length).map_err(|_| "it is too short for a safetensors file".to_owned())?;
        let length = u64::from_le_bytes(length);
        if length > whole.saturating_sub(8) {
            return Err("its header is longer than the file, so it is cut off".into());
        }
        if length > MAX_HEADER_BYTES {
            return Err(format!("its header of {} MB is larger than any model's", length / 1_000_000).into());
        }
        let mut header = Vec::new();
        (&file).take(length).read_to_end(&mut header).map_err(|error| error.to_string())?;
        let header: Metadata = serde_json::from_slice(&header)
            .or_else(|error| with_texts(&header).ok_or(error))
            .map_err(|error| format!("its header: {error}"))?;
        let data_start = 8 + length;
        let wanted = data_start + header.data_len() as u64;
        if wanted > whole {
            return Err(format!("it is cut off: {whole} bytes instead of {wanted}").into());
        }
        if wanted < whole && !is_padding(&file, wanted, whole)? {
            let sentence = format!(
                "has {} bytes behind its last tensor that its header does not know of, as when two downloads were joined; get it anew, or save it again with the safetensors library",
                whole - wanted
            );
            return Err(Refusal::Unread(sentence));
        }
        Ok(Self { file, header, data_start })
    }

    /// A tensor's entry in the header, and where its bytes start in the file.
    pub(crate) fn find(&self, name: &str) -> Option<(&TensorInfo, u64)> {
        let info = self.header.info(name)?;
        Some((info, self.data_start + info.data_offsets.0 as u64))
    }
}

/// The header of a file whose `__metadata__` holds numbers or lists, where the format wants text: nothing of the tensors
/// depends on it, and each becomes its own text.
fn with_texts(header: &[u8]) -> Option<Metadata> {
    let mut header: Map<String, Value> = serde_json::from_slice(header).ok()?;
    let texts = header.get_mut("__metadata__")?.as_object_mut()?;
    for value in texts.values_mut().filter(|value| !value.is_string()) {
        *value = Value::String(value.to_string());
    }
    serde_json::from_value(Value::Object(header)).ok()
}

/// Whether a file's end is a few zeros, as some disks and downloads leave them. Anything else may be the end of another
/// copy, and then the numbers before it are not what the header says.
fn is_padding(file: &File, from: u64, to: u64) -> Result<bool, Refusal> {
    Ok(to - from <= MOST_PADDING && bytes_at(file, from, to - from)?.iter().all(|byte| *byte == 0))
}
