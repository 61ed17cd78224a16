//! Latents to pixels and pixels to latents, and what is done when the VAE fails: in tiles where memory runs out, in
//! single precision where half of it overflows.

use candle_core::{DType, Device, Tensor};

use super::PipelineError;
use super::execution_plan::ExecutionPlan;
use super::load::Pipeline;
use super::networks::{NetworkSlot, Reporter};
use super::remembered::PictureKey;
use super::resolved::ResolvedRequest;
use crate::job::Progress;
use crate::model::{
    FailureKind, ForwardOptions, LatentDistribution, ModelError, Tiling, Vae, in_pool, picture_from_tensor,
};
use crate::raster::Picture;

impl Pipeline {
    pub(super) fn decode(
        &mut self,
        latents: Vec<f32>,
        resolved: &ResolvedRequest,
        plan: &mut ExecutionPlan,
        reporter: &Reporter,
    ) -> Result<Picture, PipelineError> {
        let config = &self.spec().configs.vae;
        let shape = self.spec().latent_shape(resolved.width, resolved.height);
        let latents = Tensor::from_vec(latents, shape, &Device::Cpu)?;
        let latents = ((latents / config.scale)? + config.shift)?;
        let decoded = self.by_vae(plan, reporter, |vae, tiling, options| {
            let decoded = vae.decode(&latents, tiling, options)?;
            // Its last operators may have been left undone.
            (options.cancel_check)()?;
            Ok(is_finite(&decoded)?.then_some(decoded))
        })?;
        Ok(picture_from_tensor(&decoded.squeeze(0)?)?)
    }

    /// `pixels` `(1, 3, height, width)` in -1…1; the latents are not scaled yet.
    pub(super) fn encode(
        &mut self,
        pixels: &Tensor,
        plan: &mut ExecutionPlan,
        reporter: &Reporter,
    ) -> Result<LatentDistribution, PipelineError> {
        let key = PictureKey::new(pixels, plan, self.loader.vae_dtype)?;
        if let Some(known) = self.remembered.pictures.borrow_mut().get(&key) {
            return Ok(known);
        }
        let found = self.by_vae(plan, reporter, |vae, tiling, options| {
            let found = vae.encode(pixels, tiling, options)?;
            let is_number = is_finite(&found.mean)? && is_finite(&found.standard_deviation)?;
            Ok(is_number.then_some(found))
        })?;
        // As it was encoded in the end.
        let key = PictureKey::new(pixels, plan, self.loader.vae_dtype)?;
        self.remembered.pictures.borrow_mut().keep(key, found.clone());
        Ok(found)
    }

    /// What `run` makes by the VAE; `None` where that has NaN. Then, or when the device has no memory, it is asked again
    /// in another way, which the plan, or the VAE of all pictures to come, keeps.
    fn by_vae<T>(
        &mut self,
        plan: &mut ExecutionPlan,
        reporter: &Reporter,
        run: impl Fn(&Vae, Option<Tiling>, &ForwardOptions) -> Result<Option<T>, ModelError>,
    ) -> Result<T, PipelineError> {
        let on_loading = |part, fraction| reporter.loading(part, fraction);
        let options = ForwardOptions { attention: plan.attention, cancel_check: reporter.cancel_check };
        loop {
            let vae = self.vae(&on_loading)?;
            let done = loop {
                match in_pool(|| run(&vae, plan.tiling, &options)) {
                    Ok(done) => break done,
                    Err(ModelError::Operator(failure))
                        if failure.kind == FailureKind::OutOfMemory && plan.tiling.is_none() =>
                    {
                        let sentence = format!("{failure}: the picture is worked on in tiles");
                        reporter.report(Progress::Notice(sentence.into()));
                        self.release_idle_memory();
                        plan.tiling = Some(Tiling::default());
                    }
                    Err(error) => return Err(error.into()),
                }
            };
            if let Some(done) = done {
                return Ok(done);
            }
            drop(vae);
            self.widen_vae(reporter)?;
        }
    }

    /// Half precision overflowed: the VAE is used in single from now on.
    fn widen_vae(&mut self, reporter: &Reporter) -> Result<(), PipelineError> {
        if self.loader.vae_dtype == DType::F32 {
            return Err(self.blamed("vae", PipelineError::VaeNotANumber));
        }
        let name = self.loader.vae_dtype.as_str();
        let sentence = format!("the VAE gives NaN in {name}; it is used in f32 for this model from now on");
        reporter.report(Progress::Notice(sentence.into()));
        self.use_vae_in_single(reporter)
    }

    /// From now on, for this model.
    pub(super) fn use_vae_in_single(&mut self, reporter: &Reporter) -> Result<(), PipelineError> {
        if self.loader.vae_dtype == DType::F32 {
            return Ok(());
        }
        self.vae = NetworkSlot::OnDemand;
        self.release_idle_memory();
        self.loader.vae_dtype = DType::F32;
        if !self.loader.options.sequential_offload {
            let vae = self.loader.read_vae(&|part, fraction| reporter.loading(part, fraction))?;
            self.vae = NetworkSlot::Resident(vae);
        }
        Ok(())
    }
}

/// Whether no value is NaN or infinite.
fn is_finite(tensor: &Tensor) -> Result<bool, candle_core::Error> {
    // The sum of what is finite may overflow, the product with zero does not.
    let nothing = (tensor * 0.0)?.sum_all()?.to_scalar::<f32>()?;
    Ok(nothing.is_finite())
}
