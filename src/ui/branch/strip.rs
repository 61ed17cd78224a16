//! The strip over the picture while its steps are looked through: the step, and what is done from there.

use egui::{Align, CornerRadius, Layout, Rect, RichText, Ui, UiBuilder, pos2, vec2};

use crate::ui::action::{Action, BranchAction};
use crate::ui::state::AppState;
use crate::ui::theme;
use crate::ui::theme::icons;
use crate::ui::widgets::fields::Number;
use crate::ui::widgets::{Check, IconButton, TextButton};

const MARGIN: f32 = 8.0;
const NUMBER: f32 = 56.0;
const MOST_SLIDER: f32 = 320.0;
const LEAST_SLIDER: f32 = 60.0;
const MASKED: f32 = 148.0;
const GO_ON: f32 = 152.0;
const GO_ON_SHORT: f32 = 88.0;
const TOTAL: f32 = 44.0;

pub(crate) fn show(ui: &mut Ui, rect: Rect, state: &mut AppState, actions: &mut Vec<Action>) {
    let can_mask = state.branch_mask().is_some();
    let Some(open) = &mut state.branch.open else { return };
    open.is_masked &= can_mask;
    let tokens = theme::tokens(ui);
    ui.painter().rect_filled(rect, CornerRadius::ZERO, tokens.panel);
    let seam = Rect::from_min_max(pos2(rect.left(), rect.bottom() - 1.0), rect.max);
    ui.painter().rect_filled(seam, CornerRadius::ZERO, tokens.edge);
    let inner = rect.shrink2(vec2(MARGIN, (rect.height() - theme::CONTROL_HEIGHT) / 2.0));
    // What has no room goes, the slider last: the arrow keys have it too.
    let fixed = NUMBER + GO_ON_SHORT + theme::CONTROL_HEIGHT + 6.0 * theme::GRID;
    let rest = inner.width() - fixed;
    let is_roomy = rest >= MASKED + TOTAL + LEAST_SLIDER + GO_ON - GO_ON_SHORT;
    let slider = rest - if is_roomy { MASKED + TOTAL + GO_ON - GO_ON_SHORT } else { 0.0 };
    ui.scope_builder(UiBuilder::new().max_rect(inner).layout(Layout::left_to_right(Align::Center)), |ui| {
        ui.spacing_mut().item_spacing.x = theme::GRID;
        let label = ui.label(RichText::new("Step").color(tokens.text_2)).id;
        let [first, last] = open.range().map(f64::from);
        let mut number = f64::from(open.number());
        let before = number;
        let field = Number::new(1.0, first..=last).slider_to(last);
        field.show(ui, label, NUMBER, &mut number);
        if is_roomy {
            ui.label(RichText::new(format!("of {}", open.total())).color(tokens.text_2));
        }
        if slider >= LEAST_SLIDER && last > first {
            field.slider(ui, label, (slider - 40.0).clamp(LEAST_SLIDER, MOST_SLIDER), &mut number);
        }
        if (number - before).abs() > 0.0 {
            actions.push(Action::Branch(BranchAction::To(number.round() as u32)));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.add(IconButton::new(icons::X, "Leave its steps").key("Esc")).clicked() {
                actions.push(Action::Branch(BranchAction::Close));
            }
            let words = if is_roomy { "Go on from here" } else { "Go on" };
            let key = if is_roomy { "Enter" } else { "" };
            let width = if is_roomy { GO_ON } else { GO_ON_SHORT };
            let button = TextButton::new(words).named("Go on from this step").key(key).width(width);
            if ui.add(button).on_hover_text("Another picture goes on from here, with what the panel says now").clicked()
            {
                actions.push(Action::Branch(BranchAction::GoOn));
            }
            if is_roomy {
                let why = "Paint a mask on a canvas of the picture's size first.";
                let check = ui.add_enabled(can_mask, Check::new("Only the mask", &mut open.is_masked));
                check.on_disabled_hover_text(why);
            }
        });
    });
}
