//! What reference pictures through adapters cost, by a dry run of the very networks: weights, memory, what image encoders
//! take once, and what is added to the steps at which a reference counts.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use candle_core::{DType, Device, Tensor};

use super::images::{adapted, check_references, encoder_files};
use crate::checkpoint::{ImageEncoderConfig, IpAdapterConfig, IpAdapterFile, sources_of};
use crate::job::{Reference, ReferenceAdapter};
use crate::model::{ImageEncoder, ImagePrompt, IpAdapter, KeptForms, MemoryTracker, ModelError, Weights};
use crate::pipeline::PipelineError;
use crate::pipeline::spec::ModelSpec;

/// An adapter's part of a workload.
#[derive(Clone, Debug)]
pub(in crate::pipeline) struct ImageLoad {
    config: IpAdapterConfig,
    encoder: ImageEncoderConfig,
    /// Weights of both that the kernels keep as their file packs them.
    kept_forms: [KeptForms; 2],
    folder: PathBuf,
    /// The UNet's cross-attentions.
    names: Vec<String>,
    /// Of the calls, for each of its references: how many it counts at.
    shares: Vec<f64>,
}

impl ImageLoad {
    /// Of references with so many model calls.
    ///
    /// # Errors
    /// When an adapter or its encoder cannot be read, or was made for another model.
    pub(crate) fn of(spec: &ModelSpec, all: &[Reference], calls: usize) -> Result<Vec<Self>, PipelineError> {
        check_references(spec, all)?;
        let Some(unet) = spec.configs.denoiser.unet() else { return Ok(Vec::new()) };
        let names: Vec<String> = unet.cross_layers().into_iter().map(|(name, _)| name).collect();
        let mut loads: Vec<(&ReferenceAdapter, Self)> = Vec::new();
        for (reference, adapter) in adapted(all) {
            let on = (0..calls).filter(|call| reference.is_on(*call, calls)).count();
            let share = on as f64 / calls.max(1) as f64;
            if let Some((_, load)) = loads.iter_mut().find(|(known, _)| *known == adapter) {
                load.shares.push(share);
                continue;
            }
            let folder = adapter.encoder_folder();
            let (files, inside) = encoder_files(&folder);
            let encoder = ImageEncoderConfig::read(&files, &inside)?;
            let file = IpAdapterFile::open(&adapter.file)?;
            let kept_forms = [file.sources(), sources_of(&files, &inside, "model")?].map(|sources| {
                Weights::of_sources(sources, String::new(), &Device::Cpu, DType::F32, &|_| Ok(())).kept_forms()
            });
            let (config, names) = (file.config, names.clone());
            loads.push((adapter, Self { config, encoder, kept_forms, folder, names, shares: vec![share] }));
        }
        Ok(loads.into_iter().map(|(_, load)| load).collect())
    }
}

/// Adapters that are walked through with sizes alone.
pub(in crate::pipeline) struct TracedImages<'a> {
    /// As they are kept, each once.
    pub weight_bytes: usize,
    adapters: Vec<(IpAdapter, &'a ImageLoad)>,
    /// Of each reference: `(1, tokens, context_width)`, and by which adapter.
    tokens: Vec<(usize, Tensor)>,
}

impl<'a> TracedImages<'a> {
    /// Their weights are noted as they are kept.
    pub(crate) fn new(
        loads: &'a [ImageLoad],
        tracker: &MemoryTracker,
        weights: &dyn Fn() -> Weights<'static>,
    ) -> Result<Self, ModelError> {
        let noted = tracker.weight_bytes();
        let adapter = |load: &'a ImageLoad| {
            let weights = weights().with_kept_forms(&load.kept_forms[0]);
            Ok((IpAdapter::new(load.config.clone(), &load.names, weights)?, load))
        };
        let adapters = loads.iter().map(adapter).collect::<Result<_, ModelError>>()?;
        Ok(Self { weight_bytes: tracker.weight_bytes() - noted, adapters, tokens: Vec::new() })
    }

    /// Shows the encoders their pictures. Returns the encoders' weights in bytes, which are given up again.
    pub(crate) fn encode(
        &mut self,
        tracker: &MemoryTracker,
        weights: &dyn Fn() -> Weights<'static>,
    ) -> Result<usize, ModelError> {
        let mut known = BTreeSet::new();
        let mut encoder_bytes = 0;
        for (index, (adapter, load)) in self.adapters.iter().enumerate() {
            let before = tracker.weight_bytes();
            let encoder = ImageEncoder::new(load.encoder.clone(), weights().with_kept_forms(&load.kept_forms[1]))?;
            if known.insert(&load.folder) {
                encoder_bytes += tracker.weight_bytes() - before;
            }
            let side = load.encoder.side;
            let pixels = Tensor::zeros((1, 3, side, side), DType::F32, &Device::Cpu)?;
            for _ in &load.shares {
                let (seen, nothing) = (encoder.forward(&pixels)?, encoder.forward(&pixels)?);
                let [tokens, _] = adapter.tokens(&seen, &nothing)?;
                self.tokens.push((index, tokens));
            }
        }
        Ok(encoder_bytes)
    }

    /// What is added to a pass with so many rows.
    pub(crate) fn prompts(&self, rows: usize) -> Result<Vec<ImagePrompt>, ModelError> {
        let prompt = |(index, tokens): &(usize, Tensor)| {
            let (_, count, width) = tokens.dims3()?;
            Ok(ImagePrompt {
                tokens: tokens.broadcast_as((rows, count, width))?,
                layers: self.adapters[*index].0.layers().clone(),
                counts: Arc::new(|_| true),
                weight: 1.0,
                mask: None,
            })
        };
        self.tokens.iter().map(prompt).collect()
    }

    /// The share of the calls at which a reference counts, on average; 1 without any.
    pub(crate) fn share(&self) -> f64 {
        let shares: Vec<f64> = self.adapters.iter().flat_map(|(_, load)| load.shares.iter().copied()).collect();
        if shares.is_empty() { 1.0 } else { shares.iter().sum::<f64>() / shares.len() as f64 }
    }
}
