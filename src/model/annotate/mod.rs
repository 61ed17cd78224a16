//! Networks that make a picture that steers of another one: soft edges, line drawings, depth, and normals from it.
//!
//! Always on the CPU, by our kernels, as what finds things by a click is: the graphics card stays free for drawing.

mod depth;
mod line_art;
mod maps;
mod soft_edge;
#[cfg(test)]
mod tests;
mod vision;

use std::path::Path;

use self::depth::Depth;
use self::line_art::LineArt;
use self::maps::{Corners, resized};
use self::soft_edge::SoftEdge;
use super::tensors::Tensors;
use super::{CancelCheck, ModelError};
use crate::job::Annotator;
use crate::kernels::Map;
use crate::raster::{Filter, Picture, normals_of, over_white, resample};

/// The shorter side of what edges and lines are looked for in, and what its sides are multiples of, as `ControlNet`'s own
/// annotators have them.
const LINES_PX: (usize, usize) = (512, 64);
/// The side that depth was learnt at.
const DEPTH_PX: usize = 518;
/// No side becomes longer: a strip of a picture must not take all memory.
const MOST_PX: usize = 2048;
/// The mean and the deviation of the photographs that depth was learnt from, RGB.
const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const DEVIATION: [f32; 3] = [0.229, 0.224, 0.225];

/// A network for an [`Annotator`].
pub struct AnnotatorNetwork {
    form: Form,
}

#[allow(clippy::large_enum_variant)] // There is one at a time.
enum Form {
    SoftEdge(SoftEdge),
    LineArt(LineArt),
    Depth(Depth),
}

impl AnnotatorNetwork {
    /// Reads the weights of a safetensors file or of a file of `PyTorch`.
    ///
    /// # Errors
    /// When the file is missing, damaged, or holds another network.
    pub fn open(annotator: Annotator, path: &Path) -> Result<Self, ModelError> {
        let tensors = match annotator {
            Annotator::SoftEdge => Tensors::open(path, |reason, path| other("ControlNetHED.pth", reason, path)),
            Annotator::LineDrawing => Tensors::open(path, |reason, path| other("sk_model.pth", reason, path)),
            Annotator::CoarseDrawing => Tensors::open(path, |reason, path| other("sk_model2.pth", reason, path)),
            Annotator::Depth | Annotator::Normal => {
                Tensors::open(path, |reason, path| other("Depth Anything V2 (Small)", reason, path))
            }
        }?;
        let form = match annotator {
            Annotator::SoftEdge => Form::SoftEdge(SoftEdge::new(&tensors)?),
            Annotator::LineDrawing | Annotator::CoarseDrawing => Form::LineArt(LineArt::new(&tensors)?),
            Annotator::Depth | Annotator::Normal => Form::Depth(Depth::new(&tensors)?),
        };
        Ok(Self { form })
    }

    /// What `annotator` makes of the picture, which is laid on white; as large as that.
    ///
    /// # Errors
    /// When the picture has no pixels, or `cancel_check` fails.
    pub fn made_of(
        &self,
        annotator: Annotator,
        picture: &Picture,
        cancel_check: CancelCheck,
    ) -> Result<Picture, ModelError> {
        let [width, height] = picture.size();
        if width == 0 || height == 0 {
            return Err(ModelError::Misfit("a picture without pixels shows nothing".to_owned()));
        }
        let seen = over_white(picture);
        let rgb: Vec<u8> = seen.rgba().chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
        let (size, filter) = match self.form {
            Form::Depth(_) => (depth_size([width, height]), Filter::Cubic),
            Form::SoftEdge(_) | Form::LineArt(_) => (lines_size([width, height]), Filter::Lanczos),
        };
        let rgb = resample::<3>(&rgb, [width, height], size, filter);
        let plane = resized(&self.values(&rgb, size, cancel_check)?, (height, width), Corners::Free)?;
        let plane = plane.values();
        let grey = |values: &mut dyn Iterator<Item = f32>| -> Vec<u8> {
            values.map(|value| value.clamp(0.0, 255.0) as u8).flat_map(|value| [value, value, value, 255]).collect()
        };
        let rgba = match annotator {
            Annotator::SoftEdge => grey(&mut plane.iter().map(|value| value * 255.0)),
            Annotator::LineDrawing | Annotator::CoarseDrawing => {
                grey(&mut plane.iter().map(|value| 255.0 - (value * 255.0).floor()))
            }
            Annotator::Depth => grey(&mut spread_out(plane).into_iter()),
            Annotator::Normal => normals_of(&spread_out(plane), [width, height]),
        };
        Picture::from_rgba(picture.width(), picture.height(), rgba)
            .map_err(|error| ModelError::Misfit(error.to_string()))
    }

    /// What the network itself says of interleaved RGB whose sides are such multiples as it wants.
    fn values(&self, rgb: &[u8], [width, height]: [usize; 2], cancel_check: CancelCheck) -> Result<Map, ModelError> {
        let map = |value: &dyn Fn(usize, f32) -> f32| {
            let values = rgb.iter().enumerate().map(|(index, byte)| value(index % 3, f32::from(*byte))).collect();
            Map::from_vec(values, 1, height, width, 3)
        };
        match &self.form {
            Form::SoftEdge(network) => network.forward(&map(&|_, byte| byte)?, cancel_check),
            Form::LineArt(network) => network.forward(&map(&|_, byte| byte / 255.0)?, cancel_check),
            Form::Depth(network) => {
                let normed = map(&|channel, byte| (byte / 255.0 - MEAN[channel]) / DEVIATION[channel])?;
                network.forward(&normed, cancel_check)
            }
        }
    }
}

fn other(wanted: &'static str, reason: String, path: std::path::PathBuf) -> ModelError {
    ModelError::OtherAnnotator { wanted, reason, path }
}

/// From 0 for the smallest value to 255 for the largest; 0 where all are one.
fn spread_out(values: &[f32]) -> Vec<f32> {
    let (least, most) = values
        .iter()
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(least, most), value| (least.min(*value), most.max(*value)));
    let factor = if most > least { 255.0 / (most - least) } else { 0.0 };
    values.iter().map(|value| (value - least) * factor).collect()
}

/// Width and height.
fn lines_size(size: [usize; 2]) -> [usize; 2] {
    let (side, multiple) = LINES_PX;
    let scale = side as f64 / size[0].min(size[1]) as f64;
    size.map(|length| to_multiple(length as f64 * scale, multiple))
}

/// As transformers' image processor has it: the side that is nearer to the learnt one becomes that.
fn depth_size(size: [usize; 2]) -> [usize; 2] {
    let scales = size.map(|length| DEPTH_PX as f64 / length as f64);
    let is_first = (1.0 - scales[0]).abs() < (1.0 - scales[1]).abs();
    let scale = if is_first { scales[0] } else { scales[1] };
    size.map(|length| to_multiple(length as f64 * scale, vision::PATCH_PX))
}

fn to_multiple(length: f64, multiple: usize) -> usize {
    let count = (length / multiple as f64).round_ties_even() as usize;
    count.clamp(1, MOST_PX / multiple) * multiple
}
