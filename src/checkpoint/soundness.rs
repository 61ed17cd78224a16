//! Whether the numbers of a network are numbers: asked once something came out of it that is none.

use candle_core::{DType, Device, Tensor};

use super::single_file::SingleFile;
use super::weight_files::sources_of;
use super::{CheckpointError, ModelFiles};

/// Reads all tensors of a network, one after the other.
///
/// # Errors
/// Names the first tensor with a value that is NaN or infinite, and its file; or what keeps a file from being read.
pub(crate) fn check_numbers(files: &ModelFiles, folder: &str, stem: &str) -> Result<(), CheckpointError> {
    let (archives, sources) = sources_of(files, folder, stem)?;
    for (_, archive, source, _) in sources {
        let archive = &archives[archive];
        if !is_finite(&SingleFile::load(archive, &source, &Device::Cpu)?)? {
            return Err(CheckpointError::NotANumber { tensor: source.name, path: archive.path().to_owned() });
        }
    }
    Ok(())
}

/// In single precision, as layers compute with it.
fn is_finite(tensor: &Tensor) -> Result<bool, candle_core::Error> {
    let values = tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
    Ok(values.iter().all(|value| value.is_finite()))
}
