//! Where the chosen layer lies: its place, size, turn and flips as numbers.

use egui::Ui;

use crate::canvas::LayerSettings;
use crate::job::Placement;
use crate::ui::action::{Action, LayerAction, PlaceAction};
use crate::ui::chrome::layout::Layout;
use crate::ui::input::keymap;
use crate::ui::input::shortcuts::Command;
use crate::ui::state::AppState;
use crate::ui::widgets::TextButton;
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::Number;

/// The folded section. Returns whether what it says shall become the layer's own pixels.
pub(super) fn section(
    ui: &mut Ui,
    state: &mut AppState,
    settings: &mut LayerSettings,
    layout: Layout,
    actions: &mut Vec<Action>,
) -> bool {
    let before = settings.placement;
    let is_open = &mut state.layers.place_is_open;
    let summary = if *is_open { String::new() } else { summary(&before) };
    fields::section(ui, "Place", &summary, is_open);
    if !*is_open {
        return false;
    }
    let mut place = before;
    let width = layout.number_width() + 8.0;
    fields::hinted_row(ui, "Position", "To the right and down, in pixels of the canvas", |ui, label| {
        for value in [&mut place.x, &mut place.y] {
            number(
                ui,
                label,
                &Number::new(1.0, -f64::from(Placement::MOST_PX)..=f64::from(Placement::MOST_PX)),
                width,
                value,
            );
            ui.add_space(4.0);
        }
    });
    fields::hinted_row(ui, "Size", "Of the canvas's own size; 100 % is as it came", |ui, label| {
        let range = f64::from(Placement::LEAST_SIZE) * 100.0..=f64::from(Placement::MOST_SIZE) * 100.0;
        let mut percent = place.size * 100.0;
        number(ui, label, &Number::new(1.0, range).default(100.0).suffix(" %"), width, &mut percent);
        if (percent - place.size * 100.0).abs() > 0.05 {
            place.size = percent / 100.0;
        }
    });
    fields::hinted_row(ui, "Height", "So many times as tall in proportion; 100 % keeps the shape", |ui, label| {
        let range = f64::from(Placement::LEAST_SIZE) * 100.0..=f64::from(Placement::MOST_SIZE) * 100.0;
        let mut percent = place.stretch * 100.0;
        number(ui, label, &Number::new(1.0, range).default(100.0).suffix(" %"), width, &mut percent);
        if (percent - place.stretch * 100.0).abs() > 0.05 {
            place.stretch = percent / 100.0;
        }
    });
    fields::hinted_row(ui, "Angle", "Clockwise, in degrees", |ui, label| {
        number(ui, label, &Number::new(1.0, -180.0..=180.0).suffix("°"), width, &mut place.angle);
    });
    let mut is_applied = false;
    fields::row(ui, "Flip", |ui, _| {
        if ui.add(TextButton::new("Across")).on_hover_text("Left becomes right").clicked() {
            place.flips_across = !place.flips_across;
        }
        if ui.add(TextButton::new("Down")).on_hover_text("Up becomes down").clicked() {
            place.flips_down = !place.flips_down;
        }
    });
    let is_moved = !before.is_none();
    let key = keymap::written(ui.ctx(), Command::PlaceLayer);
    fields::row(ui, "By hand", |ui, _| {
        let words = if state.canvas.placing.is_on { "Done" } else { "Handles" };
        let hint = format!("Handles on the canvas that move, scale and turn it ({key})");
        if ui.add(TextButton::new(words)).on_hover_text(hint).clicked() {
            actions.push(Action::Layers(LayerAction::Place(PlaceAction::Toggle)));
        }
    });
    fields::row(ui, "", |ui, _| {
        let apply = ui.add_enabled(is_moved, TextButton::new("Apply"));
        is_applied = apply.on_hover_text("Makes it the layer's own pixels, so that it can be drawn on").clicked();
        if ui.add_enabled(is_moved, TextButton::new("As it came")).clicked() {
            place = Placement::default();
        }
    });
    settings.placement = place.in_range();
    is_applied
}

fn number(ui: &mut Ui, label: egui::Id, field: &Number, width: f32, value: &mut f32) {
    let mut shown = f64::from(*value);
    field.show(ui, label, width, &mut shown);
    if (shown - f64::from(*value)).abs() > 1e-4 {
        *value = shown as f32;
    }
}

fn summary(place: &Placement) -> String {
    if place.is_none() {
        return "as it came".into();
    }
    let mut words = Vec::new();
    if place.x != 0.0 || place.y != 0.0 {
        words.push(format!("{:.0}, {:.0}", place.x, place.y));
    }
    if (place.stretch - 1.0).abs() > 1e-4 {
        words.push(format!("{:.0} % × {:.0} %", place.size * 100.0, place.size * place.stretch * 100.0));
    } else if (place.size - 1.0).abs() > 1e-4 {
        words.push(format!("{:.0} %", place.size * 100.0));
    }
    if place.angle != 0.0 {
        words.push(format!("{:.0}°", place.angle));
    }
    if place.flips_across || place.flips_down {
        words.push("flipped".into());
    }
    words.join(", ")
}
