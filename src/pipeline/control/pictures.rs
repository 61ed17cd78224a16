//! Pictures that steer as numbers, as each network wants them.

use candle_core::{Device, Tensor};

use crate::checkpoint::ControlConfig;
use crate::job::ControlKind;
use crate::model::{ModelError, folded};
use crate::raster::{self, Picture};

/// What a network is given of a picture that lies in its place.
///
/// # Errors
/// None that a person could cause.
pub(super) fn tensor_of(
    picture: &Picture,
    kind: Option<ControlKind>,
    config: &ControlConfig,
) -> Result<Tensor, ModelError> {
    match config {
        ControlConfig::ControlNet(config) => {
            // What is to be made up is marked by a value that no colour has; union networks know it as black.
            let hole = (kind == Some(ControlKind::Inpaint)).then_some(if config.union.is_some() { 0.0 } else { -1.0 });
            planes(picture, config.picture_channels, hole, config.is_bgr)
        }
        ControlConfig::Adapter(config) => {
            let factor = config.factor as u32;
            let up = |side: u32| side.div_ceil(factor) * factor;
            let whole = raster::resized(picture, up(picture.width()), up(picture.height()));
            folded(&planes(&whole, config.picture_channels, None, false)?, config.factor)
        }
    }
}

/// `(1, channels, height, width)` in 0…1.
fn planes(picture: &Picture, channels: usize, hole: Option<f32>, is_bgr: bool) -> Result<Tensor, ModelError> {
    let [width, height] = picture.size();
    let area = width * height;
    let paper = paper_of(picture);
    let mut planes = vec![0f32; area * channels];
    for (pixel, rgba) in picture.rgba().chunks_exact(4).enumerate() {
        if let Some(hole) = hole.filter(|_| rgba[3] < 128) {
            (0..channels).for_each(|channel| planes[channel * area + pixel] = hole);
            continue;
        }
        let share = u32::from(rgba[3]);
        let over = |value: u8| ((u32::from(value) * share + u32::from(paper) * (255 - share) + 127) / 255) as u8;
        let seen = [over(rgba[0]), over(rgba[1]), over(rgba[2])];
        let value = |byte: u8| f32::from(byte) / 255.0;
        if channels == 1 {
            planes[pixel] = value(brightness(seen));
            continue;
        }
        for (channel, byte) in seen.into_iter().enumerate() {
            let place = if is_bgr { 2 - channel } else { channel };
            planes[place * area + pixel] = value(byte);
        }
    }
    Ok(Tensor::from_vec(planes, (1, channels, height, width), &Device::Cpu)?)
}

/// What a picture with transparent parts is laid on: black under bright strokes, white under dark ones.
fn paper_of(picture: &Picture) -> u8 {
    let (mut bright, mut all) = (0_u64, 0_u64);
    for rgba in picture.rgba().chunks_exact(4) {
        let share = u64::from(rgba[3]);
        all += share;
        bright += share * u64::from(brightness([rgba[0], rgba[1], rgba[2]]));
    }
    if bright < 128 * all { 255 } else { 0 }
}

/// ITU-R 601, in the whole numbers that Pillow uses.
fn brightness([red, green, blue]: [u8; 3]) -> u8 {
    ((u32::from(red) * 19595 + u32::from(green) * 38470 + u32::from(blue) * 7471 + 0x8000) >> 16) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strokes_on_a_clear_layer_lie_on_the_paper_that_shows_them() {
        let stroke = |value: u8| Picture::from_rgba(2, 1, vec![value, value, value, 255, 0, 0, 0, 0]).unwrap();
        let seen = |picture: &Picture| {
            planes(picture, 1, None, false).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap()
        };
        assert_eq!(seen(&stroke(255)), [1.0, 0.0]);
        assert_eq!(seen(&stroke(0)), [0.0, 1.0]);
        let hole = planes(&stroke(255), 3, Some(-1.0), false).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(hole, [1.0, -1.0, 1.0, -1.0, 1.0, -1.0]);
    }
}
