//! The sheet on which a picture's kept latents are decoded again: in single precision, in tiles, by another VAE.

use std::path::Path;

use egui::{RichText, Ui};

use crate::ui::action::{Action, DecodeChoice, FilesAction};
use crate::ui::state::AppState;
use crate::ui::theme;
use crate::ui::widgets::{Check, TextButton, fields};

pub(crate) fn show(ui: &mut Ui, state: &mut AppState, actions: &mut Vec<Action>) {
    let Some(DecodeChoice { file, in_single, in_tiles, vae }) = &mut state.decode else { return };
    let tokens = theme::tokens(ui);
    ui.spacing_mut().item_spacing.y = theme::HALF;
    ui.label(RichText::new(name_of(file)).color(tokens.text_2));
    ui.add(egui::Label::new("The picture's last latents become pixels once more; nothing is drawn anew.").wrap());
    fields::row(ui, "VAE", |ui, label| {
        let chosen = vae.as_deref().map_or("As it was".to_owned(), name_of);
        fields::menu_box(ui, label, ui.available_width(), &chosen, "", |ui| {
            if fields::choice(ui, vae.is_none(), "As it was", "") {
                *vae = None;
                ui.close();
            }
            for known in &state.library.vaes {
                if fields::choice(ui, vae.as_ref() == Some(known), &name_of(known), "") {
                    *vae = Some(known.clone());
                    ui.close();
                }
            }
        });
    });
    ui.add(Check::new("In single precision (f32)", in_single));
    ui.add(Check::new("In tiles, which takes less memory", in_tiles));
    ui.add_space(theme::HALF);
    if ui.add(TextButton::new("Decode")).clicked() {
        actions.extend(state.decode.clone().map(|choice| Action::Files(FilesAction::Decode(choice))));
    }
}

fn name_of(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
