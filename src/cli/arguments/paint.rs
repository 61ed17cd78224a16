//! What is started from: a picture, and the part of it that is repainted.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use clap::Args;

use super::values::{number_in, one_of};
use crate::job::{InitPicture, InpaintArea, InpaintMask, InpaintSettings, MaskedContent, Notice, Request};
use crate::raster::ResizeMode;
use crate::raster::{Extension, extended, extended_mask};
use crate::store::pictures::mask_file::MaskChannel;
use crate::store::pictures::{mask_file, picture_file};

const IMG2IMG_STRENGTH: f64 = 0.75;
const INPAINT_STRENGTH: f64 = 1.0;

#[derive(Debug, Args)]
#[command(next_help_heading = "Starting from a picture")]
#[allow(clippy::struct_excessive_bools)] // Each is a flag.
pub(crate) struct PaintArguments {
    /// A picture to start from (img2img)
    #[arg(long, value_name = "FILE")]
    pub init: Option<PathBuf>,
    /// How much of that picture is made anew, 0 to 1 [default: 0.75, with a mask 1]
    #[arg(long, value_name = "F", requires = "init", value_parser = number_in(0.0, 1.0))]
    pub strength: Option<f64>,
    /// How the picture meets a width and height of another shape
    #[arg(long, value_name = "MODE", requires = "init", default_value = "stretch", value_parser = one_of(&ResizeMode::ALL.map(ResizeMode::id), ResizeMode::from_id))]
    pub resize: ResizeMode,
    /// How strictly a model that follows instructions keeps to the picture [default: 1.5]
    #[arg(long, value_name = "F", requires = "init", value_parser = number_in(0.0, Request::MAX_GUIDANCE))]
    pub image_guidance: Option<f64>,
    /// Where the picture is repainted: white is, black is not; or what is erased of a photo, or strokes on a clear layer
    #[arg(long, value_name = "FILE", requires = "init")]
    pub mask: Option<PathBuf>,
    /// What of the mask's file is the mask: its opacity, its brightness, or by a rule
    ///
    /// alpha: opaque is repainted. inverted-alpha: transparent is. luma: bright is. auto: where alpha varies
    /// inverted-alpha over a picture and alpha over one flat colour, else luma
    #[arg(long, value_name = "CHANNEL", requires = "mask", default_value = "auto", value_parser = one_of(&MaskChannel::ALL.map(MaskChannel::id), MaskChannel::from_id))]
    pub mask_channel: MaskChannel,
    /// Extends the picture by so many pixels at left, top, right and bottom, and paints them (outpainting)
    #[arg(long, value_name = "L,T,R,B", requires = "init", value_parser = extension_of)]
    pub extend: Option<Extension>,
    /// Blurs the mask's edge, outwards: the picture changes up to three times as far beyond it; 0 is a hard edge
    #[arg(long, value_name = "PX", default_value_t = InpaintSettings::default().mask_blur_px, value_parser = pixels())]
    pub mask_blur: u32,
    /// Makes the mask larger, or smaller when negative
    #[arg(long, value_name = "PX", default_value_t = 0, allow_hyphen_values = true, value_parser = clap::value_parser!(i32).range(-i64::from(InpaintSettings::MAX_PX)..=i64::from(InpaintSettings::MAX_PX)))]
    pub mask_grow: i32,
    /// Repaints what is not masked
    #[arg(long)]
    pub mask_invert: bool,
    /// Whether the whole picture is worked on, or the masked part at the model's full size
    #[arg(long, value_name = "AREA", default_value = "whole", value_parser = one_of(&["whole", "masked"], area_from_id))]
    pub inpaint_area: InpaintArea,
    /// What is seen around the masked part
    #[arg(long, value_name = "PX", default_value_t = InpaintSettings::default().padding_px, value_parser = pixels())]
    pub padding: u32,
    /// What the masked part begins with: original, blurred (its border, spread), noise, or a colour such as #a0c8ff
    #[arg(long, value_name = "KIND", default_value = "original", value_parser = MaskedContent::from_str)]
    pub masked_content: MaskedContent,
    /// Grey parts of the mask keep more of the picture (differential diffusion)
    #[arg(long)]
    pub soft_inpaint: bool,
    /// Leaves the new part's colours as they were drawn
    #[arg(long)]
    pub no_colour_match: bool,
    /// Writes what the decoder gave: nothing pasted back, no feather, no colour match
    #[arg(long)]
    pub no_composite: bool,
}

impl PaintArguments {
    pub(crate) fn fill(&self, request: &mut Request, notices: &mut Vec<Notice>) -> Result<(), String> {
        request.resize = self.resize;
        request.image_guidance = self.image_guidance;
        request.inpaint = InpaintSettings {
            area: self.inpaint_area,
            padding_px: self.padding,
            mask_blur_px: self.mask_blur,
            grow_px: self.mask_grow,
            invert: self.mask_invert,
            content: self.masked_content,
            soft: self.soft_inpaint,
            colour_match: !self.no_colour_match,
            composite: !self.no_composite,
        };
        let Some(file) = &self.init else { return Ok(()) };
        let mut picture = picture_file::read_noting(file, notices).map_err(|error| error.to_string())?;
        let mut mask = match &self.mask {
            Some(file) => {
                let mask = mask_file::read_channel(file, self.mask_channel, notices);
                Some(mask.map_err(|error| error.to_string())?)
            }
            None => None,
        };
        if let Some(by) = self.extend.filter(|by| !by.is_empty()) {
            let (width, height) = (picture.width(), picture.height());
            if let Some(mask) = mask.as_ref().filter(|mask| (mask.width(), mask.height()) != (width, height)) {
                return Err(format!(
                    "the mask must be as large as the picture before it is extended, {width}×{height}, found {}×{}; \
                     save it again at the picture's size",
                    mask.width(),
                    mask.height()
                ));
            }
            mask = Some(extended_mask(mask.as_ref(), width, height, by));
            picture = extended(&picture, by);
        }
        let default = if mask.is_some() { INPAINT_STRENGTH } else { IMG2IMG_STRENGTH };
        let strength = self.strength.unwrap_or(default);
        request.init = Some(InitPicture { picture: Arc::new(picture), strength });
        request.mask = mask.map(|mask| InpaintMask { plane: Arc::new(mask) });
        Ok(())
    }
}

fn pixels() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(0..=i64::from(InpaintSettings::MAX_PX))
}

fn area_from_id(id: &str) -> Option<InpaintArea> {
    match id {
        "whole" => Some(InpaintArea::Whole),
        "masked" => Some(InpaintArea::Masked),
        _ => None,
    }
}

fn extension_of(text: &str) -> Result<Extension, String> {
    let sides: Option<Vec<u32>> = text.split(',').map(|side| side.trim().parse().ok()).collect();
    match sides.as_deref() {
        Some([left, top, right, bottom])
            if [left, top, right, bottom].iter().all(|side| **side <= Request::MAX_SIDE_PX) =>
        {
            Ok(Extension { left: *left, top: *top, right: *right, bottom: *bottom })
        }
        _ => Err(format!(
            "wanted are four numbers from 0 to {}: left, top, right and bottom, with commas between",
            Request::MAX_SIDE_PX
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_and_extensions_are_read_or_explained() {
        assert_eq!(MaskedContent::from_str("#0a0Bff"), Ok(MaskedContent::Colour([10, 11, 255])));
        assert_eq!(MaskedContent::from_str("noise"), Ok(MaskedContent::Noise));
        assert!(MaskedContent::from_str("#12345").unwrap_err().contains("#a0c8ff"));
        assert_eq!(extension_of("0,1, 2,300"), Ok(Extension { left: 0, top: 1, right: 2, bottom: 300 }));
        for wrong in ["1,2,3", "1,2,3,-4", "a,b,c,d", "9000,0,0,0"] {
            assert!(extension_of(wrong).unwrap_err().contains("four numbers"), "{wrong}");
        }
    }
}
