//! Strokes and lines by the difference of a picture from its blurred self, as ControlNet's own annotators have them:
//! "scribble (XDoG)" and "lineart (standard)".

use super::gaussian::blurred;
use super::white_on_black;
use crate::raster::Picture;

/// Where a window ends whose values are no bytes.
const REACH: f32 = 4.0;
/// How much darker than its surroundings a stroke is, of 255, twice.
const STROKE: f32 = 32.0;

/// White where every channel is darker than around it.
pub(super) fn scribble(picture: &Picture) -> Picture {
    let near = channels(picture, 0.5);
    let far = channels(picture, 5.0);
    let is_stroke = darker(&far, &near).map(|difference| {
        // In bytes, as published.
        let left = (255.0 - difference).clamp(0.0, 255.0).floor();
        if 2.0 * (255.0 - left) > STROKE { 255 } else { 0 }
    });
    white_on_black(picture, is_stroke)
}

/// White by how much darker every channel is than around it, the usual line half as white as can be.
pub(super) fn lineart(picture: &Picture) -> Picture {
    const FAINT: f32 = 8.0;
    const LEAST: f32 = 16.0;
    let own: Vec<f32> = picture.rgba().iter().copied().map(f32::from).collect();
    let far = channels(picture, 6.0);
    let lines: Vec<f32> = darker(&far, &own).map(|difference| difference.clamp(0.0, 255.0)).collect();
    let mut seen: Vec<f32> = lines.iter().copied().filter(|value| *value > FAINT).collect();
    seen.sort_unstable_by(f32::total_cmp);
    let usual = match seen.len() {
        0 => LEAST,
        count if count % 2 == 1 => seen[count / 2],
        count => f32::midpoint(seen[count / 2 - 1], seen[count / 2]),
    };
    let scale = 127.0 / usual.max(LEAST);
    white_on_black(picture, lines.into_iter().map(|value| (value * scale).clamp(0.0, 255.0) as u8))
}

fn channels(picture: &Picture, radius_px: f32) -> Vec<f32> {
    let values: Vec<f32> = picture.rgba().iter().copied().map(f32::from).collect();
    blurred::<4>(&values, picture.size(), radius_px, REACH)
}

/// The least of the three channels' differences, pixel by pixel.
fn darker<'a>(far: &'a [f32], near: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
    far.chunks_exact(4).zip(near.chunks_exact(4)).map(|(far, near)| {
        let difference = |channel: usize| far[channel] - near[channel];
        difference(0).min(difference(1)).min(difference(2))
    })
}
