//! The menu over the prompt: styles, kept negative prompts, what was written before, and the list of tags.

use egui::{Id, Popup, PopupCloseBehavior, RichText, Ui};

use super::state::WordsState;
use crate::store::words::Style;
use crate::ui::action::{Action, WordsAction};
use crate::ui::prompt::state::PromptPanelState;
use crate::ui::theme;
use crate::ui::theme::icons;
use crate::ui::widgets::{IconButton, MenuItem, TextButton, fields};

const WIDTH: f32 = 288.0;
const HEIGHT: f32 = 420.0;
/// As many of the prompts that were written before.
const MOST_BEFORE: usize = 12;

/// The button, and what opens under it.
pub(crate) fn show(ui: &mut Ui, prompt: &PromptPanelState, words: &mut WordsState, actions: &mut Vec<Action>) {
    let button = TextButton::new("Styles").icon(icons::CARET_DOWN).bare().height(theme::CONTROL_HEIGHT - 6.0);
    let button = ui.add(button).on_hover_text("Words with a name, and prompts that were written before");
    let popup = Popup::menu(&button).close_behavior(PopupCloseBehavior::CloseOnClickOutside).width(WIDTH);
    popup.show(|ui| {
        ui.set_width(WIDTH - 2.0 * f32::from(ui.spacing().menu_margin.left));
        egui::ScrollArea::vertical().max_height(HEIGHT).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let is_empty = words.files.styles.is_empty();
            if is_empty {
                quiet(ui, "No styles yet. Write a prompt, and keep it here under a name.");
            }
            styles(ui, "Styles", words, false, actions);
            styles(ui, "Negative prompts", words, true, actions);
            before(ui, &words.history, actions);
            keep(ui, prompt, words, actions);
            files(ui, words, actions);
        });
    });
}

fn heading(ui: &mut Ui, text: &str) {
    ui.add_space(theme::HALF);
    ui.horizontal(|ui| {
        ui.add_space(8.0);
        ui.label(RichText::new(text).color(theme::tokens(ui).text_3));
    });
}

fn quiet(ui: &mut Ui, text: &str) {
    egui::Frame::NONE.inner_margin(8.0).show(ui, |ui| ui.label(RichText::new(text).color(theme::tokens(ui).text_2)));
}

fn styles(ui: &mut Ui, title: &str, words: &WordsState, negative: bool, actions: &mut Vec<Action>) {
    let list: Vec<&Style> = words.files.styles.iter().filter(|style| style.is_negative() == negative).collect();
    if !list.is_empty() {
        heading(ui, title);
    }
    for style in list {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            let width = ui.available_width() - if style.is_own { theme::CONTROL_HEIGHT } else { 0.0 };
            let line = ui.scope(|ui| {
                ui.set_width(width);
                ui.add(MenuItem::new(&style.name))
            });
            let words = [style.prompt.as_str(), style.negative.as_str()].join("\nNegative: ");
            let words = words.trim_start_matches('\n').trim_end_matches("\nNegative: ").to_owned();
            if line.inner.on_hover_text(words).clicked() {
                actions.push(Action::Words(WordsAction::UseStyle(style.name.clone())));
                ui.close();
            }
            if style.is_own {
                let name = format!("Forget the style {}", style.name);
                if ui.add(IconButton::new(icons::X, &name)).clicked() {
                    actions.push(Action::Words(WordsAction::ForgetStyle(style.name.clone())));
                }
            }
        });
    }
}

fn before(ui: &mut Ui, history: &[String], actions: &mut Vec<Action>) {
    if !history.is_empty() {
        heading(ui, "Written before");
    }
    for prompt in history.iter().take(MOST_BEFORE) {
        let line = prompt.lines().next().unwrap_or_default();
        if ui.add(MenuItem::new(line)).on_hover_text(prompt).clicked() {
            actions.push(Action::Words(WordsAction::UsePrompt(prompt.clone())));
            ui.close();
        }
    }
}

/// A name, and what of the panel is kept under it.
fn keep(ui: &mut Ui, prompt: &PromptPanelState, words: &mut WordsState, actions: &mut Vec<Action>) {
    ui.add(egui::Separator::default().spacing(9.0));
    egui::Frame::NONE.inner_margin(egui::Margin::symmetric(8, 0)).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = theme::HALF;
        let label = ui.label(RichText::new("Keep under the name").color(theme::tokens(ui).text_2)).id;
        fields::text_line_with_id(ui, label, Id::unique("style name"), ui.available_width(), |ui, id| {
            let field = egui::TextEdit::singleline(&mut words.style_name).id(id).hint_text("ink wash");
            ui.add(field.desired_width(f32::INFINITY).char_limit(120).frame(egui::Frame::NONE))
        });
        ui.horizontal(|ui| {
            let (positive, negative) = (prompt.prompt.trim(), prompt.negative.trim());
            for (name, positive, negative) in
                [("Prompt", positive, ""), ("Negative", "", negative), ("Both", positive, negative)]
            {
                let is_there = match name {
                    "Both" => !positive.is_empty() && !negative.is_empty(),
                    _ => !positive.is_empty() || !negative.is_empty(),
                };
                let button = ui.add_enabled(is_there && !words.style_name.trim().is_empty(), TextButton::new(name));
                let why = if is_there { "Write a name first." } else { "Nothing is written there." };
                if button.on_disabled_hover_text(why).clicked() {
                    actions.push(Action::Words(WordsAction::KeepStyle(Style {
                        name: std::mem::take(&mut words.style_name).trim().to_owned(),
                        prompt: positive.to_owned(),
                        negative: negative.to_owned(),
                        is_own: true,
                    })));
                    ui.close();
                    return;
                }
            }
        });
        ui.add_space(theme::HALF);
    });
}

fn files(ui: &mut Ui, words: &WordsState, actions: &mut Vec<Action>) {
    ui.add(egui::Separator::default().spacing(9.0));
    let tags = words.tags_words();
    let line = match &tags {
        Some(tags) => format!("Completes {tags}"),
        None => "No list of tags".to_owned(),
    };
    quiet(ui, &line);
    for (name, action) in
        [("Choose a list of tags…", WordsAction::ChooseTagsDialog), ("Show the styles file", WordsAction::ShowStyles)]
    {
        if ui.add(MenuItem::new(name)).clicked() {
            actions.push(Action::Words(action));
            ui.close();
        }
    }
}
