//! The manual in front of the window: its pages by title, and the chosen one's text.

use egui::text::LayoutJob;
use egui::{FontId, Frame, Id, Margin, RichText, TextFormat, Ui, vec2};

use crate::manual::PAGES;
use crate::ui::theme;
use crate::ui::theme::fonts;
use crate::ui::widgets::fields;

pub(super) fn show(ui: &mut Ui) {
    // Remembered while the program runs: whoever looks again is mostly still at the same question.
    let id = Id::unique("manual page");
    let mut chosen: usize = ui.data(|data| data.get_temp(id)).unwrap_or(0);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(4.0, 4.0);
        for (index, page) in PAGES.iter().enumerate() {
            if ui.selectable_label(index == chosen, page.title()).clicked() {
                chosen = index;
            }
        }
    });
    ui.data_mut(|data| data.insert_temp(id, chosen));
    fields::line(ui, 8.0);
    if let Some(page) = PAGES.get(chosen) {
        ui.label(RichText::new(page.title()).font(fonts::strong(fonts::BODY_PT)));
        ui.spacing_mut().item_spacing.y = 8.0;
        for block in page.blocks() {
            show_block(ui, block);
        }
    }
}

fn show_block(ui: &mut Ui, block: &str) {
    let tokens = theme::tokens(ui);
    if block.starts_with("    ") {
        Frame::new().fill(tokens.inset).inner_margin(Margin::same(8)).show(ui, |ui| {
            ui.set_width(ui.available_width());
            let code: Vec<&str> = block.lines().map(str::trim_start).collect();
            ui.label(RichText::new(code.join("\n")).font(FontId::monospace(fonts::BODY_PT - 1.0)));
        });
        return;
    }
    for line in block.lines() {
        let (indent, text) = line.strip_prefix("- ").map_or(("", line), |text| ("· ", text));
        ui.label(with_code(ui, &format!("{indent}{text}")));
    }
}

/// What stands between backticks in the letters of code.
fn with_code(ui: &Ui, text: &str) -> LayoutJob {
    let color = ui.visuals().text_color();
    let mut job = LayoutJob::default();
    for (index, part) in text.split('`').enumerate() {
        let font = if index % 2 == 0 { fonts::body() } else { FontId::monospace(fonts::BODY_PT - 1.0) };
        job.append(part, 0.0, TextFormat { font_id: font, color, ..TextFormat::default() });
    }
    job
}
