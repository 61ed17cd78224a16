//! A pipeline's networks: read once and kept, or each read when it is needed and dropped after use.

use std::cell::RefCell;
use std::ops::Deref;

use candle_core::{DType, Device};

use super::PipelineError;
use super::adapters::Adapters;
use super::execution_plan::ExecutionPlan;
use super::loading_steps::LoadingSteps;
use super::spec::ModelSpec;
use crate::checkpoint::{CheckpointError, ClipConfig, Lora, ModelFiles, TextualInversion};
use crate::job::{EmbeddingRef, LoraRef, ModelPart, Notice, Progress};
use crate::kernels::limit_idle_buffers;
use crate::model::{CancelCheck, Execution, LayerCache, ModelError, Operators, TextEncoder, Unet, Vae, Weights};
use crate::prompt::{PromptTokenizer, TokenizerFiles};

/// Shares of the loading bar, roughly by size.
const TEXT_SHARE: f32 = 0.15;
const UNET_SHARE: f32 = 0.75;

/// Is given the part and the fraction of the whole, 0 to 1; its error ends the reading.
pub(crate) type OnLoading<'a> = &'a dyn Fn(ModelPart, f32) -> Result<(), ModelError>;

/// A tokenizer and the encoder that reads its tokens. SDXL has two such pairs.
pub(super) struct PromptEncoder {
    pub tokenizer: PromptTokenizer,
    pub encoder: TextEncoder,
}

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

    /// The text encoders, patched by LoRAs and taught the embeddings.
    pub(crate) fn read_text(&self, loras: &[Lora], on_loading: OnLoading) -> Result<Vec<PromptEncoder>, PipelineError> {
        const FOLDERS: [[&str; 2]; 2] = [["text_encoder", "tokenizer"], ["text_encoder_2", "tokenizer_2"]];
        on_loading(ModelPart::Tokenizer, 0.0)?;
        let ModelSpec { files, configs, .. } = &self.spec;
        let share = TEXT_SHARE / configs.text.len() as f32;
        let mut text = Vec::new();
        for (index, (config, [folder, tokenizer])) in configs.text.iter().zip(FOLDERS).enumerate() {
            let on_fraction = |fraction: f32| on_loading(ModelPart::TextEncoder, share * (index as f32 + fraction));
            let tokenizer = read_tokenizer(files, tokenizer, config.positions)?;
            let weights = Weights::open(files, folder, "model", &Device::Cpu, self.options.dtype, &on_fraction)?;
            let weights =
                self.cached(weights.with_execution(&self.options.execution).with_loras(folder, loras), folder);
            text.push(PromptEncoder { tokenizer, encoder: TextEncoder::new(config.clone(), weights)? });
        }
        for EmbeddingRef { word, file } in &self.adapters.embeddings {
            self.note(teach(word, &TextualInversion::open(file)?, &mut text)?);
        }
        let is_given = |word: &str| self.adapters.embeddings.iter().any(|given| given.word.eq_ignore_ascii_case(word));
        for (word, vectors) in loras.iter().flat_map(Lora::words).filter(|(word, _)| !is_given(word)) {
            let taught = teach(word, vectors, &mut text);
            self.note(taught.or_else(|error| match error {
                // The LoRA's layers may fit all the same.
                PipelineError::Model(ModelError::Checkpoint(error @ CheckpointError::Embedding { .. })) => {
                    Ok(vec![format!("a LoRA brings the word {word} along, and it is not known here: {error}").into()])
                }
                error => Err(error),
            })?);
        }
        Ok(text)
    }

    /// The UNet, patched by LoRAs.
    pub(crate) fn read_unet(&self, loras: &[Lora], on_loading: OnLoading) -> Result<Unet, PipelineError> {
        let LoadOptions { execution, dtype, winograd, idle_limit_bytes, .. } = &self.options;
        let on_fraction = |fraction: f32| on_loading(ModelPart::Unet, TEXT_SHARE + UNET_SHARE * fraction);
        let stem = "diffusion_pytorch_model";
        let weights = Weights::open(&self.spec.files, "unet", stem, &Device::Cpu, *dtype, &on_fraction)?;
        limit_idle_buffers(*idle_limit_bytes);
        let weights = weights.with_execution(execution).with_winograd(*winograd).with_loras("unet", loras);
        Ok(Unet::new(self.spec.configs.unet.clone(), self.cached(weights, "unet"))?)
    }

    pub(crate) fn read_vae(&self, on_loading: OnLoading) -> Result<Vae, PipelineError> {
        let LoadOptions { execution, winograd, .. } = &self.options;
        let before = TEXT_SHARE + UNET_SHARE;
        let on_fraction = |fraction: f32| on_loading(ModelPart::Vae, before + (1.0 - before) * fraction);
        let stem = "diffusion_pytorch_model";
        let weights = Weights::open(&self.spec.vae_files, "vae", stem, &Device::Cpu, self.vae_dtype, &on_fraction)?;
        let weights = weights.with_execution(execution).with_winograd(*winograd);
        Ok(Vae::new(self.spec.configs.vae.clone(), weights)?)
    }

    /// With layers that stay while LoRAs come and go, where networks stay at all.
    fn cached<'a>(&'a self, weights: Weights<'a>, network: &'static str) -> Weights<'a> {
        if self.options.sequential_offload { weights } else { weights.with_layer_cache(network, &self.layer_cache) }
    }
}

/// Adds a word to every encoder for which the file has vectors.
fn teach(word: &str, file: &TextualInversion, text: &mut [PromptEncoder]) -> Result<Vec<Notice>, PipelineError> {
    let pair = text.len() > 1;
    let mut learned = 0;
    for (index, stage) in text.iter_mut().enumerate() {
        let Some(vectors) = file.vectors_for(stage.encoder.config().width, pair.then_some(index))? else { continue };
        let ids = stage.encoder.add_tokens(&vectors)?;
        stage.tokenizer.add_word(word, ids);
        learned += 1;
    }
    if learned == 0 {
        let widths: Vec<String> = text.iter().map(|stage| stage.encoder.config().width.to_string()).collect();
        return Err(file.misfit(&widths.join(" and ")).into());
    }
    if learned == text.len() && pair >= file.has_second() {
        return Ok(Vec::new());
    }
    let part =
        if pair { "only one of this model's two text encoders has learnt it" } else { "only a part of it is used" };
    Ok(vec![format!("the embedding {word} was made for {}; {part}", file.made_for()).into()])
}

/// Reads the tokenizer whose encoder takes `positions` tokens.
fn read_tokenizer(files: &ModelFiles, folder: &str, positions: usize) -> Result<PromptTokenizer, PipelineError> {
    let read = |name: &str| -> Result<Option<Vec<u8>>, ModelError> {
        Ok(files.read(&format!("{folder}/{name}"))?.map(std::borrow::Cow::into_owned))
    };
    let contents = TokenizerFiles {
        tokenizer_json: read("tokenizer.json")?,
        vocab_json: read("vocab.json")?,
        merges_txt: read("merges.txt")?,
        special_tokens_map_json: read("special_tokens_map.json")?,
        tokenizer_config_json: read("tokenizer_config.json")?,
    };
    PromptTokenizer::new(&contents, positions)
        .map_err(|error| PipelineError::Unsupported(format!("{error}: {}", files.path_of(folder).display())))
}

/// The tokenizer alone, to count a prompt's tokens without loading the model.
///
/// # Errors
/// When its files are missing or unreadable.
pub fn tokenizer_of(files: &ModelFiles) -> Result<PromptTokenizer, PipelineError> {
    let positions = ClipConfig::read(files, "text_encoder")?.positions;
    read_tokenizer(files, "tokenizer", positions)
}
