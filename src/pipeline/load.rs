//! Puts a pipeline together from a diffusers folder.

use std::cell::{Cell, OnceCell};

use candle_core::{DType, Device};
use serde::Deserialize;

use super::adapters::Adapters;
use super::compute::settled_memory;
use super::cost::CostModel;
use super::fit::ModelSpec;
use super::networks::{Borrowed, NetworkLoader, NetworkSlot, PromptEncoder};
use super::sampler::ModelSampling;
use super::{ConcatKind, LatentRgb, PipelineError};
use crate::checkpoint::{CheckpointError, ClipConfig, Lora, ModelFiles, UnetConfig, VaeConfig};
use crate::job::{ModelPart, Request, WorkGrid};
use crate::model::{AttentionMethod, Execution, LayerCache, ModelError, Tiling, Unet, Vae};
use crate::prompt::{PromptTokenizer, TokenizerFiles};

/// A model that is loaded and ready.
pub struct Pipeline {
    pub(super) source: NetworkLoader,
    pub(super) text: NetworkSlot<Vec<PromptEncoder>>,
    pub(super) unet: NetworkSlot<Unet>,
    pub(super) vae: NetworkSlot<Vae>,
    /// In single precision, once the one above gave no numbers.
    pub(super) single_vae: OnceCell<Vae>,
    /// What is laid over networks that are read on demand.
    pub(super) loras: Vec<Lora>,
    /// How the networks are to be carried out, as settled for the picture at hand.
    pub(super) attention: Cell<AttentionMethod>,
    pub(super) tiling: Cell<Option<Tiling>>,
    pub(super) sequential_guidance: Cell<bool>,
    pub(super) spec: ModelSpec,
    pub(super) sampling: ModelSampling,
    pub(super) latent_rgb: LatentRgb,
    pub(super) zeros_for_absent_negative: bool,
}

#[derive(Deserialize)]
struct ModelIndex {
    #[serde(rename = "_class_name", default)]
    class_name: String,
    #[serde(default = "yes")]
    force_zeros_for_empty_prompt: bool,
}

fn yes() -> bool {
    true
}

/// Shares of the loading bar, roughly by size.
pub(super) const TEXT_SHARE: f32 = 0.15;
pub(super) const UNET_SHARE: f32 = 0.75;

/// Told the part and the fraction of the whole, 0 to 1; its error ends the reading.
pub type OnLoading<'a> = &'a dyn Fn(ModelPart, f32) -> Result<(), ModelError>;

impl Pipeline {
    /// Reads a whole model.
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

    /// Reads a whole model and what is laid over it.
    ///
    /// # Errors
    /// As above, for the files of the adapters as well.
    pub fn load_with(
        files: &ModelFiles,
        adapters: &Adapters,
        device: &Device,
        dtype: DType,
        on_loading: OnLoading,
    ) -> Result<Self, PipelineError> {
        let options = LoadOptions { execution: Execution::on(device, dtype), dtype, sequential_offload: false };
        Self::load_with_options(files, adapters, &options, on_loading)
    }

    /// The same in a certain way.
    ///
    /// # Errors
    /// As above.
    pub fn load_with_options(
        files: &ModelFiles,
        adapters: &Adapters,
        options: &LoadOptions,
        on_loading: OnLoading,
    ) -> Result<Self, PipelineError> {
        if let ModelFiles::Folder(folder) = files
            && !folder.is_dir()
        {
            return Err(CheckpointError::Missing { what: "the folder itself", path: folder.clone() }.into());
        }
        let index: ModelIndex = files.require_json("model_index.json", "model_index.json")?;
        let is_xl = index.class_name.starts_with("StableDiffusionXL");
        let is_known =
            index.class_name.starts_with("StableDiffusion") || index.class_name.starts_with("LatentConsistency");
        if !is_known || index.class_name.starts_with("StableDiffusion3") {
            let found = format!("{:?}", index.class_name);
            let supported = "a Stable Diffusion 1, 2 or XL pipeline".to_owned();
            let path = files.path_of("model_index.json");
            return Err(CheckpointError::Unsupported { field: "_class_name".into(), found, supported, path }.into());
        }
        // Small files first: a folder that cannot work is refused before a gigabyte is read.
        let unet_config = UnetConfig::read(files)?;
        let (vae_files, vae_config) = vae_of(files, adapters, is_xl)?;
        let sampling = ModelSampling::read(files)?;
        let concat = check_channels(&unet_config, &vae_config, files)?;
        let costs = CostModel::read_with(files, vae_config.clone())?;
        let memory = settled_memory(adapters.memory, &costs, options)?;
        let source = NetworkLoader {
            files: files.clone(),
            vae_files,
            adapters: adapters.clone(),
            is_xl,
            unet_config,
            vae_config,
            execution: options.execution.with_dtype(options.dtype),
            weight_dtype: options.dtype,
            memory,
            sequential_offload: options.sequential_offload,
            layer_cache: LayerCache::default(),
        };
        let loras = source.loras()?;
        let (text, unet, vae, latent_rgb);
        if source.sequential_offload {
            (text, unet, vae) = (NetworkSlot::OnDemand, NetworkSlot::OnDemand, NetworkSlot::OnDemand);
            let read = || source.read_vae(source.vae_dtype(), on_loading);
            latent_rgb = LatentRgb::of_model(files, &source.vae_config, read)?;
        } else {
            text = NetworkSlot::Kept(source.read_text(&loras, on_loading)?);
            unet = NetworkSlot::Kept(source.read_unet(&loras, on_loading)?);
            loras.iter().try_for_each(Lora::finish)?;
            let kept = source.read_vae(source.vae_dtype(), on_loading)?;
            latent_rgb = LatentRgb::of_model(files, &source.vae_config, || Ok(&kept))?;
            vae = NetworkSlot::Kept(kept);
        }
        Ok(Self {
            spec: ModelSpec {
                grid: grid_of(&source.unet_config, &source.vae_config),
                concat,
                own_guidance: OwnGuidance::of(files, &source.unet_config),
                costs,
            },
            zeros_for_absent_negative: is_xl && index.force_zeros_for_empty_prompt,
            text,
            unet,
            vae,
            single_vae: OnceCell::new(),
            loras,
            attention: Cell::new(AttentionMethod::Tiled),
            tiling: Cell::new(None),
            sequential_guidance: Cell::new(false),
            sampling,
            latent_rgb,
            source,
        })
    }

    /// What is known of its model.
    #[must_use]
    pub fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    /// Whether the passes of a guided step come one after the other from now on: less memory, the same picture.
    pub fn set_sequential_guidance(&self, apart: bool) {
        self.sequential_guidance.set(apart);
    }

    /// The text encoders, for as long as they are needed.
    pub(super) fn text(&self, on_loading: OnLoading) -> Result<Borrowed<'_, Vec<PromptEncoder>>, PipelineError> {
        self.text.borrow(|| self.source.read_text(&self.loras, on_loading))
    }

    /// The UNet, for as long as it is needed.
    pub(super) fn unet(&self, on_loading: OnLoading) -> Result<Borrowed<'_, Unet>, PipelineError> {
        let unet = self.unet.borrow(|| {
            let unet = self.source.read_unet(&self.loras, on_loading)?;
            // The text encoders were read before.
            self.loras.iter().try_for_each(Lora::finish)?;
            Ok(unet)
        })?;
        unet.set_attention(self.attention.get());
        Ok(unet)
    }

    /// The VAE, for as long as it is needed.
    pub(super) fn vae(&self, on_loading: OnLoading) -> Result<Borrowed<'_, Vae>, PipelineError> {
        let vae = match self.single_vae.get() {
            Some(single) => Borrowed::Kept(single),
            None => self.vae.borrow(|| self.source.read_vae(self.source.vae_dtype(), on_loading))?,
        };
        vae.set_attention(self.attention.get());
        vae.set_tiling(self.tiling.get());
        Ok(vae)
    }
}

/// How a pipeline is carried out and kept.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    pub execution: Execution,
    /// What the weights are kept in.
    pub dtype: DType,
    /// Each network is read when it is needed and dropped after use.
    pub sequential_offload: bool,
}

/// The guidance that a model wants where nobody says.
#[derive(Clone, Copy)]
pub(super) struct OwnGuidance {
    pub scale: f64,
    /// In the time step, so that one pass is guided already.
    pub is_embedded: bool,
}

impl OwnGuidance {
    pub fn of(files: &ModelFiles, unet: &UnetConfig) -> Self {
        let is_embedded = unet.guidance_width.is_some();
        let scale = match files {
            ModelFiles::Embedded(_) => 4.0,
            _ if is_embedded => Request::EMBEDDED_GUIDANCE,
            _ => Request::DEFAULT_GUIDANCE,
        };
        Self { scale, is_embedded }
    }
}

/// Where the VAE is read from, and its config.
pub(super) fn vae_of(
    files: &ModelFiles,
    adapters: &Adapters,
    is_xl: bool,
) -> Result<(ModelFiles, VaeConfig), PipelineError> {
    let vae_files = match &adapters.vae {
        Some(file) => ModelFiles::open_file(file)?,
        None => files.clone(),
    };
    let mut config = VaeConfig::read(&vae_files)?;
    if adapters.vae.is_some()
        && let Some(own) = VaeConfig::read(files).ok().or_else(|| family_vae(is_xl, &config))
    {
        // A file of a VAE alone does not say what its family's latents are scaled by.
        (config.scale, config.shift, config.force_upcast) = (own.scale, own.shift, own.force_upcast);
    }
    Ok((vae_files, config))
}

/// Buffers that may wait for their next use where memory is short.
pub(super) const LOW_IDLE_BYTES: usize = 64 << 20;

/// For a model that has no VAE of its own.
fn family_vae(is_xl: bool, config: &VaeConfig) -> Option<VaeConfig> {
    is_xl.then(|| VaeConfig { scale: 0.13025, ..config.clone() })
}

fn check_channels(unet: &UnetConfig, vae: &VaeConfig, files: &ModelFiles) -> Result<ConcatKind, PipelineError> {
    let latent = vae.latent_channels;
    let unsupported = |field: &str, found: usize, supported: String| CheckpointError::Unsupported {
        field: field.into(),
        found: found.to_string(),
        supported,
        path: files.path_of("unet/config.json"),
    };
    if unet.out_channels != latent {
        let supported = format!("{latent}, as many as the VAE's latent channels,");
        return Err(unsupported("out_channels", unet.out_channels, supported).into());
    }
    ConcatKind::of(unet.in_channels, latent).ok_or_else(|| {
        let (inpainting, instructions) = (2 * latent + 1, 2 * latent);
        let supported =
            format!("{latent}, as many as the VAE's latent channels, {instructions} (instructions) and {inpainting} (inpainting)");
        unsupported("in_channels", unet.in_channels, supported).into()
    })
}

pub(super) fn grid_of(unet: &UnetConfig, vae: &VaeConfig) -> WorkGrid {
    let cell = vae.factor();
    WorkGrid {
        native_side_px: (unet.sample_size * cell) as u32,
        cell_px: cell as u32,
        step_px: (cell << (unet.blocks.len() - 1)) as u32,
    }
}

/// What a model wants of sizes, from its small files alone.
///
/// # Errors
/// When they are missing or unreadable.
pub fn work_grid_of(files: &ModelFiles) -> Result<WorkGrid, PipelineError> {
    Ok(grid_of(&UnetConfig::read(files)?, &VaeConfig::read(files)?))
}

/// Reads the tokenizer whose encoder takes `positions` tokens.
pub(super) fn read_tokenizer(
    files: &ModelFiles,
    folder: &str,
    positions: usize,
) -> Result<PromptTokenizer, PipelineError> {
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
