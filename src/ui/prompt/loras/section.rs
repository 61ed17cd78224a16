//! The folded section with the shelf: a picture, a name, a weight and its words for each LoRA.

use egui::{Popup, PopupCloseBehavior, RichText, Sense, Ui, vec2};

use super::picker;
use super::thumbnail::picture;
use crate::store::words::lora_file::{KeptLora, name_of};
use crate::ui::action::{Action, WordsAction};
use crate::ui::chrome::layout::Layout;
use crate::ui::gallery::state::Thumbnails;
use crate::ui::state::AppState;
use crate::ui::textures::Textures;
use crate::ui::theme;
use crate::ui::theme::icons;
use crate::ui::widgets::fields;
use crate::ui::widgets::{IconButton, TextButton};

/// Beyond it one is deliberate: a tag in the prompt takes any weight.
const MOST_WEIGHT: f64 = 2.0;
/// As many of a LoRA's words are seen at once.
const MOST_WORDS: usize = 8;

pub(crate) fn show(
    ui: &mut Ui,
    state: &mut AppState,
    textures: &mut Textures,
    layout: Layout,
    actions: &mut Vec<Action>,
) {
    let summary = if state.loras.is_open { String::new() } else { state.loras.summary() };
    fields::section(ui, "LoRAs", &summary, &mut state.loras.is_open);
    if !state.loras.is_open {
        return;
    }
    let AppState { loras, words, gallery, .. } = state;
    let mut list = std::mem::take(&mut loras.list);
    for known in &mut list {
        let thumbnail = words.thumbnail_of(&known.file);
        ui.push_id(known.file.clone(), |ui| {
            head(ui, known, thumbnail, &mut gallery.thumbnails, textures, actions);
            weight(ui, known, layout);
            trigger_words(ui, loras.words_of(&known.file).unwrap_or_default(), actions);
        });
    }
    loras.list = list;
    ui.horizontal(|ui| {
        let add = ui.add(TextButton::new("Add a LoRA").icon(icons::PLUS));
        let popup = Popup::menu(&add).close_behavior(PopupCloseBehavior::CloseOnClickOutside).width(picker::WIDTH);
        popup.show(|ui| picker::show(ui, &words.files.loras, loras, &mut gallery.thumbnails, textures, actions));
    });
}

/// The switch, the picture, the name and the way off the shelf.
fn head(
    ui: &mut Ui,
    known: &mut KeptLora,
    thumbnail: Option<&std::path::Path>,
    thumbnails: &mut Thumbnails,
    textures: &mut Textures,
    actions: &mut Vec<Action>,
) {
    let name = name_of(&known.file);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::HALF;
        let (rect, _) = ui.allocate_exact_size(egui::Vec2::splat(theme::CONTROL_HEIGHT), Sense::hover());
        picture(ui, rect, thumbnail, thumbnails, textures);
        let width = ui.available_width() - 2.0 * (theme::CONTROL_HEIGHT + theme::HALF);
        ui.allocate_ui(vec2(width, theme::CONTROL_HEIGHT), |ui| {
            ui.set_width(width);
            let colour = if known.on { theme::tokens(ui).text_1 } else { theme::tokens(ui).text_3 };
            let label = ui.add(egui::Label::new(RichText::new(&name).color(colour)).truncate());
            label.on_hover_text(known.file.display().to_string());
        });
        let (icon, words) = if known.on { (icons::EYE, "Switch off") } else { (icons::EYE_SLASH, "Switch on") };
        if ui.add(IconButton::new(icon, &format!("{words} {name}"))).clicked() {
            known.on = !known.on;
        }
        if ui.add(IconButton::new(icons::X, &format!("Take {name} off the shelf"))).clicked() {
            actions.push(Action::Words(WordsAction::RemoveLora(known.file.clone())));
        }
    });
}

fn weight(ui: &mut Ui, known: &mut KeptLora, layout: Layout) {
    ui.add_space(-4.0);
    fields::row(ui, "Weight", |ui, label| {
        if !known.on {
            ui.disable();
        }
        let field = fields::Number::new(0.05, -MOST_WEIGHT..=MOST_WEIGHT).default(1.0).decimals(2);
        field.show_with_slider(ui, label, layout.number_width(), &mut known.weight);
    });
}

/// Each puts itself into the prompt.
fn trigger_words(ui: &mut Ui, words: &[String], actions: &mut Vec<Action>) {
    if words.is_empty() {
        return;
    }
    ui.add_space(-4.0);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(theme::HALF, theme::HALF);
        for word in words.iter().take(MOST_WORDS) {
            let name = format!("Write “{word}” into the prompt");
            let most = ui.max_rect().width();
            let button = TextButton::new(word).named(&name).height(theme::CONTROL_HEIGHT - theme::HALF);
            let width = button.natural_width(ui).min(most);
            let button = ui.add(button.width(width));
            if button
                .on_hover_text("One of the words that it was trained with: a press writes it into the prompt.")
                .clicked()
            {
                actions.push(Action::Words(WordsAction::Append(word.clone())));
            }
        }
    });
}
