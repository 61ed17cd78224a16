//! A checkpoint file as an entry of the list of models; other files are filed where they belong.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::checkpoint::{FileKind, FileReport, ModelFiles, inspect_file, profile_of};
use crate::job::{ModelDefaults, ModelRef};
use crate::store::models::entry::{ModelEntry, ModelError};
use crate::store::models::facts::ModelFacts;
use crate::store::models::{extras, upscalers};
use crate::store::paths::Paths;

/// Reads what a file says of itself.
///
/// # Errors
/// When it is damaged, or something else than a checkpoint; what it is is said.
pub(crate) fn inspect(path: &Path) -> Result<ModelEntry, ModelError> {
    let report = inspect_file(path)?;
    // A side file of a UNet alone may name where the rest is.
    let may_draw = matches!(report.kind, FileKind::Checkpoint | FileKind::CheckpointWithoutVae | FileKind::Unet)
        // Of the others, opening says what they are, or lack.
        || matches!(report.kind, FileKind::Transformer | FileKind::OtherModel);
    let files = if may_draw { Some(ModelFiles::open_file(path)?) } else { None };
    if let Some(ModelFiles::File(file)) = &files {
        file.check_companions()?;
    }
    let Some(files) = files.filter(|files| matches!(files, ModelFiles::File(file) if file.can_draw())) else {
        return Err(ModelError::OtherFile { kind: report.kind, path: path.to_path_buf() });
    };
    let profile = profile_of(&files)?;
    let vae = if files.has("vae/config.json") { "" } else { ", without a VAE" };
    let defaults = profile.defaults();
    let ModelDefaults { width, height, .. } = defaults;
    let family = profile.title();
    Ok(ModelEntry {
        reference: ModelRef::File(path.to_path_buf()),
        name: path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
        kind: format!("{family}, made for {width}×{height} pixels, {}{vae}.", report.precision),
        defaults,
        examples: Vec::new(),
        draws_emoji: false,
        facts: ModelFacts::of_file(path, family, &report),
    })
}

/// Where files lie that go with models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelf {
    Loras,
    Embeddings,
    Vaes,
    Upscalers,
    Controls,
    /// IP-Adapters.
    ImageAdapters,
}

impl Shelf {
    pub const ALL: [Self; 6] =
        [Self::Loras, Self::Embeddings, Self::Vaes, Self::Controls, Self::ImageAdapters, Self::Upscalers];

    /// Where a file of this kind belongs, if that is surely what it is. Many a small file of numbers looks like an
    /// embedding: it is one where its vectors are as wide as those of a text encoder that is known, and there is little
    /// else in it. `None` for what Inkwick does not know, or has no use for.
    #[must_use]
    pub(crate) fn of_file(report: &FileReport) -> Option<Self> {
        const MOST_TENSORS: usize = 3;
        match report.kind {
            FileKind::Lora => Some(Self::Loras),
            FileKind::Vae => Some(Self::Vaes),
            FileKind::ControlNet | FileKind::UnionControlNet | FileKind::T2iAdapter if report.unmatched.is_empty() => {
                Some(Self::Controls)
            }
            FileKind::IpAdapter => Some(Self::ImageAdapters),
            FileKind::Upscaler if report.family.is_some() => Some(Self::Upscalers),
            FileKind::Embedding if report.family.is_some() && report.tensors <= MOST_TENSORS => Some(Self::Embeddings),
            _ => None,
        }
    }

    /// "a LoRA".
    #[must_use]
    pub fn one(self) -> &'static str {
        match self {
            Self::Loras => "a LoRA",
            Self::Embeddings => "an embedding",
            Self::Vaes => "a VAE",
            Self::Controls => "a control network",
            Self::ImageAdapters => "an IP-Adapter",
            Self::Upscalers => "an upscaler",
        }
    }

    /// The file's place there, and what to do with it then.
    #[must_use]
    pub(crate) fn place(self, path: &Path, paths: &Paths) -> Option<(PathBuf, String)> {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let (folder, use_it) = match self {
            Self::Loras => ("loras", format!("write <lora:{name}:0.8> into the prompt to use it")),
            Self::Embeddings => ("embeddings", format!("write {name} into the prompt to use it")),
            Self::Vaes => ("vae", "choose it in a model's details to use it".to_owned()),
            Self::Controls => ("control", format!("{name} is its name when a picture steers from the command line")),
            Self::ImageAdapters => {
                let encoder = "its image encoder's folder, image_encoder, belongs beside it";
                (extras::IP_ADAPTERS, format!("choose it in a reference layer to use it; {encoder}"))
            }
            Self::Upscalers => (upscalers::FOLDER, "a right click on a picture offers it".to_owned()),
        };
        let home = paths.models_folder.join(folder).join(path.file_name()?);
        Some((home, format!("{name} is {} and is filed as one: {use_it}.", self.one())))
    }
}

/// Makes the file known at its home without moving it: a second name where the disk can, else a copy.
///
/// # Errors
/// When the folder cannot be made or the disk is full.
pub(crate) fn file_away(path: &Path, home: &Path) -> io::Result<()> {
    if home.exists() {
        return Ok(());
    }
    if let Some(folder) = home.parent() {
        fs::create_dir_all(folder)?;
    }
    if fs::hard_link(path, home).is_ok() {
        return Ok(());
    }
    // Beside first, so that a copy that breaks off is no file of that name.
    let beside = home.with_extension("part");
    fs::copy(path, &beside).and_then(|_| fs::rename(&beside, home)).inspect_err(|_| drop(fs::remove_file(&beside)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_recognised_has_a_shelf() {
        let report = |kind, family: Option<&str>, tensors| FileReport {
            kind,
            family: family.map(str::to_owned),
            precision: "F32".into(),
            bytes: 4,
            tensors,
            matched: tensors,
            unmatched: Vec::new(),
            metadata: std::collections::BTreeMap::default(),
            lora: None,
        };
        let shelf = |kind, family, tensors| Shelf::of_file(&report(kind, family, tensors));
        assert_eq!(shelf(FileKind::Lora, None, 900), Some(Shelf::Loras));
        assert_eq!(shelf(FileKind::Vae, None, 240), Some(Shelf::Vaes));
        assert_eq!(shelf(FileKind::Embedding, Some("Stable Diffusion 1"), 1), Some(Shelf::Embeddings));
        assert_eq!(shelf(FileKind::Embedding, None, 1), None, "a file of other numbers");
        assert_eq!(shelf(FileKind::Embedding, Some("Stable Diffusion 1"), 8), None, "a part of something");
        assert_eq!(shelf(FileKind::Unknown, None, 12), None);
        assert_eq!(shelf(FileKind::Upscaler, Some("ESRGAN, 4×"), 700), Some(Shelf::Upscalers));
        assert_eq!(shelf(FileKind::Upscaler, None, 700), None, "of a kind that is not read");
        assert_eq!(shelf(FileKind::IpAdapter, Some("Stable Diffusion 1"), 38), Some(Shelf::ImageAdapters));
        assert_eq!(shelf(FileKind::IpAdapterFaceId, None, 700), None, "it could not be used");
    }
}
