//! One line over the canvas where the chosen model cannot do what the canvas asks of it.

use egui::{Frame, Margin, Panel, RichText, Ui};

use crate::ui::action::{Action, Sheet, WindowAction};
use crate::ui::state::AppState;
use crate::ui::theme;
use crate::ui::theme::{fonts, icons};
use crate::ui::widgets::TextButton;

pub(crate) fn show(ui: &mut Ui, state: &AppState, actions: &mut Vec<Action>) {
    if !state.photo_meets_emoji_model() {
        return;
    }
    let tokens = theme::tokens(ui);
    Panel::top("notice")
        .exact_size(theme::TOOL_STRIP_HEIGHT)
        .frame(Frame::NONE.fill(tokens.panel).inner_margin(Margin::symmetric(16, 0)))
        .show_separator_line(false)
        .show(ui, |ui| {
            let area = ui.max_rect().expand2(egui::vec2(16.0, 0.0));
            ui.painter().hline(area.x_range(), area.bottom() - 0.5, egui::Stroke::new(1.0, tokens.edge));
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if ui.add(TextButton::new("Get a photographic model")).clicked() {
                    actions.push(Action::Window(WindowAction::Show(Sheet::PhotographicModel)));
                }
                ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                    ui.label(RichText::new(icons::INFO).font(fonts::icon(theme::ICON_PT)).color(tokens.text_2));
                    let words = "This model draws emoji-style objects: it cannot repaint a photo as a photo.";
                    ui.add(egui::Label::new(RichText::new(words).color(tokens.text_1)).truncate());
                });
            });
        });
}
