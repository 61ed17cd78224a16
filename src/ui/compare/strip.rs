//! The strip over the compared pictures: how they are looked at, and the way back.

use egui::{Align, CornerRadius, Layout, Rect, RichText, Ui, UiBuilder, pos2, vec2};

use super::state::Comparison;
use crate::ui::action::{Action, CanvasAction, CompareAction, CompareMode, Zoom};
use crate::ui::theme;
use crate::ui::theme::icons;
use crate::ui::widgets::fields::Number;
use crate::ui::widgets::{IconButton, Segment, Segments, TextButton};

const MARGIN: f32 = 8.0;
/// Of the modes, where there is room; beside the zoom; and the least in which their words stand.
const MODES: f32 = 376.0;
const MODES_NARROW: f32 = 300.0;
const MODES_LEAST: f32 = 232.0;
const CLOSE: f32 = 92.0;
/// What the figures and buttons of the zoom take, and those of the gain.
const ZOOM: f32 = 168.0;
const GAIN: f32 = 112.0;

pub(super) fn show(ui: &mut Ui, rect: Rect, comparison: &mut Comparison, actions: &mut Vec<Action>) {
    let tokens = theme::tokens(ui);
    ui.painter().rect_filled(rect, CornerRadius::ZERO, tokens.panel);
    let seam = Rect::from_min_max(pos2(rect.left(), rect.bottom() - 1.0), rect.max);
    ui.painter().rect_filled(seam, CornerRadius::ZERO, tokens.edge);
    let inner = rect.shrink2(vec2(MARGIN, (rect.height() - theme::CONTROL_HEIGHT) / 2.0));
    let has_gain = comparison.mode == CompareMode::Difference;
    // What has no room goes, the figures of the zoom first: the wheel and the keys have it too.
    let rest = inner.width() - CLOSE - theme::CONTROL_HEIGHT - 3.0 * theme::GRID - if has_gain { GAIN } else { 0.0 };
    let has_zoom = rest >= MODES_NARROW + ZOOM;
    let modes = (rest - if has_zoom { ZOOM } else { 0.0 }).min(MODES);
    ui.scope_builder(UiBuilder::new().max_rect(inner).layout(Layout::left_to_right(Align::Center)), |ui| {
        ui.spacing_mut().item_spacing.x = theme::GRID;
        let words = CompareMode::ALL.map(|mode| Segment { text: mode.label(), hint: mode.hint() });
        let chosen = CompareMode::ALL.iter().position(|mode| *mode == comparison.mode).unwrap_or(0);
        if let Some(pressed) = Segments::new("Compare", &words, chosen).width(modes.max(MODES_LEAST)).show(ui) {
            actions.push(Action::Compare(CompareAction::Mode(CompareMode::ALL[pressed])));
        }
        if ui.add(IconButton::new(icons::SWAP, "Swap A and B").key("X")).clicked() {
            actions.push(Action::Compare(CompareAction::Swap));
        }
        if has_gain {
            let label = ui.label(RichText::new("Gain").color(tokens.text_2)).id;
            let mut gain = f64::from(comparison.gain);
            Number::new(1.0, Comparison::GAINS).default(4.0).suffix("×").show(
                ui,
                label,
                theme::NUMBER_WIDTH,
                &mut gain,
            );
            comparison.gain = gain as f32;
        }
        if has_zoom {
            zoom(ui, comparison, actions);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.add(TextButton::new("Close").key("Esc")).clicked() {
                actions.push(Action::Compare(CompareAction::Close));
            }
        });
    });
}

fn zoom(ui: &mut Ui, comparison: &Comparison, actions: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing.x = 2.0;
    let mut button = |ui: &mut Ui, icon: &str, name: &str, zoom: Zoom| {
        if ui.add(IconButton::new(icon, name)).clicked() {
            actions.push(Action::Canvas(CanvasAction::Zoom(zoom)));
        }
    };
    button(ui, icons::MINUS, "Zoom out", Zoom::Out);
    let shown = comparison.view.shown_zoom.map_or(String::new(), |zoom| format!("{:.0} %", zoom * 100.0));
    ui.allocate_ui(vec2(52.0, theme::CONTROL_HEIGHT), |ui| {
        ui.set_width(52.0);
        ui.centered_and_justified(|ui| ui.label(RichText::new(shown).color(theme::tokens(ui).text_2)));
    });
    button(ui, icons::PLUS, "Zoom in", Zoom::In);
    button(ui, icons::CORNERS_OUT, "Fit", Zoom::Fit);
}
