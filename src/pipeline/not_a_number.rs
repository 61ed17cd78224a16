//! Who is to blame when a picture's numbers are none: the weights themselves, half precision, or what was asked for.

use candle_core::DType;

use super::PipelineError;
use super::denoise::Denoising;
use super::load::Pipeline;
use crate::checkpoint::{CheckpointError, check_numbers};

impl Pipeline {
    /// For latents that are no numbers behind call `done` of `total`.
    pub(super) fn ran_away(&self, denoising: &Denoising, done: usize, total: usize) -> PipelineError {
        let order = denoising.scheduler.order();
        let otherwise = match self.loader.options.dtype {
            DType::F32 => PipelineError::RanAway {
                step: done.div_ceil(order),
                steps: total.div_ceil(order),
                scheduler: denoising.scheduler_name,
            },
            half => PipelineError::HalfPrecision { dtype: half.as_str() },
        };
        for network in ["text_encoder", "text_encoder_2", self.spec().configs.denoiser.folder()] {
            if let Some(found) = self.unsound(network) {
                return found.into();
            }
        }
        otherwise
    }

    /// `otherwise`, unless the network's own weights are no numbers.
    pub(super) fn blamed(&self, network: &str, otherwise: PipelineError) -> PipelineError {
        self.unsound(network).map_or(otherwise, PipelineError::from)
    }

    /// The error that names a tensor of the network's files which is no number.
    fn unsound(&self, network: &str) -> Option<CheckpointError> {
        let spec = self.spec();
        let (files, stem) = match network {
            "vae" => (&spec.vae_files, "diffusion_pytorch_model"),
            "unet" | "transformer" => (&spec.files, "diffusion_pytorch_model"),
            _ => (&spec.files, "model"),
        };
        // What cannot be read by now was read before, and is not what is looked for.
        check_numbers(files, network, stem).err().filter(|error| matches!(error, CheckpointError::NotANumber { .. }))
    }
}
