//! The text stage: tokenizers and the encoders that read their tokens, of whichever kind a family has.

use candle_core::Device;

use super::PipelineError;
use super::networks::{NetworkLoader, OnLoading, TEXT_SHARE};
use super::spec::ModelSpec;
use crate::checkpoint::{
    CheckpointError, ClipConfig, Lora, ModelFiles, Qwen3Config, TextConfig, TextualInversion, network_family,
};
use crate::job::{EmbeddingRef, ModelPart, Notice, TextStage};
use crate::model::{ModelError, Qwen3, TextEncoder, Weights};
use crate::prompt::{ChatForm, ChatTokenizer, PromptTokenizer, TokenizerFiles};

/// A tokenizer and the encoder that reads its tokens.
pub(super) struct PromptEncoder {
    pub tokenizer: PromptTokenizer,
    pub encoder: TextEncoder,
}

pub(super) enum TextNetworks {
    /// One pair, or SDXL's two.
    Clip(Vec<PromptEncoder>),
    Language {
        tokenizer: Box<ChatTokenizer>,
        encoder: Box<Qwen3>,
    },
}

impl NetworkLoader {
    /// The text encoders, patched by LoRAs and taught the embeddings.
    pub(crate) fn read_text(&self, loras: &[Lora], on_loading: OnLoading) -> Result<TextNetworks, PipelineError> {
        on_loading(ModelPart::Tokenizer, 0.0)?;
        match &self.spec.configs.text {
            TextConfig::Clip(configs) => Ok(TextNetworks::Clip(self.read_clip(configs, loras, on_loading)?)),
            TextConfig::Qwen3 { config, states, stage } => {
                self.read_language(config, states, *stage, loras, on_loading)
            }
        }
    }

    fn read_language(
        &self,
        config: &Qwen3Config,
        states: &[usize],
        stage: TextStage,
        loras: &[Lora],
        on_loading: OnLoading,
    ) -> Result<TextNetworks, PipelineError> {
        const FOLDER: &str = "text_encoder";
        let ModelSpec { files, .. } = &self.spec;
        let tokenizer = chat_tokenizer(files, stage)?;
        let on_fraction = |fraction: f32| on_loading(ModelPart::TextEncoder, TEXT_SHARE * fraction);
        let weights = Weights::open(files, FOLDER, "model", &Device::Cpu, self.options.dtype, &on_fraction)?;
        let weights = weights.with_execution(&self.options.execution).with_loras(FOLDER, loras);
        let encoder = Qwen3::new(config.clone(), states, self.cached(weights, FOLDER))?;
        for EmbeddingRef { word, .. } in &self.adapters.embeddings {
            let family = self.spec.profile().family.value.name();
            self.note(vec![format!("the embedding {word} has no effect: {family} learns no words").into()]);
        }
        Ok(TextNetworks::Language { tokenizer: Box::new(tokenizer), encoder: Box::new(encoder) })
    }

    fn read_clip(
        &self,
        configs: &[ClipConfig],
        loras: &[Lora],
        on_loading: OnLoading,
    ) -> Result<Vec<PromptEncoder>, PipelineError> {
        const FOLDERS: [[&str; 2]; 2] = [["text_encoder", "tokenizer"], ["text_encoder_2", "tokenizer_2"]];
        let files = &self.spec.files;
        let share = TEXT_SHARE / configs.len() as f32;
        let mut text = Vec::new();
        for (index, (config, [folder, tokenizer])) in configs.iter().zip(FOLDERS).enumerate() {
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

fn tokenizer_files(files: &ModelFiles, folder: &str) -> Result<TokenizerFiles, ModelError> {
    let read = |name: &str| -> Result<Option<Vec<u8>>, ModelError> {
        Ok(files.read(&format!("{folder}/{name}"))?.map(std::borrow::Cow::into_owned))
    };
    Ok(TokenizerFiles {
        tokenizer_json: read("tokenizer.json")?,
        vocab_json: read("vocab.json")?,
        merges_txt: read("merges.txt")?,
        special_tokens_map_json: read("special_tokens_map.json")?,
        tokenizer_config_json: read("tokenizer_config.json")?,
    })
}

fn with_place<T>(
    found: Result<T, crate::prompt::TokenizerError>,
    files: &ModelFiles,
    folder: &str,
) -> Result<T, PipelineError> {
    found.map_err(|error| PipelineError::Unsupported(format!("{error}: {}", files.path_of(folder).display())))
}

/// Reads the tokenizer whose encoder takes `positions` tokens.
fn read_tokenizer(files: &ModelFiles, folder: &str, positions: usize) -> Result<PromptTokenizer, PipelineError> {
    with_place(PromptTokenizer::new(&tokenizer_files(files, folder)?, positions), files, folder)
}

fn chat_tokenizer(files: &ModelFiles, stage: TextStage) -> Result<ChatTokenizer, PipelineError> {
    const FOLDER: &str = "tokenizer";
    let fills_up = stage == TextStage::QwenThreeStates;
    let form = ChatForm { without_thought: fills_up, fills_up };
    with_place(ChatTokenizer::new(&tokenizer_files(files, FOLDER)?, form), files, FOLDER)
}

/// The tokenizer alone, to count a prompt's tokens without loading the model.
///
/// # Errors
/// When its files are missing or unreadable.
pub fn tokenizer_of(files: &ModelFiles) -> Result<PromptTokenizer, PipelineError> {
    let positions = ClipConfig::read(files, "text_encoder")?.positions;
    read_tokenizer(files, "tokenizer", positions)
}

/// The same of a model whose prompts a language model reads; `None` for another one.
///
/// # Errors
/// When its files are missing or unreadable.
pub(crate) fn chat_tokenizer_of(files: &ModelFiles) -> Result<Option<ChatTokenizer>, PipelineError> {
    if !files.has("transformer/config.json") {
        return Ok(None);
    }
    let stage = network_family(files)?.row().text;
    stage.is_language_model().then(|| chat_tokenizer(files, stage)).transpose()
}
