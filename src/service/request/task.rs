//! A task from another Inkwick, whole: its pictures as pixels, its files by their names.

use std::sync::Arc;

use super::{Asked, MOST_LETTERS, check};
use crate::job::Task;
use crate::mask::MaskPlane;
use crate::raster::Picture;
use crate::service::catalogue::Catalogue;
use crate::service::fields::FieldError;
use crate::service::names::found_here;
use crate::service::options::ServiceOptions;

/// As [`super::read`]. What the prompt's choices came to was drawn where it was written.
///
/// # Errors
/// When the bytes are no task, or name what is not here.
pub(in crate::service) fn read_task(
    bytes: &[u8],
    catalogue: &Catalogue,
    options: &ServiceOptions,
) -> Result<Asked, FieldError> {
    let task = Task::from_bytes(bytes).map_err(|error| FieldError::new("body", error.to_string()))?;
    let Task::Generate(request) = task else {
        return Err(FieldError::new("body", "a picture to draw was wanted, and this task enlarges one"));
    };
    let of_regions = request.regions.iter().flat_map(|region| [Some(&region.prompt), region.negative.as_ref()]);
    let own = [("prompt", Some(&request.prompt)), ("negative_prompt", request.negative.as_ref())];
    for (name, text) in own.into_iter().chain(of_regions.map(|text| ("regions", text))) {
        if text.is_some_and(|text| text.chars().count() > MOST_LETTERS) {
            return Err(FieldError::new(name, format!("{name} may have up to {MOST_LETTERS} characters")));
        }
    }
    let most = options.max_picture_pixels;
    let area = |(width, height): (u32, u32)| u64::from(width) * u64::from(height);
    let of_picture = |picture: &Arc<Picture>| area((picture.width(), picture.height()));
    let of_mask = |mask: &Arc<MaskPlane>| area((mask.width(), mask.height()));
    let init = request.init.iter().map(|init| ("init_image", of_picture(&init.picture)));
    let controls = request.controls.iter().flat_map(|control| {
        [control.picture.as_ref().map(of_picture), control.mask.as_ref().map(of_mask)]
            .map(|pixels| ("controls", pixels))
    });
    let regions = request.regions.iter().map(|region| ("regions", region.mask.as_ref().map(of_mask)));
    let references = request.references.iter().flat_map(|reference| {
        [reference.picture.as_ref().map(of_picture), reference.mask.as_ref().map(of_mask)]
            .map(|pixels| ("references", pixels))
    });
    let others = controls.chain(regions).chain(references).filter_map(|(name, pixels)| Some((name, pixels?)));
    for (name, pixels) in init.chain(others) {
        if pixels > most {
            return Err(FieldError::new(
                name,
                format!("{name} may have pictures of up to {most} pixels, found {pixels}"),
            ));
        }
    }
    let request = found_here(*request, catalogue)?;
    check(&request)?;
    Ok(Asked { requests: vec![request], notices: Vec::new(), previews: true })
}
