//! Colours as a photo's own profile (ICC) means them, brought to sRGB, which everything here works in.

use image::DynamicImage;
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};
use rayon::prelude::*;

/// Pixels that a task converts at once.
const CHUNK: usize = 1 << 16;
/// Differences up to this come from rounding: such a profile is sRGB by another name, and every byte stays.
const SAME: u8 = 2;

/// RGBA in, RGBA out.
type Converter<'a> = &'a dyn Fn(&[u8], &mut [u8]) -> Result<(), moxcms::CmsError>;

/// The picture in sRGB, and why its profile was left aside, if it was: one that is none, or of a kind that does not fit
/// the pixels. The bytes are then sRGB already, as far as anybody can know.
pub(super) fn to_srgb(image: DynamicImage, profile: Option<&[u8]>) -> (image::RgbaImage, Option<String>) {
    let is_grey = matches!(
        image.color(),
        image::ColorType::L8 | image::ColorType::La8 | image::ColorType::L16 | image::ColorType::La16
    );
    let mut rgba = image.into_rgba8();
    let left_aside = profile.and_then(|bytes| convert(&mut rgba, bytes, is_grey).err());
    (rgba, left_aside)
}

/// Four inks a pixel, 255 all of it, to RGB; or why the profile does not do that.
pub(super) fn inks_to_srgb(inks: &[u8], profile: &[u8]) -> Result<Vec<u8>, String> {
    let profile = ColorProfile::new_from_slice(profile).map_err(|error| unusable(&error))?;
    if profile.color_space != DataColorSpace::Cmyk {
        return Err(misfit(&profile, "printing inks"));
    }
    // Four channels are four channels: the library has no name of its own for them.
    let options = TransformOptions::default();
    let transform = profile
        .create_transform_8bit(Layout::Rgba, &ColorProfile::new_srgb(), Layout::Rgb, options)
        .map_err(|error| unusable(&error))?;
    let mut rgb = vec![0; inks.len() / 4 * 3];
    rgb.par_chunks_mut(CHUNK * 3)
        .zip(inks.par_chunks(CHUNK * 4))
        .try_for_each(|(target, inks)| transform.transform(inks, target))
        .map_err(|error| unusable(&error))?;
    Ok(rgb)
}

fn unusable(error: &moxcms::CmsError) -> String {
    format!("it cannot be used: {error}")
}

fn misfit(profile: &ColorProfile, pixels: &str) -> String {
    let made_for = match profile.color_space {
        DataColorSpace::Cmyk => "printing inks",
        DataColorSpace::Gray => "grey",
        DataColorSpace::Rgb => "RGB",
        _ => "other colours",
    };
    format!("it is made for {made_for} and the picture has {pixels}")
}

fn convert(rgba: &mut image::RgbaImage, profile: &[u8], is_grey: bool) -> Result<(), String> {
    let profile = ColorProfile::new_from_slice(profile).map_err(|error| unusable(&error))?;
    let source = match (profile.color_space, is_grey) {
        (DataColorSpace::Rgb, _) => Layout::Rgba,
        (DataColorSpace::Gray, true) => Layout::GrayAlpha,
        (_, true) => return Err(misfit(&profile, "grey")),
        (_, false) => return Err(misfit(&profile, "RGB")),
    };
    convert_from(rgba, &profile, source).map_err(|error| unusable(&error))
}

fn convert_from(rgba: &mut image::RgbaImage, profile: &ColorProfile, source: Layout) -> Result<(), moxcms::CmsError> {
    let options = TransformOptions::default();
    let transform = profile.create_transform_8bit(source, &ColorProfile::new_srgb(), Layout::Rgba, options)?;
    let converted = |pixels: &[u8], target: &mut [u8]| {
        if source == Layout::Rgba {
            return transform.transform(pixels, target);
        }
        let grey: Vec<u8> = pixels.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[3]]).collect();
        transform.transform(&grey, target)
    };
    if is_srgb(&converted)? {
        return Ok(());
    }
    let pixels: &mut [u8] = rgba.as_mut();
    pixels.par_chunks_mut(CHUNK * 4).try_for_each(|pixels| {
        let mut target = vec![0; pixels.len()];
        converted(pixels, &mut target)?;
        for (pixel, target) in pixels.chunks_exact_mut(4).zip(target.chunks_exact(4)) {
            pixel[..3].copy_from_slice(&target[..3]);
        }
        Ok(())
    })
}

/// Whether a few colours all over the cube come out as they went in.
fn is_srgb(converted: Converter<'_>) -> Result<bool, moxcms::CmsError> {
    let steps = [0, 20, 64, 128, 200, 255];
    let mut probes: Vec<u8> = Vec::new();
    for (red, green) in steps.iter().flat_map(|red| steps.iter().map(move |green| (red, green))) {
        probes.extend(steps.iter().flat_map(|blue| [*red, *green, *blue, 255]));
    }
    // A grey profile sees the first channel alone.
    let greys: Vec<u8> = probes.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[0], pixel[0], 255]).collect();
    let same = |probes: &[u8]| -> Result<bool, moxcms::CmsError> {
        let mut found = vec![0; probes.len()];
        converted(probes, &mut found)?;
        Ok(found.iter().zip(probes).all(|(found, probe)| found.abs_diff(*probe) <= SAME))
    };
    Ok(same(&probes)? || (same(&greys)? && same_for_one_channel(converted)?))
}

/// Whether only the first channel counts, as with a grey profile.
fn same_for_one_channel(converted: Converter<'_>) -> Result<bool, moxcms::CmsError> {
    let mut found = [0; 8];
    converted(&[100, 100, 100, 255, 100, 0, 255, 255], &mut found)?;
    Ok(found[..3] == found[4..7])
}
