//! Networks that enlarge pictures, by their names and shapes: `RRDBNet` (ESRGAN, Real-ESRGAN, BSRGAN) by each of its three
//! families of names, and Real-ESRGAN's compact network (`SRVGGNetCompact`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device};

use super::CheckpointError;
use super::archive::{Archive, TensorInfo};

/// Dictionaries around the tensors, the averaged weights first, and wrappers around the network.
const PREFIXES: [&str; 9] =
    ["params_ema.", "params.", "state_dict.", "module.", "generator.", "net_g.", "netG.", "model_g.", ""];

/// More than any network has that was published; larger ones are refused before memory is allocated.
const MOST_BLOCKS: usize = 64;
const MOST_FEATURES: usize = 512;
const MOST_UPS: usize = 3;

/// How a network is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UpscalerNetwork {
    /// Residual-in-residual dense blocks; each step up doubles the size. With `shuffle` the picture's pixels first become
    /// channels, so many by so many of them.
    Rrdb { blocks: usize, features: usize, growth: usize, ups: usize, shuffle: usize },
    /// Convolutions in a row with an activation behind each but the last, whose channels become pixels.
    Compact { convolutions: usize, features: usize, scale: usize },
}

impl UpscalerNetwork {
    /// How many times as large a picture becomes.
    #[must_use]
    pub(crate) fn scale(&self) -> usize {
        match *self {
            Self::Rrdb { ups, shuffle, .. } => (1 << ups) / shuffle,
            Self::Compact { scale, .. } => scale,
        }
    }

    /// "Real-ESRGAN, 4×".
    #[must_use]
    pub(crate) fn title(&self) -> String {
        let name = match self {
            Self::Rrdb { .. } => "ESRGAN",
            Self::Compact { .. } => "Real-ESRGAN, compact",
        };
        format!("{name}, {}×", self.scale())
    }
}

/// Our name of each tensor, its own, and its shape.
type Places = BTreeMap<String, (String, Vec<usize>)>;

/// What a file's tensors are, if they are such a network.
pub(crate) struct UpscalerLayout {
    pub network: UpscalerNetwork,
    places: Places,
}

impl UpscalerLayout {
    #[must_use]
    pub(crate) fn of(tensors: &[TensorInfo]) -> Option<Self> {
        PREFIXES.into_iter().find_map(|prefix| {
            let stripped = tensors.iter().filter_map(|tensor| Some((tensor.name.strip_prefix(prefix)?, tensor)));
            let places = canonical(&stripped.collect::<Vec<_>>());
            let network = rrdb_of(&places).or_else(|| compact_of(&places))?;
            Some(Self { network, places })
        })
    }

    /// The file's tensors that have no place in the network.
    #[must_use]
    pub(crate) fn unmatched(&self, tensors: &[TensorInfo]) -> Vec<String> {
        let is_known = |name: &String| self.places.values().any(|(own, _)| own == name);
        tensors.iter().map(|tensor| tensor.name.clone()).filter(|name| !is_known(name)).collect()
    }
}

/// Every name as Real-ESRGAN has it; `RRDB_trunk.0.RDB1.conv1` is its predecessor's, `model.1.sub.0.RDB1.conv1.0` ESRGAN's.
fn canonical(tensors: &[(&str, &TensorInfo)]) -> Places {
    let numbered = |name: &str| name.strip_prefix("model.")?.strip_suffix(".weight")?.parse::<usize>().ok();
    let mut tail: Vec<usize> = tensors.iter().filter_map(|(name, _)| numbered(name)).filter(|at| *at > 1).collect();
    tail.sort_unstable();
    let trunk = tensors
        .iter()
        .filter_map(|(name, _)| name.strip_prefix("model.1.sub.")?.strip_suffix(".weight")?.parse::<usize>().ok());
    let trunk = trunk.max();
    let new_name = |name: &str| -> Option<String> {
        let (layer, kind) = name.rsplit_once('.')?;
        let layer = if let Some(rest) = layer.strip_prefix("model.") {
            old_layer(rest, trunk, &tail)?
        } else {
            let layer = layer.replace("RRDB_trunk.", "body.").replace("RDB", "rdb");
            match layer.as_str() {
                "trunk_conv" => "conv_body".to_owned(),
                "HRconv" => "conv_hr".to_owned(),
                other => other.strip_prefix("upconv").map_or_else(|| other.to_owned(), |at| format!("conv_up{at}")),
            }
        };
        Some(format!("{layer}.{kind}"))
    };
    let named = tensors.iter().filter_map(|(name, tensor)| {
        let ours = new_name(name)?;
        Some((ours, (tensor.name.clone(), tensor.shape.clone())))
    });
    named.collect()
}

/// ESRGAN's own layers: the first, the trunk, then by their places each step up, and the last two.
fn old_layer(rest: &str, trunk: Option<usize>, tail: &[usize]) -> Option<String> {
    if rest == "0" {
        return Some("conv_first".to_owned());
    }
    if let Some(inner) = rest.strip_prefix("1.sub.") {
        if inner.parse().ok() == trunk && trunk.is_some() {
            return Some("conv_body".to_owned());
        }
        let inner = inner.strip_suffix(".0").unwrap_or(inner);
        return Some(format!("body.{}", inner.replace("RDB", "rdb")));
    }
    let at = tail.iter().position(|known| rest.parse() == Ok(*known))?;
    Some(match tail.len() - at {
        1 => "conv_last".to_owned(),
        2 => "conv_hr".to_owned(),
        _ => format!("conv_up{}", at + 1),
    })
}

fn side(places: &Places, name: &str, index: usize) -> Option<usize> {
    places.get(name)?.1.get(index).copied()
}

fn rrdb_of(places: &Places) -> Option<UpscalerNetwork> {
    let features = side(places, "conv_first.weight", 0)?;
    let inputs = side(places, "conv_first.weight", 1)?;
    let growth = side(places, "body.0.rdb1.conv1.weight", 0)?;
    let shuffle = [1, 2, 4].into_iter().find(|shuffle| shuffle * shuffle * 3 == inputs)?;
    let blocks =
        (0..MOST_BLOCKS).take_while(|block| places.contains_key(&format!("body.{block}.rdb1.conv1.weight"))).count();
    let ups = (1..MOST_BLOCKS).take_while(|up| places.contains_key(&format!("conv_up{up}.weight"))).count();
    let is_sane = blocks <= MOST_BLOCKS && features <= MOST_FEATURES && growth <= MOST_FEATURES && ups <= MOST_UPS;
    // Fewer steps up than the pixels were folded would make the picture smaller.
    let network = UpscalerNetwork::Rrdb { blocks, features, growth, ups, shuffle };
    (is_sane && 1 << ups >= shuffle).then_some(network)
}

fn compact_of(places: &Places) -> Option<UpscalerNetwork> {
    let features = side(places, "body.0.weight", 0).filter(|_| side(places, "body.0.weight", 1) == Some(3))?;
    // An activation with a slope for each channel stands between.
    let is_convolution =
        |layer: usize| places.get(&format!("body.{layer}.weight")).is_some_and(|(_, shape)| shape.len() == 4);
    let convolutions = (0..MOST_BLOCKS).take_while(|index| is_convolution(2 * index)).count();
    let outputs = side(places, &format!("body.{}.weight", 2 * convolutions.checked_sub(1)?), 0)?;
    let scale = (1..=8).find(|scale| scale * scale * 3 == outputs)?;
    let is_sane = (2..=MOST_BLOCKS).contains(&convolutions) && features <= MOST_FEATURES;
    is_sane.then_some(UpscalerNetwork::Compact { convolutions, features, scale })
}

/// An open file with such a network.
pub(crate) struct UpscalerFile {
    archive: Archive,
    layout: UpscalerLayout,
    path: PathBuf,
}

impl UpscalerFile {
    /// # Errors
    /// When the file is missing, damaged, or something else.
    pub(crate) fn open(path: &Path) -> Result<Self, CheckpointError> {
        let archive = Archive::open(path)?;
        let layout = UpscalerLayout::of(&archive.tensors());
        let path = path.to_owned();
        let Some(layout) = layout else {
            let reason = "an upscaler of the ESRGAN family (RRDBNet or SRVGGNetCompact) was wanted, and its tensors are \
                          another network's";
            return Err(CheckpointError::Unread { reason: reason.to_owned(), path });
        };
        Ok(Self { archive, layout, path })
    }

    #[must_use]
    pub(crate) fn network(&self) -> UpscalerNetwork {
        self.layout.network
    }

    /// A tensor's numbers, in single precision.
    ///
    /// # Errors
    /// When it is missing or has another shape.
    pub(crate) fn values(&self, name: &str, wanted: &[usize]) -> Result<Vec<f32>, CheckpointError> {
        let damaged = |reason: String| CheckpointError::Damaged { reason, path: self.path.clone() };
        let (own, shape) =
            self.layout.places.get(name).ok_or_else(|| damaged(format!("the upscaler lacks the tensor {name}")))?;
        if shape != wanted {
            return Err(damaged(format!("the upscaler has {own} as {shape:?} instead of {wanted:?}")));
        }
        let read = self.archive.load(own, &Device::Cpu).and_then(|tensor| tensor.to_dtype(DType::F32));
        let values = read.and_then(|tensor| tensor.flatten_all()?.to_vec1::<f32>());
        values.map_err(|error| CheckpointError::Unreadable { reason: error.to_string(), path: self.path.clone() })
    }
}
