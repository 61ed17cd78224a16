//! The fonts that the program brings along: Inter for text, Phosphor for icons.
//!
//! egui's own fonts stay behind them for the signs that they lack; the system's come after those.

use std::sync::Arc;

use egui::{FontData, FontDefinitions, FontFamily, FontId};

const REGULAR: &str = "Inter";
const SEMI_BOLD: &str = "Inter SemiBold";
const ICONS: &str = "Phosphor";

/// Size of all text but the prompt and the headings, in points.
pub const BODY_PT: f32 = 13.0;
/// The prompt and the primary button.
pub const LARGE_PT: f32 = 14.0;
/// Headings of empty panels.
pub const HEADING_PT: f32 = 20.0;

/// Gives the context our fonts. To be called once, before the first frame.
pub fn install(ctx: &egui::Context) {
    ctx.set_fonts(definitions());
}

#[must_use]
pub(crate) fn definitions() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let shipped: [(&str, &'static [u8]); 3] = [
        (REGULAR, include_bytes!("../../../assets/fonts/Inter-Regular.ttf")),
        (SEMI_BOLD, include_bytes!("../../../assets/fonts/Inter-SemiBold.ttf")),
        (ICONS, include_bytes!("../../../assets/fonts/Phosphor.ttf")),
    ];
    for (name, bytes) in shipped {
        fonts.font_data.insert(name.into(), Arc::new(FontData::from_static(bytes)));
    }
    let fallbacks = fonts.families.get(&FontFamily::Proportional).cloned().unwrap_or_default();
    let behind = |first: &[&str]| -> Vec<String> {
        first.iter().map(|name| (*name).to_owned()).chain(fallbacks.iter().cloned()).collect()
    };
    fonts.families.insert(FontFamily::Proportional, behind(&[REGULAR, ICONS]));
    fonts.families.insert(strong_family(), behind(&[SEMI_BOLD, ICONS]));
    fonts.families.insert(icon_family(), behind(&[ICONS]));
    if let Some(monospace) = fonts.families.get_mut(&FontFamily::Monospace) {
        monospace.insert(1, REGULAR.into());
    }
    fonts
}

fn strong_family() -> FontFamily {
    FontFamily::Name("strong".into())
}

fn icon_family() -> FontFamily {
    FontFamily::Name("icons".into())
}

/// The one weight above regular: primary button, chosen segment, a toast's action, empty headings; nothing else.
#[must_use]
pub fn strong(size_pt: f32) -> FontId {
    FontId::new(size_pt, strong_family())
}

/// For a text that is one of the signs of `icons`.
#[must_use]
pub fn icon(size_pt: f32) -> FontId {
    FontId::new(size_pt, icon_family())
}

/// Plain text.
#[must_use]
pub fn regular(size_pt: f32) -> FontId {
    FontId::proportional(size_pt)
}

/// The size of nearly everything.
#[must_use]
pub fn body() -> FontId {
    regular(BODY_PT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_names_fonts_that_are_there() {
        let fonts = definitions();
        for (family, names) in &fonts.families {
            assert!(!names.is_empty(), "{family:?}");
            for name in names {
                assert!(fonts.font_data.contains_key(name), "{name}");
            }
        }
    }

    #[test]
    fn figures_are_equally_wide_and_no_icon_is_missing() {
        let ctx = egui::Context::default();
        install(&ctx);
        let mut widths = Vec::new();
        ctx.run_ui(egui::RawInput::default(), |ui| {
            for font in [body(), strong(BODY_PT)] {
                widths.push(
                    ui.fonts_mut(|fonts| "0123456789".chars().map(|c| fonts.glyph_width(&font, c)).collect::<Vec<_>>()),
                );
            }
            for sign in crate::ui::theme::icons::ALL {
                assert!(ui.fonts_mut(|fonts| fonts.has_glyphs(&icon(16.0), sign)), "{}", sign.escape_unicode());
            }
            assert!(ui.fonts_mut(|fonts| fonts.has_glyphs(&body(), "⌘⇧⌥⏎⌫×·…→↑")));
        })
        .textures_delta
        .clear();
        for figures in widths {
            assert!(figures.iter().all(|width| (width - figures[0]).abs() < 0.01), "{figures:?}");
        }
    }
}
