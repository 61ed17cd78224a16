//! Pictures in rows and columns as one picture, with what sets them apart written over the columns and beside the rows.

use std::sync::Arc;

use super::geometry::{over_white, picture_of, resized};
use super::picture::Picture;

/// Between two pictures, and around a label.
const GAP: u32 = 6;
/// A label is this share of a cell's width high, within bounds.
const LETTERS: f32 = 1.0 / 16.0;
const LEAST_PX: f32 = 14.0;
const MOST_PX: f32 = 56.0;
/// Labels beside rows take at most this share of a cell's width.
const MOST_BESIDE: f32 = 0.75;
/// Larger ones are made smaller: other programs do not open them.
const MOST_SIDE_PX: u32 = 16_384;
const INK: u8 = 0x1c;
const PAPER: u8 = 0xff;
const MISSING: u8 = 0xd2;

/// A line of text as pixels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lettering {
    pub width: usize,
    pub height: usize,
    /// How covered each pixel is, 0 to 255, row by row.
    pub coverage: Vec<u8>,
}

/// Draws one line of a text: of this size, and no wider than that, both in pixels.
pub(crate) type Letters<'a> = &'a mut dyn FnMut(&str, f32, f32) -> Lettering;

/// What is laid out: row by row, as many in a row as there are labels across. A cell without a picture stays grey.
pub struct ContactSheet<'a> {
    pub cells: &'a [Option<Arc<Picture>>],
    pub across: &'a [String],
    /// Empty where there is one row without a label.
    pub down: &'a [String],
}

struct Paper {
    width: u32,
    height: u32,
    rgba: Vec<u8>,
}

impl ContactSheet<'_> {
    /// The whole sheet; `None` where no cell has a picture.
    #[must_use]
    pub fn picture(&self, letters: Letters<'_>) -> Option<Picture> {
        let columns = self.across.len().max(1) as u32;
        let rows = (self.cells.len() as u32).div_ceil(columns);
        let there = || self.cells.iter().flatten();
        let mut cell_width = there().map(|picture| picture.width()).max()?;
        let mut cell_height = there().map(|picture| picture.height()).max()?;
        // Labels and gaps come on top: an eighth is enough for them.
        let longest = f64::from((cell_width * columns).max(cell_height * rows)) * 1.125;
        let scale = (f64::from(MOST_SIDE_PX) / longest).min(1.0);
        if scale < 1.0 {
            cell_width = ((f64::from(cell_width) * scale) as u32).max(1);
            cell_height = ((f64::from(cell_height) * scale) as u32).max(1);
        }
        let size_px = (cell_width as f32 * LETTERS).clamp(LEAST_PX, MOST_PX);
        let over: Vec<Lettering> = self.across.iter().map(|text| letters(text, size_px, cell_width as f32)).collect();
        let most_beside = (cell_width as f32 * MOST_BESIDE).max(size_px * 6.0);
        let beside: Vec<Lettering> = self.down.iter().map(|text| letters(text, size_px, most_beside)).collect();
        let widest = beside.iter().map(|label| label.width).max();
        let left = widest.map_or(GAP, |widest| widest as u32 + 3 * GAP);
        let top = over.iter().map(|label| label.height).max().unwrap_or(0) as u32 + 2 * GAP;
        let mut paper = Paper::new(left + columns * (cell_width + GAP), top + rows * (cell_height + GAP));
        for (index, text) in (0..columns).zip(&over) {
            let x = left + index * (cell_width + GAP) + (cell_width.saturating_sub(text.width as u32)) / 2;
            paper.write(text, x, GAP);
        }
        for (index, text) in (0..rows).zip(&beside) {
            let y = top + index * (cell_height + GAP) + (cell_height.saturating_sub(text.height as u32)) / 2;
            paper.write(text, (left - GAP).saturating_sub(text.width as u32 + GAP), y);
        }
        for (index, cell) in (0..).zip(self.cells) {
            let (x, y) = (left + index % columns * (cell_width + GAP), top + index / columns * (cell_height + GAP));
            match cell {
                Some(picture) => paper.lay(picture, x, y, cell_width, cell_height),
                None => paper.fill(x, y, cell_width, cell_height),
            }
        }
        Some(picture_of(paper.width, paper.height, paper.rgba))
    }
}

impl Paper {
    fn new(width: u32, height: u32) -> Self {
        let pixel = [PAPER, PAPER, PAPER, 255];
        Self { width, height, rgba: pixel.repeat(width as usize * height as usize) }
    }

    fn pixel(&mut self, x: u32, y: u32) -> Option<&mut [u8]> {
        let at = (y as usize * self.width as usize + x as usize) * 4;
        self.rgba.get_mut(at..at + 3).filter(|_| x < self.width && y < self.height)
    }

    fn write(&mut self, text: &Lettering, left: u32, top: u32) {
        for (row, y) in text.coverage.chunks_exact(text.width.max(1)).zip(top..) {
            for (covered, x) in row.iter().zip(left..) {
                let ink = PAPER - ((u32::from(PAPER - INK) * u32::from(*covered) + 127) / 255) as u8;
                if let Some(pixel) = self.pixel(x, y) {
                    pixel.fill(ink);
                }
            }
        }
    }

    /// In the middle of its cell, smaller where it is larger than that.
    fn lay(&mut self, picture: &Picture, left: u32, top: u32, width: u32, height: u32) {
        let scale = (f64::from(width) / f64::from(picture.width()))
            .min(f64::from(height) / f64::from(picture.height()))
            .min(1.0);
        let shown = if scale < 1.0 {
            let side = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
            resized(picture, side(picture.width()), side(picture.height()))
        } else {
            picture.clone()
        };
        let shown = over_white(&shown);
        let (left, top) =
            (left + width.saturating_sub(shown.width()) / 2, top + height.saturating_sub(shown.height()) / 2);
        let row_bytes = shown.width() as usize * 4;
        for (row, y) in shown.rgba().chunks_exact(row_bytes).zip(top..) {
            let at = (y as usize * self.width as usize + left as usize) * 4;
            if let Some(place) = self.rgba.get_mut(at..at + row_bytes) {
                place.copy_from_slice(row);
            }
        }
    }

    fn fill(&mut self, left: u32, top: u32, width: u32, height: u32) {
        for y in top..top + height {
            for x in left..left + width {
                if let Some(pixel) = self.pixel(x, y) {
                    pixel.fill(MISSING);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A black box for each letter.
    fn boxes(text: &str, size_px: f32, most: f32) -> Lettering {
        let (width, height) = ((text.chars().count() as f32 * size_px).min(most) as usize, size_px as usize);
        Lettering { width, height, coverage: vec![255; width * height] }
    }

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    fn pixel(picture: &Picture, x: u32, y: u32) -> [u8; 3] {
        let at = (y as usize * picture.width() as usize + x as usize) * 4;
        [0, 1, 2].map(|channel| picture.rgba()[at + channel])
    }

    #[test]
    fn every_picture_lies_in_its_row_and_column_and_labels_are_written() {
        let colours = [[200, 0, 0, 255], [0, 200, 0, 255], [0, 0, 200, 255], [200, 200, 0, 255], [0, 200, 200, 255]];
        let mut cells: Vec<Option<Arc<Picture>>> =
            colours.iter().map(|colour| Some(Arc::new(Picture::filled(64, 48, *colour)))).collect();
        cells.push(None);
        let (across, down) = (texts(&["10", "20", "30"]), texts(&["Euler", "DDIM"]));
        let sheet = ContactSheet { cells: &cells, across: &across, down: &down }.picture(&mut boxes).unwrap();
        let (left, top) = (sheet.width() - 3 * (64 + GAP), sheet.height() - 2 * (48 + GAP));
        for (index, colour) in (0..).zip(colours) {
            let (x, y) = (left + index % 3 * (64 + GAP), top + index / 3 * (48 + GAP));
            assert_eq!(pixel(&sheet, x, y)[..], colour[..3], "{index}");
            assert_eq!(pixel(&sheet, x + 63, y + 47)[..], colour[..3], "{index}");
            assert_eq!(pixel(&sheet, x + 64, y + 48), [PAPER; 3], "nothing between two");
        }
        assert_eq!(pixel(&sheet, sheet.width() - GAP - 1, sheet.height() - GAP - 1), [MISSING; 3]);
        let ink = |xs: std::ops::Range<u32>, ys: std::ops::Range<u32>| {
            ys.flat_map(|y| xs.clone().map(move |x| (x, y))).any(|(x, y)| pixel(&sheet, x, y)[0] < 100)
        };
        assert!(ink(left..sheet.width(), 0..top) && ink(0..left - 1, top..sheet.height()));
    }

    #[test]
    fn a_sheet_of_other_sizes_and_of_huge_pictures_stays_one_that_can_be_opened() {
        let large = Some(Arc::new(Picture::filled(4096, 64, [9, 9, 9, 255])));
        let across = texts(&["1", "2", "3", "4", "5", "6"]);
        let sheet = ContactSheet { cells: &vec![large; 6], across: &across, down: &[] }.picture(&mut boxes).unwrap();
        assert!(sheet.width() <= MOST_SIDE_PX, "{}", sheet.width());
        assert!(ContactSheet { cells: &[None], across: &texts(&["1"]), down: &[] }.picture(&mut boxes).is_none());
        let small = [(20, 40), (60, 10)].map(|(w, h)| Some(Arc::new(Picture::filled(w, h, [0, 0, 0, 255]))));
        let sheet = ContactSheet { cells: &small, across: &texts(&["a", "b"]), down: &[] }.picture(&mut boxes).unwrap();
        assert_eq!(sheet.width(), GAP + 2 * (60 + GAP));
    }
}
