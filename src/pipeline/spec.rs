//! What must be known of a model before anything large is read: its family, its networks' sizes, what it wants of
//! pictures, sampling and guidance. From its small files alone.

use std::path::Path;

use candle_core::{DType, Device};
use serde::Deserialize;

use super::PipelineError;
use super::sampler::ModelSampling;
use super::workload::ReadPictures;
use crate::checkpoint::{
    CheckpointError, DenoiserConfig, Lora, ModelFiles, TextConfig, VaeConfig, is_supported_class, network_family,
    other_family_of_class, pipeline_class, profile_of,
};
use crate::job::{Family, LoraRef, ModelInput, ModelProfile, TextStage, WorkGrid, size_read};
use crate::model::{Card, KeptForms, Weights};

/// The networks by their configs alone.
#[derive(Clone, Debug)]
pub(super) struct NetworkConfigs {
    pub text: TextConfig,
    pub denoiser: DenoiserConfig,
    pub vae: VaeConfig,
    /// Of a model inside the program, whose pages count as the program's.
    pub embedded_bytes: usize,
    /// Weights that the kernels keep as their file packs them: of the text encoders, of what takes noise away, of the VAE.
    pub kept_forms: [KeptForms; 4],
}

impl NetworkConfigs {
    pub(crate) fn read(
        files: &ModelFiles,
        denoiser: DenoiserConfig,
        (vae_files, vae): (&ModelFiles, VaeConfig),
        family: Family,
    ) -> Result<Self, CheckpointError> {
        let text = TextConfig::read(files, family)?;
        let embedded_bytes = files.bytes() as usize;
        let [text_forms, second_text_forms, denoiser_forms] = patched_forms_of(files, &denoiser, &[]);
        let vae_forms = kept_forms_of(vae_files, "vae", "diffusion_pytorch_model", &[]);
        let kept_forms = [text_forms, second_text_forms, denoiser_forms, vae_forms];
        Ok(Self { text, denoiser, vae, embedded_bytes, kept_forms })
    }

    /// The same with LoRAs, which change how matrices are kept that their file packs.
    pub(super) fn with_loras(self, files: &ModelFiles, loras: &[LoraRef]) -> Self {
        if loras.is_empty() || self.kept_forms.iter().all(KeptForms::is_empty) {
            return self;
        }
        let loras: Vec<Lora> = loras.iter().filter_map(|lora| Lora::open(&lora.file, lora.weights().1).ok()).collect();
        let [text, second_text, denoiser] = patched_forms_of(files, &self.denoiser, &loras);
        let [.., vae] = self.kept_forms;
        Self { kept_forms: [text, second_text, denoiser, vae], ..self }
    }

    /// What the VAE is kept in where the other networks are kept in `dtype`. A config asks for single precision unless it
    /// says otherwise. A CUDA card keeps such a one in f16, made quieter inside: it has the digits for a picture, which
    /// bfloat16 has not. Should it overflow nevertheless, that is seen and it is read anew.
    pub(crate) fn vae_dtype(&self, dtype: DType, card: Option<Card>) -> DType {
        match (self.vae.force_upcast, card) {
            (true, Some(Card::Cuda)) if dtype != DType::F32 => DType::F16,
            (true, _) => DType::F32,
            (false, _) => dtype,
        }
    }
}

/// Of the networks that LoRAs change.
fn patched_forms_of(files: &ModelFiles, denoiser: &DenoiserConfig, loras: &[Lora]) -> [KeptForms; 3] {
    let networks =
        [("text_encoder", "model"), ("text_encoder_2", "model"), (denoiser.folder(), "diffusion_pytorch_model")];
    networks.map(|(folder, stem)| kept_forms_of(files, folder, stem, loras))
}

/// A network whose files are not there or not read has none; that is said when it is loaded.
fn kept_forms_of(files: &ModelFiles, folder: &str, stem: &str, loras: &[Lora]) -> KeptForms {
    if matches!(files.base(), ModelFiles::Embedded(_)) {
        return KeptForms::default();
    }
    let weights = Weights::open(files, folder, stem, &Device::Cpu, DType::F32, &|_| Ok(()));
    weights.map(|weights| weights.with_loras(folder, loras).kept_forms()).unwrap_or_default()
}

#[derive(Deserialize)]
struct EmptyPrompt {
    #[serde(default = "yes")]
    force_zeros_for_empty_prompt: bool,
}

fn yes() -> bool {
    true
}

/// A model that may be loaded: a folder that cannot work is refused before a gigabyte is read.
pub struct ModelSpec {
    pub(super) files: ModelFiles,
    pub(super) vae_files: ModelFiles,
    pub(super) configs: NetworkConfigs,
    pub(super) grid: WorkGrid,
    pub(super) input: ModelInput,
    profile: ModelProfile,
    pub(super) sampling: ModelSampling,
    pub(super) zeros_for_absent_negative: bool,
}

impl ModelSpec {
    /// Reads a model's small files; `vae` is a file with another VAE than the model's own.
    ///
    /// # Errors
    /// When one is missing, damaged, or asks for something that is not supported.
    pub fn read(files: &ModelFiles, vae: Option<&Path>) -> Result<Self, PipelineError> {
        if let ModelFiles::Folder(folder) = files.base()
            && !folder.is_dir()
        {
            return Err(CheckpointError::Missing { what: "the folder itself", path: folder.clone() }.into());
        }
        let class = pipeline_class(files)?;
        if !is_supported_class(&class) {
            if let Some(family) = other_family_of_class(&class) {
                return Err(CheckpointError::OtherFamily { family, path: files.path_of("model_index.json") }.into());
            }
            let found = format!("{class:?}");
            let supported = "a pipeline of Stable Diffusion 1, 2 or XL, Z-Image or FLUX.2 klein".to_owned();
            let path = files.path_of("model_index.json");
            return Err(CheckpointError::Unsupported { field: "_class_name".into(), found, supported, path }.into());
        }
        let EmptyPrompt { force_zeros_for_empty_prompt } =
            files.require_json("model_index.json", "model_index.json")?;
        let profile = profile_of(files)?;
        let family = profile.family.value;
        let denoiser = DenoiserConfig::read(files, family)?;
        let (vae_files, vae) = read_vae_config(files, vae, family)?;
        let sampling = ModelSampling::read(files, family)?;
        let input = check_channels(&denoiser, &vae, files)?;
        let zeros_for_absent_negative = family.row().text == TextStage::ClipPair && force_zeros_for_empty_prompt;
        let configs = NetworkConfigs::read(files, denoiser, (&vae_files, vae), family)?;
        check_context(&configs, files)?;
        Ok(Self {
            grid: grid_of(&configs.denoiser, &configs.vae, family),
            input,
            profile,
            zeros_for_absent_negative,
            configs,
            files: files.clone(),
            vae_files,
            sampling,
        })
    }

    /// What it is, and what a picture takes by default.
    #[must_use]
    pub fn profile(&self) -> &ModelProfile {
        &self.profile
    }

    /// Whether guidance is embedded in the time step, so that one pass is guided already.
    pub(super) fn embeds_guidance(&self) -> bool {
        self.configs.denoiser.embeds_guidance() || !self.profile.family.value.row().takes_guidance
    }

    /// Whether areas may have prompts of their own.
    ///
    /// # Errors
    /// When there are some and the model's prompt does not reach the picture by cross-attention.
    pub fn check_regions(&self, count: usize) -> Result<(), PipelineError> {
        if count == 0 || self.configs.denoiser.unet().is_some() {
            return Ok(());
        }
        Err(PipelineError::Unsupported(format!(
            "regions work by the cross-attention of Stable Diffusion models, and {} has none; choose another model, or \
             leave the regions out",
            self.profile().family.value.name()
        )))
    }

    /// Whether pictures that the prompt speaks of are read.
    #[must_use]
    pub fn reads_references(&self) -> bool {
        self.configs.denoiser.reads_references()
    }

    /// Of pictures of these widths and heights, what the network reads; nothing where it reads no pictures.
    #[must_use]
    pub fn read_pictures(&self, sizes_px: impl IntoIterator<Item = [u32; 2]>) -> ReadPictures {
        let read = sizes_px.into_iter().filter(|_| self.reads_references());
        ReadPictures::of(read.map(|[width, height]| size_read((width, height), self.grid.cell_px)))
    }

    /// Tokens of the picture, as the schedules of flow matching count them.
    pub(super) fn tokens(&self, width: u32, height: u32) -> usize {
        let side = |pixels: u32| pixels as usize / (self.configs.vae.factor() * self.configs.denoiser.patch());
        side(width) * side(height)
    }

    /// `(1, cell_channels, height / factor, width / factor)` for a picture of this size in pixels.
    pub(super) fn latent_shape(&self, width: u32, height: u32) -> (usize, usize, usize, usize) {
        let config = &self.configs.vae;
        let factor = config.factor();
        (1, config.cell_channels(), height as usize / factor, width as usize / factor)
    }
}

/// Where the VAE is read from, and its config.
fn read_vae_config(
    files: &ModelFiles,
    vae: Option<&Path>,
    family: Family,
) -> Result<(ModelFiles, VaeConfig), PipelineError> {
    let Some(file) = vae else { return Ok((files.clone(), VaeConfig::read(files)?)) };
    let vae_files = ModelFiles::open_file(file)?;
    let mut config = VaeConfig::read(&vae_files)?;
    let is_stated = |field: &str| matches!(&vae_files, ModelFiles::File(file) if file.states_of_vae(field));
    // What a file of a VAE alone does not hold is the model's: what its latents are scaled by, and how many groups
    // normalise a network of its widths.
    let own =
        VaeConfig::read(files).unwrap_or_else(|_| VaeConfig { scale: family.row().latent_scale, ..config.clone() });
    if !is_stated("scaling_factor") {
        (config.scale, config.shift) = (own.scale, own.shift);
    }
    if !is_stated("force_upcast") {
        config.force_upcast = own.force_upcast;
    }
    if !is_stated("norm_num_groups") && own.block_channels == config.block_channels {
        config.groups = own.groups;
    }
    Ok((vae_files, config))
}

/// The prompt's width must be the one that the transformer wants: said before a gigabyte is read.
fn check_context(configs: &NetworkConfigs, files: &ModelFiles) -> Result<(), PipelineError> {
    let (found, wanted) = (configs.text.width(), configs.denoiser.context_width());
    if let (TextConfig::Qwen3 { .. }, Some(wanted)) = (&configs.text, wanted)
        && found != wanted
    {
        let supported = format!("for this transformer, what gives {wanted} values a token and not {found}");
        let path = files.path_of("text_encoder/config.json");
        return Err(CheckpointError::Unsupported {
            field: "hidden_size".into(),
            found: found.to_string(),
            supported,
            path,
        }
        .into());
    }
    Ok(())
}

fn check_channels(denoiser: &DenoiserConfig, vae: &VaeConfig, files: &ModelFiles) -> Result<ModelInput, PipelineError> {
    let latent = vae.cell_channels();
    let unsupported = |field: &str, found: usize, supported: String| CheckpointError::Unsupported {
        field: field.into(),
        found: found.to_string(),
        supported,
        path: files.path_of(denoiser.folder()).join("config.json"),
    };
    if denoiser.out_channels() != latent {
        let supported = format!("{latent}, as many as the VAE's latent channels,");
        return Err(unsupported("out_channels", denoiser.out_channels(), supported).into());
    }
    ModelInput::of(denoiser.in_channels(), latent).ok_or_else(|| {
        let (inpainting, instructions) = (2 * latent + 1, 2 * latent);
        let supported =
            format!("{latent}, as many as the VAE's latent channels, {instructions} (instructions) and {inpainting} (inpainting)");
        unsupported("in_channels", denoiser.in_channels(), supported).into()
    })
}

fn grid_of(denoiser: &DenoiserConfig, vae: &VaeConfig, family: Family) -> WorkGrid {
    WorkGrid {
        native_side_px: denoiser.native_side_px(vae, family) as u32,
        cell_px: (vae.factor() * denoiser.patch()) as u32,
        step_px: denoiser.step_px(vae) as u32,
        reads_pictures: denoiser.reads_references(),
    }
}

/// What a model wants of sizes, from its small files alone.
///
/// # Errors
/// When they are missing or unreadable.
pub(crate) fn work_grid_of(files: &ModelFiles) -> Result<WorkGrid, PipelineError> {
    let family = network_family(files)?;
    Ok(grid_of(&DenoiserConfig::read(files, family)?, &VaeConfig::read(files)?, family))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuda_keeps_in_half_precision_what_others_need_single_for() {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data");
        let files = ModelFiles::Folder(data.join("sdxl/model"));
        let mut configs = ModelSpec::read(&files, None).unwrap().configs;
        for dtype in [DType::F32, DType::F16, DType::BF16] {
            for force_upcast in [true, false] {
                configs.vae.force_upcast = force_upcast;
                let elsewhere = if force_upcast { DType::F32 } else { dtype };
                assert_eq!(configs.vae_dtype(dtype, Some(Card::Metal)), elsewhere);
                assert_eq!(configs.vae_dtype(dtype, None), elsewhere);
                let cuda = if force_upcast && dtype == DType::BF16 { DType::F16 } else { dtype };
                assert_eq!(configs.vae_dtype(dtype, Some(Card::Cuda)), cuda);
            }
        }
    }
}
