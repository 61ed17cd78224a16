//! A pipeline's networks: read once and kept, or each read when it is needed and dropped after use.

use std::cell::RefCell;
use std::ops::Deref;

use candle_core::{DType, Device};

use super::PipelineError;
use super::adapters::Adapters;
use super::execution_plan::ExecutionPlan;
use super::loading_steps::LoadingSteps;
use super::spec::ModelSpec;
use crate::checkpoint::Lora;
use crate::job::{LoraRef, ModelPart, Notice, Progress};
use crate::kernels::limit_idle_buffers;
use crate::model::{CancelCheck, Denoiser, Execution, LayerCache, ModelError, Operators, Vae, Weights};

/// Shares of the loading bar, roughly by size.
pub(super) const TEXT_SHARE: f32 = 0.15;
const DENOISER_SHARE: f32 = 0.75;

/// Is given the part and the fraction of the whole, 0 to 1; its error ends the reading.
pub(crate) type OnLoading<'a> = &'a dyn Fn(ModelPart, f32) -> Result<(), ModelError>;

/// A network that is there, or one that is read when somebody asks for it.
pub(super) enum NetworkSlot<T> {
    Resident(T),
    OnDemand,
}

/// A network for as long as it is needed.
pub(super) enum Borrowed<'a, T> {
    Resident(&'a T),
    Loaded(Box<T>),
}

impl<T> Deref for Borrowed<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Resident(network) => network,
            Self::Loaded(network) => network,
        }
    }
}

impl<T> NetworkSlot<T> {
    /// As it is kept, or as `read` reads it.
    pub(crate) fn borrow(
        &self,
        read: impl FnOnce() -> Result<T, PipelineError>,
    ) -> Result<Borrowed<'_, T>, PipelineError> {
        Ok(match self {
            Self::Resident(network) => Borrowed::Resident(network),
            Self::OnDemand => Borrowed::Loaded(Box::new(read()?)),
        })
    }
}

/// Where progress goes while a picture is made, and who may cancel it.
pub(super) struct Reporter<'a> {
    pub cancel_check: CancelCheck<'a>,
    sink: RefCell<&'a mut dyn FnMut(Progress)>,
    loading: LoadingSteps,
}

impl<'a> Reporter<'a> {
    pub(crate) fn new(cancel_check: CancelCheck<'a>, sink: &'a mut dyn FnMut(Progress)) -> Self {
        Self { cancel_check, sink: RefCell::new(sink), loading: LoadingSteps::default() }
    }

    pub(crate) fn report(&self, progress: Progress) {
        (self.sink.borrow_mut())(progress);
    }

    /// For networks that are read on the way.
    pub(crate) fn loading(&self, part: ModelPart, fraction: f32) -> Result<(), ModelError> {
        if self.loading.is_new(part, fraction) {
            self.report(Progress::Loading { part, fraction });
        }
        (self.cancel_check)()
    }
}

/// How networks are read and kept.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    pub execution: Execution,
    /// What the weights are kept in: the kernels widen half precision only when it is used.
    pub dtype: DType,
    /// Whether the kernels keep convolutions' weights transformed.
    pub winograd: bool,
    /// Each network is read when it is needed and dropped after use.
    pub sequential_offload: bool,
    /// The weights of what takes noise away wait on the host, and go to the card layer by layer.
    pub streamed_weights: bool,
    /// How much the kernels' idle buffers may hold.
    idle_limit_bytes: usize,
}

impl LoadOptions {
    /// As `plan` wants the networks.
    #[must_use]
    pub fn of(execution: &Execution, plan: &ExecutionPlan) -> Self {
        Self {
            execution: execution.with_dtype(plan.dtype),
            dtype: plan.dtype,
            winograd: plan.winograd,
            sequential_offload: plan.sequential_offload,
            streamed_weights: plan.streamed_weights,
            idle_limit_bytes: plan.idle_limit_bytes(),
        }
    }
}

/// Reads a model's networks.
pub(super) struct NetworkLoader {
    pub spec: ModelSpec,
    pub adapters: Adapters,
    pub options: LoadOptions,
    /// In single precision where half of it overflows: by the VAE's config, or once it gave NaN.
    pub vae_dtype: DType,
    layer_cache: LayerCache,
    notices: RefCell<Notices>,
}

/// What was found about the model's files and the adapters while networks were read, each once.
#[derive(Default)]
struct Notices {
    pending: Vec<Notice>,
    reported: Vec<Notice>,
}

impl NetworkLoader {
    pub(crate) fn new(spec: ModelSpec, adapters: &Adapters, options: &LoadOptions) -> Self {
        let card = options.execution.operators().map(Operators::card);
        let vae_dtype = spec.configs.vae_dtype(options.dtype, card);
        let (adapters, options) = (adapters.clone(), options.clone());
        let (layer_cache, notices) = (LayerCache::default(), RefCell::default());
        Self { spec, adapters, options, vae_dtype, layer_cache, notices }
    }

    /// The model's own, then those that are asked for.
    pub(crate) fn loras(&self) -> Result<Vec<Lora>, PipelineError> {
        let open = |lora: &LoraRef| {
            let (text, unet) = lora.weights();
            Ok(Lora::open(&lora.file, unet)?.with_text_weight(text))
        };
        let own = self.spec.files.own_lora()?.map(|archive| Ok(Lora::of_archive(archive, 1.0)?));
        own.into_iter().chain(self.adapters.loras.iter().map(open)).collect()
    }

    /// After all networks that LoRAs patch are read.
    pub(crate) fn finish_loras(&self, loras: &[Lora]) -> Result<(), PipelineError> {
        loras.iter().try_for_each(|lora| Ok(lora.finish().map(|notices| self.note(notices))?))
    }

    /// To be reported with the next picture, once.
    pub(crate) fn note(&self, notices: Vec<Notice>) {
        let mut known = self.notices.borrow_mut();
        for notice in notices {
            if !known.reported.contains(&notice) {
                known.reported.push(notice.clone());
                known.pending.push(notice);
            }
        }
    }

    /// What is to be reported, and was not yet.
    pub(crate) fn take_notices(&self) -> Vec<Notice> {
        std::mem::take(&mut self.notices.borrow_mut().pending)
    }

    /// For other adapters from now on.
    pub(crate) fn change_adapters(&mut self, adapters: &Adapters) {
        self.adapters = adapters.clone();
        self.notices = RefCell::default();
    }

    /// What takes noise away, patched by LoRAs.
    pub(crate) fn read_denoiser(&self, loras: &[Lora], on_loading: OnLoading) -> Result<Denoiser, PipelineError> {
        let LoadOptions { execution, dtype, winograd, idle_limit_bytes, streamed_weights, .. } = &self.options;
        let execution = if *streamed_weights { execution.streaming() } else { execution.clone() };
        let on_fraction = |fraction: f32| on_loading(ModelPart::Unet, TEXT_SHARE + DENOISER_SHARE * fraction);
        let stem = "diffusion_pytorch_model";
        let config = &self.spec.configs.denoiser;
        let folder = config.folder();
        let weights = Weights::open(&self.spec.files, folder, stem, &Device::Cpu, *dtype, &on_fraction)?;
        limit_idle_buffers(*idle_limit_bytes);
        let weights = weights.with_execution(&execution).with_winograd(*winograd).with_loras(folder, loras);
        Ok(Denoiser::new(config.clone(), self.cached(weights, folder))?)
    }

    pub(crate) fn read_vae(&self, on_loading: OnLoading) -> Result<Vae, PipelineError> {
        let LoadOptions { execution, winograd, .. } = &self.options;
        let before = TEXT_SHARE + DENOISER_SHARE;
        let on_fraction = |fraction: f32| on_loading(ModelPart::Vae, before + (1.0 - before) * fraction);
        let stem = "diffusion_pytorch_model";
        let weights = Weights::open(&self.spec.vae_files, "vae", stem, &Device::Cpu, self.vae_dtype, &on_fraction)?;
        let weights = weights.with_execution(execution).with_winograd(*winograd);
        Ok(Vae::new(self.spec.configs.vae.clone(), weights)?)
    }

    /// With layers that stay while LoRAs come and go, where networks stay at all.
    pub(super) fn cached<'a>(&'a self, weights: Weights<'a>, network: &'static str) -> Weights<'a> {
        if self.options.sequential_offload { weights } else { weights.with_layer_cache(network, &self.layer_cache) }
    }
}
