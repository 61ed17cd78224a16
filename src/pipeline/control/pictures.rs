//! Pictures that steer as their networks see them: where the photo is, of the size that is drawn, as numbers.

use candle_core::{Device, Tensor};

use crate::checkpoint::ControlConfig;
use crate::job::{Control, ControlError, ControlKind, Frame, Request, RequestError};
use crate::mask::{MaskPlane, PixelRect};
use crate::model::{ModelError, folded};
use crate::pipeline::PipelineError;
use crate::raster::{self, Picture, ResizeMode};

/// Shapes that differ by less are one: sizes are rounded to the latents' cells.
const SAME_SHAPE: f64 = 0.02;

/// Where a picture that steers comes to lie.
pub(in crate::pipeline) struct Place {
    /// The photo's size and what of it is drawn, where there is one.
    photo: Option<((u32, u32), Frame, ResizeMode, bool)>,
    size: (u32, u32),
}

impl Place {
    /// `frame` is what is shown of the request's photo; the size is in pixels, as the network works.
    pub(crate) fn new(request: &Request, frame: Option<Frame>, size: (u32, u32)) -> Self {
        let photo = request.init.as_ref().zip(frame).map(|(init, frame)| {
            let own = (init.picture.width(), init.picture.height());
            (own, frame, request.resize, request.mask.is_some())
        });
        Self { photo, size }
    }

    /// The control's picture there, at the size that is drawn.
    ///
    /// # Errors
    /// When it has another shape and nobody said how it is fitted.
    pub(crate) fn picture(&self, control: &Control) -> Result<Picture, PipelineError> {
        let missing =
            || PipelineError::from(RequestError::from(ControlError::NoPicture { name: control.network.name() }));
        let picture = control.picture.as_ref().ok_or_else(missing)?;
        let target = self.photo.map_or(self.size, |(size, ..)| size);
        let own = (picture.width(), picture.height());
        if control.resize.is_none() && !is_same_shape(own, target) {
            return Err(PipelineError::Unsupported(format!(
                "the picture of the control {} is {}×{} and what it lies on is {}×{}, another shape; say how it is fitted \
                 (stretch, crop, fit or pad), or save it in that shape",
                control.network.name(),
                own.0,
                own.1,
                target.0,
                target.1
            )));
        }
        Ok(self.placed(picture, control.resize))
    }

    /// Its mask there; `None` where it counts everywhere.
    pub(crate) fn mask(&self, control: &Control) -> Option<MaskPlane> {
        let mask = control.mask.as_ref()?;
        let grey = mask.values().iter().flat_map(|value| [*value, *value, *value, 255]).collect();
        let picture = Picture::from_rgba(mask.width(), mask.height(), grey).ok()?;
        let placed = self.placed(&picture, control.resize);
        let values = placed.rgba().chunks_exact(4).map(|pixel| pixel[0]).collect();
        MaskPlane::from_values(placed.width(), placed.height(), values)
    }

    fn placed(&self, picture: &Picture, resize: Option<ResizeMode>) -> Picture {
        let (width, height) = self.size;
        let Some((photo, frame, photo_resize, has_mask)) = self.photo else {
            return fitted(picture, (width, height), resize);
        };
        let own = (picture.width(), picture.height());
        let is_whole = frame.crop == PixelRect::new(0, 0, photo.0, photo.1);
        let how = if has_mask { ResizeMode::Stretch } else { photo_resize };
        if is_whole && is_same_shape(own, photo) {
            return raster::fitted(picture, width, height, how);
        }
        let on_photo = fitted(picture, photo, resize);
        raster::fitted(&raster::crop(&on_photo, frame.crop), width, height, how)
    }
}

fn is_same_shape(a: (u32, u32), b: (u32, u32)) -> bool {
    let aspect = |(width, height): (u32, u32)| f64::from(width) / f64::from(height.max(1));
    let difference = aspect(a) / aspect(b);
    // In a small picture one pixel is more than that.
    let pixel = 1.0 / f64::from(a.0.min(a.1).min(b.0).min(b.1).max(1));
    (difference - 1.0).abs() <= SAME_SHAPE.max(pixel)
}

fn fitted(picture: &Picture, (width, height): (u32, u32), resize: Option<ResizeMode>) -> Picture {
    match resize {
        None => raster::resized(picture, width, height),
        // All of it, with nothing around it.
        Some(ResizeMode::Fit) => {
            let (wide, tall) = raster::largest_inside((width, height), (picture.width(), picture.height()));
            let small = raster::resized(picture, wide, tall);
            let mut rgba = Picture::filled(width, height, [0, 0, 0, 255]).into_rgba();
            let (left, top) = (((width - wide) / 2) as usize, ((height - tall) / 2) as usize);
            for (y, row) in small.rgba().chunks_exact(4 * wide as usize).enumerate() {
                rgba[4 * ((top + y) * width as usize + left)..][..row.len()].copy_from_slice(row);
            }
            Picture::from_rgba(width, height, rgba).unwrap_or_else(|_| Picture::filled(width, height, [0, 0, 0, 255]))
        }
        Some(mode) => raster::fitted(picture, width, height, mode),
    }
}

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
    use std::sync::Arc;

    use super::*;
    use crate::job::{ControlNetworkRef, InitPicture, InpaintArea, InpaintMask, InpaintSettings};

    /// Red says the column, green the row.
    fn ramp(width: u32, height: u32) -> Picture {
        let pixel = |index: u32| [(index % width) as u8, (index / width) as u8, 7, 255];
        Picture::from_rgba(width, height, (0..width * height).flat_map(pixel).collect()).unwrap()
    }

    fn control(picture: Picture, resize: Option<ResizeMode>) -> Control {
        Control { resize, ..Control::new(ControlNetworkRef::Scribble, Arc::new(picture)) }
    }

    #[test]
    fn the_part_that_is_repainted_is_the_part_that_is_seen() {
        let mut mask = MaskPlane::empty(200, 100);
        for y in 40..60 {
            mask.row_mut(y)[100..120].fill(255);
        }
        let request = Request {
            init: Some(InitPicture { picture: Arc::new(Picture::filled(200, 100, [9; 4])), strength: 1.0 }),
            mask: Some(InpaintMask { plane: Arc::new(mask) }),
            inpaint: InpaintSettings { area: InpaintArea::Masked, padding_px: 10, ..InpaintSettings::default() },
            ..Request::default()
        };
        let frame = Frame { crop: PixelRect::new(90, 30, 130, 70), width: 40, height: 40 };
        let place = Place::new(&request, Some(frame), (40, 40));
        // As large as the photo, or another size of that shape.
        for (width, scale) in [(200, 1), (100, 2)] {
            let seen = place.picture(&control(ramp(width, width / 2), None)).unwrap();
            let (first, last) = (&seen.rgba()[..2], &seen.rgba()[4 * (40 * 40 - 1)..][..2]);
            for (found, wanted) in [(first[0], 90), (first[1], 30), (last[0], 129), (last[1], 69)] {
                assert!((i32::from(found) * scale - wanted).abs() <= 3, "{first:?} {last:?} of {width}");
            }
        }
        let other = place.picture(&control(ramp(100, 100), None)).unwrap_err().to_string();
        assert!(other.contains("100×100") && other.contains("200×100"), "{other}");
        assert_eq!(place.picture(&control(ramp(100, 100), Some(ResizeMode::Crop))).unwrap().size(), [40, 40]);
    }

    #[test]
    fn a_picture_that_is_fitted_is_there_as_a_whole() {
        let place = Place::new(&Request::default(), None, (60, 60));
        let seen =
            place.picture(&control(Picture::filled(100, 50, [200, 200, 200, 255]), Some(ResizeMode::Fit))).unwrap();
        let at = |x: usize, y: usize| seen.rgba()[4 * (y * 60 + x)];
        assert_eq!([at(30, 5), at(30, 30), at(0, 30), at(59, 30), at(30, 55)], [0, 200, 200, 200, 0]);
    }

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
