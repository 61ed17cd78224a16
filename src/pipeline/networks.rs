//! A pipeline's networks: read once and kept, or each read when it is needed and dropped after use, where memory is
//! short.

use std::cell::RefCell;
use std::ops::Deref;

use candle_core::{DType, Device};

use super::adapters::Adapters;
use super::load::{LOW_IDLE_BYTES, OnLoading, TEXT_SHARE, UNET_SHARE, read_tokenizer};
use super::{PipelineError, Stage};
use crate::checkpoint::{ClipConfig, Lora, ModelFiles, TextualInversion, UnetConfig, VaeConfig};
use crate::job::{EmbeddingRef, MemoryMode, ModelPart};
use crate::kernels::limit_idle_buffers;
use crate::model::{CancelCheck, Execution, LayerCache, ModelError, TextEncoder, Unet, Vae, Weights};
use crate::prompt::PromptTokenizer;

/// A tokenizer and the encoder that reads its tokens. SDXL has two such pairs.
pub(super) struct PromptEncoder {
    pub tokenizer: PromptTokenizer,
    pub encoder: TextEncoder,
}

/// A network that is there, or one that is read when somebody asks for it.
pub(super) enum NetworkSlot<T> {
    Kept(T),
    OnDemand,
}

/// A network for as long as it is needed.
pub(super) enum Borrowed<'a, T> {
    Kept(&'a T),
    Read(Box<T>),
}

impl<T> Deref for Borrowed<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Kept(network) => network,
            Self::Read(network) => network,
        }
    }
}

impl<T> NetworkSlot<T> {
    /// As it is kept, or as `read` reads it.
    pub fn borrow(&self, read: impl FnOnce() -> Result<T, PipelineError>) -> Result<Borrowed<'_, T>, PipelineError> {
        Ok(match self {
            Self::Kept(network) => Borrowed::Kept(network),
            Self::OnDemand => Borrowed::Read(Box::new(read()?)),
        })
    }
}

/// Who is told while a picture is made, and asked whether it goes on.
pub(super) struct Reporter<'a> {
    pub cancel_check: CancelCheck<'a>,
    pub tell: RefCell<&'a mut dyn FnMut(Stage)>,
}

impl Reporter<'_> {
    pub fn say(&self, stage: Stage) {
        (self.tell.borrow_mut())(stage);
    }

    /// For networks that are read on the way.
    pub fn loading(&self, part: ModelPart, fraction: f32) -> Result<(), ModelError> {
        self.say(Stage::Loading { part, fraction });
        (self.cancel_check)()
    }
}

/// Where the networks are read from, and how they are kept.
pub(super) struct NetworkLoader {
    pub files: ModelFiles,
    pub vae_files: ModelFiles,
    pub adapters: Adapters,
    pub is_xl: bool,
    pub unet_config: UnetConfig,
    pub vae_config: VaeConfig,
    pub execution: Execution,
    /// What the weights are kept in: the kernels widen half precision only when it is used.
    pub weight_dtype: DType,
    /// Low or high: how the weights are packed.
    pub memory: MemoryMode,
    /// Each network is read when it is needed.
    pub sequential_offload: bool,
    pub layer_cache: LayerCache,
}

impl NetworkLoader {
    pub fn loras(&self) -> Result<Vec<Lora>, PipelineError> {
        Ok(self.adapters.loras.iter().map(|lora| Lora::open(&lora.file, lora.weight)).collect::<Result<_, _>>()?)
    }

    /// The text encoders with LoRAs and embeddings laid over them.
    pub fn read_text(&self, loras: &[Lora], on_loading: OnLoading) -> Result<Vec<PromptEncoder>, PipelineError> {
        let encoders: &[&'static str] =
            if self.is_xl { &["text_encoder", "text_encoder_2"] } else { &["text_encoder"] };
        on_loading(ModelPart::Tokenizer, 0.0)?;
        let mut text = Vec::new();
        for (index, folder) in encoders.iter().enumerate() {
            let before = TEXT_SHARE * index as f32 / encoders.len() as f32;
            let told = |fraction: f32| {
                on_loading(ModelPart::TextEncoder, before + fraction * TEXT_SHARE / encoders.len() as f32)
            };
            let config = ClipConfig::read(&self.files, folder)?;
            let tokenizer_folder = folder.replace("text_encoder", "tokenizer");
            let tokenizer = read_tokenizer(&self.files, &tokenizer_folder, config.positions)?;
            let weights = Weights::open(&self.files, folder, "model", &Device::Cpu, self.weight_dtype, &told)?;
            let weights = weights.with_execution(&self.execution).with_loras(folder, loras);
            let weights =
                if self.sequential_offload { weights } else { weights.with_layer_cache(folder, &self.layer_cache) };
            text.push(PromptEncoder { tokenizer, encoder: TextEncoder::new(config, weights)? });
        }
        for embedding in &self.adapters.embeddings {
            teach(embedding, &mut text)?;
        }
        Ok(text)
    }

    /// The UNet with LoRAs laid over it.
    pub fn read_unet(&self, loras: &[Lora], on_loading: OnLoading) -> Result<Unet, PipelineError> {
        let told = |fraction: f32| on_loading(ModelPart::Unet, TEXT_SHARE + UNET_SHARE * fraction);
        let stem = "diffusion_pytorch_model";
        let weights = Weights::open(&self.files, "unet", stem, &Device::Cpu, self.weight_dtype, &told)?;
        let spends = self.memory == MemoryMode::High;
        limit_idle_buffers(if spends { usize::MAX } else { LOW_IDLE_BYTES });
        let weights = weights.with_execution(&self.execution).with_winograd(spends).with_loras("unet", loras);
        let weights =
            if self.sequential_offload { weights } else { weights.with_layer_cache("unet", &self.layer_cache) };
        Ok(Unet::new(self.unet_config.clone(), weights)?)
    }

    /// Some VAEs overflow in half precision and say so.
    pub fn vae_dtype(&self) -> DType {
        if self.vae_config.force_upcast { DType::F32 } else { self.weight_dtype }
    }

    pub fn read_vae(&self, dtype: DType, on_loading: OnLoading) -> Result<Vae, PipelineError> {
        let before = TEXT_SHARE + UNET_SHARE;
        let told = |fraction: f32| on_loading(ModelPart::Vae, before + (1.0 - before) * fraction);
        let stem = "diffusion_pytorch_model";
        let weights = Weights::open(&self.vae_files, "vae", stem, &Device::Cpu, dtype, &told)?;
        let weights = weights.with_execution(&self.execution).with_winograd(self.memory == MemoryMode::High);
        Ok(Vae::new(self.vae_config.clone(), weights)?)
    }
}

/// Adds a word to every encoder for which the file has vectors.
fn teach(embedding: &EmbeddingRef, text: &mut [PromptEncoder]) -> Result<(), PipelineError> {
    let file = TextualInversion::open(&embedding.file)?;
    let pair = text.len() > 1;
    let mut learned = false;
    for (index, stage) in text.iter_mut().enumerate() {
        let Some(vectors) = file.vectors_for(stage.encoder.config().width, pair.then_some(index))? else { continue };
        let ids = stage.encoder.add_tokens(&vectors)?;
        stage.tokenizer.add_word(&embedding.word, ids);
        learned = true;
    }
    if learned {
        return Ok(());
    }
    let widths: Vec<String> = text.iter().map(|stage| stage.encoder.config().width.to_string()).collect();
    Err(file.misfit(&widths.join(" and ")).into())
}
