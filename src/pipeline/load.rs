//! Puts a pipeline together: a model's networks, read as a plan wants them.

use candle_core::{DType, Device};

use super::adapters::Adapters;
use super::control::networks::ControlNetworks;
use super::cost::Costs;
use super::execution_plan::ExecutionPlan;
use super::latent_rgb::LatentRgb;
use super::networks::{Borrowed, LoadOptions, NetworkLoader, NetworkSlot, OnLoading};
use super::plan::{Constraints, FittedPlan};
use super::remembered::Remembered;
use super::spec::ModelSpec;
use super::text_networks::TextNetworks;
use super::{PipelineError, memory_budget};
use crate::checkpoint::{Lora, ModelFiles, notices_of};
use crate::job::{Compute, Request};
use crate::model::{Denoiser, Execution, Operators, Vae};

/// A model that is loaded and ready.
pub struct Pipeline {
    pub(super) loader: NetworkLoader,
    pub(super) text: NetworkSlot<TextNetworks>,
    pub(super) denoiser: NetworkSlot<Denoiser>,
    pub(super) vae: NetworkSlot<Vae>,
    /// What patches networks that are read on demand.
    pub(super) loras: Vec<Lora>,
    pub(super) latent_rgb: LatentRgb,
    pub(super) remembered: Remembered,
    /// Those of the picture before, or of this one.
    pub(super) controls: ControlNetworks,
    resident_weight_bytes: u64,
}

impl Pipeline {
    /// Reads a whole model, by the kernels on a CPU and by the device's operators elsewhere.
    ///
    /// # Errors
    /// When a file is missing, damaged, or asks for something that is not supported.
    pub fn load(
        files: &ModelFiles,
        device: &Device,
        dtype: DType,
        on_loading: OnLoading,
    ) -> Result<Self, PipelineError> {
        Self::load_with(files, &Adapters::default(), device, dtype, on_loading)
    }

    /// The same with adapters.
    ///
    /// # Errors
    /// As above, for the adapters' files as well.
    pub fn load_with(
        files: &ModelFiles,
        adapters: &Adapters,
        device: &Device,
        dtype: DType,
        on_loading: OnLoading,
    ) -> Result<Self, PipelineError> {
        let spec = ModelSpec::read(files, adapters.vae.as_deref())?;
        let execution = Execution::on(device, dtype);
        let constraints = Constraints {
            sequential_offload: Some(false),
            ..Constraints::new(dtype, memory_budget::free_bytes(&execution))
        };
        let costs = spec.costs();
        let fitted = costs.plan(&execution, costs.native_workload(), Compute::default(), &constraints)?;
        Self::load_planned(spec, adapters, &LoadOptions::of(&execution, &fitted.plan), on_loading)
    }

    /// The same as a plan wants it. `spec` was read with the adapters' VAE.
    ///
    /// # Errors
    /// As above.
    pub fn load_planned(
        spec: ModelSpec,
        adapters: &Adapters,
        options: &LoadOptions,
        on_loading: OnLoading,
    ) -> Result<Self, PipelineError> {
        let loader = NetworkLoader::new(spec, adapters, options);
        let loras = loader.loras()?;
        let (text, denoiser, vae, latent_rgb);
        let (files, vae_config) = (&loader.spec.files, &loader.spec.configs.vae);
        if options.sequential_offload {
            (text, denoiser, vae) = (NetworkSlot::OnDemand, NetworkSlot::OnDemand, NetworkSlot::OnDemand);
            latent_rgb = LatentRgb::of_model(files, vae_config, || loader.read_vae(on_loading))?;
        } else {
            text = NetworkSlot::Resident(loader.read_text(&loras, on_loading)?);
            denoiser = NetworkSlot::Resident(loader.read_denoiser(&loras, on_loading)?);
            loader.finish_loras(&loras)?;
            let resident = loader.read_vae(on_loading)?;
            latent_rgb = LatentRgb::of_model(files, vae_config, || Ok(&resident))?;
            vae = NetworkSlot::Resident(resident);
        }
        loader.note(notices_of(files));
        let (remembered, controls) = (Remembered::default(), ControlNetworks::default());
        let mut pipeline =
            Self { loader, text, denoiser, vae, loras, latent_rgb, remembered, controls, resident_weight_bytes: 0 };
        pipeline.resident_weight_bytes = pipeline.native_costs()?.resident_weight_bytes() as u64;
        Ok(pipeline)
    }

    /// With other LoRAs and embeddings: only layers that they patch, or patched before, are read again. The networks
    /// that they patch are given up first, so the pipeline is gone after an error.
    ///
    /// # Errors
    /// As for loading.
    pub fn with_adapters(mut self, adapters: &Adapters, on_loading: OnLoading) -> Result<Self, PipelineError> {
        (self.text, self.denoiser) = (NetworkSlot::OnDemand, NetworkSlot::OnDemand);
        // The pictures are the VAE's, which stays.
        self.remembered.texts.take();
        self.loader.change_adapters(adapters);
        self.loras = self.loader.loras()?;
        if !self.loader.options.sequential_offload {
            self.text = NetworkSlot::Resident(self.loader.read_text(&self.loras, on_loading)?);
            self.denoiser = NetworkSlot::Resident(self.loader.read_denoiser(&self.loras, on_loading)?);
            self.loader.finish_loras(&self.loras)?;
        }
        self.resident_weight_bytes = self.native_costs()?.resident_weight_bytes() as u64;
        Ok(self)
    }

    /// What is known of its model.
    #[must_use]
    pub fn spec(&self) -> &ModelSpec {
        &self.loader.spec
    }

    /// Weights that are kept from picture to picture, in bytes.
    #[must_use]
    pub fn resident_weight_bytes(&self) -> u64 {
        self.resident_weight_bytes + self.controls.weight_bytes()
    }

    /// How a request is computed with the networks as they are loaded.
    ///
    /// # Errors
    /// When the request does not fit the model, or into memory.
    pub fn plan(&self, request: &Request) -> Result<FittedPlan, PipelineError> {
        let LoadOptions { execution, dtype, winograd, sequential_offload, streamed_weights, .. } = &self.loader.options;
        let free = memory_budget::free_bytes(execution);
        let constraints = Constraints {
            winograd: Some(*winograd),
            sequential_offload: Some(*sequential_offload),
            streamed_weights: Some(*streamed_weights),
            ..Constraints::new(*dtype, free.map(|free| free + self.resident_weight_bytes()))
        };
        let fitted = self.spec().plan(request, execution, &constraints)?;
        self.spec().check_fits(&fitted)?;
        Ok(fitted)
    }

    fn native_costs(&self) -> Result<Costs, PipelineError> {
        let LoadOptions { execution, dtype, winograd, sequential_offload, streamed_weights, .. } = &self.loader.options;
        let spec = self.spec();
        let costs = spec.costs_with(&self.loader.adapters.loras);
        let plan = ExecutionPlan {
            winograd: *winograd,
            sequential_offload: *sequential_offload,
            streamed_weights: *streamed_weights,
            ..ExecutionPlan::plain(execution.operators().map(Operators::card), *dtype)
        };
        costs.costs(costs.native_workload(), plan)
    }

    /// The text encoders, for as long as they are needed.
    pub(super) fn text(&self, on_loading: OnLoading) -> Result<Borrowed<'_, TextNetworks>, PipelineError> {
        self.text.borrow(|| self.loader.read_text(&self.loras, on_loading))
    }

    /// What takes noise away, for as long as it is needed.
    pub(super) fn denoiser(&self, on_loading: OnLoading) -> Result<Borrowed<'_, Denoiser>, PipelineError> {
        self.denoiser.borrow(|| {
            let denoiser = self.loader.read_denoiser(&self.loras, on_loading)?;
            // The text encoders were read before.
            self.loader.finish_loras(&self.loras)?;
            Ok(denoiser)
        })
    }

    /// The VAE, for as long as it is needed.
    pub(super) fn vae(&self, on_loading: OnLoading) -> Result<Borrowed<'_, Vae>, PipelineError> {
        self.vae.borrow(|| self.loader.read_vae(on_loading))
    }
}
