//! A task as bytes, whole, for an engine on another machine: its settings as JSON, its pictures as PNG.
//!
//! Layout: `MAGIC`, the header's length (32 bits, little endian), the header, then each picture that it announces, and
//! where it was interrupted. Models, LoRAs, embeddings and control networks go as the paths that the request names. The
//! metadata that is written into pictures is another thing (`store`): it never holds pictures.

use std::io::Cursor;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    Control, InitPicture, InpaintMask, MessageError, Reference, Region, Request, StepState, Task, UpscaleRequest,
};
use crate::mask::MaskPlane;
use crate::raster::Picture;

/// The last byte counts the layout's versions.
const MAGIC: [u8; 8] = *b"INKTASK\x01";
const MAX_HEADER_BYTES: usize = 1 << 20;
/// As large as a picture can be that the program opens.
const MAX_PIXELS: u64 = 100_000_000;
/// Deflate makes a byte of at most so many.
const MAX_EXPANSION: usize = 1032;

#[derive(Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case")]
enum Header {
    Generate {
        request: Box<Request>,
        init: Option<InitHeader>,
        mask: Option<PartHeader>,
        /// In the request's order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        controls: Vec<ControlHeader>,
        /// The regions' masks, in the request's order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        regions: Vec<Option<PartHeader>>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        references: Vec<ControlHeader>,
        /// Where it was interrupted.
        #[serde(default)]
        step: Option<PartHeader>,
        /// Another picture's step that it goes on from.
        #[serde(default)]
        branch: Option<PartHeader>,
    },
    Upscale {
        made_by: Box<Request>,
        model: PathBuf,
        scale: Option<f64>,
        picture: PartHeader,
    },
}

#[derive(Serialize, Deserialize)]
struct InitHeader {
    strength: f64,
    #[serde(flatten)]
    part: PartHeader,
}

/// Of a control or a reference.
#[derive(Serialize, Deserialize)]
struct ControlHeader {
    picture: Option<PartHeader>,
    mask: Option<PartHeader>,
}

#[derive(Serialize, Deserialize)]
struct PartHeader {
    bytes: usize,
}

impl Task {
    /// # Errors
    /// When a picture cannot be written as PNG.
    pub fn to_bytes(&self) -> Result<Vec<u8>, MessageError> {
        let mut parts = Vec::new();
        let request = match self {
            Self::Generate(request) => request,
            Self::Upscale(request) => {
                let UpscaleRequest { picture, model, scale, made_by } = &**request;
                let picture = add_picture(&mut parts, picture)?;
                let (made_by, model) = (Box::new(made_by.clone()), model.clone());
                return framed(&Header::Upscale { made_by, model, scale: *scale, picture }, &parts);
            }
        };
        let init = match &request.init {
            Some(init) => Some(InitHeader { strength: init.strength, part: add_picture(&mut parts, &init.picture)? }),
            None => None,
        };
        let mask = request.mask.as_ref().map(|mask| add_mask(&mut parts, &mask.plane)).transpose()?;
        let mut controls = Vec::with_capacity(request.controls.len());
        for Control { picture, mask, .. } in &request.controls {
            controls.push(add_both(&mut parts, picture.as_deref(), mask.as_deref())?);
        }
        let mut masked = |region: &Region| region.mask.as_ref().map(|mask| add_mask(&mut parts, mask)).transpose();
        let regions = request.regions.iter().map(&mut masked).collect::<Result<Vec<_>, _>>()?;
        let mut references = Vec::with_capacity(request.references.len());
        for Reference { picture, mask, .. } in &request.references {
            references.push(add_both(&mut parts, picture.as_deref(), mask.as_deref())?);
        }
        let mut add_step = |step: &Option<Arc<StepState>>| -> Result<Option<PartHeader>, MessageError> {
            let Some(step) = step else { return Ok(None) };
            let bytes = step.to_bytes()?;
            parts.extend_from_slice(&bytes);
            Ok(Some(PartHeader { bytes: bytes.len() }))
        };
        let step = add_step(&request.from_step)?;
        let branch = request.branch.as_ref().map_or(Ok(None), |branch| add_step(&branch.state))?;
        let request = request.clone();
        framed(&Header::Generate { request, init, mask, controls, regions, references, step, branch }, &parts)
    }

    /// # Errors
    /// When the bytes are not whole, or no task of this version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MessageError> {
        let rest = bytes.strip_prefix(&MAGIC).ok_or(MessageError::NotATask)?;
        let (length, rest) = rest.split_first_chunk().ok_or(MessageError::Length)?;
        let length = u32::from_le_bytes(*length) as usize;
        if length > MAX_HEADER_BYTES {
            return Err(MessageError::Length);
        }
        let (header, mut rest) = rest.split_at_checked(length).ok_or(MessageError::Length)?;
        let (mut request, init, mask, controls, regions, references, steps) = match serde_json::from_slice(header)? {
            Header::Generate { request, init, mask, controls, regions, references, step, branch } => {
                (request, init, mask, controls, regions, references, [step, branch])
            }
            Header::Upscale { made_by, model, scale, picture } => {
                let picture = picture_of(&mut rest, &picture)?;
                let request = UpscaleRequest { picture, model, scale, made_by: *made_by };
                return if rest.is_empty() { Ok(request.into()) } else { Err(MessageError::Length) };
            }
        };
        if let Some(InitHeader { strength, part }) = init {
            request.init = Some(InitPicture { picture: picture_of(&mut rest, &part)?, strength });
        }
        if let Some(part) = mask {
            request.mask = Some(InpaintMask { plane: mask_of(&mut rest, &part)? });
        }
        for (control, ControlHeader { picture, mask }) in request.controls.iter_mut().zip(controls) {
            control.picture = picture.map(|part| picture_of(&mut rest, &part)).transpose()?;
            control.mask = mask.map(|part| mask_of(&mut rest, &part)).transpose()?;
        }
        for (region, part) in request.regions.iter_mut().zip(regions) {
            region.mask = part.map(|part| mask_of(&mut rest, &part)).transpose()?;
        }
        for (reference, ControlHeader { picture, mask }) in request.references.iter_mut().zip(references) {
            reference.picture = picture.map(|part| picture_of(&mut rest, &part)).transpose()?;
            reference.mask = mask.map(|part| mask_of(&mut rest, &part)).transpose()?;
        }
        let [from_step, branch] = steps.map(|part| part.map(|part| step_of(&mut rest, &part)).transpose());
        request.from_step = from_step?;
        if let (Some(branched), state) = (&mut request.branch, branch?) {
            branched.state = state;
        }
        if rest.is_empty() { Ok(Self::Generate(request)) } else { Err(MessageError::Length) }
    }
}

fn framed(header: &Header, parts: &[u8]) -> Result<Vec<u8>, MessageError> {
    let header = serde_json::to_vec(header)?;
    let length = (header.len() as u32).to_le_bytes();
    Ok([&MAGIC[..], &length, &header, parts].concat())
}

fn add_both(
    parts: &mut Vec<u8>,
    picture: Option<&Picture>,
    mask: Option<&MaskPlane>,
) -> Result<ControlHeader, MessageError> {
    let picture = picture.map(|picture| add_picture(parts, picture)).transpose()?;
    Ok(ControlHeader { picture, mask: mask.map(|mask| add_mask(parts, mask)).transpose()? })
}

fn add_picture(parts: &mut Vec<u8>, picture: &Picture) -> Result<PartHeader, MessageError> {
    let bytes = encode(picture.width(), picture.height(), png::ColorType::Rgba, picture.rgba())?;
    parts.extend_from_slice(&bytes);
    Ok(PartHeader { bytes: bytes.len() })
}

fn add_mask(parts: &mut Vec<u8>, plane: &MaskPlane) -> Result<PartHeader, MessageError> {
    let bytes = encode(plane.width(), plane.height(), png::ColorType::Grayscale, plane.values())?;
    parts.extend_from_slice(&bytes);
    Ok(PartHeader { bytes: bytes.len() })
}

fn picture_of(rest: &mut &[u8], part: &PartHeader) -> Result<Arc<Picture>, MessageError> {
    let (width, height, rgba) = decode(part_of(rest, part)?, png::ColorType::Rgba)?;
    Picture::from_rgba(width, height, rgba).map(Arc::new).map_err(|_| MessageError::Format)
}

fn mask_of(rest: &mut &[u8], part: &PartHeader) -> Result<Arc<MaskPlane>, MessageError> {
    let (width, height, values) = decode(part_of(rest, part)?, png::ColorType::Grayscale)?;
    MaskPlane::from_values(width, height, values).map(Arc::new).ok_or(MessageError::Format)
}

fn step_of(rest: &mut &[u8], part: &PartHeader) -> Result<Arc<StepState>, MessageError> {
    Ok(Arc::new(StepState::from_bytes(part_of(rest, part)?)?))
}

/// Cuts the next part off.
fn part_of<'a>(rest: &mut &'a [u8], part: &PartHeader) -> Result<&'a [u8], MessageError> {
    let (found, left) = rest.split_at_checked(part.bytes).ok_or(MessageError::Length)?;
    *rest = left;
    Ok(found)
}

fn encode(width: u32, height: u32, colour: png::ColorType, values: &[u8]) -> Result<Vec<u8>, MessageError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(colour);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(values)?;
    writer.finish()?;
    Ok(bytes)
}

fn decode(bytes: &[u8], colour: png::ColorType) -> Result<(u32, u32, Vec<u8>), MessageError> {
    let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info()?;
    let (width, height) = (reader.info().width, reader.info().height);
    let is_wanted = reader.output_color_type() == (colour, png::BitDepth::Eight);
    if !is_wanted || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(MessageError::Format);
    }
    // No memory for pixels that these bytes cannot hold.
    let size = reader.output_buffer_size().filter(|size| *size <= bytes.len().saturating_mul(MAX_EXPANSION));
    let mut values = vec![0; size.ok_or(MessageError::Format)?];
    reader.next_frame(&mut values)?;
    Ok((width, height, values))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Branch, ControlNetworkRef, LoraRef, ModelRef, ReferenceAdapter, Variation};

    /// Every value of a byte in each channel, alpha 0 included.
    fn task() -> Task {
        let rgba: Vec<u8> =
            (0..4 * 31 * 17).map(|index: usize| (index.wrapping_mul(2_654_435_761) >> 7) as u8).collect();
        let mask: Vec<u8> = (0..31 * 17).map(|index: usize| (index * 5) as u8).collect();
        let picture = Arc::new(Picture::from_rgba(31, 17, rgba).unwrap());
        let plane = Arc::new(MaskPlane::from_values(31, 17, mask).unwrap());
        let scribble = ControlNetworkRef::Scribble;
        Request {
            prompt: "a \"red\" apple\n🍎".into(),
            negative: Some(String::new()),
            model: ModelRef::File("models/a.safetensors".into()),
            loras: vec![LoraRef::new("ink.safetensors", -0.35), LoraRef::with_weights("b.safetensors", 0.0, 1.0)],
            drawn_prompt: Some("a red apple".into()),
            seed: u64::MAX,
            guidance: Some(7.5),
            variation: Some(Variation { seed: 3, strength: 0.25 }),
            controls: vec![
                Control { mask: Some(Arc::clone(&plane)), weight: 0.5, ..Control::new(scribble, Arc::clone(&picture)) },
                Control::default(),
            ],
            regions: vec![Region { weight: 0.5, ..Region::new(Arc::clone(&plane), "a pear") }, Region::default()],
            init: Some(InitPicture { picture, strength: 1.0 / 3.0 }),
            mask: Some(InpaintMask { plane }),
            references: vec![
                Reference::new(Arc::new(Picture::filled(5, 3, [1, 2, 3, 4]))),
                Reference {
                    adapter: Some(ReferenceAdapter { file: "a.bin".into(), encoder: None }),
                    weight: 0.5,
                    mask: Some(Arc::new(MaskPlane::empty(3, 3))),
                    ..Reference::new(Arc::new(Picture::filled(2, 7, [9; 4])))
                },
            ],
            ..Request::default()
        }
        .into()
    }

    #[test]
    fn a_task_and_its_pictures_come_back_byte_for_byte() {
        let Task::Generate(mut whole) = task() else { panic!("another task") };
        let state = |next_call| StepState {
            scheduler: crate::sampling::SchedulerName::Euler,
            calls: 9,
            next_call,
            latents: vec![0.5; 7],
            history: crate::sampling::History::default(),
            noise: vec![3],
            level: Some([1.0, 2.0]),
            compute: crate::job::Compute::default(),
        };
        let branch = Branch { step: 3, steps: 9, decodes_in_single: true, state: Some(Arc::new(state(3))) };
        (whole.from_step, whole.branch) = (Some(Arc::new(state(5))), Some(branch));
        let without_mask = Request { mask: None, ..(*whole).clone() };
        let alone = Request { init: None, ..without_mask.clone() };
        for task in [Task::Generate(whole), without_mask.into(), alone.into()] {
            assert_eq!(Task::from_bytes(&task.to_bytes().unwrap()).unwrap(), task);
        }
    }

    #[test]
    fn the_settings_that_pictures_carry_hold_no_picture() {
        let Task::Generate(request) = task() else { panic!("another task") };
        let written = serde_json::to_value(&request).unwrap();
        let fields = written.as_object().unwrap();
        let reference = fields["references"][1].as_object().unwrap();
        assert!(!reference.contains_key("picture") && !reference.contains_key("mask"), "{reference:?}");
        assert!(["init", "mask"].iter().all(|name| !fields.contains_key(*name)), "{fields:?}");
        let control = fields["controls"][0].as_object().unwrap();
        assert!(!control.contains_key("picture") && !control.contains_key("mask"), "{control:?}");
        assert!(fields["regions"][0].get("mask").is_none(), "{:?}", fields["regions"]);
    }

    #[test]
    fn an_even_picture_of_many_pixels_comes_back() {
        let picture = Arc::new(Picture::filled(3000, 2000, [9; 4]));
        let task = Request { init: Some(InitPicture { picture, strength: 0.5 }), ..Request::default() }.into();
        assert_eq!(Task::from_bytes(&Task::to_bytes(&task).unwrap()).unwrap(), task);
    }

    #[test]
    fn damaged_bytes_are_refused() {
        let whole = task().to_bytes().unwrap();
        for end in 0..whole.len() {
            assert!(Task::from_bytes(&whole[..end]).is_err(), "cut at {end} of {}", whole.len());
        }
        assert!(matches!(Task::from_bytes(&[&whole[..], &[0]].concat()), Err(MessageError::Length)));
        let mut other = whole;
        other[7] = 2;
        assert!(matches!(Task::from_bytes(&other), Err(MessageError::NotATask)));
    }
}
