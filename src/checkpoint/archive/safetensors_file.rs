//! A safetensors file that is read tensor by tensor: only its header stays in memory.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use safetensors::tensor::{Metadata, TensorInfo};

/// The format allows 100 MB; a model with a header of this size would have a hundred times as many tensors as any.
const MAX_HEADER_BYTES: u64 = 25_000_000;

pub(crate) struct SafetensorsFile {
    pub file: File,
    pub header: Metadata,
    data_start: u64,
}

impl SafetensorsFile {
    /// Every length is held against the file's before memory is allocated for it.
    ///
    /// # Errors
    /// A few words for a person.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let mut file = File::open(path).map_err(|error| error.to_string())?;
        let whole = file.metadata().map_err(|error| error.to_string())?.len();
        let mut length = [0; 8];
        file.read_exact(&mut length).map_err(|_| "it is too short for a safetensors file".to_owned())?;
        let length = u64::from_le_bytes(length);
        if length > whole.saturating_sub(8) {
            return Err("its header is longer than the file, so it is cut off or no safetensors file".to_owned());
        }
        if length > MAX_HEADER_BYTES {
            return Err(format!("its header of {} MB is larger than any model's", length / 1_000_000));
        }
        let mut header = Vec::new();
        (&file).take(length).read_to_end(&mut header).map_err(|error| error.to_string())?;
        let header: Metadata = serde_json::from_slice(&header).map_err(|error| format!("its header: {error}"))?;
        let data_start = 8 + length;
        let wanted = data_start + header.data_len() as u64;
        if wanted != whole {
            let kind = if wanted > whole { "cut off" } else { "longer than its header says" };
            return Err(format!("it is {kind}: {whole} bytes instead of {wanted}"));
        }
        Ok(Self { file, header, data_start })
    }

    /// A tensor's entry in the header, and where its bytes start in the file.
    pub(crate) fn find(&self, name: &str) -> Option<(&TensorInfo, u64)> {
        let info = self.header.info(name)?;
        Some((info, self.data_start + info.data_offsets.0 as u64))
    }
}
