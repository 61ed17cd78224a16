//! A checkpoint in one file, presented as a folder in diffusers' layout: the same code then reads both.
//!
//! Nothing is copied beforehand: names are mapped, and a layer's tensor is read from its place when the layer asks for it.

mod companions;
mod derived;
mod modern;
mod modern_configs;
mod names;
mod original_config;
mod places;
mod sidecar;
mod vocabulary;
mod yaml;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use serde_json::Value;

use super::archive::{Archive, TensorInfo};
use super::other_families::other_family_of;
use super::transformer_names::TRANSFORMER;
use super::{CheckpointError, Lora};
use crate::job::Family;
use derived::Training;
pub(crate) use derived::{family_of, unet_config};
pub(crate) use modern::transformer_places;
pub(crate) use names::Parts;
pub(crate) use places::{NetworkTensors, TensorSlice, TensorSource};
use sidecar::Sidecar;
pub(crate) use yaml::parse as parse_yaml;

/// Tensors that files have whose noise levels are EDM's.
const EDM_MARKS: [&str; 3] = ["edm_mean", "edm_std", "edm_vpred.sigma_max"];

const VAE_CONFIG: &str = "vae/config.json";

/// An open checkpoint.
pub struct SingleFile {
    path: PathBuf,
    archive: Arc<Archive>,
    /// Of networks that stand in other files.
    others: BTreeMap<&'static str, Arc<Archive>>,
    parts: Parts,
    family: Family,
    training: Training,
    configs: BTreeMap<String, Value>,
    sidecar: Sidecar,
}

impl SingleFile {
    /// Reads the header, and finds out what the file is.
    ///
    /// # Errors
    /// When it is missing, damaged, or holds no network that Inkwick knows.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        let archive = Archive::open(path)?;
        let tensors = archive.tensors();
        if Lora::claimed(&tensors).len() * 2 > tensors.len() {
            return Err(CheckpointError::IsLora(path.to_owned()));
        }
        if tensors.iter().any(|tensor| EDM_MARKS.contains(&tensor.name.as_str())) {
            return Err(CheckpointError::EdmTraining(path.to_owned()));
        }
        if let Some(family) = other_family_of(&tensors) {
            return Err(CheckpointError::OtherFamily { family, path: path.to_owned() });
        }
        let mut parts = Parts::of(&tensors);
        if parts.networks.is_empty() {
            return Err(CheckpointError::NoNetwork(path.to_owned()));
        }
        let mut sidecar = Sidecar::beside(path)?;
        sidecar.find_companions(path, &parts);
        let others = taken_from_others(&sidecar, &mut parts)?;
        let mut family = family_of(&parts);
        drop_what_is_never_run(&mut parts, family);
        let training = training_of(&archive, &tensors, &parts, family);
        if family == Family::Sd2 && training.is_velocity {
            family = Family::Sd2Velocity;
        }
        let names = names_of(path, &archive);
        let mut configs = derived::configs(&parts, family, training, &names);
        apply_folder_configs(&sidecar.folders, &mut configs)?;
        let is_vae_alone = parts.networks.keys().eq(["vae"].iter());
        if let Some(derived) = configs.get(VAE_CONFIG).filter(|_| is_vae_alone) {
            sidecar.take_vae_config(path, derived)?;
        }
        if let (Some(vae), Some(config)) = (&sidecar.vae, configs.get_mut(VAE_CONFIG)) {
            Sidecar::beside(vae)?.apply(VAE_CONFIG, config);
        }
        for (name, config) in &mut configs {
            sidecar.apply(name, config);
        }
        let archive = Arc::new(archive);
        Ok(Self { path: path.to_owned(), archive, others, parts, family, training, configs, sidecar })
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    #[must_use]
    pub fn family(&self) -> Family {
        self.family
    }

    /// How it was found what the network predicts; `prediction_type` is what its scheduler's config came to say.
    #[must_use]
    pub fn prediction_reason(&self, prediction_type: Option<&str>) -> &'static str {
        if prediction_type == Some(self.training.prediction_type()) {
            self.training.reason
        } else {
            "a file beside it says so"
        }
    }

    /// What people call it: the file's name, and what it is called inside where its maker wrote that.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        names_of(&self.path, &self.archive)
    }

    #[must_use]
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// The file that a network stands in: this one, or one that its sidecar names.
    #[must_use]
    pub fn archive_of(&self, folder: &str) -> &Arc<Archive> {
        self.others.get(folder).unwrap_or(&self.archive)
    }

    /// Whether a file beside it says what this field of the VAE's config is; else its shapes and its family do.
    #[must_use]
    pub(crate) fn states_of_vae(&self, field: &str) -> bool {
        self.sidecar.states(VAE_CONFIG, field)
    }

    /// Whether everything is there that a picture takes, the VAE aside.
    #[must_use]
    pub fn can_draw(&self) -> bool {
        let has = |network: &str| self.parts.networks.contains_key(network);
        if has(TRANSFORMER) {
            return has("text_encoder");
        }
        let is_xl = self.family.is_xl();
        has("unet") && (has("text_encoder") || is_xl) && (has("text_encoder_2") || !is_xl)
    }

    /// The tensors of one network (`unet`, `vae`, `text_encoder`, `text_encoder_2`) by diffusers' names.
    ///
    /// # Errors
    /// When the file does not hold it, with what to do about it.
    pub fn network(&self, folder: &str) -> Result<&NetworkTensors, CheckpointError> {
        self.parts.networks.get(folder).ok_or_else(|| self.lacks(folder))
    }

    fn lacks(&self, folder: &str) -> CheckpointError {
        if folder == "vae" && self.can_draw() {
            return CheckpointError::VaeMissing(self.path.clone());
        }
        if self.parts.networks.contains_key(TRANSFORMER)
            && (folder.starts_with("text_encoder") || folder == "tokenizer")
        {
            return self.lacks_language_model(folder);
        }
        let what = match folder {
            "unet" => "UNet",
            "vae" => "VAE",
            _ => "text encoder",
        };
        CheckpointError::PartMissing { what, path: self.path.clone() }
    }

    fn lacks_language_model(&self, folder: &str) -> CheckpointError {
        let width = modern_configs::wanted_beside(&self.parts).map_or(0, |(width, _)| width);
        let (what, remedy) = if folder == "tokenizer" {
            let repository = if self.family == Family::ZImage {
                "Tongyi-MAI/Z-Image-Turbo"
            } else {
                "black-forest-labs/FLUX.2-klein-4B"
            };
            (
                "tokenizer for its text encoder".to_owned(),
                format!(
                    "put tokenizer.json (11 MB, in {repository} on the Hugging Face Hub) into a folder tokenizer beside it, or take Qwen3 as a GGUF file, which brings its own along"
                ),
            )
        } else {
            let sidecar = self.path.with_extension("json");
            let sidecar = sidecar.file_name().unwrap_or_default().to_string_lossy();
            (
                format!("Qwen3 text encoder of width {width}"),
                format!(
                    "put one into a folder text_encoders beside its own, for width 2560 qwen_3_4b.safetensors (8.0 GB, in Comfy-Org/z_image_turbo on the Hugging Face Hub) or a GGUF file of Qwen3-4B (2.5 GB in Q4_K); one that lies elsewhere is named by {{\"text_encoder\": \"FILE\"}} in {sidecar} beside it"
                ),
            )
        };
        CheckpointError::CompanionMissing { what, remedy, path: self.path.clone() }
    }

    /// What a transformer lacks before it can draw, the VAE aside.
    ///
    /// # Errors
    /// Names it, with what to do about it.
    pub fn check_companions(&self) -> Result<(), CheckpointError> {
        let is_lone = self.parts.networks.contains_key(TRANSFORMER) && !self.can_draw();
        if is_lone { Err(self.lacks("text_encoder")) } else { Ok(()) }
    }

    /// What a folder's file of that name would hold, or `None`.
    ///
    /// # Errors
    /// When a file beside the checkpoint is there and cannot be read.
    pub fn read(&self, name: &str) -> Result<Option<Cow<'static, [u8]>>, CheckpointError> {
        if let Some(config) = self.configs.get(name) {
            return Ok(serde_json::to_vec(config).ok().map(Cow::Owned));
        }
        let Some((folder, file)) = name.split_once('/') else { return Ok(None) };
        if matches!(folder, "unet" | "vae" | "text_encoder" | "text_encoder_2") && file == "config.json" {
            return Err(self.lacks(folder));
        }
        let encoder = match folder {
            "tokenizer" => "text_encoder",
            "tokenizer_2" => "text_encoder_2",
            _ => return Ok(None),
        };
        if let Some(path) = self.sidecar.tokenizer_file(folder, file) {
            return match std::fs::read(&path) {
                Ok(bytes) => Ok(Some(Cow::Owned(bytes))),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(CheckpointError::Unreadable { reason: error.to_string(), path }),
            };
        }
        if self.parts.networks.contains_key(TRANSFORMER) {
            // Of files of weights only llama.cpp's have a language model's words.
            return match self.archive_of(encoder).vocabulary() {
                Some(vocabulary) => Ok(vocabulary.file(file).map(Cow::Owned)),
                None if file == "tokenizer.json" => Err(self.lacks(folder)),
                None => Ok(None),
            };
        }
        let embedding = self.network(encoder)?.get("embeddings.token_embedding.weight");
        let size = embedding.and_then(|source| source.shape.first()).copied().unwrap_or(0);
        if let Some(own) = vocabulary::built_in(size, file)? {
            return Ok(Some(own));
        }
        let pads_with_zero = folder == "tokenizer_2" || self.family.is_sd2();
        Ok(vocabulary::file(file, size, pads_with_zero).map(Cow::Owned))
    }

    /// A tensor of ours, cut out of the file's.
    ///
    /// # Errors
    /// When the file's precision is not supported or the device is out of memory.
    pub fn load(archive: &Archive, source: &TensorSource, device: &Device) -> Result<Tensor, candle_core::Error> {
        let tensor = archive.load(&source.name, device)?;
        match source.cut {
            TensorSlice::Whole => Ok(tensor),
            TensorSlice::Rows { first, count, of } => {
                let rows = tensor.dim(0)? / of.max(1);
                // A copy: a view would take all of the tensor along to wherever it is brought.
                tensor.narrow(0, first * rows, count * rows)?.force_contiguous()
            }
            TensorSlice::Transposed => tensor.t()?.contiguous(),
            TensorSlice::HalvesSwapped => {
                let half = tensor.dim(0)? / 2;
                Tensor::cat(&[tensor.narrow(0, half, half)?, tensor.narrow(0, 0, half)?], 0)
            }
        }
    }
}

fn names_of(path: &Path, archive: &Archive) -> Vec<String> {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    stem.into_iter().chain(archive.metadata().get("modelspec.title").cloned()).collect()
}

/// Takes the VAE of another file instead of a file's own, and from the base what it lacks.
fn taken_from_others(
    sidecar: &Sidecar,
    parts: &mut Parts,
) -> Result<BTreeMap<&'static str, Arc<Archive>>, CheckpointError> {
    let mut others = BTreeMap::new();
    for (file, wanted) in
        [(&sidecar.vae, Some("vae")), (&sidecar.text_encoder, Some("text_encoder")), (&sidecar.base, None)]
    {
        let Some(file) = file else { continue };
        let archive = Arc::new(Archive::open(file)?);
        let theirs = Parts::of(&archive.tensors());
        for (network, part) in theirs.networks {
            let is_missing = || !parts.networks.contains_key(network);
            let is_wanted = wanted.map_or_else(is_missing, |wanted| network == wanted);
            if is_wanted {
                parts.networks.insert(network, part);
                parts.open_clip.extend(theirs.open_clip.get(network));
                parts.whole_open_clip.extend(theirs.whole_open_clip.get(network));
                others.insert(network, Arc::clone(&archive));
            }
        }
    }
    Ok(others)
}

/// SD 2 reads its encoder one layer before the last. Files that hold the whole of `OpenCLIP` hold that last layer too.
fn drop_what_is_never_run(parts: &mut Parts, family: Family) {
    let is_marked = parts.whole_open_clip.contains("text_encoder");
    let Some(text) = parts.networks.get_mut("text_encoder") else { return };
    text.remove("text_projection.weight");
    let layer_of = |name: &str| name.strip_prefix("encoder.layers.")?.split('.').next()?.parse::<usize>().ok();
    let last = text.keys().filter_map(|name| layer_of(name)).max().unwrap_or(0);
    // Of its 24 layers the last has the number 23, whatever names they have; smaller networks are recognised by what else is there.
    if family == Family::Sd2 && last > 0 && (is_marked || last == 23) {
        text.retain(|name, _| layer_of(name) != Some(last));
    }
}

/// What cannot be seen from shapes: ComfyUI's rule for SD 2, marker tensors for the others.
fn training_of(archive: &Archive, tensors: &[TensorInfo], parts: &Parts, family: Family) -> Training {
    let has = |name: &str| tensors.iter().any(|tensor| tensor.name == name);
    if family != Family::Sd2 {
        let is_velocity = has("v_pred");
        let reason = if is_velocity { "the file has a tensor v_pred" } else { "its family does" };
        return Training { is_velocity, is_zero_snr: has("ztsnr"), reason, ..Training::default() };
    }
    let step = archive.metadata().get("global_step").map(String::as_str);
    if let Some(known) = step.and_then(|step| ["875000", "220000", "110000"].iter().position(|known| *known == step)) {
        let reason = "the file's number of training steps is that of a published model";
        return Training { is_velocity: known == 2, reason, ..Training::default() };
    }
    let telling = parts.networks.get("unet").and_then(|unet| {
        let in_channels = unet.get("conv_in.weight")?.shape.get(1)?;
        let bias = unet.get("up_blocks.3.attentions.2.transformer_blocks.0.norm1.bias")?;
        (*in_channels == 4).then_some(bias)
    });
    let spread = telling.and_then(|source| {
        let values = SingleFile::load(archive, source, &Device::Cpu).ok()?.to_dtype(DType::F32).ok()?;
        values.flatten_all().ok()?.var(0).ok()?.to_scalar::<f32>().ok()
    });
    let reason =
        if spread.is_some() { "one of its biases is spread as that training leaves it" } else { "its family does" };
    Training { is_velocity: spread.is_some_and(|variance| variance.sqrt() > 0.09), reason, ..Training::default() }
}

/// Takes a neighbouring folder's configs when its networks have the shapes of ours.
fn apply_folder_configs(folders: &[PathBuf], configs: &mut BTreeMap<String, Value>) -> Result<(), CheckpointError> {
    const TELLING: [&str; 7] = [
        "in_channels",
        "block_out_channels",
        "cross_attention_dim",
        "latent_channels",
        "hidden_size",
        "num_hidden_layers",
        "vocab_size",
    ];
    for folder in folders {
        let mut theirs = BTreeMap::new();
        for name in configs.keys() {
            if let Some(config) = sidecar::read_json(&folder.join(name))? {
                theirs.insert(name.clone(), config);
            }
        }
        let fits = theirs.iter().all(|(name, config)| {
            TELLING.iter().all(|field| {
                let (ours, found) = (&configs[name][field], &config[field]);
                ours.is_null() || found.is_null() || !ours.is_array() && found.is_array() || ours == found
            })
        });
        if fits && theirs.contains_key("unet/config.json") {
            configs.extend(theirs);
            return Ok(());
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "parts_tests.rs"]
mod tests;
