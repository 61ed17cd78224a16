//! What a file of tensors is, by its names and shapes, before anything is done with it.

use std::collections::BTreeMap;
use std::path::Path;

use super::CheckpointError;
use super::archive::{Archive, TensorInfo};
use super::control::{self, ControlFileKind};
use super::ip_adapter::{family_of_ip_adapter, is_face_id, is_ip_adapter};
use super::lora::{Lora, LoraFacts};
use super::other_families::other_family_of;
use super::single_file::{Parts, family_of as family_of_parts};
use super::upscaler::UpscalerLayout;
use crate::job::{Family, ModelInput};

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FileKind {
    /// A whole model.
    Checkpoint,
    /// A model without its VAE: it needs one beside it.
    CheckpointWithoutVae,
    Unet,
    /// Of today's families; text encoder and VAE come from other files.
    Transformer,
    /// A model of a family that is known and not run.
    OtherModel,
    Vae,
    TextEncoder,
    Lora,
    Embedding,
    ControlNet,
    UnionControlNet,
    T2iAdapter,
    IpAdapter,
    /// Not used.
    IpAdapterFaceId,
    /// Not used.
    ControlLora,
    /// Not used.
    ControlLllite,
    Upscaler,
    Unknown,
}

impl FileKind {
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Checkpoint => "checkpoint",
            Self::CheckpointWithoutVae => "checkpoint without a VAE",
            Self::Unet => "UNet alone",
            Self::Transformer => "transformer alone",
            Self::OtherModel => "model of a family that Inkwick does not run",
            Self::Vae => "VAE",
            Self::TextEncoder => "text encoder alone",
            Self::Lora => "LoRA",
            Self::Embedding => "embedding",
            Self::ControlNet => "ControlNet",
            Self::UnionControlNet => "ControlNet for several kinds of pictures (union)",
            Self::T2iAdapter => "T2I-Adapter",
            Self::IpAdapter => "IP-Adapter",
            Self::IpAdapterFaceId => "IP-Adapter for FaceID, which is not supported",
            Self::ControlLora => "Control-LoRA, which is not supported",
            Self::ControlLllite => "ControlNet-LLLite, which is not supported",
            Self::Upscaler => "upscaler",
            Self::Unknown => "unknown",
        }
    }
}

/// What a file of tensors is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileReport {
    pub kind: FileKind,
    /// "Stable Diffusion XL", or "for inpainting" behind it; `None` where that is unknown.
    pub family: Option<String>,
    /// The precision that most bytes have: `F16`; behind it what is not read at all, if there is anything.
    pub precision: String,
    /// Bytes of all tensors.
    pub bytes: u64,
    pub tensors: usize,
    /// How many tensors have a place in what the file is.
    pub matched: usize,
    /// The others.
    pub unmatched: Vec<String>,
    /// The file's own metadata: trigger words, base model.
    pub metadata: BTreeMap<String, String>,
    /// Of a LoRA: its forms, layers and words.
    pub lora: Option<LoraFacts>,
}

/// Reads a file's header and finds out what it is.
///
/// # Errors
/// When it is missing or damaged.
pub fn inspect_file(path: &Path) -> Result<FileReport, CheckpointError> {
    let archive = Archive::open(path)?;
    let tensors = archive.tensors();
    let parts = Parts::of(&tensors);
    let lora = LoraFacts::of(&tensors);
    let control = adapter_kind_of(&tensors).or_else(|| control_kind_of(&tensors));
    let other = if lora.is_none() { other_family_of(&tensors) } else { None };
    let kind = match other {
        Some(_) => FileKind::OtherModel,
        None => control.unwrap_or_else(|| kind_of(&tensors, &parts, lora.is_some())),
    };
    let unmatched: Vec<String> = match kind {
        FileKind::Lora => {
            let claimed = Lora::claimed(&tensors);
            let names = tensors.iter().map(|tensor| tensor.name.clone());
            names.filter(|name| !claimed.contains(name.as_str())).collect()
        }
        FileKind::Embedding | FileKind::UnionControlNet | FileKind::T2iAdapter | FileKind::IpAdapter => Vec::new(),
        FileKind::ControlNet if control.is_some() => Vec::new(),
        FileKind::ControlNet
        | FileKind::ControlLora
        | FileKind::ControlLllite
        | FileKind::IpAdapterFaceId
        | FileKind::Upscaler
        | FileKind::OtherModel
        | FileKind::Unknown => {
            if let Some(layout) = UpscalerLayout::of(&tensors) {
                layout.unmatched(&tensors)
            } else {
                tensors.iter().map(|tensor| tensor.name.clone()).collect()
            }
        }
        _ => parts.unknown.clone(),
    };
    Ok(FileReport {
        kind,
        family: other.map(str::to_owned).or_else(|| family_of(kind, &tensors, &parts, lora.as_ref())),
        precision: precision_of(&tensors),
        bytes: tensors.iter().map(|tensor| tensor.bytes).sum(),
        tensors: tensors.len(),
        matched: tensors.len() - unmatched.len(),
        unmatched,
        metadata: archive.metadata().clone(),
        lora,
    })
}

fn adapter_kind_of(tensors: &[TensorInfo]) -> Option<FileKind> {
    let kind = if is_face_id(tensors) { FileKind::IpAdapterFaceId } else { FileKind::IpAdapter };
    is_ip_adapter(tensors).then_some(kind)
}

/// Among control networks; some of them hold what looks like a part of a LoRA or a checkpoint.
fn control_kind_of(tensors: &[TensorInfo]) -> Option<FileKind> {
    let names: Vec<&str> = tensors.iter().map(|tensor| tensor.name.as_str()).collect();
    Some(match control::kind_of(&names)? {
        ControlFileKind::ControlNet => FileKind::ControlNet,
        ControlFileKind::Union => FileKind::UnionControlNet,
        ControlFileKind::Adapter => FileKind::T2iAdapter,
        ControlFileKind::ControlLora => FileKind::ControlLora,
        ControlFileKind::Lllite => FileKind::ControlLllite,
    })
}

fn kind_of(tensors: &[TensorInfo], parts: &Parts, is_lora: bool) -> FileKind {
    let any = |part: &str| tensors.iter().any(|tensor| tensor.name.contains(part));
    let has = |network: &str| parts.networks.contains_key(network);
    if is_lora {
        return FileKind::Lora;
    }
    if any("control_model.") || any("controlnet_") || any("zero_convs.") || any("input_hint_block.") {
        return FileKind::ControlNet;
    }
    if UpscalerLayout::of(tensors).is_some() {
        return FileKind::Upscaler;
    }
    if any("RRDB_trunk") || any("RDB1.conv1") || any("rdb1.conv1") || any("conv_first.") || any("model.1.sub.0.") {
        return FileKind::Upscaler;
    }
    let has_text = has("text_encoder") || has("text_encoder_2");
    if has("transformer") && !(has("vae") && has_text) {
        return FileKind::Transformer;
    }
    match (has("unet") || has("transformer"), has("vae"), has_text) {
        (true, true, true) => FileKind::Checkpoint,
        (true, false, true) => FileKind::CheckpointWithoutVae,
        (true, _, false) => FileKind::Unet,
        (false, true, _) => FileKind::Vae,
        (false, false, true) if tensors.len() > 8 => FileKind::TextEncoder,
        _ if tensors.len() <= 8 && tensors.iter().any(|tensor| matches!(tensor.shape.len(), 1 | 2)) => {
            FileKind::Embedding
        }
        _ => FileKind::Unknown,
    }
}

fn family_of(kind: FileKind, tensors: &[TensorInfo], parts: &Parts, lora: Option<&LoraFacts>) -> Option<String> {
    match kind {
        FileKind::Checkpoint | FileKind::CheckpointWithoutVae | FileKind::Unet | FileKind::Transformer => {
            let family = family_of_parts(parts);
            if parts.networks.contains_key("transformer") {
                return Some(family.name().to_owned());
            }
            let inputs = parts.networks.get("unet")?.get("conv_in.weight")?.shape.get(1).copied();
            let latents = family.row().latent_channels as usize;
            Some(family.title(inputs.and_then(|inputs| ModelInput::of(inputs, latents)).unwrap_or(ModelInput::Plain)))
        }
        FileKind::Lora => {
            // The context's width decides, or the second encoder's layers.
            let facts = lora?;
            by_context(facts.context_width, facts.has_second_encoder)
        }
        FileKind::ControlNet | FileKind::UnionControlNet | FileKind::T2iAdapter => {
            control::family_of_tensors(tensors).map(|family| family.name().to_owned())
        }
        FileKind::IpAdapter => family_of_ip_adapter(tensors).map(|family| family.name().to_owned()),
        FileKind::Embedding => {
            let widths: Vec<usize> = tensors.iter().filter_map(|tensor| tensor.shape.last().copied()).collect();
            by_context(widths.iter().max().copied(), widths.len() > 1 && widths.contains(&1280))
        }
        FileKind::Upscaler => UpscalerLayout::of(tensors).map(|layout| layout.network.title()),
        _ => None,
    }
}

fn by_context(width: Option<usize>, is_xl: bool) -> Option<String> {
    let family = match width {
        _ if is_xl => Family::Xl,
        Some(768) => Family::Sd1,
        Some(1024) => Family::Sd2,
        Some(2048 | 1280) => Family::Xl,
        _ => return None,
    };
    Some(family.name().to_owned())
}

fn precision_of(tensors: &[TensorInfo]) -> String {
    let mut bytes: BTreeMap<&str, u64> = BTreeMap::new();
    for tensor in tensors {
        *bytes.entry(&tensor.precision).or_default() += tensor.bytes;
    }
    let most = bytes.into_iter().max_by_key(|(_, bytes)| *bytes).map_or("", |(precision, _)| precision);
    let unread: Vec<&TensorInfo> = tensors.iter().filter(|tensor| !tensor.is_read).collect();
    match unread.first() {
        Some(first) if unread.len() == tensors.len() => format!("not read ({})", first.precision),
        Some(first) => format!("{most}; not read: {}, {} for one ({})", unread.len(), first.name, first.precision),
        None => most.to_owned(),
    }
}
