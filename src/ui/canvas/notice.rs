//! One line over the canvas where the chosen model cannot do what the canvas asks of it. It lies over the picture and
//! moves nothing; it can be closed.

use egui::{Align, Area, Frame, Id, Layout, Margin, Order, Rect, RichText, Ui, pos2};

use crate::ui::action::{Action, CanvasAction, Sheet, WindowAction};
use crate::ui::state::AppState;
use crate::ui::theme;
use crate::ui::theme::{fonts, icons};
use crate::ui::widgets::{IconButton, TextButton};

const WIDTH: f32 = 680.0;
const MARGIN: f32 = 8.0;

/// At the bottom of where the picture may be seen.
pub(super) fn show(ui: &Ui, reach: Rect, state: &AppState, actions: &mut Vec<Action>) {
    if !state.photo_meets_emoji_model() || state.canvas.notice_closed {
        return;
    }
    let tokens = theme::tokens(ui);
    let width = (reach.width() - 2.0 * MARGIN).min(WIDTH);
    let at = pos2(reach.center().x - width / 2.0, reach.bottom() - theme::TOOL_STRIP_HEIGHT - MARGIN);
    Area::new(Id::unique("notice")).order(Order::Middle).fixed_pos(at).constrain(false).show(ui.ctx(), |ui| {
        let frame = Frame::popup(ui.style()).inner_margin(Margin { left: 12, right: 4, top: 5, bottom: 5 });
        frame.show(ui, |ui| {
            ui.set_width(width - 18.0);
            ui.set_height(theme::CONTROL_HEIGHT);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if ui.add(IconButton::new(icons::X, "Close notice")).clicked() {
                    actions.push(Action::Canvas(CanvasAction::CloseNotice));
                }
                if ui.add(TextButton::new("Get a photographic model")).clicked() {
                    actions.push(Action::Window(WindowAction::Show(Sheet::PhotographicModel)));
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    ui.label(RichText::new(icons::INFO).font(fonts::icon(theme::ICON_PT)).color(tokens.text_2));
                    let words = "This model draws emoji-style objects: it cannot repaint a photo as a photo.";
                    ui.add(egui::Label::new(RichText::new(words).color(tokens.text_1)).truncate());
                });
            });
        });
    });
}
