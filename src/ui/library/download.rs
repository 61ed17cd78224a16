//! Where to get models: a short list to begin with, any repository by its name, and what is on its way.

use egui::{Align, Layout, ProgressBar, RichText, Ui};

use super::state::{LibraryState, Linked};
use crate::hub::{Download, DownloadState, Offer, STARTERS, Starter};
use crate::ui::action::{Action, LibraryAction};
use crate::ui::numbers;
use crate::ui::theme;
use crate::ui::theme::{fonts, icons};
use crate::ui::widgets::TextButton;
use crate::ui::widgets::fields;

pub(super) fn show(ui: &mut Ui, library: &mut LibraryState, actions: &mut Vec<Action>) {
    egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        if !library.downloads.is_empty() {
            let downloads = library.downloads.clone();
            for download in &downloads {
                under_way(ui, library, download, actions);
                ui.add_space(8.0);
            }
            fields::line(ui, 12.0);
        }
        ui.label(RichText::new("To begin with").font(fonts::strong(fonts::BODY_PT)));
        for starter in &STARTERS {
            offer(ui, library, starter, actions);
        }
        fields::line(ui, 12.0);
        by_name(ui, library, actions);
    });
}

fn offer(ui: &mut Ui, library: &LibraryState, starter: &Starter, actions: &mut Vec<Action>) {
    let Starter { repository, size_gb, licence, what } = starter;
    let tokens = theme::tokens(ui);
    ui.horizontal(|ui| {
        ui.vertical(|ui| {
            ui.set_width(ui.available_width() - 128.0);
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.label(*what);
            ui.label(RichText::new(format!("{repository} · {size_gb} GB · {licence}")).color(tokens.text_3));
        });
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let known = library.downloads.iter().any(|download| download.name == *repository);
            let button = TextButton::new("Download").icon(icons::DOWNLOAD_SIMPLE).named(repository);
            if ui.add_enabled(!known, button).on_disabled_hover_text("It is in the list above.").clicked() {
                actions.push(Action::Library(LibraryAction::Download((*repository).to_owned())));
            }
        });
    });
}

fn by_name(ui: &mut Ui, library: &mut LibraryState, actions: &mut Vec<Action>) {
    let tokens = theme::tokens(ui);
    let label = ui.label("Any other of the Hugging Face Hub").id;
    let mut entered = false;
    ui.horizontal(|ui| {
        let text = &mut library.repository_text;
        fields::text_line(ui, label, (ui.available_width() - 115.0).max(120.0), |ui, id| {
            let field = egui::TextEdit::singleline(text).id(id).hint_text("OWNER/NAME, or OWNER/NAME:FILE.safetensors");
            let response = ui.add(field.desired_width(f32::INFINITY).frame(egui::Frame::NONE));
            entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            response
        });
        let name = text.trim().to_owned();
        let clicked =
            ui.add_enabled(!name.is_empty(), TextButton::new("Download").icon(icons::DOWNLOAD_SIMPLE)).clicked();
        if (clicked || entered) && !name.is_empty() {
            actions.push(Action::Library(LibraryAction::Download(name)));
            text.clear();
        }
    });
    if let Some(Linked { name, offer }) =
        library.linked.as_ref().filter(|linked| linked.name == library.repository_text.trim())
    {
        ui.label(match offer {
            None => RichText::new(format!("Asking the hub about {name}…")).color(tokens.text_2),
            Some(Ok(offer)) => RichText::new(terms(offer)),
            Some(Err(reason)) => RichText::new(sentence(reason)).color(tokens.warning),
        });
    }
    let words = "Only the files that are needed are fetched, half precision where there is one; each is held against its checksum.";
    ui.label(RichText::new(words).color(tokens.text_3));
}

/// How much it is, and on which terms.
fn terms(offer: &Offer) -> String {
    let Offer { bytes, files, licence } = offer;
    let licence =
        licence.as_deref().map_or("its card names no licence".to_owned(), |licence| format!("licence {licence}"));
    let files = if *files == 1 { "one file".to_owned() } else { format!("{files} files") };
    format!("It is {} in {files}; {licence}.", amount_text(*bytes))
}

fn under_way(ui: &mut Ui, library: &mut LibraryState, download: &Download, actions: &mut Vec<Action>) {
    let tokens = theme::tokens(ui);
    let Download { name, state, bytes_done, bytes_total } = download;
    ui.horizontal(|ui| {
        ui.label(RichText::new(name).font(fonts::strong(fonts::BODY_PT)));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| buttons(ui, name, state, actions));
    });
    let amount = match (state, bytes_total) {
        (DownloadState::Stopping, _) => "Stopping…".to_owned(),
        (DownloadState::Running, 0) => "Asking the hub what there is…".to_owned(),
        (DownloadState::Done(path), _) => format!("Whole, and in the library: {}", path.display()),
        // Nothing is known of it, so there is nothing to show.
        (_, 0) => String::new(),
        (DownloadState::Paused, _) => {
            format!("Paused at {} of {}", amount_text(*bytes_done), amount_text(*bytes_total))
        }
        _ => format!("{} of {}", amount_text(*bytes_done), amount_text(*bytes_total)),
    };
    if !amount.is_empty() {
        let share = *bytes_done as f32 / (*bytes_total).max(1) as f32;
        ui.add(ProgressBar::new(share).desired_height(4.0).fill(tokens.accent_line));
        ui.label(RichText::new(amount).color(tokens.text_2));
    }
    match state {
        DownloadState::Failed(reason) => {
            ui.colored_label(tokens.danger, sentence(reason));
        }
        DownloadState::NeedsToken => {
            let words = "It is gated: accept its terms on its page, then give a token of yours.";
            ui.colored_label(tokens.warning, words);
            token(ui, library, name, actions);
        }
        _ => {}
    }
}

fn buttons(ui: &mut Ui, name: &str, state: &DownloadState, actions: &mut Vec<Action>) {
    if *state == DownloadState::Stopping {
        return;
    }
    let mut ask = |action| actions.push(Action::Library(action));
    let (give_up, hint) = match state {
        DownloadState::Done(_) => ("Clear", "Takes the line away; the model stays."),
        _ => ("Cancel", "Ends it and takes away what was fetched."),
    };
    if ui.add(TextButton::new(give_up).named(&format!("{give_up} {name}"))).on_hover_text(hint).clicked() {
        ask(LibraryAction::GiveUp(name.to_owned()));
    }
    match state {
        DownloadState::Running => {
            if ui.add(TextButton::new("Pause").named(&format!("Pause {name}"))).clicked() {
                ask(LibraryAction::Pause(name.to_owned()));
            }
        }
        DownloadState::Paused | DownloadState::Failed(_) => {
            if ui.add(TextButton::new("Go on").named(&format!("Go on with {name}"))).clicked() {
                ask(LibraryAction::Download(name.to_owned()));
            }
        }
        DownloadState::Stopping | DownloadState::NeedsToken | DownloadState::Done(_) => {}
    }
}

fn token(ui: &mut Ui, library: &mut LibraryState, name: &str, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        ui.hyperlink_to("Its page", format!("https://huggingface.co/{}", name.split(':').next().unwrap_or_default()));
        let label = ui.label(RichText::new("Token").color(theme::tokens(ui).text_2)).id;
        let text = &mut library.token_text;
        fields::text_line(ui, label, 240.0, |ui, id| {
            let field = egui::TextEdit::singleline(text).id(id).password(true).hint_text("hf_…");
            ui.add(field.desired_width(f32::INFINITY).frame(egui::Frame::NONE))
        });
        let is_given = !text.trim().is_empty();
        if ui.add_enabled(is_given, TextButton::new("Use token and go on")).clicked() {
            actions.push(Action::Library(LibraryAction::KeepToken));
            actions.push(Action::Library(LibraryAction::Download(name.to_owned())));
        }
    });
}

/// A repository's name at the beginning stays as it is.
fn sentence(reason: &str) -> String {
    let is_name = reason.split(' ').next().is_some_and(|word| word.contains('/'));
    let mut letters = reason.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    if is_name { format!("{reason}.") } else { format!("{first}{}.", letters.as_str()) }
}

fn amount_text(bytes: u64) -> String {
    if bytes == 0 { "0 MB".to_owned() } else { numbers::size(bytes) }
}
