//! Where a picture that steers, and a region's mask, come to lie: over the photo, of the size that is drawn. The same answer for the engine and
//! for the window, which shows what a network will see.

use std::sync::Arc;

use super::{Control, ControlError, Frame, Placement, Reference, ReferenceError, Region, RegionError, Request};
use crate::mask::{MaskPlane, PixelRect};
use crate::raster::{self, Picture, ResizeMode};

/// Shapes that differ by less are one: sizes are rounded to the latents' cells.
const SAME_SHAPE: f64 = 0.02;

/// Where a picture that steers comes to lie.
#[derive(Clone, Debug, PartialEq)]
pub struct ControlPlace {
    /// The photo's size and what of it is drawn, where there is one.
    photo: Option<((u32, u32), Frame, ResizeMode, bool)>,
    size: (u32, u32),
}

impl ControlPlace {
    /// `frame` is what is shown of the request's photo; the size is in pixels, as the network works.
    #[must_use]
    pub fn new(request: &Request, frame: Option<Frame>, size: (u32, u32)) -> Self {
        let photo = request.init.as_ref().zip(frame).map(|(init, frame)| {
            let own = (init.picture.width(), init.picture.height());
            (own, frame, request.resize, request.mask.is_some())
        });
        Self { photo, size }
    }

    /// Over a photo of this size, of which `frame` is shown.
    #[must_use]
    pub fn over(photo_px: (u32, u32), frame: Frame, resize: ResizeMode, is_masked: bool) -> Self {
        Self { photo: Some((photo_px, frame, resize, is_masked)), size: (frame.width, frame.height) }
    }

    /// Where there is no photo: on a picture of this size.
    #[must_use]
    pub fn alone(size: (u32, u32)) -> Self {
        Self { photo: None, size }
    }

    /// What a picture that steers and a mask must have the shape of: the photo, or what is drawn.
    fn shape(&self) -> (u32, u32) {
        self.photo.map_or(self.size, |(size, ..)| size)
    }

    /// What is painted on a canvas, in the shape that it must have there: the middle part of a canvas that is not drawn
    /// on itself, as a picture that is cropped.
    #[must_use]
    pub fn shaped(&self, mask: Arc<MaskPlane>) -> Arc<MaskPlane> {
        let (width, height) = self.shape();
        let own = (mask.width(), mask.height());
        if own == (width, height) || own.0 == 0 || own.1 == 0 {
            return mask;
        }
        Arc::new(mask.cropped(raster::middle_part(own, (width, height))).resized(width, height))
    }

    /// The control's picture there, at the size that is drawn.
    ///
    /// # Errors
    /// When it has another shape and nobody said how it is fitted.
    pub fn picture(&self, control: &Control) -> Result<Picture, ControlError> {
        let name = || control.network.name();
        let picture = control.picture.as_ref().ok_or_else(|| ControlError::NoPicture { name: name() })?;
        let target = self.shape();
        let own = (picture.width(), picture.height());
        if control.resize.is_none() && !is_same_shape(own, target) {
            return Err(ControlError::Shape { name: name(), found: own, wanted: target });
        }
        Ok(self.placed(picture, control.resize))
    }

    /// Its mask there; `None` where it counts everywhere.
    #[must_use]
    pub fn mask(&self, control: &Control) -> Option<MaskPlane> {
        self.placed_mask(control.mask.as_ref()?, control.resize)
    }

    /// A region's mask there.
    ///
    /// # Errors
    /// When it has another shape.
    pub fn region(&self, region: &Region) -> Result<MaskPlane, RegionError> {
        let prompt = || region.name();
        let mask = region.mask.as_ref().ok_or_else(|| RegionError::NoMask { prompt: prompt() })?;
        let target = self.shape();
        let own = (mask.width(), mask.height());
        if !is_same_shape(own, target) {
            return Err(RegionError::Shape { prompt: prompt(), found: own, wanted: target });
        }
        self.placed_mask(mask, None).ok_or_else(|| RegionError::NoMask { prompt: prompt() })
    }

    /// Where a reference counts there; `None` where it does everywhere.
    ///
    /// # Errors
    /// When its mask has another shape.
    pub fn reference_mask(&self, reference: &Reference) -> Result<Option<MaskPlane>, ReferenceError> {
        let Some(mask) = &reference.mask else { return Ok(None) };
        let wanted = self.shape();
        let found = (mask.width(), mask.height());
        if is_same_shape(found, wanted) {
            return Ok(self.placed_mask(mask, None));
        }
        Err(ReferenceError::MaskShape { found, wanted })
    }

    fn placed_mask(&self, mask: &MaskPlane, resize: Option<ResizeMode>) -> Option<MaskPlane> {
        let grey = mask.values().iter().flat_map(|value| [*value, *value, *value, 255]).collect();
        let picture = Picture::from_rgba(mask.width(), mask.height(), grey).ok()?;
        let placed = self.placed(&picture, resize);
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

/// How a layer lies on a canvas.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LiesOn {
    /// Width and height in pixels.
    pub canvas_px: (u32, u32),
    pub placement: Placement,
}

impl Control {
    /// Gives it a picture as it lies on a canvas, and where that counts, which is as large as the canvas. A picture of
    /// another size is laid on one of that size first, where it is masked or does not lie as it came.
    pub fn put_on(&mut self, lies: &LiesOn, picture: Arc<Picture>, mask: Option<Arc<MaskPlane>>) {
        let own = (picture.width(), picture.height());
        let is_laid = (mask.is_some() || !lies.placement.is_none()) && own != lies.canvas_px;
        let picture = if is_laid { Arc::new(fitted(&picture, lies.canvas_px, self.resize)) } else { picture };
        let is_moved = !lies.placement.is_none();
        self.picture = Some(if is_moved { Arc::new(lies.placement.place(&picture)) } else { picture });
        self.mask = mask;
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

#[cfg(test)]
mod tests {
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
        let place = ControlPlace::new(&request, Some(frame), (40, 40));
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
    fn a_mask_of_the_canvas_goes_with_a_picture_of_any_size() {
        let mut plane = MaskPlane::empty(60, 60);
        plane.row_mut(30)[10] = 200;
        let mut control = Control { resize: Some(ResizeMode::Fit), ..Control::default() };
        let picture = Arc::new(Picture::filled(100, 50, [200, 200, 200, 255]));
        let lies = LiesOn { canvas_px: (60, 60), placement: Placement::default() };
        control.put_on(&lies, Arc::clone(&picture), Some(Arc::new(plane.clone())));
        assert_eq!(control.validate(), Ok(()));
        let place = ControlPlace::new(&Request::default(), None, (60, 60));
        assert_eq!(place.mask(&control).unwrap(), plane);
        let seen = place.picture(&control).unwrap();
        assert_eq!([5, 30, 55].map(|y| seen.rgba()[4 * (y * 60 + 30)]), [0, 200, 0]);
        control.put_on(&lies, Arc::clone(&picture), None);
        assert!(Arc::ptr_eq(control.picture.as_ref().unwrap(), &picture) && control.mask.is_none());
        let moved = LiesOn { placement: Placement { y: 10.0, ..Placement::default() }, ..lies };
        control.put_on(&moved, picture, None);
        let seen = place.picture(&control).unwrap();
        assert_eq!([20, 30, 50, 57].map(|y| seen.rgba()[4 * (y * 60 + 30)]), [0, 200, 200, 0]);
    }

    #[test]
    fn a_mask_of_another_shape_is_cropped_as_a_picture_is() {
        let mut plane = MaskPlane::empty(90, 40);
        for (y, x) in [(0, 25), (20, 45), (39, 64), (20, 24), (20, 65)] {
            plane.row_mut(y)[x] = 255;
        }
        let place = ControlPlace::alone((40, 40));
        let shaped = place.shaped(Arc::new(plane.clone()));
        let grey = plane.values().iter().flat_map(|value| [*value, *value, *value, 255]).collect();
        let picture = Picture::from_rgba(90, 40, grey).unwrap();
        let seen = place.picture(&control(picture, Some(ResizeMode::Crop))).unwrap();
        let greys: Vec<u8> = seen.rgba().chunks_exact(4).map(|pixel| pixel[0]).collect();
        assert_eq!((shaped.size_px(), shaped.values()), ([40, 40], &greys[..]));
        assert_eq!(greys.iter().filter(|grey| **grey > 254).count(), 3, "what lies beyond the middle is not there");
        let region = Region::new(Arc::clone(&shaped), "a pear");
        assert_eq!(place.region(&region).unwrap(), *shaped);
        // Over a photo as large as the canvas nothing is cut off.
        let frame = Frame { crop: PixelRect::new(0, 0, 90, 40), width: 96, height: 40 };
        let over = ControlPlace::over((90, 40), frame, ResizeMode::Stretch, false);
        let whole = Arc::new(plane);
        assert!(Arc::ptr_eq(&over.shaped(Arc::clone(&whole)), &whole));
    }

    #[test]
    fn a_picture_that_is_fitted_is_there_as_a_whole() {
        let place = ControlPlace::new(&Request::default(), None, (60, 60));
        let seen =
            place.picture(&control(Picture::filled(100, 50, [200, 200, 200, 255]), Some(ResizeMode::Fit))).unwrap();
        let at = |x: usize, y: usize| seen.rgba()[4 * (y * 60 + x)];
        assert_eq!([at(30, 5), at(30, 30), at(0, 30), at(59, 30), at(30, 55)], [0, 200, 200, 200, 0]);
    }
}
