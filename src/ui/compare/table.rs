//! What the compared pictures differ in, as a table; what is alike folds under it.

use egui::{Align, Id, Rect, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};

use super::facts::Row;
use super::state::Comparison;
use crate::ui::action::{Action, CompareAction};
use crate::ui::chrome::layout::Layout;
use crate::ui::theme;
use crate::ui::theme::fonts;
use crate::ui::widgets::look::Look;
use crate::ui::widgets::{fields, paint};

const ROW: f32 = 28.0;
const NAMES: f32 = 136.0;
/// Names of what is alike that are listed while it is folded.
const NAMED: usize = 4;

/// What the whole table takes.
pub(super) fn height(comparison: &Comparison, differ: usize, same: usize, layout: Layout) -> f32 {
    if layout.short {
        return ROW;
    }
    let listed = if comparison.lists_same { same } else { 0 };
    ROW * (2 + differ.max(1) + listed) as f32
}

pub(super) fn show(
    ui: &mut Ui,
    comparison: &mut Comparison,
    differ: &[Row],
    same: &[Row],
    layout: Layout,
    actions: &mut Vec<Action>,
) {
    let tokens = theme::tokens(ui);
    if layout.short {
        let names: Vec<&str> = differ.iter().map(|row| row.name.as_str()).collect();
        let words = if names.is_empty() { "Made alike".to_owned() } else { format!("Differs: {}", names.join(", ")) };
        let response = ui.add(egui::Label::new(words).truncate());
        response.on_hover_text(whole(differ));
        return;
    }
    ScrollArea::vertical().id_salt("compared settings").auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        head(ui, comparison, actions);
        for row in differ {
            line(ui, &row.name, &row.values);
        }
        if differ.is_empty() {
            let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
            paint::text(ui, rect, Align::Min, "They were made alike.", fonts::body(), tokens.text_2);
        }
        let names: Vec<String> = same.iter().take(NAMED).map(|row| inside(&row.name)).collect();
        let more = same.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let summary = if comparison.lists_same { String::new() } else { format!("{}{more}", names.join(", ")) };
        fields::section(ui, "The same", &summary, &mut comparison.lists_same);
        for row in same.iter().filter(|_| comparison.lists_same) {
            line(ui, &row.name, &row.values[..1]);
        }
    });
}

/// A name as it stands inside a line: "LoRAs" and "CFG scale" keep their letters.
fn inside(name: &str) -> String {
    let is_short_form = name.chars().take(4).filter(|sign| sign.is_uppercase()).count() > 1;
    if is_short_form { name.to_owned() } else { name.to_lowercase() }
}

/// For a hover: every row in a line.
fn whole(differ: &[Row]) -> String {
    let rows = differ.iter().map(|row| format!("{}: {}", row.name, row.values.join(" · ")));
    rows.collect::<Vec<_>>().join("\n")
}

fn columns(rect: Rect, count: usize) -> impl Iterator<Item = Rect> {
    let width = (rect.width() - NAMES) / count.max(1) as f32;
    (0..count).map(move |index| {
        let left = rect.left() + NAMES + width * index as f32;
        Rect::from_min_max(pos2(left, rect.top()), pos2(left + width - 12.0, rect.bottom()))
    })
}

/// A letter for each picture. Where there are more than two, a press makes one of them B.
fn head(ui: &mut Ui, comparison: &Comparison, actions: &mut Vec<Action>) {
    let tokens = theme::tokens(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    paint::text(ui, rect, Align::Min, "Differs", fonts::body(), tokens.text_2);
    let count = comparison.pictures.len();
    for (index, cell) in columns(rect, count).enumerate() {
        let letter = comparison.letter(index);
        let is_other = count > 2 && !comparison.pair.contains(&index);
        if is_other {
            let words = format!("{letter} · show as B");
            let response = ui.interact(cell, Id::unique(("compared", index)), Sense::click());
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &words));
            let look = Look::of(ui, &response);
            ui.painter().rect_filled(cell.shrink2(vec2(0.0, 2.0)), theme::RADIUS, look.control_fill(tokens));
            paint::text(ui, paint::between(cell, 8.0, 8.0), Align::Min, &words, fonts::body(), tokens.text_1);
            if response.clicked() {
                actions.push(Action::Compare(CompareAction::Show { index, as_b: true }));
            }
        } else {
            paint::text(ui, cell, Align::Min, &letter, fonts::strong(fonts::BODY_PT), tokens.text_1);
        }
    }
    rule(ui, rect);
}

fn line(ui: &mut Ui, name: &str, values: &[String]) {
    let tokens = theme::tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let all = format!("{name}: {}", values.join(" · "));
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &all));
    paint::text(ui, rect, Align::Min, name, fonts::body(), tokens.text_2);
    for (value, cell) in values.iter().zip(columns(rect, values.len())) {
        let one_line = value.replace('\n', " ");
        paint::text(ui, cell, Align::Min, &one_line, fonts::body(), tokens.text_1);
    }
    rule(ui, rect);
    response.on_hover_text(all.replace(" · ", "\n"));
}

fn rule(ui: &Ui, rect: Rect) {
    let stroke = egui::Stroke::new(1.0, theme::tokens(ui).stroke);
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, stroke);
}
