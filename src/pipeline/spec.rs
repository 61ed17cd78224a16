//! What must be known of a model before anything large is read: its family, its networks' sizes, what it wants of
//! pictures, sampling and guidance. From its small files alone.

use std::path::Path;

use candle_core::DType;
use serde::Deserialize;

use super::PipelineError;
use super::sampler::ModelSampling;
use crate::checkpoint::{
    CheckpointError, ClipConfig, ModelFiles, UnetConfig, VaeConfig, is_supported_class, pipeline_class, profile_of,
};
use crate::job::{Family, ModelInput, ModelProfile, WorkGrid};
use crate::model::Card;

/// The networks by their configs alone.
#[derive(Clone, Debug)]
pub(super) struct NetworkConfigs {
    /// One text encoder, or SDXL's two.
    pub text: Vec<ClipConfig>,
    pub unet: UnetConfig,
    pub vae: VaeConfig,
    /// Of a model inside the program, whose pages count as the program's.
    pub embedded_bytes: usize,
}

impl NetworkConfigs {
    /// `has_pair` is whether two text encoders read the prompt.
    pub(crate) fn read(
        files: &ModelFiles,
        unet: UnetConfig,
        vae: VaeConfig,
        has_pair: bool,
    ) -> Result<Self, CheckpointError> {
        let mut text = vec![ClipConfig::read(files, "text_encoder")?];
        if has_pair {
            text.push(ClipConfig::read(files, "text_encoder_2")?);
        }
        let embedded_bytes = files.bytes() as usize;
        Ok(Self { text, unet, vae, embedded_bytes })
    }

    /// What the VAE is kept in where the other networks are kept in `dtype`. A config asks for single precision unless it
    /// says otherwise; as diffusers does, a CUDA card follows it for SDXL alone, whose VAE overflows in half precision.
    /// Should another one do so, that is seen and it is read anew.
    pub(crate) fn vae_dtype(&self, dtype: DType, card: Option<Card>) -> DType {
        let is_sdxl = self.unet.added.is_some();
        if self.vae.force_upcast && (is_sdxl || card != Some(Card::Cuda)) { DType::F32 } else { dtype }
    }
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
        let is_xl = class.starts_with("StableDiffusionXL");
        if !is_supported_class(&class) {
            let found = format!("{class:?}");
            let supported = "a Stable Diffusion 1, 2 or XL pipeline".to_owned();
            let path = files.path_of("model_index.json");
            return Err(CheckpointError::Unsupported { field: "_class_name".into(), found, supported, path }.into());
        }
        let EmptyPrompt { force_zeros_for_empty_prompt } =
            files.require_json("model_index.json", "model_index.json")?;
        let unet = UnetConfig::read(files)?;
        let profile = profile_of(files)?;
        let (vae_files, vae) = read_vae_config(files, vae, profile.family.value)?;
        let sampling = ModelSampling::read(files)?;
        let input = check_channels(&unet, &vae, files)?;
        Ok(Self {
            grid: grid_of(&unet, &vae),
            input,
            profile,
            zeros_for_absent_negative: is_xl && force_zeros_for_empty_prompt,
            configs: NetworkConfigs::read(files, unet, vae, is_xl)?,
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
        self.configs.unet.guidance_width.is_some()
    }

    /// `(1, latent_channels, height / factor, width / factor)` for a picture of this size in pixels.
    pub(super) fn latent_shape(&self, width: u32, height: u32) -> (usize, usize, usize, usize) {
        let config = &self.configs.vae;
        let factor = config.factor();
        (1, config.latent_channels, height as usize / factor, width as usize / factor)
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

fn check_channels(unet: &UnetConfig, vae: &VaeConfig, files: &ModelFiles) -> Result<ModelInput, PipelineError> {
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
    ModelInput::of(unet.in_channels, latent).ok_or_else(|| {
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
pub(crate) fn work_grid_of(files: &ModelFiles) -> Result<WorkGrid, PipelineError> {
    Ok(grid_of(&UnetConfig::read(files)?, &VaeConfig::read(files)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuda_follows_the_config_for_sdxl_alone() {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data");
        for (family, on_cuda) in [("sd1", DType::F16), ("sd2", DType::F16), ("sdxl", DType::F32)] {
            let files = ModelFiles::Folder(data.join(family).join("model"));
            let mut configs = ModelSpec::read(&files, None).unwrap().configs;
            for (force_upcast, cuda, metal) in [(true, on_cuda, DType::F32), (false, DType::F16, DType::F16)] {
                configs.vae.force_upcast = force_upcast;
                assert_eq!(configs.vae_dtype(DType::F16, Some(Card::Cuda)), cuda, "{family}");
                assert_eq!(configs.vae_dtype(DType::F16, Some(Card::Metal)), metal, "{family}");
                assert_eq!(configs.vae_dtype(DType::F16, None), metal, "{family}");
            }
        }
    }
}
