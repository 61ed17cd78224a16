//! How a picture was repainted, as AUTOMATIC1111's `parameters` has it.

use crate::job::{InpaintArea, MaskedContent, Request};

/// The pairs that a repainted or instructed picture adds, in that program's order.
pub(crate) fn pairs_of(request: &Request) -> Vec<(&'static str, String)> {
    let mut pairs = Vec::new();
    if let Some(guidance) = request.image_guidance {
        pairs.push(("Image CFG scale", guidance.to_string()));
    }
    if request.mask.is_none() {
        return pairs;
    }
    let settings = &request.inpaint;
    pairs.push(("Mask blur", settings.mask_blur_px.to_string()));
    if settings.invert {
        pairs.push(("Mask mode", "Inpaint not masked".into()));
    }
    match settings.content {
        MaskedContent::Original => {}
        MaskedContent::Blurred => pairs.push(("Masked content", "fill".into())),
        MaskedContent::Noise => pairs.push(("Masked content", "latent noise".into())),
        MaskedContent::Colour([red, green, blue]) => {
            pairs.push(("Masked content", format!("#{red:02x}{green:02x}{blue:02x}")));
        }
    }
    if settings.area == InpaintArea::Masked {
        pairs.push(("Inpaint area", "Only masked".into()));
        pairs.push(("Masked area padding", settings.padding_px.to_string()));
    }
    if settings.grow_px != 0 {
        pairs.push(("Mask growth", settings.grow_px.to_string()));
    }
    if settings.soft {
        pairs.push(("Soft inpainting enabled", "True".into()));
    }
    pairs
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::job::{InpaintMask, InpaintSettings};
    use crate::mask::MaskPlane;
    use crate::store::pictures::metadata::{parameters_of, request_of_parameters};

    #[test]
    fn settings_of_a_repainted_picture_are_read_as_they_were_written() {
        for content in [
            MaskedContent::Original,
            MaskedContent::Blurred,
            MaskedContent::Noise,
            MaskedContent::Colour([9, 200, 255]),
        ] {
            let inpaint = InpaintSettings {
                area: InpaintArea::Masked,
                padding_px: 48,
                mask_blur_px: 7,
                grow_px: -3,
                invert: true,
                content,
                soft: true,
                ..InpaintSettings::default()
            };
            let mask = Some(InpaintMask { plane: Arc::new(MaskPlane::empty(8, 8)) });
            let request = Request { inpaint: inpaint.clone(), mask, ..Request::default() };
            let text = parameters_of(&request);
            assert!(text.contains("Inpaint area: Only masked, Masked area padding: 48"), "{text}");
            assert_eq!(request_of_parameters(&text).unwrap().inpaint, inpaint);
        }
        let text = parameters_of(&Request::default());
        assert!(!text.contains("Mask"), "nothing was masked: {text}");
    }
}
