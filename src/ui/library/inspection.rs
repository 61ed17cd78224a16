//! The inspector: what a file is, shown before anything is done with it.

use egui::{Context, Frame, Id, Margin, Modal, RichText, ScrollArea};

use crate::store::models::file::Shelf;
use crate::store::models::inspection::Inspection;
use crate::ui::action::{Action, FilesAction, LibraryAction, WindowAction};
use crate::ui::state::AppState;
use crate::ui::theme;
use crate::ui::theme::fonts;
use crate::ui::widgets::TextButton;
use crate::ui::widgets::fields;

const LABEL_WIDTH: f32 = 104.0;

pub(crate) fn show(ctx: &Context, state: &AppState, actions: &mut Vec<Action>) {
    let Some(inspection) = &state.library.inspection else { return };
    let frame = Frame::popup(&ctx.global_style()).inner_margin(Margin::same(24));
    let modal = Modal::new(Id::unique("inspector")).frame(frame).show(ctx, |ui| {
        ui.set_width((ctx.content_rect().width() - 80.0).min(480.0));
        let tokens = theme::tokens(ui);
        let name = inspection.path.file_name().unwrap_or_default().to_string_lossy();
        ui.add(egui::Label::new(RichText::new(name).font(fonts::strong(fonts::HEADING_PT))).wrap());
        if let Some(sentence) = &inspection.sentence {
            ui.label(sentence);
        }
        ui.add_space(8.0);
        let height = (ctx.content_rect().height() - 280.0).max(64.0);
        ScrollArea::vertical().max_height(height).auto_shrink([false, true]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 6.0;
            for (name, value) in &inspection.facts {
                fact(ui, name, value);
            }
            if let Some(hash) = &inspection.hash {
                fact(ui, "sha256", hash);
                fact(ui, "Short hash", hash.get(..10).unwrap_or(hash));
            }
            if !inspection.unmatched.is_empty() {
                ui.add_space(8.0);
                ui.label(RichText::new("Without a place in it:").color(tokens.text_2));
                for name in &inspection.unmatched {
                    ui.add(egui::Label::new(RichText::new(name).monospace().color(tokens.text_3)).truncate());
                }
            }
        });
        if inspection.may_be_filed {
            ui.add_space(8.0);
            ui.horizontal_wrapped(|ui| {
                for shelf in Shelf::ALL {
                    if ui.add(TextButton::new(&format!("It is {}", shelf.one()))).clicked() {
                        actions.push(Action::Library(LibraryAction::FileAs(inspection.path.clone(), shelf)));
                    }
                }
            });
        }
        fields::line(ui, 12.0);
        buttons(ui, state, inspection, actions);
    });
    if modal.should_close() {
        actions.push(Action::Window(WindowAction::CloseSheet));
    }
}

fn fact(ui: &mut egui::Ui, name: &str, value: &str) {
    ui.horizontal_top(|ui| {
        let (rect, _) = ui.allocate_exact_size(egui::vec2(LABEL_WIDTH, 18.0), egui::Sense::hover());
        let colour = theme::tokens(ui).text_2;
        crate::ui::widgets::paint::text(ui, rect, egui::Align::Min, name, fonts::body(), colour);
        ui.add(egui::Label::new(value).wrap());
    });
}

fn buttons(ui: &mut egui::Ui, state: &AppState, inspection: &Inspection, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        let is_hashing = state.library.hashing.as_ref() == Some(&inspection.path);
        if inspection.hash.is_none() {
            let text = if is_hashing { "Reading it all…" } else { "Tell its hash" };
            let button = ui.add_enabled(!is_hashing, TextButton::new(text));
            if button.on_hover_text("sha256, and the ten digits that AUTOMATIC1111 shows.").clicked() {
                actions.push(Action::Library(LibraryAction::Hash(inspection.path.clone())));
            }
        }
        if ui.add(TextButton::new("Show in folder")).clicked() {
            actions.push(Action::Files(FilesAction::Reveal(inspection.path.clone())));
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ui.add(TextButton::new("Close")).clicked() {
                actions.push(Action::Window(WindowAction::CloseSheet));
            }
        });
    });
}
