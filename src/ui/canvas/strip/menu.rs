//! What stands under the strip's "…": everything that had no room, in the strip's order, then the finer things of the
//! brush and of the mask.

use egui::{Popup, PopupCloseBehavior, RichText, ScrollArea, Ui};

use super::extend;
use super::options::{JOINS, NUMBER_WIDTH, OUTLINES, ZOOMS, hardness, percent_number, size};
use super::parts::{MENU_WIDTH, Part};
use crate::canvas::tools::ToolSettings;
use crate::ui::action::{Action, CanvasAction, MaskStep};
use crate::ui::input::keymap;
use crate::ui::input::shortcuts::Command;
use crate::ui::state::AppState;
use crate::ui::theme;
use crate::ui::theme::icons;
use crate::ui::widgets::fields;
use crate::ui::widgets::{Check, IconButton, MenuItem};

pub(super) fn show(ui: &mut Ui, state: &mut AppState, folded: &[Part], actions: &mut Vec<Action>) {
    let more = ui.add(IconButton::new(icons::DOTS_THREE, "More of this tool"));
    let most = (ui.ctx().content_rect().height() - theme::TOOL_STRIP_HEIGHT - 64.0).max(96.0);
    let popup = Popup::menu(&more).close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    if folded.contains(&Part::ExtendNumbers) && !popup.is_open() {
        state.canvas.extension = None;
    }
    popup.show(|ui| {
        ui.set_width(MENU_WIDTH);
        ScrollArea::vertical().max_height(most).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for part in folded {
                one(ui, *part, state, actions);
            }
            if !folded.is_empty() {
                line(ui);
            }
            if state.canvas.tool.is_brush() {
                brush(ui, state);
                line(ui);
            }
            mask(ui, state, actions);
        });
    });
}

fn line(ui: &mut Ui) {
    ui.add(egui::Separator::default().spacing(9.0));
}

fn one(ui: &mut Ui, part: Part, state: &mut AppState, actions: &mut Vec<Action>) {
    match part {
        Part::Button(button) => {
            let shown = button.shown(state);
            let key = keymap::written(ui.ctx(), shown.command);
            let item = ui.add_enabled(shown.enabled, MenuItem::new(shown.name).icon(shown.icon).key(&key));
            if item.on_disabled_hover_text(shown.reason).clicked() {
                button.press(state, actions);
                ui.close();
            }
        }
        Part::SizeNumber => {
            fields::row(ui, "Size", |ui, label| {
                size(ui, state, |ui, number, value| number.show_with_slider(ui, label, NUMBER_WIDTH, value));
            });
        }
        Part::HardnessNumber => {
            fields::row(ui, "Hardness", |ui, label| {
                hardness(ui, state, |ui, number, value| number.show_with_slider(ui, label, NUMBER_WIDTH, value));
            });
        }
        Part::Outline => {
            for (tool, words, hint) in OUTLINES {
                choice(ui, state.canvas.tool == tool, words, hint, CanvasAction::ChooseTool(tool), actions);
            }
        }
        Part::Join => {
            for (join, _, words, hint) in JOINS {
                choice(ui, state.canvas.selecting.join == join, words, hint, CanvasAction::Join(join), actions);
            }
        }
        Part::ZoomLevel => {
            for (words, command, zoom) in ZOOMS {
                let key = keymap::written(ui.ctx(), command);
                let enabled = state.canvas.view.shown_zoom.is_some();
                if ui.add_enabled(enabled, MenuItem::new(words).icon(" ").key(&key)).clicked() {
                    actions.push(Action::Canvas(CanvasAction::Zoom(zoom)));
                    ui.close();
                }
            }
        }
        Part::OtherColour => {
            let key = keymap::written(ui.ctx(), Command::SwapTool);
            if ui.add(MenuItem::new("Swap with the other colour").icon(icons::SWAP).key(&key)).clicked() {
                actions.push(Action::Canvas(CanvasAction::SwapTool));
                ui.close();
            }
        }
        Part::ExtendNumbers => extend::fields(ui, state, actions),
        // What only says or shows something, and what is never folded.
        Part::SizeLabel
        | Part::SizeSlider
        | Part::HardnessLabel
        | Part::HardnessSlider
        | Part::SelectState
        | Part::Hint
        | Part::LiveWord
        | Part::Colour
        | Part::More => {}
    }
}

fn choice(ui: &mut Ui, chosen: bool, words: &str, hint: &str, action: CanvasAction, actions: &mut Vec<Action>) {
    if fields::explained_choice(ui, chosen, words, hint, None) {
        actions.push(Action::Canvas(action));
        ui.close();
    }
}

/// winit reports a pen's force on touch screens, and on Windows; elsewhere it does not.
const PRESSURE_WORDS: &str = if cfg!(target_os = "windows") {
    "Pens and touch report how firmly they press."
} else {
    "On this system only touch screens report how firmly one presses."
};

fn brush(ui: &mut Ui, state: &mut AppState) {
    let settings = state.canvas.brush_mut();
    percent_row(ui, "Opacity", 1.0, &mut settings.opacity);
    ui.add(Check::new("A pen's pressure changes the size", &mut settings.pressure_to_size));
    ui.add(Check::new("A pen's pressure changes the opacity", &mut settings.pressure_to_opacity));
    ui.label(RichText::new(PRESSURE_WORDS).color(theme::tokens(ui).text_3));
}

fn percent_row(ui: &mut Ui, name: &str, default: f32, value: &mut f32) {
    let mut shown = f64::from((*value * 100.0).round());
    fields::row(ui, name, |ui, label| {
        percent_number(default).show_with_slider(ui, label, NUMBER_WIDTH, &mut shown);
    });
    *value = shown as f32 / 100.0;
}

fn mask(ui: &mut Ui, state: &mut AppState, actions: &mut Vec<Action>) {
    let has_picture = state.canvas.has_picture();
    let has_mask = !state.canvas.document.mask().is_empty();
    for (words, step, enabled) in [
        ("Mask everything", MaskStep::All, has_picture),
        ("Grow by 8 px", MaskStep::Grow, has_mask),
        ("Shrink by 8 px", MaskStep::Shrink, has_mask),
        ("Blur by 8 px", MaskStep::Feather, has_mask),
    ] {
        let key = keymap::written(ui.ctx(), Command::Mask(step));
        if ui.add_enabled(enabled, MenuItem::new(words).key(&key)).clicked() {
            actions.push(Action::Canvas(CanvasAction::Mask(step)));
            ui.close();
        }
    }
    line(ui);
    percent_row(ui, "Mask tint", ToolSettings::DEFAULT_MASK_OPACITY, &mut state.canvas.tools.mask_opacity);
}
