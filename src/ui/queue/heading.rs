//! The line above a part of the queue.

use egui::{Align, Rect, Sense, Ui, vec2};

use crate::ui::theme;
use crate::ui::theme::fonts;
use crate::ui::widgets::paint;

/// "Waiting 5", and something at the right end.
pub(super) fn heading(ui: &mut Ui, words: &str, count: usize, right: &str) -> Rect {
    let tokens = theme::tokens(ui);
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), theme::SECTION_HEIGHT + theme::HALF), Sense::hover());
    let inner = rect.shrink2(vec2(f32::from(theme::PANEL_PADDING), 0.0));
    let used = paint::text(ui, inner, Align::Min, words, fonts::body(), tokens.text_2);
    let beside = paint::between(inner, used + 6.0, 0.0);
    paint::text(ui, beside, Align::Min, &count.to_string(), fonts::body(), tokens.text_3);
    paint::text(ui, inner, Align::Max, right, fonts::body(), tokens.text_2);
    response.widget_info(|| {
        let words = format!("{words} {count} {right}");
        egui::WidgetInfo::labeled(egui::Role::Label, true, words.trim())
    });
    rect
}
