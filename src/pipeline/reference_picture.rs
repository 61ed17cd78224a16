//! How a reference picture is brought to the network's cells. Pixels alone.

use crate::job::Request;
use crate::mask::PixelRect;
use crate::raster::{self, Picture};

/// Larger ones are shrunk to this area, in pixels, as diffusers does.
const MOST_AREA: f64 = 1024.0 * 1024.0;

/// The pictures that a model that reads such is given.
pub(super) fn read_by_model(request: &Request) -> impl Iterator<Item = &Picture> {
    let own = request.references.iter().filter(|reference| reference.adapter.is_none());
    own.filter_map(|reference| reference.picture.as_deref())
}

/// The size at which the network reads a picture of this size.
pub(super) fn size_of_reference((width, height): (u32, u32), cell: u32) -> (u32, u32) {
    let area = f64::from(width) * f64::from(height);
    let scale = if area > MOST_AREA { (MOST_AREA / area).sqrt() } else { 1.0 };
    let side = |pixels: u32| ((f64::from(pixels) * scale) as u32 / cell * cell).max(cell);
    (side(width), side(height))
}

/// Shrunk where it is too large, and cut to whole cells around its middle; what is less than a cell is enlarged to one.
pub(super) fn prepared(picture: &Picture, cell: u32) -> Picture {
    let mut seen = raster::over_white(picture);
    let area = f64::from(seen.width()) * f64::from(seen.height());
    if area > MOST_AREA {
        let scale = (MOST_AREA / area).sqrt();
        let side = |pixels: u32| (f64::from(pixels) * scale) as u32;
        seen = raster::resized(&seen, side(seen.width()).max(1), side(seen.height()).max(1));
    }
    let (width, height) = size_of_reference((seen.width(), seen.height()), cell);
    if width > seen.width() || height > seen.height() {
        return raster::resized(&seen, width, height);
    }
    let (left, top) = ((seen.width() - width) / 2, (seen.height() - height) / 2);
    raster::crop(&seen, PixelRect { left, top, right: left + width, bottom: top + height })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_keeps_its_middle_in_whole_cells() {
        assert_eq!(size_of_reference((100, 70), 16), (96, 64));
        assert_eq!(size_of_reference((10, 70), 16), (16, 64));
        assert_eq!(size_of_reference((2048, 1024), 16), (1440, 720));
        let columns: Vec<u8> = (0..20u8).flat_map(|x| [x, x, x, 255]).collect();
        let picture = Picture::from_rgba(20, 1, columns.repeat(1)).unwrap();
        let seen = prepared(&picture, 1);
        assert_eq!((seen.width(), seen.height()), (20, 1));
        let tall = Picture::filled(20, 18, [7, 7, 7, 255]);
        let cut = prepared(&tall, 16);
        assert_eq!((cut.width(), cut.height()), (16, 16));
    }
}
