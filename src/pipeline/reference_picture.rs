//! How a reference picture is brought to the network's cells. Pixels alone.

use crate::job::size_read;
use crate::mask::PixelRect;
use crate::raster::{self, Picture};

/// Shrunk where it is too large, and cut to whole cells around its middle; what is less than a cell is enlarged to one.
pub(super) fn prepared(picture: &Picture, cell: u32) -> Picture {
    let mut seen = raster::over_white(picture);
    let (width, height) = size_read((seen.width(), seen.height()), 1);
    if (width, height) != (seen.width(), seen.height()) {
        seen = raster::resized(&seen, width, height);
    }
    let (width, height) = size_read((seen.width(), seen.height()), cell);
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
        assert_eq!(size_read((100, 70), 16), (96, 64));
        assert_eq!(size_read((10, 70), 16), (16, 64));
        assert_eq!(size_read((2048, 1024), 16), (1440, 720));
        let columns: Vec<u8> = (0..20u8).flat_map(|x| [x, x, x, 255]).collect();
        let picture = Picture::from_rgba(20, 1, columns.repeat(1)).unwrap();
        let seen = prepared(&picture, 1);
        assert_eq!((seen.width(), seen.height()), (20, 1));
        let tall = Picture::filled(20, 18, [7, 7, 7, 255]);
        let cut = prepared(&tall, 16);
        assert_eq!((cut.width(), cut.height()), (16, 16));
    }
}
