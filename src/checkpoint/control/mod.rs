//! Control networks as files: a folder in diffusers' layout, one file in diffusers' names or those of the original code,
//! or the one inside the program.

mod derived;
mod names;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::archive::{Archive, TensorInfo};
use super::builtin::BuiltinFiles;
use super::single_file::TensorSlice;
use super::weight_files::{Placed, sources_of, weight_files};
use super::{CheckpointError, ControlConfig, ModelFiles, UnetConfig};
use crate::checkpoint::AdapterType;
use crate::job::{ControlNetworkRef, Family};
use derived::family_of;
use names::placed_by_diffusers_names;
pub(crate) use names::{ControlFileKind, kind_of};

const STEM: &str = "diffusion_pytorch_model";

/// An open control network: its tensors are read when they are asked for.
pub struct ControlFile {
    pub config: ControlConfig,
    path: PathBuf,
    archives: Vec<Arc<Archive>>,
    placed: Vec<Placed>,
    /// Its tensors are what they differ from the model's by.
    is_difference: bool,
    /// The config was made of shapes, which do not show all of it.
    is_derived: bool,
}

impl ControlFile {
    /// Reads names, shapes and the config.
    ///
    /// # Errors
    /// When it is missing, damaged, no control network, or asks for something that is not supported.
    pub fn open(network: &ControlNetworkRef) -> Result<Self, CheckpointError> {
        match network {
            ControlNetworkRef::Scribble => {
                let files = ModelFiles::from(BuiltinFiles::find_scribble()?);
                Self::of_folder(&files, "scribble", files.path_of("scribble"))
            }
            ControlNetworkRef::Path(path) if path.is_dir() => {
                let whole = path.canonicalize().unwrap_or_else(|_| path.clone());
                let name = whole.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let parent = whole.parent().unwrap_or(Path::new("/")).to_path_buf();
                Self::of_folder(&ModelFiles::Folder(parent), &name, path.clone())
            }
            ControlNetworkRef::Path(path) => Self::of_file(path),
        }
    }

    /// The weights of a control network's folder; `None` for any other.
    #[must_use]
    pub fn weights_in(folder: &Path) -> Option<PathBuf> {
        let config = std::fs::read(folder.join("config.json")).ok()?;
        let config: Value = serde_json::from_slice(&config).ok()?;
        if folder.join("model_index.json").is_file()
            || !names::is_control_class(config["_class_name"].as_str().unwrap_or_default())
        {
            return None;
        }
        let whole = folder.canonicalize().ok()?;
        let files = ModelFiles::Folder(whole.parent()?.to_path_buf());
        let chosen = weight_files(&files, &whole.file_name()?.to_string_lossy(), STEM).ok()?;
        chosen.files.first().map(|name| files.path_of(name))
    }

    fn of_folder(files: &ModelFiles, folder: &str, path: PathBuf) -> Result<Self, CheckpointError> {
        let name = format!("{folder}/config.json");
        let map = files.require_json(&name, "the control network's config.json")?;
        let config = ControlConfig::of(map, files.path_of(&name))?;
        let (archives, placed) = sources_of(files, folder, STEM)?;
        let names: Vec<&str> = placed.iter().map(|(name, ..)| name.as_str()).collect();
        check_class(&config, kind_of(&names), &path)?;
        let placed = placed.into_iter().flat_map(parted).collect();
        Ok(Self { config, path, archives, placed, is_difference: false, is_derived: false })
    }

    fn of_file(path: &Path) -> Result<Self, CheckpointError> {
        let archive = Archive::open(path)?;
        let tensors = archive.tensors();
        let names: Vec<&str> = tensors.iter().map(|tensor| tensor.name.as_str()).collect();
        let kind = kind_of(&names);
        let refused = |reason: &str| CheckpointError::Control { reason: reason.to_owned(), path: path.to_owned() };
        match kind {
            Some(ControlFileKind::ControlNet | ControlFileKind::Union | ControlFileKind::Adapter) => {}
            Some(ControlFileKind::ControlLora) => {
                return Err(refused("is a Control-LoRA, which is not supported; choose the whole ControlNet"));
            }
            Some(ControlFileKind::Lllite) => {
                return Err(refused("is a ControlNet-LLLite, which is not supported; choose the whole ControlNet"));
            }
            None => {
                return Err(refused("is none: its tensors are of something else; choose a ControlNet or T2I-Adapter"));
            }
        }
        let unread = tensors.iter().find(|tensor: &&TensorInfo| !tensor.is_read);
        if let Some(TensorInfo { name, precision, .. }) = unread {
            return Err(refused(&format!("has tensors in a precision that is not read ({name} is {precision})")));
        }
        let is_difference = names.contains(&names::DIFFERENCE);
        let placed = placed_by_diffusers_names(&tensors);
        // Beside the weights of a folder in diffusers' layout stands their config.
        let beside = path.parent().unwrap_or(Path::new(".")).join("config.json");
        let own = std::fs::read(&beside).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
        let own = own.filter(|json| names::is_control_class(json["_class_name"].as_str().unwrap_or_default()));
        let is_derived = own.is_none();
        let config = match own {
            Some(Value::Object(map)) => ControlConfig::of(map, beside)?,
            _ => ControlConfig::of(derived::config(&placed, kind), path.to_owned())?,
        };
        check_class(&config, kind, path)?;
        let config = if is_derived { derived::with_name(config, path) } else { config };
        let archives = vec![Arc::new(archive)];
        Ok(Self { config, path: path.to_owned(), archives, placed, is_difference, is_derived })
    }

    /// For a model with this UNet, whose latents are `cell` pixels wide: what shapes do not show is taken to be as there,
    /// since a control network is made for one.
    #[must_use]
    pub fn made_for(mut self, unet: &UnetConfig, cell: usize) -> Self {
        if !self.is_derived {
            return self;
        }
        match &mut self.config {
            ControlConfig::ControlNet(config) => derived::take_from(&mut config.unet, unet),
            ControlConfig::Adapter(config) => {
                if config.kind == AdapterType::Full && config.factor == 2 * cell {
                    config.kind = AdapterType::FullXl;
                }
            }
        }
        self
    }

    /// Which it was made for, by its shapes; `None` where they do not show it.
    #[must_use]
    pub fn family(&self) -> Option<Family> {
        family_of(&self.placed)
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the model's own UNet is to be added to its tensors.
    #[must_use]
    pub fn is_difference(&self) -> bool {
        self.is_difference
    }

    /// Its archives, and where in them its tensors are.
    #[must_use]
    pub(crate) fn sources(&self) -> (Vec<Arc<Archive>>, Vec<Placed>) {
        (self.archives.clone(), self.placed.clone())
    }
}

/// Which family a file's control network was made for; `None` where that does not show.
#[must_use]
pub(crate) fn family_of_tensors(tensors: &[TensorInfo]) -> Option<Family> {
    family_of(&placed_by_diffusers_names(tensors))
}

/// Query, key and value kept in one matrix, as PyTorch's own attention has them.
fn parted((name, archive, source, bytes): Placed) -> Vec<Placed> {
    let Some((at, kind)) = name.split_once(".attn.in_proj_") else { return vec![(name, archive, source, bytes)] };
    let third = |(index, letter): (usize, &str)| {
        let mut part = source.clone();
        part.cut = TensorSlice::Third(index);
        if let Some(rows) = part.shape.first_mut() {
            *rows /= 3;
        }
        (format!("{at}.attn.to_{letter}.{kind}"), archive, part, bytes / 3)
    };
    ["q", "k", "v"].into_iter().enumerate().map(third).collect()
}

/// A config that speaks of another kind of network than the weights are.
fn check_class(config: &ControlConfig, kind: Option<ControlFileKind>, path: &Path) -> Result<(), CheckpointError> {
    let (said, wanted) = match config {
        ControlConfig::Adapter(_) => ("a T2I-Adapter", ControlFileKind::Adapter),
        ControlConfig::ControlNet(config) if config.union.is_some() => ("a union ControlNet", ControlFileKind::Union),
        ControlConfig::ControlNet(_) => ("a ControlNet", ControlFileKind::ControlNet),
    };
    if kind == Some(wanted) {
        return Ok(());
    }
    let found = kind.map_or("something else", ControlFileKind::one);
    let reason = format!("is {said} by its config, and its weights are {found}; download it again");
    Err(CheckpointError::Control { reason, path: path.to_owned() })
}
