//! Which part of a photo the network is shown, and at what size: the same answer for the engine and for the window's
//! overlay.

use super::{InpaintArea, InpaintSettings, Request};
use crate::mask::PixelRect;
use crate::raster::ResizeMode;

/// What a model wants of sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkGrid {
    /// The side of the square pictures that the model was trained on.
    pub native_side_px: u32,
    /// Pixels of one latent: every size is a multiple.
    pub cell_px: u32,
    /// Pixels of the coarsest cell inside the network: a size chosen freely is a multiple.
    pub step_px: u32,
    /// Whether the model reads pictures beside the prompt.
    pub reads_pictures: bool,
}

/// A side that is no multiple of what the model needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{side} must be a multiple of {factor} pixels for this model, found {found}; {below} and {above} would do")]
pub struct SizeStep {
    /// `width` or `height`.
    pub side: &'static str,
    pub factor: u32,
    pub found: u32,
    pub below: u32,
    pub above: u32,
}

/// What a model reads of a picture has this many pixels at most, as in diffusers.
const MOST_READ_PX: f64 = 1024.0 * 1024.0;

/// The size at which a model reads a picture of this size, in whole cells.
pub(crate) fn size_read((width, height): (u32, u32), cell_px: u32) -> (u32, u32) {
    let area = f64::from(width) * f64::from(height);
    let scale = if area > MOST_READ_PX { (MOST_READ_PX / area).sqrt() } else { 1.0 };
    let side = |pixels: u32| ((f64::from(pixels) * scale) as u32 / cell_px * cell_px).max(cell_px);
    (side(width), side(height))
}

impl WorkGrid {
    /// Whether both sides are whole cells.
    ///
    /// # Errors
    /// Names the first that is not, with the nearest that are.
    pub fn check(self, width: u32, height: u32) -> Result<(), SizeStep> {
        let factor = self.cell_px;
        for (side, found) in [("width", width), ("height", height)] {
            if found == 0 || !found.is_multiple_of(factor) {
                let below = (found / factor * factor).max(factor);
                let above = below.max(found / factor * factor + factor);
                return Err(SizeStep { side, factor, found, below, above });
            }
        }
        Ok(())
    }

    /// A size of this shape at which the model draws as it was trained to.
    #[must_use]
    pub fn size_like(self, shape: (u32, u32)) -> (u32, u32) {
        size_of_shape(shape, self.native_side_px, self.step_px)
    }

    /// The size at which a request without a photo is drawn: of the shape of what steers where no size is asked for, else
    /// what is asked for, and what of that is left open as large as the first picture that the model reads, or as the
    /// model's own.
    #[must_use]
    pub fn size_of(self, request: &Request) -> (u32, u32) {
        if let Some(shape) = request.shaping_size() {
            return self.size_like(shape);
        }
        let first = request.read_pictures().next().filter(|_| self.reads_pictures);
        let own = (self.native_side_px, self.native_side_px);
        let (width, height) = first.map_or(own, |picture| size_read((picture.width(), picture.height()), self.cell_px));
        (request.width.unwrap_or(width), request.height.unwrap_or(height))
    }
}

/// The photo's part and the size at which it is worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// In the picture's pixels.
    pub crop: PixelRect,
    /// What the crop is scaled to, in pixels.
    pub width: u32,
    pub height: u32,
}

/// Photos up to this many pixels are worked on at their own size whatever the model's is.
const ALWAYS_WHOLE_PIXELS: u64 = 768 * 768;
/// A masked area is enlarged so many times at most: beyond that the network would see nothing but blur.
const MOST_ENLARGED: u32 = 4;
/// The longer side of a freely chosen size is at most so many times the shorter.
const LONGEST: f64 = 2.0;

impl Frame {
    /// The whole photo, at the size that was asked for, else at its own, else, where that is much more than the model
    /// can do, at the model's.
    #[must_use]
    pub fn whole(photo: (u32, u32), asked: (Option<u32>, Option<u32>), resize: ResizeMode, grid: WorkGrid) -> Self {
        let crop = PixelRect::new(0, 0, photo.0, photo.1);
        let own = if asked == (None, None) && is_too_large(photo, grid) {
            size_of_shape(photo, grid.native_side_px, grid.cell_px)
        } else {
            photo
        };
        let wanted = (asked.0.unwrap_or(own.0), asked.1.unwrap_or(own.1));
        let (width, height) = match resize {
            ResizeMode::Fit => crate::raster::largest_inside(wanted, photo),
            ResizeMode::Stretch | ResizeMode::Crop | ResizeMode::Pad => wanted,
        };
        Self { crop, width: floored(width, grid.cell_px), height: floored(height, grid.cell_px) }
    }

    /// The mask's bounds with padding, grown to the shape of the size that was asked for, else to one of the model's.
    #[must_use]
    pub fn masked(
        photo: (u32, u32),
        bounds: PixelRect,
        settings: &InpaintSettings,
        asked: (Option<u32>, Option<u32>),
        grid: WorkGrid,
    ) -> Self {
        let within = PixelRect::new(0, 0, photo.0, photo.1);
        // The feather must not be cut off by the crop's edge.
        let padding = settings.padding_px.max(settings.feather_reach_px() + 1);
        let padded = bounds.padded(padding, within);
        let size = match asked {
            (Some(width), Some(height)) => (width, height),
            (Some(side), None) | (None, Some(side)) => {
                size_of_shape((padded.width(), padded.height()), side, grid.cell_px)
            }
            (None, None) => size_of_shape((padded.width(), padded.height()), grid.native_side_px, grid.step_px),
        };
        let (width, height) = (floored(size.0, grid.cell_px), floored(size.1, grid.cell_px));
        let least = (width / MOST_ENLARGED, height / MOST_ENLARGED);
        let crop = padded.grown_to_shape(least, (width, height), within);
        Self { crop, width, height }
    }

    /// What these settings make of a mask with these bounds.
    #[must_use]
    pub fn inpainted(
        photo: (u32, u32),
        bounds: PixelRect,
        settings: &InpaintSettings,
        asked: (Option<u32>, Option<u32>),
        resize: ResizeMode,
        grid: WorkGrid,
    ) -> Self {
        match settings.area {
            // A photo that is pasted into is never cropped or padded: what is shown must be where it was.
            InpaintArea::Whole => {
                let resize = if resize == ResizeMode::Fit { resize } else { ResizeMode::Stretch };
                Self::whole(photo, asked, resize, grid)
            }
            InpaintArea::Masked => Self::masked(photo, bounds, settings, asked, grid),
        }
    }
}

/// Whether a photo is worked on smaller than it is when nobody says how.
fn is_too_large((width, height): (u32, u32), grid: WorkGrid) -> bool {
    let native = u64::from(grid.native_side_px);
    u64::from(width) * u64::from(height) > (native * native * 9 / 4).max(ALWAYS_WHOLE_PIXELS)
}

/// About as many pixels as a square of `side`, in this shape, in multiples of `step`.
fn size_of_shape((width, height): (u32, u32), side: u32, step: u32) -> (u32, u32) {
    let aspect = (f64::from(width.max(1)) / f64::from(height.max(1))).clamp(1.0 / LONGEST, LONGEST);
    let stepped = |length: f64| ((length / f64::from(step)).round() as u32).max(1) * step;
    (stepped(f64::from(side) * aspect.sqrt()), stepped(f64::from(side) / aspect.sqrt()))
}

fn floored(side: u32, cell: u32) -> u32 {
    (side / cell).max(1) * cell
}

#[cfg(test)]
mod tests {
    use super::*;

    const SD: WorkGrid = WorkGrid { native_side_px: 512, cell_px: 8, step_px: 64, reads_pictures: false };
    const NOTHING: (Option<u32>, Option<u32>) = (None, None);

    #[test]
    fn a_whole_photo_is_floored_to_cells_and_a_huge_one_is_worked_on_small() {
        let size = |photo, asked, resize| {
            let frame = Frame::whole(photo, asked, resize, SD);
            (frame.width, frame.height)
        };
        assert_eq!(size((500, 333), NOTHING, ResizeMode::Stretch), (496, 328));
        assert_eq!(size((3, 333), NOTHING, ResizeMode::Stretch), (8, 328));
        assert_eq!(size((6000, 4000), NOTHING, ResizeMode::Stretch), (624, 416));
        assert_eq!(size((6000, 4000), (Some(1024), Some(1024)), ResizeMode::Stretch), (1024, 1024));
        assert_eq!(size((6000, 4000), (Some(1024), Some(1024)), ResizeMode::Fit), (1024, 680));
    }

    #[test]
    fn a_small_mask_in_a_huge_photo_is_enlarged_around_itself() {
        let bounds = PixelRect::new(3000, 2000, 3200, 2100);
        let settings = InpaintSettings { area: InpaintArea::Masked, ..InpaintSettings::default() };
        let frame = Frame::masked((6000, 4000), bounds, &settings, NOTHING, SD);
        assert_eq!((frame.width, frame.height), (640, 384));
        assert_eq!(frame.crop.union(bounds.padded(32, frame.crop)), frame.crop);
        assert!(frame.crop.width() < 300 && frame.crop.height() < 200, "{frame:?}");
        let dot = Frame::masked((6000, 4000), PixelRect::new(0, 0, 2, 2), &settings, NOTHING, SD);
        assert_eq!((dot.width, dot.height, dot.crop), (512, 512, PixelRect::new(0, 0, 128, 128)));
    }
}
