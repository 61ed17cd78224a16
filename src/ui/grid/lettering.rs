//! A line of text as pixels, in the window's own letters: what egui draws with, apart from any window.

use egui::epaint::text::{Fonts, LayoutJob, TextFormat, TextOptions, TextWrapping};
use egui::{Color32, vec2};

use crate::raster::Lettering;
use crate::ui::theme::fonts;

/// The fonts, which take some milliseconds to open.
pub(super) struct Letters {
    fonts: Fonts,
}

impl Letters {
    #[must_use]
    pub(super) fn new() -> Self {
        Self { fonts: Fonts::new(TextOptions::default(), fonts::definitions()) }
    }

    /// One line, from the top of its tallest letters to below its lowest; cut with "…" where it would be wider than `most_px`.
    #[must_use]
    pub(super) fn line(&mut self, text: &str, size_px: f32, most_px: f32) -> Lettering {
        let format = TextFormat::simple(fonts::regular(size_px), Color32::WHITE);
        let mut job = LayoutJob::single_section(text.replace(['\n', '\t'], " "), format);
        job.wrap = TextWrapping::truncate_at_width(most_px);
        // A point is a pixel here.
        let galley = self.fonts.with_pixels_per_point(1.0).layout_job(job);
        let size = galley.rect.size().ceil().max(vec2(1.0, 1.0));
        let (width, height) = (size.x as usize, size.y as usize);
        let mut coverage = vec![0; width * height];
        let atlas = self.fonts.texture_atlas().image();
        for row in &galley.rows {
            for glyph in &row.glyphs {
                let corner = (row.pos + glyph.pos.to_vec2() + glyph.uv_rect.offset).round();
                let [left, top] = glyph.uv_rect.min.map(usize::from);
                let [right, bottom] = glyph.uv_rect.max.map(usize::from);
                for (y, in_atlas_y) in (corner.y as i32..).zip(top..bottom) {
                    for (x, in_atlas_x) in (corner.x as i32..).zip(left..right) {
                        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { continue };
                        if x < width && y < height {
                            let covered = atlas[(in_atlas_x, in_atlas_y)].a();
                            let pixel = &mut coverage[y * width + x];
                            *pixel = covered.max(*pixel);
                        }
                    }
                }
            }
        }
        Lettering { width, height, coverage }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ink(made: &Lettering, from: usize, to: usize) -> u32 {
        let pixels = (0..made.height).flat_map(|y| (from..to).map(move |x| (x, y)));
        pixels.map(|(x, y)| u32::from(made.coverage[y * made.width + x])).sum()
    }

    #[test]
    fn a_line_has_ink_where_its_letters_are() {
        let mut letters = Letters::new();
        let made = letters.line("Il", 32.0, 1000.0);
        assert_eq!(made.coverage.len(), made.width * made.height);
        assert!(ink(&made, 0, made.width / 2) > 1000 && ink(&made, made.width / 2, made.width) > 1000);
        let blank = letters.line("   ", 32.0, 1000.0);
        assert_eq!(ink(&blank, 0, blank.width), 0);
        // The "I" is a bar of nearly the whole letter's height, not a shadow of one.
        let rows = (0..made.height).filter(|y| made.coverage[y * made.width..][..made.width / 2].contains(&255));
        assert!(rows.count() > 16, "{made:?}");
    }

    #[test]
    fn a_text_is_cut_where_it_has_no_room() {
        let mut letters = Letters::new();
        let width = |letters: &mut Letters, text: &str| letters.line(text, 20.0, 1000.0).width;
        assert!(width(&mut letters, "wider") > width(&mut letters, "wide"));
        let whole = width(&mut letters, "a rather long label that has no room");
        let cut = letters.line("a rather long\nlabel that has no room", 20.0, 120.0);
        assert!(whole > 200 && cut.width <= 121 && cut.width > 80, "{whole} {}", cut.width);
        assert_eq!(cut.height, letters.line("short", 20.0, 1000.0).height);
    }
}
