//! IP-Adapters as files: how a picture's embedding becomes tokens, and what each cross-attention makes of those ("IP-Adapter:
//! Text Compatible Image Prompt Adapter", arXiv 2308.06721).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::archive::{Archive, TensorInfo};
use super::plain_names::plain;
use super::single_file::{TensorSlice, TensorSource};
use super::weight_files::Placed;
use super::{CheckpointError, UnetConfig};
use crate::job::Family;

/// What makes tokens of a picture's embedding or features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageProjection {
    /// One linear layer on the projected embedding.
    Base { tokens: usize },
    /// Two on all features of the layer before the last ("full face").
    Full { hidden: usize },
    /// A resampler of the same features ("plus").
    Plus { tokens: usize, width: usize, inner: usize, feed_forward: usize, layers: usize },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IpAdapterConfig {
    pub projection: ImageProjection,
    /// Of the embedding or features that it reads.
    pub inputs: usize,
    /// Of its tokens, the UNet's context.
    pub context_width: usize,
    /// Of each cross-attention in the order down, up, middle.
    pub layers: Vec<usize>,
}

/// An open adapter.
pub struct IpAdapterFile {
    pub config: IpAdapterConfig,
    path: PathBuf,
    archive: Arc<Archive>,
    placed: Vec<Placed>,
}

/// Width of a head of the resampler, in all published files.
pub(crate) const HEAD_WIDTH: usize = 64;
const MOST_LAYERS: usize = 64;

impl IpAdapterFile {
    /// Reads names and shapes.
    ///
    /// # Errors
    /// When it is missing, damaged, or no IP-Adapter that is supported.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        let archive = Archive::open(path)?;
        let tensors = archive.tensors();
        let refused = |reason: &str| CheckpointError::IpAdapter { reason: reason.to_owned(), path: path.to_owned() };
        if !is_ip_adapter(&tensors) {
            return Err(refused("is none: its tensors are of something else; choose an IP-Adapter"));
        }
        let unread = tensors.iter().find(|tensor| !tensor.is_read);
        if let Some(TensorInfo { name, precision, .. }) = unread {
            return Err(refused(&format!("has tensors in a precision that is not read ({name} is {precision})")));
        }
        if is_face_id(&tensors) {
            return Err(refused(
                "is an IP-Adapter for FaceID, which needs a face recognition network and is not supported; choose a plus-face \
                 or full-face one",
            ));
        }
        let config = config_of(&tensors).ok_or_else(|| {
            refused("is an IP-Adapter whose tensors do not fit each other, or of a kind that is not known; download it again")
        })?;
        let placed = placed(&tensors);
        Ok(Self { config, path: path.to_owned(), archive: Arc::new(archive), placed })
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Which it was made for, by its shapes; `None` where they do not show it.
    #[must_use]
    pub fn family(&self) -> Option<Family> {
        family_by_width(self.config.context_width)
    }

    /// Why it does not go with this UNet; `None` where it does.
    #[must_use]
    pub fn misfit(&self, unet: &UnetConfig) -> Option<String> {
        let IpAdapterConfig { context_width, layers, .. } = &self.config;
        if let Some(model) = unet.context_width()
            && model != *context_width
        {
            return Some(format!("its tokens have {context_width} values, the model's {model}"));
        }
        let own: Vec<usize> = unet.cross_layers().into_iter().map(|(_, width)| width).collect();
        if layers.len() != own.len() {
            return Some(format!("it is for {} cross-attentions, and the model has {}", layers.len(), own.len()));
        }
        let differs = layers.iter().zip(&own).position(|(layer, own)| layer != own)?;
        Some(format!("its layer {} is {} wide, the model's {}", differs + 1, layers[differs], own[differs]))
    }

    /// Its archive, and where in it its tensors are.
    #[must_use]
    pub(crate) fn sources(&self) -> (Vec<Arc<Archive>>, Vec<Placed>) {
        (vec![Arc::clone(&self.archive)], self.placed.clone())
    }
}

/// By names alone.
#[must_use]
pub(crate) fn is_ip_adapter(tensors: &[TensorInfo]) -> bool {
    let starts = |start: &str| tensors.iter().any(|tensor| plain(&tensor.name).starts_with(start));
    starts("image_proj.") && starts("ip_adapter.")
}

pub(crate) fn is_face_id(tensors: &[TensorInfo]) -> bool {
    let names: Vec<String> = tensors.iter().map(|tensor| plain(&tensor.name).into_owned()).collect();
    let has = |name: &str| names.iter().any(|known| known == name);
    names.iter().any(|name| name.contains("_lora.") || name.contains("perceiver_resampler."))
        || (has("image_proj.proj.0.weight") && has("image_proj.norm.weight"))
}

/// Which family an adapter's file was made for; `None` where that does not show.
#[must_use]
pub(crate) fn family_of_ip_adapter(tensors: &[TensorInfo]) -> Option<Family> {
    family_by_width(config_of(tensors)?.context_width)
}

fn family_by_width(context_width: usize) -> Option<Family> {
    match context_width {
        768 => Some(Family::Sd1),
        1024 => Some(Family::Sd2),
        2048 => Some(Family::Xl),
        _ => None,
    }
}

fn config_of(tensors: &[TensorInfo]) -> Option<IpAdapterConfig> {
    let shape = |name: &str| {
        let found = tensors.iter().find(|tensor| plain(&tensor.name) == name);
        found.map(|tensor| tensor.shape.as_slice())
    };
    let matrix = |name: &str| match shape(name) {
        Some([rows, columns]) if *rows > 0 && *columns > 0 => Some((*rows, *columns)),
        _ => None,
    };
    let mut layers = Vec::new();
    let mut context_width = None;
    while let Some((width, context)) = matrix(&format!("ip_adapter.{}.to_k_ip.weight", 2 * layers.len() + 1)) {
        layers.push(width);
        context_width = context_width.or(Some(context)).filter(|known| *known == context);
        context_width?;
    }
    let context_width = context_width?;
    let (projection, inputs) = if let Some((rows, inputs)) = matrix("image_proj.proj.weight") {
        (ImageProjection::Base { tokens: rows / context_width }, inputs)
    } else if let Some((hidden, inputs)) = matrix("image_proj.proj.0.weight") {
        matrix("image_proj.proj.2.weight").filter(|(width, _)| *width == context_width)?;
        (ImageProjection::Full { hidden }, inputs)
    } else {
        let [1, tokens, width] = shape("image_proj.latents")? else { return None };
        let (_, inputs) = matrix("image_proj.proj_in.weight")?;
        let (inner, _) = matrix("image_proj.layers.0.0.to_q.weight")?;
        let (feed_forward, _) = matrix("image_proj.layers.0.1.1.weight")?;
        let has = |layer: &usize| matrix(&format!("image_proj.layers.{layer}.0.to_q.weight")).is_some();
        let layers = (0..MOST_LAYERS).take_while(has).count();
        if inner % HEAD_WIDTH != 0 {
            return None;
        }
        (ImageProjection::Plus { tokens: *tokens, width: *width, inner, feed_forward, layers }, inputs)
    };
    Some(IpAdapterConfig { projection, inputs, context_width, layers })
}

/// Key and value of the resampler stand in one matrix.
fn placed(tensors: &[TensorInfo]) -> Vec<Placed> {
    let place = |tensor: &TensorInfo| {
        let name = plain(&tensor.name).into_owned();
        let source =
            |cut: TensorSlice| TensorSource { name: tensor.name.clone(), cut, shape: cut.shape_after(&tensor.shape) };
        let bytes = tensor.bytes as usize;
        let Some(start) = name.strip_suffix("to_kv.weight") else {
            return vec![(name, 0, source(TensorSlice::Whole), bytes)];
        };
        let half = |(first, letter): (usize, &str)| {
            let cut = TensorSlice::Rows { first, count: 1, of: 2 };
            (format!("{start}to_{letter}.weight"), 0, source(cut), cut.share_of(bytes))
        };
        ["k", "v"].into_iter().enumerate().map(half).collect()
    };
    tensors.iter().flat_map(place).collect()
}
