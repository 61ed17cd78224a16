//! Control networks as they are kept from picture to picture: read when a request first needs them, given up when one
//! does not.

use candle_core::Device;

use super::images::ImageNetworks;
use super::uses::ControlUse;
use crate::checkpoint::ControlConfig;
use crate::job::{ControlNetworkRef, ModelPart};
use crate::model::{Adapter, ControlNet, ModelError, Weights};
use crate::pipeline::PipelineError;
use crate::pipeline::networks::{LoadOptions, NetworkLoader, OnLoading};

/// A network that is there.
pub(in crate::pipeline) enum ControlNetwork {
    Net(Box<ControlNet>),
    Adapter(Adapter),
}

#[derive(Default)]
pub(in crate::pipeline) struct ControlNetworks {
    loaded: Vec<(ControlNetworkRef, ControlNetwork)>,
    /// What they take as they are kept.
    weight_bytes: u64,
    pub images: ImageNetworks,
}

impl ControlNetworks {
    /// Keeps those that `uses` need and reads what is missing; `weight_bytes` is what all of them take.
    ///
    /// # Errors
    /// When a file is damaged or does not fit its config, or reading is cancelled.
    pub(crate) fn prepare(
        &mut self,
        uses: &[ControlUse],
        weight_bytes: u64,
        loader: &NetworkLoader,
        on_loading: OnLoading,
    ) -> Result<(), PipelineError> {
        self.loaded.retain(|(known, _)| uses.iter().any(|needed| needed.network == *known));
        self.weight_bytes = weight_bytes;
        let missing: Vec<&ControlUse> = uses.iter().filter(|needed| self.find(&needed.network).is_none()).collect();
        for (index, needed) in missing.iter().enumerate() {
            if self.find(&needed.network).is_some() {
                continue;
            }
            let on_fraction =
                |fraction: f32| on_loading(ModelPart::Control, (index as f32 + fraction) / missing.len().max(1) as f32);
            let network = read(needed, loader, &on_fraction)?;
            self.loaded.push((needed.network.clone(), network));
        }
        Ok(())
    }

    pub(crate) fn find(&self, network: &ControlNetworkRef) -> Option<&ControlNetwork> {
        self.loaded.iter().find(|(known, _)| known == network).map(|(_, network)| network)
    }

    /// What they take as they are kept, in bytes.
    #[must_use]
    pub(crate) fn weight_bytes(&self) -> u64 {
        self.weight_bytes
    }

    /// Gives all of them up.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

fn read(
    needed: &ControlUse,
    loader: &NetworkLoader,
    on_fraction: &dyn Fn(f32) -> Result<(), ModelError>,
) -> Result<ControlNetwork, PipelineError> {
    let LoadOptions { execution, dtype, winograd, .. } = &loader.options;
    let file = &needed.file;
    let what = file.path().display().to_string();
    let mut weights = Weights::of_sources(file.sources(), what, &Device::Cpu, *dtype, on_fraction);
    if file.is_difference() {
        let stem = "diffusion_pytorch_model";
        weights =
            weights.with_base(Weights::open(&loader.spec.files, "unet", stem, &Device::Cpu, *dtype, &|_| Ok(()))?);
    }
    let weights = weights.with_execution(execution).with_winograd(*winograd);
    Ok(match &file.config {
        ControlConfig::ControlNet(config) => {
            ControlNetwork::Net(Box::new(ControlNet::new((**config).clone(), weights)?))
        }
        ControlConfig::Adapter(config) => ControlNetwork::Adapter(Adapter::new(config, weights)?),
    })
}
