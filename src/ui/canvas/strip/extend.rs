//! The canvas made larger by numbers: so many pixels on each side, and how that meets the model's grid.

use egui::{Popup, PopupCloseBehavior, RichText, Ui};

use super::parts::MENU_WIDTH;
use crate::job::WorkGrid;
use crate::raster::Extension;
use crate::ui::action::{Action, CanvasAction};
use crate::ui::canvas::handles::MOST_PX;
use crate::ui::state::AppState;
use crate::ui::theme;
use crate::ui::widgets::TextButton;
use crate::ui::widgets::fields::{self, Number};

pub(super) const BUTTON_WIDTH: f32 = 104.0;
const FIELD: f32 = 88.0;

pub(super) fn button(ui: &mut Ui, state: &mut AppState, actions: &mut Vec<Action>) {
    let has_picture = state.canvas.has_picture();
    let button = ui.add_enabled(has_picture, TextButton::new("By numbers").centred().width(BUTTON_WIDTH));
    let button = button.on_hover_text("So many pixels on each side");
    let popup = Popup::menu(&button).close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    if !popup.is_open() {
        state.canvas.extension = None;
    }
    popup.show(|ui| {
        ui.set_width(MENU_WIDTH);
        fields(ui, state, actions);
    });
}

/// The four sides and what comes of them.
pub(super) fn fields(ui: &mut Ui, state: &mut AppState, actions: &mut Vec<Action>) {
    let Some([width, height]) = state.canvas.document.size_px() else { return };
    let tokens = theme::tokens(ui);
    let grid = state.work_grid();
    let mut sides = state.canvas.extension.unwrap_or_default();
    ui.spacing_mut().item_spacing.y = theme::GRID;
    let side = |ui: &mut Ui, name: &str, value: &mut u32| {
        fields::row(ui, name, |ui, label| {
            let mut shown = f64::from(*value);
            let number = Number::new(1.0, 0.0..=f64::from(MOST_PX)).default(0.0).suffix(" px");
            number.show(ui, label, FIELD, &mut shown);
            *value = shown as u32;
        });
    };
    side(ui, "Left", &mut sides.left);
    side(ui, "Top", &mut sides.top);
    side(ui, "Right", &mut sides.right);
    side(ui, "Bottom", &mut sides.bottom);
    let size = sides.around(width, height).unwrap_or((width, height));
    ui.label(format!("Becomes {} × {} px", size.0, size.1));
    let step_px = grid.step_px.max(1);
    let whole = on_grid(sides, [width, height], grid);
    let words = if whole == sides {
        format!("On the model's grid of {step_px} px")
    } else {
        format!("The model's grid is {step_px} px")
    };
    ui.label(RichText::new(words).color(tokens.text_2));
    ui.horizontal(|ui| {
        if ui.add_enabled(!sides.is_empty(), TextButton::new("Extend")).clicked() {
            actions.push(Action::Canvas(CanvasAction::ExtendTo(sides)));
            actions.push(Action::Canvas(CanvasAction::Extend));
            sides = Extension::default();
            ui.close();
        }
        let fit = ui.add_enabled(whole != sides, TextButton::new("Fit the grid"));
        if fit.on_hover_text("Adds what is missing at the right and below").clicked() {
            sides = whole;
        }
    });
    state.canvas.extension = (!sides.is_empty()).then_some(sides);
}

/// With what is missing at the right and below for whole cells of the grid.
fn on_grid(sides: Extension, [width, height]: [u32; 2], grid: WorkGrid) -> Extension {
    let step = grid.step_px.max(1);
    let Some((wide, high)) = sides.around(width, height) else { return sides };
    let missing = |side: u32| side.next_multiple_of(step) - side;
    Extension { right: sides.right + missing(wide), bottom: sides.bottom + missing(high), ..sides }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_added_at_the_right_and_below() {
        let grid = WorkGrid { native_side_px: 512, cell_px: 8, step_px: 64, reads_pictures: false };
        let asked = Extension { left: 10, top: 0, right: 3, bottom: 64 };
        let whole = on_grid(asked, [500, 448], grid);
        assert_eq!(whole, Extension { right: 3 + 63, ..asked });
        assert_eq!(on_grid(whole, [500, 448], grid), whole);
    }
}
