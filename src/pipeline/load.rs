//! Puts a pipeline together from a diffusers folder.

use candle_core::{DType, Device};
use serde::Deserialize;

use super::additions::{Additions, Networks, Onto};
use super::compute::settled_memory;
use super::cost::CostModel;
use super::sampler::ModelSampling;
use super::{Extras, LatentRgb, PipelineError};
use crate::job::{MemoryMode, ModelPart, Request, WorkGrid};
use crate::model::{
    ClipConfig, Execution, ModelError, ModelFiles, Shelf, TextEncoder, Unet, UnetConfig, Vae, VaeConfig, Weights,
};
use crate::prompt::{PromptTokenizer, TokenizerFiles};

/// A tokenizer and the encoder that reads its tokens. SDXL has two such pairs.
pub(super) struct TextStage {
    pub tokenizer: PromptTokenizer,
    pub encoder: TextEncoder,
}

/// A model that is loaded and ready.
pub struct Pipeline {
    pub(super) text: Vec<TextStage>,
    pub(super) unet: Unet,
    pub(super) vae: Vae,
    pub(super) sampling: ModelSampling,
    pub(super) own_guidance: f64,
    pub(super) grid: WorkGrid,
    pub(super) extras: Extras,
    pub(super) latent_rgb: LatentRgb,
    pub(super) zeros_for_absent_negative: bool,
    /// Low or high: how the weights were packed.
    pub(super) memory: MemoryMode,
    /// Of a model inside the program.
    pub(super) embedded_bytes: usize,
    pub(super) execution: Execution,
    /// What the weights are kept in: the kernels widen half precision only when it is used.
    pub(super) weight_dtype: DType,
    pub(super) shelf: Shelf,
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
        Self::load_with(files, &Additions::default(), device, dtype, on_loading)
    }

    /// Reads a whole model and what is laid over it.
    ///
    /// # Errors
    /// As above, for the files of the additions as well.
    pub fn load_with(
        files: &ModelFiles,
        additions: &Additions,
        device: &Device,
        dtype: DType,
        on_loading: OnLoading,
    ) -> Result<Self, PipelineError> {
        Self::load_by(files, additions, &Execution::on(device, dtype), dtype, on_loading)
    }

    /// The same, carried out in a certain way.
    ///
    /// # Errors
    /// As above.
    pub fn load_by(
        files: &ModelFiles,
        additions: &Additions,
        execution: &Execution,
        dtype: DType,
        on_loading: OnLoading,
    ) -> Result<Self, PipelineError> {
        if let ModelFiles::Folder(folder) = files
            && !folder.is_dir()
        {
            return Err(ModelError::Missing { what: "the folder itself", path: folder.clone() }.into());
        }
        let index: ModelIndex = files.require_json("model_index.json", "model_index.json")?;
        let is_xl = index.class_name.starts_with("StableDiffusionXL");
        if !index.class_name.starts_with("StableDiffusion") || index.class_name.starts_with("StableDiffusion3") {
            let found = format!("{:?}", index.class_name);
            let supported = "a Stable Diffusion 1, 2 or XL pipeline".to_owned();
            let path = files.path_of("model_index.json");
            return Err(ModelError::Unsupported { field: "_class_name".into(), found, supported, path }.into());
        }
        // Small files first: a folder that cannot work is refused before a gigabyte is read.
        let unet_config = UnetConfig::read(files)?;
        let vae_files = match &additions.vae {
            Some(file) => ModelFiles::open_file(file)?,
            None => files.clone(),
        };
        let mut vae_config = VaeConfig::read(&vae_files)?;
        if additions.vae.is_some()
            && let Some(own) = VaeConfig::read(files).ok().or_else(|| family_vae(is_xl, &vae_config))
        {
            // A file of a VAE alone does not say what its family's latents are scaled by.
            (vae_config.scale, vae_config.shift, vae_config.force_upcast) = (own.scale, own.shift, own.force_upcast);
        }
        let sampling = ModelSampling::read(files)?;
        let extras = check_channels(&unet_config, &vae_config, files)?;
        let model = CostModel::read_with(files, vae_config.clone())?;
        let memory = settled_memory(additions.memory, &model, dtype, execution)?;
        let shelf = Shelf::default();
        let onto = Onto { execution, dtype, memory, shelf: &shelf };
        let Networks { text, unet } = additions.read_networks(files, is_xl, unet_config, onto, on_loading)?;
        let vae_dtype = if vae_config.force_upcast { DType::F32 } else { dtype };
        let before = TEXT_SHARE + UNET_SHARE;
        let told = |fraction: f32| on_loading(ModelPart::Vae, before + (1.0 - before) * fraction);
        let weights = Weights::open(&vae_files, "vae", "diffusion_pytorch_model", &Device::Cpu, vae_dtype, &told)?;
        let vae = Vae::new(vae_config, weights.with_execution(execution).with_winograd(memory == MemoryMode::High))?;
        let latent_rgb = LatentRgb::of_model(files, &vae)?;
        Ok(Self {
            grid: grid_of(unet.config(), vae.config()),
            extras,
            own_guidance: if matches!(files, ModelFiles::Embedded(_)) { 4.0 } else { Request::DEFAULT_GUIDANCE },
            zeros_for_absent_negative: is_xl && index.force_zeros_for_empty_prompt,
            text,
            unet,
            vae,
            sampling,
            latent_rgb,
            memory,
            embedded_bytes: model.embedded_bytes(),
            execution: execution.with_dtype(dtype),
            weight_dtype: dtype,
            shelf,
        })
    }
}

/// Buffers that may wait for their next use where memory is short.
pub(super) const LOW_IDLE_BYTES: usize = 64 << 20;

/// For a model that has no VAE of its own.
fn family_vae(is_xl: bool, config: &VaeConfig) -> Option<VaeConfig> {
    is_xl.then(|| VaeConfig { scale: 0.13025, ..config.clone() })
}

fn check_channels(unet: &UnetConfig, vae: &VaeConfig, files: &ModelFiles) -> Result<Extras, PipelineError> {
    let latent = vae.latent_channels;
    let unsupported = |field: &str, found: usize, supported: String| ModelError::Unsupported {
        field: field.into(),
        found: found.to_string(),
        supported,
        path: files.path_of("unet/config.json"),
    };
    if unet.out_channels != latent {
        let supported = format!("{latent}, as many as the VAE's latent channels,");
        return Err(unsupported("out_channels", unet.out_channels, supported).into());
    }
    Extras::of(unet.in_channels, latent).ok_or_else(|| {
        let (inpainting, instructions) = (2 * latent + 1, 2 * latent);
        let supported =
            format!("{latent}, as many as the VAE's latent channels, {instructions} (instructions) and {inpainting} (inpainting)");
        unsupported("in_channels", unet.in_channels, supported).into()
    })
}

fn grid_of(unet: &UnetConfig, vae: &VaeConfig) -> WorkGrid {
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
