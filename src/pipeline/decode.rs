//! Latents to pixels, and what is done when that fails: in tiles where memory runs out, in single precision where half
//! of it gives no numbers.

use candle_core::{DType, Device, Tensor};

use super::networks::Reporter;
use super::{Pipeline, PipelineError, ResolvedRequest, Stage};
use crate::model::{FailureKind, ModelError, Tiling, Vae, in_pool, picture_from_tensor};
use crate::raster::Picture;

impl Pipeline {
    pub(super) fn decode(
        &self,
        latents: Vec<f32>,
        resolved: &ResolvedRequest,
        told: &Reporter,
    ) -> Result<Picture, PipelineError> {
        if !latents.iter().all(|value| value.is_finite()) {
            return Err(PipelineError::NotANumber);
        }
        let config = &self.source.vae_config;
        let latents = Tensor::from_vec(latents, self.latent_shape(resolved), &Device::Cpu)?;
        let latents = ((latents / config.scale)? + config.shift)?;
        let decoded = self.by_vae(told, |vae| {
            let decoded = vae.decode(&latents, told.cancel_check)?;
            Ok(is_finite(&decoded)?.then_some(decoded))
        })?;
        Ok(picture_from_tensor(&decoded.squeeze(0)?)?)
    }

    /// What `run` has of the VAE; `None` is what is no number. Then, or when the device has no room, it is asked again
    /// in another way.
    pub(super) fn by_vae<T>(
        &self,
        told: &Reporter,
        run: impl Fn(&Vae) -> Result<Option<T>, ModelError>,
    ) -> Result<T, PipelineError> {
        let on_loading = |part, fraction| told.loading(part, fraction);
        let mut vae = self.vae(&on_loading)?;
        loop {
            match in_pool(|| run(&vae)) {
                Ok(Some(done)) => return Ok(done),
                Ok(None) if self.single_vae.get().is_none() && self.source.vae_dtype() != DType::F32 => {
                    let name = self.source.vae_dtype().as_str();
                    let sentence = format!("the VAE gives NaN in {name}; it is used in f32 for this model from now on");
                    told.say(Stage::Notice(sentence.into()));
                    drop(vae);
                    self.release_idle_memory();
                    let single = self.source.read_vae(DType::F32, &on_loading)?;
                    self.single_vae.set(single).ok();
                    vae = self.vae(&on_loading)?;
                }
                Ok(None) => return Err(PipelineError::NotANumber),
                Err(ModelError::Operator(failure))
                    if failure.kind == FailureKind::OutOfMemory && self.tiling.get().is_none() =>
                {
                    told.say(Stage::Notice(format!("{failure}: the picture is worked on in tiles").into()));
                    self.release_idle_memory();
                    self.tiling.set(Some(Tiling::default()));
                    vae.set_tiling(self.tiling.get());
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Whether all values are numbers.
pub(super) fn is_finite(tensor: &Tensor) -> Result<bool, candle_core::Error> {
    // The sum of what is finite may overflow, the product with zero does not.
    let nothing = (tensor * 0.0)?.sum_all()?.to_scalar::<f32>()?;
    Ok(nothing.is_finite())
}
