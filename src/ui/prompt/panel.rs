//! The left panel, in the order of thought: prompt, model, what to do, how much; the button stands fixed below.

use std::sync::Arc;

use egui::{Align, Frame, Margin, Panel, RichText, ScrollArea, Ui};

use crate::ui::action::{Action, PromptAction, PromptField, WindowAction};
use crate::ui::chrome::layout::Layout;
use crate::ui::input::keymap;
use crate::ui::input::shortcuts::Command;
use crate::ui::prompt;
use crate::ui::prompt::words;
use crate::ui::prompt::words::field::PromptText;
use crate::ui::queue;
use crate::ui::state::{AppState, Mode};
use crate::ui::textures::Textures;
use crate::ui::theme;
use crate::ui::theme::icons;
use crate::ui::widgets::fields;
use crate::ui::widgets::{IconButton, PrimaryButton};

const NEGATIVE: &str = "Negative prompt";

pub(crate) fn show(
    ui: &mut Ui,
    state: &mut AppState,
    textures: &mut Textures,
    layout: Layout,
    actions: &mut Vec<Action>,
) {
    let padding = f32::from(theme::PANEL_PADDING);
    let foot_height = theme::PRIMARY_HEIGHT + 2.0 * if layout.short { 12.0 } else { padding };
    let foot_margin = Margin::symmetric(theme::PANEL_PADDING, if layout.short { 12 } else { theme::PANEL_PADDING });
    let foot = Panel::bottom("prompt foot")
        .exact_size(foot_height)
        .frame(Frame::NONE.inner_margin(foot_margin))
        .show_separator_line(false)
        .show(ui, |ui| generate_button(ui, state, actions));

    let scroll = ScrollArea::vertical().id_salt("prompt scroll").auto_shrink([false, false]).show(ui, |ui| {
        // The margin stands inside the scroll area, so that its bar runs in the panel's padding.
        Frame::NONE.inner_margin(Margin::symmetric(theme::PANEL_PADDING, 10)).show(ui, |ui| {
            prompts(ui, state, layout, actions);
            fields::line(ui, 12.0);
            prompt::fields::show(ui, state, textures, layout, actions);
        });
    });
    if scroll.content_size.y > scroll.inner_rect.height() + 1.0 {
        let tokens = theme::tokens(ui);
        let edge = foot.response.rect;
        ui.painter().hline(edge.x_range(), edge.top(), egui::Stroke::new(1.0, tokens.line));
    }
}

/// What is left of the panel in a very narrow window.
pub(crate) fn show_rail(ui: &mut Ui, actions: &mut Vec<Action>) {
    ui.add_space(8.0);
    ui.vertical_centered(|ui| {
        let key = keymap::written(ui.ctx(), Command::PromptPanel);
        if ui.add(IconButton::new(icons::SLIDERS_HORIZONTAL, "Open the prompt panel").key(&key)).clicked() {
            actions.push(Action::Window(WindowAction::TogglePromptPanel));
        }
    });
}

/// The prompt, its token count, and the folded negative prompt.
fn prompts(ui: &mut Ui, state: &mut AppState, layout: Layout, actions: &mut Vec<Action>) {
    let tokens = theme::tokens(ui);
    let known = state.known_words();
    let AppState { prompt, words, loras, .. } = state;
    let files = Arc::clone(&words.files);
    let is_of_file = |word: &str| files.is_of_embedding(word) || loras.knows(word);
    let text = |field, hint, least_height| PromptText { field, hint, least_height, known, is_of_file: &is_of_file };
    let label = ui
        .horizontal(|ui| {
            let label = ui.label(RichText::new("Prompt").color(tokens.text_2));
            ui.with_layout(egui::Layout::right_to_left(Align::Center), |ui| {
                words::menu::show(ui, prompt, words, actions);
                if let Some(count) = prompt.tokens.as_ref().filter(|count| !count.is_long()) {
                    let label = ui.label(RichText::new(count.words()).color(tokens.text_3));
                    label.on_hover_text("The pieces in which the model reads the prompt.");
                }
            });
            label
        })
        .inner;
    ui.add_space(-6.0);
    let id = PromptField::Prompt.id();
    let (height, most) = if layout.short { (56.0, 96.0) } else { (108.0, 216.0) };
    let response = fields::long_text_frame(ui, id, most - 16.0, |ui| {
        let field = text(PromptField::Prompt, "What should be in the picture?", height - 16.0);
        field.show(ui, &mut prompt.prompt, words, actions)
    })
    .labelled_by(label.id);
    if let Some(count) = prompt.tokens.as_ref().filter(|count| count.is_long()) {
        ui.add_space(-6.0);
        let colour = if count.is_too_long() { tokens.warning } else { tokens.text_2 };
        let line = ui.add(egui::Label::new(RichText::new(count.words()).color(colour)).truncate());
        line.on_hover_text(count.boundaries());
    }
    if std::mem::take(&mut prompt.wants_focus) {
        response.request_focus();
    }
    if prompt.start.take_leave() {
        response.surrender_focus();
    }

    let summary = if prompt.negative.trim().is_empty() { "empty" } else { prompt.negative.as_str() };
    let summary = if prompt.negative_open { "" } else { summary };
    ui.add_space(-6.0);
    fields::section(ui, NEGATIVE, summary, &mut prompt.negative_open);
    if prompt.negative_open {
        let id = PromptField::Negative.id();
        let is_sought = fields::is_sought(ui.ctx(), NEGATIVE);
        fields::long_text_frame(ui, id, most / 2.0, |ui| {
            let field = text(PromptField::Negative, "What should not be in it?", 0.0);
            let response = field.show(ui, &mut prompt.negative, words, actions);
            if is_sought {
                response.request_focus();
            }
            response.widget_info(|| {
                let mut info = egui::WidgetInfo::text_edit(true, "", prompt.negative.as_str(), "");
                info.label = Some("Negative prompt text".into());
                info
            });
            response
        });
    }
    ui.add_space(-2.0);
}

fn generate_button(ui: &mut Ui, state: &mut AppState, actions: &mut Vec<Action>) {
    let busy = state.candidates.is_busy();
    let words = match (busy, state.mode()) {
        (true, _) => "Queue next",
        (false, Mode::Create) => "Generate",
        (false, Mode::Edit) => "Repaint picture",
        (false, Mode::Fill) => "Fill mask",
    };
    let ready = state.is_ready();
    let key = keymap::written(ui.ctx(), Command::Generate);
    let width = ui.available_width() - 2.0 * theme::GRID;
    let button = PrimaryButton::new(words).key(&key).enabled(ready).quiet(busy).caret("More ways to generate");
    let shown = button.show(ui);
    if let Some(caret) = &shown.caret {
        queue::menu::show(caret, width, state, actions);
    }
    if shown.button.on_disabled_hover_text("Type a prompt first.").clicked() {
        actions.push(Action::Prompt(PromptAction::Generate));
    }
}
