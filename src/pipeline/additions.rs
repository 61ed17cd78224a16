//! What is laid over a model while it is read: another VAE, LoRAs, and words with embeddings of their own.

use std::path::PathBuf;

use candle_core::{DType, Device};

use super::load::{LOW_IDLE_BYTES, OnLoading, TEXT_SHARE, TextStage, UNET_SHARE, read_tokenizer};
use super::{Pipeline, PipelineError};
use crate::job::{EmbeddingRef, LoraRef, MemoryMode, ModelPart, Request};
use crate::kernels::limit_idle_buffers;
use crate::model::{
    ClipConfig, Execution, Lora, ModelError, ModelFiles, Shelf, TextEncoder, TextualInversion, Unet, UnetConfig, Weights,
};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Additions {
    /// A VAE file instead of the model's own.
    pub vae: Option<PathBuf>,
    /// Whether memory is spent for speed.
    pub memory: MemoryMode,
    /// Laid over text encoders and UNet, in this order.
    pub loras: Vec<LoraRef>,
    /// Words that the text encoders learn.
    pub embeddings: Vec<EmbeddingRef>,
}

/// Where the networks go, and what is there of them.
#[derive(Clone, Copy)]
pub(super) struct Onto<'a> {
    pub execution: &'a Execution,
    pub dtype: DType,
    /// Low or high: how the weights are packed.
    pub memory: MemoryMode,
    pub shelf: &'a Shelf,
}

/// What [`Additions`] are laid over.
pub(super) struct Networks {
    pub text: Vec<TextStage>,
    pub unet: Unet,
}

impl Additions {
    /// Those that a request asks for.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        Self {
            vae: request.vae.clone(),
            memory: request.compute.memory,
            loras: request.loras.clone(),
            embeddings: request.embeddings.clone(),
        }
    }

    /// The networks that LoRAs and embeddings change, with the changes laid over them.
    pub(super) fn read_networks(
        &self,
        files: &ModelFiles,
        is_xl: bool,
        unet_config: UnetConfig,
        onto: Onto,
        on_loading: OnLoading,
    ) -> Result<Networks, PipelineError> {
        let Onto { execution, dtype, memory, shelf } = onto;
        let loras: Vec<Lora> =
            self.loras.iter().map(|lora| Lora::open(&lora.file, lora.weight)).collect::<Result<_, _>>()?;
        let encoders: &[&'static str] = if is_xl { &["text_encoder", "text_encoder_2"] } else { &["text_encoder"] };
        on_loading(ModelPart::Tokenizer, 0.0)?;
        let mut text = Vec::new();
        for (index, folder) in encoders.iter().enumerate() {
            let before = TEXT_SHARE * index as f32 / encoders.len() as f32;
            let told = |fraction: f32| {
                on_loading(ModelPart::TextEncoder, before + fraction * TEXT_SHARE / encoders.len() as f32)
            };
            text.push(read_text_stage(files, folder, &loras, onto, &told)?);
        }
        for embedding in &self.embeddings {
            teach(embedding, &mut text)?;
        }
        let told = |fraction: f32| on_loading(ModelPart::Unet, TEXT_SHARE + UNET_SHARE * fraction);
        let weights = Weights::open(files, "unet", "diffusion_pytorch_model", &Device::Cpu, dtype, &told)?;
        let spends = memory == MemoryMode::High;
        limit_idle_buffers(if spends { usize::MAX } else { LOW_IDLE_BYTES });
        let weights = weights.with_execution(execution).with_winograd(spends).with_loras("unet", &loras).with_shelf("unet", shelf);
        let unet = Unet::new(unet_config, weights)?;
        loras.iter().try_for_each(Lora::finish)?;
        Ok(Networks { text, unet })
    }
}

impl Pipeline {
    /// Lays other LoRAs and embeddings over the networks: only layers that they touch, or touched before, are read again.
    /// What they are laid over now is given up first, so the pipeline is gone after an error.
    ///
    /// # Errors
    /// As for loading.
    pub fn laid_over(
        mut self,
        files: &ModelFiles,
        additions: &Additions,
        on_loading: OnLoading,
    ) -> Result<Self, PipelineError> {
        let config = UnetConfig::read(files)?;
        let is_xl = self.text.len() > 1;
        drop((self.text, self.unet));
        let onto = Onto { execution: &self.execution, dtype: self.weight_dtype, memory: self.memory, shelf: &self.shelf };
        let read = additions.read_networks(files, is_xl, config, onto, on_loading)?;
        (self.text, self.unet) = (read.text, read.unet);
        Ok(self)
    }
}

fn read_text_stage(
    files: &ModelFiles,
    folder: &'static str,
    loras: &[Lora],
    onto: Onto,
    told: &dyn Fn(f32) -> Result<(), ModelError>,
) -> Result<TextStage, PipelineError> {
    let config = ClipConfig::read(files, folder)?;
    let tokenizer = read_tokenizer(files, &folder.replace("text_encoder", "tokenizer"), config.positions)?;
    let weights = Weights::open(files, folder, "model", &Device::Cpu, onto.dtype, told)?.with_execution(onto.execution);
    let weights = weights.with_loras(folder, loras).with_shelf(folder, onto.shelf);
    Ok(TextStage { tokenizer, encoder: TextEncoder::new(config, weights)? })
}

/// Adds a word to every encoder for which the file has vectors.
fn teach(embedding: &EmbeddingRef, text: &mut [TextStage]) -> Result<(), PipelineError> {
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
