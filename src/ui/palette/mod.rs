//! The command palette: everything that can be done, found by its name and run by Enter or a click.

mod entries;
mod fuzzy;
pub(super) mod state;

use egui::epaint::text::{LayoutJob, TextFormat};
use egui::{
    Align, Align2, Color32, Context, CornerRadius, Frame, Id, Key, Modal, Modifiers, Rect, Response, Role, Sense,
};
use egui::{ScrollArea, Ui, WidgetInfo, vec2};

use self::entries::{Kind, Line};
use self::state::PaletteState;
use super::state::AppState;
use super::theme;
use crate::store::settings::Settings;
use crate::ui::action::{Action, WindowAction};
use crate::ui::theme::{MENU_ICON_PT, fonts};
use crate::ui::widgets::{SearchField, paint};

const WIDTH: f32 = 560.0;
/// From the window's top, where there is room.
const TOP: f32 = 120.0;
const FIELD: f32 = 36.0;
const ROW: f32 = 32.0;
const MOST_ROWS: usize = 9;
/// Around a line between two kinds.
const GAP: f32 = 9.0;

pub(super) fn show(ctx: &Context, state: &mut AppState, settings: &Settings, actions: &mut Vec<Action>) {
    let lines = entries::found(ctx, &state.palette.text, state, settings);
    let palette = &mut state.palette;
    if palette.searched != palette.text {
        palette.searched.clone_from(&palette.text);
        palette.chosen = 0;
    }
    let before = palette.chosen;
    let entered = keys(ctx, palette, lines.len());
    let window = ctx.content_rect();
    let top = TOP.min((window.height() - 360.0).max(16.0));
    let id = Id::unique("palette");
    let area = Modal::default_area(id).anchor(Align2::CENTER_TOP, vec2(0.0, top));
    let frame = Frame::popup(&ctx.global_style()).inner_margin(8);
    let modal = Modal::new(id).area(area).frame(frame).backdrop_color(Color32::TRANSPARENT).show(ctx, |ui| {
        ui.set_width(WIDTH.min(window.width() - 48.0));
        ui.spacing_mut().item_spacing.y = 0.0;
        let (field, _) = ui.allocate_exact_size(vec2(ui.available_width(), FIELD), Sense::hover());
        let response =
            SearchField::new("Find an action", "Find an action or a setting", &mut palette.text).show(ui, field);
        if std::mem::take(&mut palette.wants_focus) {
            response.request_focus();
        }
        ui.add_space(8.0);
        let room = (window.height() - top - FIELD - 96.0).max(ROW);
        let most = (MOST_ROWS as f32 * ROW + 2.0 * GAP).min(room);
        let clicked = ScrollArea::vertical()
            .max_height(most)
            .auto_shrink([false, true])
            .show(ui, |ui| list(ui, palette, &lines, before))
            .inner;
        foot(ui, lines.len(), entries::count(settings));
        clicked
    });
    let run = modal.inner.or(entered.then_some(palette.chosen)).and_then(|index| lines.get(index));
    if let Some(action) = run.and_then(|line| line.action.clone()) {
        // Closed first: the action may open something.
        actions.push(Action::Window(WindowAction::CloseSheet));
        actions.push(action);
    } else if modal.should_close() {
        actions.push(Action::Window(WindowAction::CloseSheet));
    }
}

/// Walks the lines while the field keeps the keyboard. Returns whether Enter was pressed.
fn keys(ctx: &Context, palette: &mut PaletteState, count: usize) -> bool {
    let last = count.saturating_sub(1);
    palette.chosen = palette.chosen.min(last);
    let pressed = |key| ctx.input_mut(|input| input.count_and_consume_key(Modifiers::NONE, key));
    for (key, by) in [(Key::ArrowDown, 1), (Key::ArrowUp, -1), (Key::PageDown, 8), (Key::PageUp, -8)] {
        for _ in 0..pressed(key) {
            palette.chosen = palette.chosen.saturating_add_signed(by).min(last);
        }
    }
    pressed(Key::Enter) > 0
}

/// Returns the line that was clicked.
fn list(ui: &mut Ui, palette: &mut PaletteState, lines: &[Line], before: usize) -> Option<usize> {
    let tokens = theme::tokens(ui);
    let mut clicked = None;
    let mut kind = None;
    let moved = ui.input(|input| input.pointer.delta() != egui::Vec2::ZERO);
    for (index, line) in lines.iter().enumerate() {
        if kind.is_some_and(|kind| kind != line.kind) {
            let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), GAP), Sense::hover());
            ui.painter().hline(rect.x_range(), rect.center().y, egui::Stroke::new(1.0, tokens.stroke));
        }
        kind = Some(line.kind);
        let response = row(ui, line, index == palette.chosen);
        if index == palette.chosen && palette.chosen != before {
            response.scroll_to_me(None);
        }
        if response.hovered() && moved {
            palette.chosen = index;
        }
        if response.clicked() {
            clicked = Some(index);
        }
    }
    if lines.is_empty() {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
        let words = "Nothing is called so.";
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
        paint::text(ui, paint::between(rect, 8.0, 8.0), Align::Min, words, fonts::body(), tokens.text_2);
    }
    clicked
}

fn row(ui: &mut Ui, line: &Line, is_chosen: bool) -> Response {
    let tokens = theme::tokens(ui);
    let can = line.kind != Kind::Idle;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::MenuItem, can, is_chosen, line.name));
    ui.ctx().accesskit_node_builder(response.id, |node| {
        if line.has_value {
            node.set_value(line.right.as_str());
            node.set_description(line.beside);
        } else {
            node.set_description([line.beside, &line.right].join(" ").trim());
        }
    });
    if !ui.is_rect_visible(rect) {
        return response;
    }
    let (fill, quiet) =
        if is_chosen { (tokens.control_hover, tokens.text_2) } else { (Color32::TRANSPARENT, tokens.text_3) };
    ui.painter().rect_filled(rect, CornerRadius::same(theme::RADIUS), fill);
    let ink = if can { tokens.text_1 } else { quiet };
    let inner = paint::between(rect, 8.0, 8.0);
    paint::icon(
        ui,
        paint::left_part(inner, MENU_ICON_PT),
        line.icon,
        MENU_ICON_PT,
        if can { tokens.text_2 } else { quiet },
    );
    let right = paint::text(ui, inner, Align::Max, &line.right, fonts::body(), quiet);
    let words = paint::between(inner, MENU_ICON_PT + 8.0, right + 16.0);
    let galley = ui.painter().layout_job(lit(line, ink, if can { tokens.accent_text } else { ink }, words.width()));
    let width = galley.size().x;
    let pos = egui::pos2(words.left(), words.center().y - galley.size().y / 2.0);
    ui.painter().galley(pos, galley, ink);
    let rest: Rect = paint::between(words, width + 14.0, 0.0);
    if rest.width() > 24.0 {
        paint::text(ui, rest, Align::Min, line.beside, fonts::body(), quiet);
    }
    response
}

/// The name, with the letters that were written in the accent's colour.
fn lit(line: &Line, ink: Color32, accent: Color32, max_width: f32) -> LayoutJob {
    let mut job = LayoutJob::default();
    for (index, letter) in line.name.chars().enumerate() {
        let is_lit = line.fit.letters.binary_search(&index).is_ok();
        let format = if is_lit {
            TextFormat::simple(fonts::strong(fonts::BODY_PT), accent)
        } else {
            TextFormat::simple(fonts::body(), ink)
        };
        job.append(letter.encode_utf8(&mut [0; 4]), 0.0, format);
    }
    job.wrap.max_width = max_width;
    job.wrap.max_rows = 1;
    job.wrap.break_anywhere = true;
    job
}

fn foot(ui: &mut Ui, found: usize, all: usize) {
    let tokens = theme::tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 28.0), Sense::hover());
    let count = format!("{found} of {all}");
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &count));
    let inner = paint::between(rect, 8.0, 8.0);
    paint::text(ui, inner, Align::Min, &count, fonts::body(), tokens.text_3);
    let words = "↑ ↓ choose    ⏎ run    Esc close";
    paint::text(ui, paint::between(inner, 80.0, 0.0), Align::Max, words, fonts::body(), tokens.text_3);
}
