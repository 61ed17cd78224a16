//! The strip above the picture: the tools, the chosen tool's own options, and one step back or forth.

use egui::{Align, CornerRadius, Layout, Rect, Ui, UiBuilder, pos2, vec2};

use super::options;
use super::strip_widgets::{button, line};
use crate::canvas::tools::Tool;
use crate::ui::action::{Action, CanvasAction};
use crate::ui::input::keymap;
use crate::ui::input::shortcuts::Command;
use crate::ui::state::AppState;
use crate::ui::theme;
use crate::ui::theme::icons;
use crate::ui::widgets::IconButton;

/// Lasso stands for the polygon too: its options show which.
const TOOLS: [Tool; 9] = [
    Tool::Hand,
    Tool::Brush,
    Tool::Eraser,
    Tool::Lasso,
    Tool::Rectangle,
    Tool::Bucket,
    Tool::Select,
    Tool::Colour,
    Tool::Extend,
];
const STEPS_WIDTH: f32 = 2.0 * theme::CONTROL_HEIGHT + 2.0;

pub(crate) fn show(ui: &mut Ui, strip: Rect, state: &mut AppState, actions: &mut Vec<Action>) {
    let tokens = theme::tokens(ui);
    ui.painter().rect_filled(strip, CornerRadius::ZERO, tokens.panel);
    let seam = Rect::from_min_max(pos2(strip.left(), strip.bottom() - 1.0), strip.max);
    ui.painter().rect_filled(seam, CornerRadius::ZERO, tokens.edge);
    let inner = strip.shrink2(vec2(8.0, 0.0));
    let left = Rect::from_min_max(inner.min, pos2(inner.right() - STEPS_WIDTH - 8.0, inner.bottom()));
    ui.scope_builder(UiBuilder::new().max_rect(left).layout(Layout::left_to_right(Align::Center)), |ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        for tool in TOOLS {
            tool_button(ui, tool, state, actions);
        }
        line(ui);
        options::show(ui, state, actions);
    });
    ui.scope_builder(UiBuilder::new().max_rect(inner).layout(Layout::right_to_left(Align::Center)), |ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        let can_redo = state.canvas.document.can_redo();
        let redo = (icons::ARROW_U_UP_RIGHT, "Redo", Command::Redo);
        if button(ui, can_redo, redo, "Nothing was taken back").clicked() {
            actions.push(Action::Canvas(CanvasAction::Redo));
        }
        let undo = (icons::ARROW_U_UP_LEFT, "Undo", Command::Undo);
        if button(ui, state.canvas.document.can_undo(), undo, "Nothing to take back yet").clicked() {
            actions.push(Action::Canvas(CanvasAction::Undo));
        }
    });
}

fn tool_button(ui: &mut Ui, tool: Tool, state: &AppState, actions: &mut Vec<Action>) {
    let chosen = state.canvas.tool;
    let stands_for_it = tool == Tool::Lasso && chosen == Tool::Polygon;
    let key = keymap::written(ui.ctx(), Command::Tool(tool));
    let enabled = state.canvas.has_picture() || matches!(tool, Tool::Hand | Tool::Colour);
    let icon = IconButton::new(icon(tool), tool.name()).key(&key).selected(chosen == tool || stands_for_it);
    let reason = "Open a picture or accept a result first: there is nothing to paint on";
    if ui.add_enabled(enabled, icon).on_disabled_hover_text(reason).clicked() {
        if tool == Tool::Colour && !state.canvas.has_picture() {
            actions.push(Action::Canvas(CanvasAction::BlankCanvas));
        }
        actions.push(Action::Canvas(CanvasAction::ChooseTool(tool)));
    }
}

fn icon(tool: Tool) -> &'static str {
    match tool {
        Tool::Hand => icons::HAND,
        Tool::Brush => icons::PAINT_BRUSH,
        Tool::Eraser => icons::ERASER,
        Tool::Rectangle => icons::SELECTION,
        Tool::Lasso => icons::LASSO,
        Tool::Polygon => icons::POLYGON,
        Tool::Bucket => icons::PAINT_BUCKET,
        Tool::Select => icons::MAGIC_WAND,
        Tool::Colour => icons::PALETTE,
        Tool::Extend => icons::CORNERS_OUT,
    }
}
