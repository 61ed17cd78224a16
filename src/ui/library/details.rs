//! What is known of the chosen model, and what can be done with it.

use std::path::Path;

use egui::{RichText, Ui, vec2};

use crate::job::ModelRef;
use crate::store::models::entry::ModelEntry;
use crate::ui::action::{Action, FilesAction, LibraryAction};
use crate::ui::gallery::state::Thumbnail;
use crate::ui::numbers;
use crate::ui::state::AppState;
use crate::ui::textures::Textures;
use crate::ui::theme;
use crate::ui::theme::fonts;
use crate::ui::widgets::TextButton;
use crate::ui::widgets::fields;

const THUMBNAIL_SIDE: f32 = 128.0;

pub(super) fn show(ui: &mut Ui, state: &mut AppState, textures: &mut Textures, actions: &mut Vec<Action>) {
    let chosen = state.models.iter().find(|entry| Some(&entry.reference) == state.library.chosen.as_ref()).cloned();
    egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        let Some(entry) = chosen else {
            ui.label(RichText::new("Choose a model to see what it is.").color(theme::tokens(ui).text_3));
            folders(ui, state, actions);
            return;
        };
        about(ui, state, textures, &entry);
        ui.add_space(4.0);
        uses(ui, state, &entry, actions);
        fields::line(ui, 12.0);
        own_settings(ui, state, &entry, actions);
        fields::line(ui, 12.0);
        notes(ui, state, &entry);
        if let ModelRef::Folder(path) | ModelRef::File(path) = &entry.reference {
            fields::line(ui, 12.0);
            place(ui, state, &entry, path, actions);
        }
    });
}

fn about(ui: &mut Ui, state: &mut AppState, textures: &mut Textures, entry: &ModelEntry) {
    let tokens = theme::tokens(ui);
    let made = state.library.note(&entry.reference).picture;
    if let Some(file) = entry.facts.thumbnail.as_ref().or(made.as_ref()) {
        match state.gallery.thumbnails.get(file) {
            Some(Thumbnail::Ready(picture)) => {
                if let Some(texture) = textures.small(picture) {
                    let size = vec2(picture.width() as f32, picture.height() as f32);
                    let size = size * (THUMBNAIL_SIDE / size.max_elem().max(1.0));
                    ui.add(egui::Image::from_texture((texture, size)).alt_text("Thumbnail of the model"));
                }
            }
            Some(_) => {}
            None => state.gallery.thumbnails.want(file),
        }
    }
    ui.label(RichText::new(&entry.name).font(fonts::strong(fonts::LARGE_PT)));
    ui.label(&entry.kind);
    let facts = &entry.facts;
    let licence = if facts.licence.is_empty() { "licence unknown" } else { &facts.licence };
    let shown = [numbers::size(facts.bytes), facts.precision.to_lowercase(), licence.to_owned()];
    let shown: Vec<String> = shown.into_iter().filter(|text| !text.is_empty()).collect();
    ui.label(RichText::new(shown.join(" · ")).color(tokens.text_2));
}

fn uses(ui: &mut Ui, state: &AppState, entry: &ModelEntry, actions: &mut Vec<Action>) {
    let is_used = state.prompt.model == entry.reference;
    ui.horizontal(|ui| {
        let words = if is_used { "In use" } else { "Use this model" };
        if ui.add_enabled(!is_used, TextButton::new(words).key(if is_used { "" } else { "Enter" })).clicked() {
            actions.push(Action::Library(LibraryAction::Use(entry.reference.clone())));
        }
    });
}

/// What the panel is set to when the model is chosen, and what decodes.
fn own_settings(ui: &mut Ui, state: &mut AppState, entry: &ModelEntry, actions: &mut Vec<Action>) {
    let tokens = theme::tokens(ui);
    let note = state.library.note(&entry.reference);
    let (text, keep) = match note.defaults {
        Some(kept) => {
            let [width, height] = kept.size_px;
            let scheduler = kept.scheduler.map_or("its own sampler", |name| name.label());
            let guidance = kept.guidance.map(|guidance| format!(", CFG scale {guidance}")).unwrap_or_default();
            (
                format!("Starts with {width} × {height}, {} steps, {scheduler}{guidance}.", kept.steps),
                "Keep the panel's anew",
            )
        }
        None => ("Starts with what its files say.".to_owned(), "Keep the panel's settings"),
    };
    ui.label(RichText::new(text).color(tokens.text_2));
    ui.horizontal_wrapped(|ui| {
        let button = ui.add(TextButton::new(keep));
        if button
            .on_hover_text("Size, steps, CFG scale and sampler of the prompt panel, whenever it is chosen.")
            .clicked()
        {
            actions.push(Action::Library(LibraryAction::KeepDefaults(entry.reference.clone())));
        }
        if note.defaults.is_some() && ui.add(TextButton::new("Forget them")).clicked() {
            actions.push(Action::Library(LibraryAction::ForgetDefaults(entry.reference.clone())));
        }
    });
    let name = |file: &Path| file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    fields::row(ui, "VAE", |ui, label| {
        let chosen = note.vae.as_deref().map_or("The model's own".to_owned(), name);
        let width = ui.available_width();
        fields::menu_box(ui, label, width, &chosen, "", |ui| {
            let mut choose = |ui: &mut Ui, is_chosen, words: &str, file| {
                if fields::choice(ui, is_chosen, words, "") {
                    let model = entry.reference.clone();
                    actions.push(Action::Library(LibraryAction::Vae { model, file }));
                    ui.close();
                }
            };
            choose(ui, note.vae.is_none(), "The model's own", None);
            for file in &state.library.vaes {
                choose(ui, note.vae.as_ref() == Some(file), &name(file), Some(file.clone()));
            }
        });
    });
    if state.library.vaes.is_empty() {
        let words = "A VAE file that is dropped on the window can be chosen here.";
        ui.label(RichText::new(words).color(tokens.text_3));
    }
}

fn notes(ui: &mut Ui, state: &mut AppState, entry: &ModelEntry) {
    let label = ui.label(RichText::new("Notes").color(theme::tokens(ui).text_2)).id;
    let words = &mut state.library.note_mut(&entry.reference).words;
    let id = label.with("text");
    let field = |ui: &mut Ui| {
        let field = egui::TextEdit::multiline(words).id(id).desired_rows(3).desired_width(f32::INFINITY);
        ui.add(field.hint_text("what it is good at, words it wants").frame(egui::Frame::NONE))
    };
    fields::text_frame(ui, id, field).labelled_by(label);
}

fn place(ui: &mut Ui, state: &AppState, entry: &ModelEntry, path: &Path, actions: &mut Vec<Action>) {
    ui.add(egui::Label::new(RichText::new(path.display().to_string()).color(theme::tokens(ui).text_3)).wrap());
    ui.horizontal_wrapped(|ui| {
        if ui.add(TextButton::new("Show in folder")).clicked() {
            actions.push(Action::Files(FilesAction::Reveal(path.to_path_buf())));
        }
        if matches!(entry.reference, ModelRef::File(_)) && ui.add(TextButton::new("What is in it")).clicked() {
            actions.push(Action::Library(LibraryAction::Inspect(path.to_path_buf())));
        }
        let root = state.library.folders.iter().find(|folder| path.starts_with(folder) && *folder != path);
        if let Some(folder) = root {
            let forget = ui.add(TextButton::new("Forget its folder"));
            if forget.on_hover_text(format!("Looks no more into {}. Nothing is deleted.", folder.display())).clicked() {
                actions.push(Action::Library(LibraryAction::ForgetFolder(folder.clone())));
            }
        } else if state.library.folders.iter().any(|folder| folder == path) {
            let remove = ui.add(TextButton::new("Remove from the list"));
            if remove.on_hover_text("The model itself stays where it is.").clicked() {
                actions.push(Action::Library(LibraryAction::ForgetModel(path.to_path_buf())));
            }
        }
    });
}

/// Folders that are looked through, where no model is chosen.
fn folders(ui: &mut Ui, state: &AppState, actions: &mut Vec<Action>) {
    let roots = &state.library.roots;
    if roots.is_empty() {
        return;
    }
    ui.add_space(16.0);
    ui.label("Folders that are looked through:");
    for folder in roots {
        ui.add(egui::Label::new(RichText::new(folder.display().to_string()).color(theme::tokens(ui).text_2)).wrap());
        if ui.add(TextButton::new("Forget").named(&format!("Forget {}", folder.display()))).clicked() {
            actions.push(Action::Library(LibraryAction::ForgetFolder(folder.clone())));
        }
    }
}
