//! The prompt panel's part for a masked picture: the intent, and the section with everything that it sets.

use egui::{RichText, Ui};

use super::state::InpaintPanel;
use crate::job::{InpaintArea, InpaintSettings, Intent, MaskedContent};
use crate::ui::theme;
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::Number;
use crate::ui::widgets::{Check, Segment, Segments};

/// The row under the mode: what one wants with the mask.
pub fn intent_row(ui: &mut Ui, panel: &mut InpaintPanel) {
    let chosen = panel.intent();
    fields::row(ui, "Preset", |ui, label| {
        let words = chosen.map_or("Own settings", Intent::label);
        fields::menu_box(ui, label, ui.available_width(), words, "", |ui| {
            for intent in Intent::ALL {
                let line = ui.scope(|ui| fields::choice(ui, chosen == Some(intent), intent.label(), ""));
                if line.response.on_hover_text(intent.hint()).clicked() || line.inner {
                    panel.choose(intent);
                    ui.close();
                }
            }
        });
    });
}

/// The folding section.
pub fn section(ui: &mut Ui, panel: &mut InpaintPanel, paint: [u8; 3]) {
    let summary = if panel.is_open { String::new() } else { summary(&panel.settings) };
    fields::section(ui, "Inpaint", &summary, &mut panel.is_open);
    if !panel.is_open {
        return;
    }
    let settings = &mut panel.settings;
    area_row(ui, settings);
    if settings.area == InpaintArea::Masked {
        pixels_row(ui, "Padding", 0.0..=256.0, 32.0, &mut settings.padding_px);
    }
    pixels_row(ui, "Mask blur", 0.0..=64.0, 4.0, &mut settings.mask_blur_px);
    fields::row(ui, "Grow", |ui, label| {
        let mut grow = f64::from(settings.grow_px);
        let number = Number::new(1.0, -64.0..=64.0).default(0.0).suffix(" px");
        number.show_with_slider(ui, label, WIDE_NUMBER, &mut grow);
        settings.grow_px = grow as i32;
    });
    content_row(ui, settings, paint);
    for (words, hint, ticked) in [
        (
            "Keep unpainted pixels",
            "Every byte as it was outside the mask and its blur. Off: all of it as the decoder gives it.",
            &mut settings.composite,
        ),
        (
            "Match the colours around",
            "Brings the new part's colours to those of its surroundings.",
            &mut settings.colour_match,
        ),
        ("Soft", "A fainter mask changes less: grey releases the picture step by step.", &mut settings.soft),
        ("Repaint what is not masked", "The mask says what stays.", &mut settings.invert),
    ] {
        fields::row(ui, "", |ui, _| ui.add(Check::new(words, ticked)).on_hover_text(hint));
    }
}

const WIDE_NUMBER: f32 = 60.0;

fn area_row(ui: &mut Ui, settings: &mut InpaintSettings) {
    let areas = [InpaintArea::Whole, InpaintArea::Masked];
    fields::row(ui, "Area", |ui, _| {
        let segments = [
            Segment { text: "Whole", hint: "The model sees the whole picture." },
            Segment {
                text: "Masked",
                hint: "The model sees the masked part and its surroundings, at its own full size.",
            },
        ];
        let chosen = usize::from(settings.area == InpaintArea::Masked);
        if let Some(pressed) = Segments::new("Area", &segments, chosen).show(ui) {
            settings.area = areas[pressed];
        }
    });
}

fn pixels_row(ui: &mut Ui, name: &str, range: std::ops::RangeInclusive<f64>, default: f64, value: &mut u32) {
    fields::row(ui, name, |ui, label| {
        let mut pixels = f64::from(*value);
        let number = Number::new(1.0, *range.start()..=f64::from(InpaintSettings::MAX_PX));
        let number = number.slider_to(*range.end()).default(default).suffix(" px");
        number.show_with_slider(ui, label, WIDE_NUMBER, &mut pixels);
        *value = pixels as u32;
    });
}

fn content_row(ui: &mut Ui, settings: &mut InpaintSettings, paint: [u8; 3]) {
    let contents = [
        ("As it is", MaskedContent::Original),
        ("Surroundings", MaskedContent::Blurred),
        ("Noise", MaskedContent::Noise),
        ("Colour", MaskedContent::Colour(paint)),
    ];
    fields::row(ui, "Starts with", |ui, label| {
        let same =
            |content: MaskedContent| std::mem::discriminant(&content) == std::mem::discriminant(&settings.content);
        let chosen = contents.iter().find(|(_, content)| same(*content)).map_or("", |(words, _)| words);
        let width = ui.available_width();
        let mut picked = None;
        fields::menu_box(ui, label, width, chosen, "", |ui| {
            for (words, content) in contents {
                if fields::choice(ui, same(content), words, "") {
                    picked = Some(content);
                    ui.close();
                }
            }
        });
        if let Some(content) = picked {
            settings.content = content;
        }
    });
    if let MaskedContent::Colour([red, green, blue]) = &mut settings.content {
        fields::row(ui, "", |ui, _| {
            let mut colour = egui::Color32::from_rgb(*red, *green, *blue);
            ui.color_edit_button_srgba(&mut colour);
            [*red, *green, *blue] = [colour.r(), colour.g(), colour.b()];
            ui.label(RichText::new("of the masked part").color(theme::tokens(ui).text_3));
        });
    }
}

fn summary(settings: &InpaintSettings) -> String {
    let area = match settings.area {
        InpaintArea::Whole => "whole".to_owned(),
        InpaintArea::Masked => format!("masked + {} px", settings.padding_px),
    };
    format!("{area}, blur {} px", settings.mask_blur_px)
}
