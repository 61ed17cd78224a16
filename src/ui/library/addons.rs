//! LoRAs, embeddings, VAEs and IP-Adapters in one table: what each is, where it lies, and a press to use it.

use std::path::{Path, PathBuf};

use egui::{Align, Layout, RichText, Sense, Ui, vec2};
use egui_extras::{Column, TableBuilder};

use crate::job::ReferenceAdapter;
use crate::store::words::lora_file::name_of;
use crate::ui::action::{Action, LayerAction, LibraryAction, WordsAction};
use crate::ui::prompt::loras::thumbnail::picture;
use crate::ui::state::AppState;
use crate::ui::textures::Textures;
use crate::ui::theme;
use crate::ui::widgets::TextButton;

const ROW: f32 = 36.0;
const PICTURE: f32 = 28.0;
const KIND: f32 = 88.0;
const BUTTONS: f32 = 176.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Lora,
    Embedding,
    Vae,
    ImageAdapter,
}

struct AddOn {
    kind: Kind,
    name: String,
    file: PathBuf,
    thumbnail: Option<PathBuf>,
}

pub(super) fn show(ui: &mut Ui, state: &mut AppState, textures: &mut Textures, actions: &mut Vec<Action>) {
    let all = all(state);
    if all.is_empty() {
        let nothing = state.library.search.trim().is_empty();
        let words = if nothing {
            "There is no LoRA, embedding, VAE or IP-Adapter yet. Add the folder where yours lie, or drop a file on the window."
        } else {
            "Nothing is called so."
        };
        ui.label(RichText::new(words).color(theme::tokens(ui).text_3));
        return;
    }
    let names = (ui.available_width() - KIND - BUTTONS - PICTURE - 64.0).max(120.0) * 0.5;
    let table = TableBuilder::new(ui)
        .id_salt("add-ons")
        .sense(Sense::hover())
        .cell_layout(Layout::left_to_right(Align::Center))
        .column(Column::exact(PICTURE))
        .column(Column::exact(names).clip(true))
        .column(Column::exact(KIND).clip(true))
        .column(Column::remainder().clip(true))
        .column(Column::exact(BUTTONS));
    let table = table.header(theme::CONTROL_HEIGHT, |mut header| {
        for words in ["", "Name", "Kind", "Folder", ""] {
            header.col(|ui| {
                ui.label(RichText::new(words).color(theme::tokens(ui).text_2));
            });
        }
    });
    table.body(|body| {
        body.rows(ROW, all.len(), |mut row| {
            let one = &all[row.index()];
            row.col(|ui| {
                let (rect, _) = ui.allocate_exact_size(vec2(PICTURE, PICTURE), Sense::hover());
                picture(ui, rect, one.thumbnail.as_deref(), &mut state.gallery.thumbnails, textures);
            });
            let folder = one.file.parent().unwrap_or(Path::new(""));
            let (shown, whole) = (end_of(folder).display().to_string(), folder.display().to_string());
            row.col(|ui| text(ui, &one.name, &one.name, theme::tokens(ui).text_1));
            row.col(|ui| text(ui, one.kind.label(), one.kind.label(), theme::tokens(ui).text_2));
            row.col(|ui| text(ui, &shown, &whole, theme::tokens(ui).text_2));
            row.col(|ui| buttons(ui, one, state, actions));
        });
    });
}

fn text(ui: &mut Ui, words: &str, whole: &str, colour: egui::Color32) {
    ui.add(egui::Label::new(RichText::new(words).color(colour)).truncate().selectable(false)).on_hover_text(whole);
}

/// The last two names of a path tell one folder from another: what stands before them is mostly the same.
fn end_of(folder: &Path) -> PathBuf {
    let names: Vec<_> = folder.components().collect();
    names[names.len().saturating_sub(2)..].iter().collect()
}

impl Kind {
    fn label(self) -> &'static str {
        match self {
            Self::Lora => "LoRA",
            Self::Embedding => "Embedding",
            Self::Vae => "VAE",
            Self::ImageAdapter => "IP-Adapter",
        }
    }
}

/// Those that fit the search, by kind and name.
fn all(state: &AppState) -> Vec<AddOn> {
    let files = &state.words.files;
    let loras = files.loras.iter().map(|lora| AddOn {
        kind: Kind::Lora,
        name: lora.name(),
        file: lora.path.clone(),
        thumbnail: lora.thumbnail.clone(),
    });
    let plain = |kind, name: String, file: &Path| AddOn { kind, name, file: file.to_path_buf(), thumbnail: None };
    let embeddings = files.embeddings.iter().map(|known| plain(Kind::Embedding, known.word.clone(), &known.file));
    let vaes = state.library.vaes.iter().map(|file| plain(Kind::Vae, name_of(file), file));
    let adapters = state.layers.adapters.iter();
    let adapters = adapters.map(|known| plain(Kind::ImageAdapter, known.name.clone(), &known.path));
    let wanted = state.library.search.trim().to_lowercase();
    let fits = |one: &AddOn| {
        wanted.is_empty()
            || one.name.to_lowercase().contains(&wanted)
            || one.kind.label().to_lowercase().contains(&wanted)
    };
    loras.chain(embeddings).chain(vaes).chain(adapters).filter(fits).collect()
}

fn buttons(ui: &mut Ui, one: &AddOn, state: &AppState, actions: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing.x = theme::HALF;
    let model = state.prompt.model.clone();
    let (words, hint, action) = match one.kind {
        Kind::ImageAdapter => return adapter_buttons(ui, one, state, actions),
        Kind::Lora if state.loras.holds(&one.file) => (
            "Take off",
            "It lies on the shelf of the prompt panel.",
            Action::Words(WordsAction::RemoveLora(one.file.clone())),
        ),
        Kind::Lora => {
            ("Use", "Puts it on the shelf of the prompt panel.", Action::Words(WordsAction::AddLora(one.file.clone())))
        }
        Kind::Embedding => {
            ("Use", "Writes its word into the prompt.", Action::Words(WordsAction::Append(one.name.clone())))
        }
        Kind::Vae if state.library.note(&model).vae.as_ref() == Some(&one.file) => (
            "Take off",
            "The chosen model decodes with it: then with its own again.",
            Action::Library(LibraryAction::Vae { model, file: None }),
        ),
        Kind::Vae => (
            "Use",
            "The chosen model decodes with it.",
            Action::Library(LibraryAction::Vae { model, file: Some(one.file.clone()) }),
        ),
    };
    let name = format!("{words}: {}", one.name);
    if ui.add(TextButton::new(words).named(&name).width(84.0).centred()).on_hover_text(hint).clicked() {
        actions.push(action);
    }
    inspect_button(ui, one, actions);
}

/// It goes with a reference layer: the chosen one takes it.
fn adapter_buttons(ui: &mut Ui, one: &AddOn, state: &AppState, actions: &mut Vec<Action>) {
    let layer = state.canvas.chosen_layer().filter(|layer| layer.settings.layer_use.reference().is_some());
    let name = format!("Use: {}", one.name);
    let button = ui.add_enabled(layer.is_some(), TextButton::new("Use").named(&name).width(84.0).centred());
    let button = button.on_hover_text("The chosen reference layer is shown to the model through it.");
    let clicked = button.on_disabled_hover_text("Choose a reference layer first: add one under Layers.").clicked();
    if let Some(layer) = layer.filter(|_| clicked) {
        let mut settings = layer.settings.clone();
        if let Some(reference) = settings.layer_use.reference_mut() {
            reference.adapter = Some(ReferenceAdapter { file: one.file.clone(), encoder: None });
        }
        actions.push(Action::Layers(LayerAction::Set { layer: layer.id, settings: Box::new(settings) }));
    }
    inspect_button(ui, one, actions);
}

fn inspect_button(ui: &mut Ui, one: &AddOn, actions: &mut Vec<Action>) {
    let name = format!("Inspect: {}", one.name);
    if ui.add(TextButton::new("Inspect").named(&name).width(84.0).centred()).clicked() {
        actions.push(Action::Library(LibraryAction::Inspect(one.file.clone())));
    }
}
