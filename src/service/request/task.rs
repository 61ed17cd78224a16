//! A task from another Inkwick, whole: its pictures as pixels, its files by their names.

use super::{Asked, MOST_LETTERS, check};
use crate::job::Task;
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
    let pixels =
        request.init.as_ref().map_or(0, |init| u64::from(init.picture.width()) * u64::from(init.picture.height()));
    if pixels > options.max_picture_pixels {
        let sentence = format!("the picture may have up to {} pixels, found {pixels}", options.max_picture_pixels);
        return Err(FieldError::new("init_image", sentence));
    }
    let pictures = request.controls.iter().filter_map(|control| control.picture.as_ref());
    if pictures.map(|picture| u64::from(picture.width()) * u64::from(picture.height())).max()
        > Some(options.max_picture_pixels)
    {
        let sentence = format!("a control's picture may have up to {} pixels", options.max_picture_pixels);
        return Err(FieldError::new("controls", sentence));
    }
    let masks = request.regions.iter().filter_map(|region| region.mask.as_ref());
    if masks.map(|mask| u64::from(mask.width()) * u64::from(mask.height())).max() > Some(options.max_picture_pixels) {
        let sentence = format!("a region's mask may have up to {} pixels", options.max_picture_pixels);
        return Err(FieldError::new("regions", sentence));
    }
    let request = found_here(*request, catalogue)?;
    check(&request)?;
    Ok(Asked { requests: vec![request], notices: Vec::new(), previews: true })
}
