//! Share this machine: whether others may draw with it, how they reach it, and who does.

use std::time::Duration;

use egui::{FontId, Layout, RichText, Ui, vec2};

use crate::ui::action::{Action, ShareAction};
use crate::ui::share::{ShareGuest, SharePanel, ShareStage, Shared};
use crate::ui::theme;
use crate::ui::theme::{fonts, icons};
use crate::ui::widgets::{Check, IconButton, TextButton};

/// How often guests are looked at.
const LOOK: Duration = Duration::from_secs(1);
const NAME_WIDTH: f32 = 88.0;
/// From a row's top to its value, so that the value stands beside its name.
const BESIDE_NAME: f32 = 6.0;

pub(super) fn show(ui: &mut Ui, panel: &SharePanel, actions: &mut Vec<Action>) {
    let tokens = theme::tokens(ui);
    ui.spacing_mut().item_spacing = vec2(8.0, 8.0);
    ui.label(
        "Other machines on your network draw with this one: with its processor, models and LoRAs. What is on your \
         canvas and in your gallery stays yours.",
    );
    let mut wanted = panel.wanted;
    let is_changing = panel.stage == ShareStage::Changing;
    ui.add_enabled_ui(!is_changing, |ui| {
        let on = Check::new("Let others draw with it", &mut wanted.is_on);
        ui.add(on).on_hover_text("Ending it cancels what others are drawing here.");
        let encrypted = Check::new("Encrypted (https)", &mut wanted.is_encrypted);
        ui.add(encrypted).on_hover_text(
            "Inkwick shows the fingerprint once and asks. Programs that want a bought certificate cannot connect then.",
        );
        let announced = Check::new("Let others find it", &mut wanted.is_announced);
        ui.add(announced).on_hover_text("Tells its name and address to everyone on this network (mDNS).");
    });
    if wanted != panel.wanted {
        actions.push(Action::Share(ShareAction::Change(wanted)));
    }
    ui.add_space(4.0);
    match &panel.stage {
        ShareStage::Off => {}
        ShareStage::Changing => {
            ui.label(RichText::new("A moment…").color(tokens.text_2));
        }
        ShareStage::Failed(sentence) => {
            ui.add(egui::Label::new(RichText::new(sentence).color(tokens.danger)).wrap());
            if ui.add(TextButton::new("Try it again")).clicked() {
                actions.push(Action::Share(ShareAction::Change(panel.wanted)));
            }
        }
        ShareStage::On(shared) => {
            how(ui, shared, actions);
            guests(ui, &panel.guests);
            ui.ctx().request_repaint_after(LOOK);
        }
    }
}

/// Address, token and fingerprint, each to copy.
fn how(ui: &mut Ui, shared: &Shared, actions: &mut Vec<Action>) {
    let tokens = theme::tokens(ui);
    ui.label("There: Settings > Device and memory > Another machine.");
    for (index, address) in shared.addresses.iter().enumerate() {
        row(ui, if index == 0 { "Address" } else { "Or" }, address, "Copy the address", actions);
    }
    row(ui, "Token", &shared.token, "Copy the token", actions);
    if let Some(fingerprint) = &shared.fingerprint {
        row(ui, "Fingerprint", fingerprint, "Copy the fingerprint", actions);
    }
    if let Some(notice) = &shared.notice {
        ui.add(egui::Label::new(RichText::new(notice).color(tokens.warning)).wrap());
    }
    let new = ui.add(TextButton::new("New token"));
    if new.on_hover_text("Whoever has the old one stays outside.").clicked() {
        actions.push(Action::Share(ShareAction::NewToken));
    }
}

fn row(ui: &mut Ui, name: &str, value: &str, copy: &str, actions: &mut Vec<Action>) {
    let tokens = theme::tokens(ui);
    ui.horizontal_top(|ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(NAME_WIDTH, theme::CONTROL_HEIGHT), egui::Sense::hover());
        crate::ui::widgets::paint::text(ui, rect, egui::Align::Min, name, fonts::body(), tokens.text_2);
        let width = ui.available_width() - theme::CONTROL_HEIGHT - ui.spacing().item_spacing.x;
        let below = Layout::top_down(egui::Align::Min);
        ui.allocate_ui_with_layout(vec2(width, theme::CONTROL_HEIGHT), below, |ui| {
            ui.set_width(width);
            ui.add_space(BESIDE_NAME);
            let text = RichText::new(value).font(FontId::monospace(fonts::BODY_PT - 1.0));
            ui.add(egui::Label::new(text).wrap().selectable(true));
        });
        if ui.add(IconButton::new(icons::COPY, copy)).clicked() {
            actions.push(Action::Share(ShareAction::Copy(value.to_owned())));
        }
    });
}

fn guests(ui: &mut Ui, guests: &[ShareGuest]) {
    let tokens = theme::tokens(ui);
    ui.add_space(4.0);
    ui.label(RichText::new("Connected").font(fonts::strong(fonts::BODY_PT)));
    if guests.is_empty() {
        ui.label(RichText::new("Nobody in the last two minutes.").color(tokens.text_3));
    }
    for ShareGuest { machine, program, seconds_ago } in guests {
        let program = if program.is_empty() { "a program without a name" } else { program };
        let when = match seconds_ago {
            0..=4 => "now".to_owned(),
            seconds => format!("{seconds} s ago"),
        };
        ui.label(format!("{machine} · {program} · {when}"));
    }
}
