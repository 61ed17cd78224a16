//! The small sheets in front of the window: keys, about, and how to get a photographic model.

use egui::{Context, Frame, Id, Margin, Modal, RichText, Ui, vec2};

use super::action::Action;
use super::state::Sheet;
use super::widgets::TextButton;
use super::{fonts, shortcuts, theme};

/// Where a diffusers folder of Stable Diffusion 1.5 lies, free to download.
const PHOTOGRAPHIC_MODEL_PAGE: &str = "https://huggingface.co/stable-diffusion-v1-5/stable-diffusion-v1-5/tree/main";

pub fn show(ctx: &Context, sheet: Sheet, actions: &mut Vec<Action>) {
    let frame = Frame::popup(&ctx.global_style()).inner_margin(Margin::same(24));
    let modal = Modal::new(Id::unique("sheet")).frame(frame).show(ctx, |ui| {
        ui.set_width(416.0);
        match sheet {
            Sheet::Keys => keys(ui),
            Sheet::About => about(ui),
            Sheet::PhotographicModel => photographic_model(ui, actions),
        }
        ui.add_space(16.0);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ui.add(TextButton::new("Close")).clicked() {
                actions.push(Action::CloseSheet);
            }
        });
    });
    if modal.should_close() {
        actions.push(Action::CloseSheet);
    }
}

fn heading(ui: &mut Ui, words: &str) {
    ui.label(RichText::new(words).font(fonts::strong(fonts::HEADING_PT)));
    ui.add_space(8.0);
}

fn keys(ui: &mut Ui) {
    heading(ui, "Keys");
    let tokens = theme::tokens(ui);
    let most = (ui.ctx().content_rect().height() - 220.0).max(160.0);
    egui::ScrollArea::vertical().max_height(most).auto_shrink([false, true]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        for entry in shortcuts::TABLE {
            ui.horizontal(|ui| {
                ui.label(entry.words);
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    ui.add_space(8.0);
                    ui.label(RichText::new(shortcuts::written(ui.ctx(), entry.command)).color(tokens.text_2));
                });
            });
        }
    });
}

fn about(ui: &mut Ui) {
    heading(ui, "Inkwick");
    ui.label(format!("Version {}. A studio for Stable Diffusion, all on this machine.", env!("CARGO_PKG_VERSION")));
    ui.label("MIT or Apache-2.0. The built-in model was trained on Fluent Emoji (Microsoft, MIT).");
    ui.label("Letters: Inter (OFL). Icons: Phosphor (MIT).");
}

fn photographic_model(ui: &mut Ui, actions: &mut Vec<Action>) {
    heading(ui, "Get a photographic model");
    ui.spacing_mut().item_spacing = vec2(8.0, 8.0);
    ui.spacing_mut().interact_size.y = 18.0;
    ui.label("The built-in model is small and paints emoji-like objects and scenes. For photographs:");
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        ui.label("1.  Download the folder of");
        ui.hyperlink_to("Stable Diffusion 1.5 from its page", PHOTOGRAPHIC_MODEL_PAGE);
    });
    ui.horizontal(|ui| {
        ui.add_space(18.0);
        let words = "model_index.json and the folders beside it, about 4 GB";
        ui.label(RichText::new(words).color(theme::tokens(ui).text_2));
    });
    ui.label("2.  Add that folder here, or drop it on the window.");
    ui.add_space(8.0);
    if ui.add(TextButton::new("Add model folder…")).clicked() {
        actions.push(Action::CloseSheet);
        actions.push(Action::AddModelDialog);
    }
}
