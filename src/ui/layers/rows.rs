//! Rows that the settings of several kinds of layers have.

use egui::{RichText, Ui};

use crate::ui::chrome::layout::Layout;
use crate::ui::theme;
use crate::ui::theme::{fonts, icons};
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::Number;
use crate::ui::widgets::span;

/// Why the layer does not count, or not as it seems.
pub(super) fn warning(ui: &mut Ui, sentence: &str) {
    let colour = theme::tokens(ui).warning;
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = theme::HALF;
        let icon = RichText::new(icons::WARNING_CIRCLE).font(fonts::icon(theme::MENU_ICON_PT)).color(colour);
        ui.add(egui::Label::new(icon).selectable(false));
        ui.add(egui::Label::new(RichText::new(sentence).color(colour)).wrap());
    });
}

/// From `least` to `most` can be written; the slider ends at `usual`.
pub(super) fn weight_row(ui: &mut Ui, hint: &str, weight: &mut f64, [least, usual, most]: [f64; 3], layout: Layout) {
    fields::hinted_row(ui, "Weight", hint, |ui, label| {
        let field = Number::new(0.05, least..=most).default(1.0).decimals(2);
        let slider = Number::new(0.05, 0.0..=usual).default(1.0).decimals(2);
        let width = ui.available_width() - layout.number_width() - 12.0;
        slider.slider(ui, label, width, weight);
        ui.add_space(4.0);
        field.show(ui, label, layout.number_width(), weight);
    });
}

pub(super) fn steps_row(ui: &mut Ui, from: &mut f64, to: &mut f64) {
    fields::hinted_row(
        ui,
        "Steps",
        "Between which shares of the steps it counts: early ones give the shape",
        |ui, _| {
            span::show(ui, ["First step", "Last step"], [from, to]);
        },
    );
}

pub(super) fn opacity_row(ui: &mut Ui, before: f32, usual: f32, layout: Layout) -> Option<f32> {
    let mut percent = f64::from(before * 100.0).round();
    fields::hinted_row(ui, "Opacity", "Only how it is seen here", |ui, label| {
        let field = Number::new(1.0, 0.0..=100.0).default(f64::from(usual * 100.0)).suffix(" %");
        field.show_with_slider(ui, label, layout.number_width() + 4.0, &mut percent);
    });
    let opacity = (percent / 100.0) as f32;
    ((opacity - before).abs() > 0.004).then_some(opacity)
}
