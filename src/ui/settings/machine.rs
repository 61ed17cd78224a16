//! The row of another machine: where it is, how it stands, and whether its certificate is trusted.

use egui::{Frame, Id, RichText, Role, TextEdit, Ui, WidgetInfo};

use crate::ui::action::{Action, SettingsAction};
use crate::ui::machine::{MachineChoice, MachineNearby, MachinePanel, MachineStage, NearbyMachines};
use crate::ui::theme;
use crate::ui::widgets::{TextButton, fields};

pub(super) fn show(ui: &mut Ui, label: Id, panel: &mut MachinePanel, actions: &mut Vec<Action>) {
    let tokens = theme::tokens(ui);
    match panel.stage.clone() {
        MachineStage::Connected { label } => {
            said(ui, &format!("{label} computes; pictures are kept here."), tokens.text_1);
            let back = TextButton::new("Compute here again");
            if ui.add(back).on_hover_text("From the next picture on, this machine computes.").clicked() {
                actions.push(Action::Settings(SettingsAction::ComputeHere));
            }
        }
        MachineStage::Unknown { fingerprint } => {
            let words = "It shows a certificate of its own making. Is this the fingerprint that Inkwick shows there?";
            said(ui, words, tokens.text_1);
            said(ui, &fingerprint, tokens.text_2);
            ui.horizontal(|ui| {
                let trust = ui.add(TextButton::new("Trust it"));
                if trust.on_hover_text("This certificate alone is taken from now on.").clicked() {
                    actions.push(connect(panel, Some(fingerprint)));
                }
                if ui.add(TextButton::new("Do not")).on_hover_text("Nothing is sent there.").clicked() {
                    panel.stage = MachineStage::Here;
                }
            });
        }
        stage => {
            let is_busy = stage == MachineStage::Connecting;
            ui.add_enabled_ui(!is_busy, |ui| {
                line(ui, label, &mut panel.address, "http://desk:7860", false);
                token(ui, &mut panel.token);
            });
            ui.horizontal(|ui| {
                let words = if is_busy { "Connecting…" } else { "Connect" };
                let can = !is_busy && !panel.address.trim().is_empty();
                let response = ui.add_enabled(can, TextButton::new(words));
                let why =
                    if is_busy { "Its answer is waited for." } else { "Write the other machine's address first." };
                if response.on_disabled_hover_text(why).clicked() {
                    actions.push(connect(panel, None));
                }
                let is_looking = panel.nearby == NearbyMachines::Looking;
                let words = if is_looking { "Looking…" } else { "Look on this network" };
                let look = ui.add_enabled(!is_looking, TextButton::new(words));
                if look.on_hover_text("Finds machines that let themselves be found (mDNS).").clicked() {
                    actions.push(Action::Settings(SettingsAction::LookForMachines));
                }
            });
            nearby(ui, panel);
            if let MachineStage::Failed(sentence) = &stage {
                said(ui, sentence, tokens.danger);
            }
        }
    }
}

/// Each writes its address into the field.
fn nearby(ui: &mut Ui, panel: &mut MachinePanel) {
    let tokens = theme::tokens(ui);
    let found = match &panel.nearby {
        NearbyMachines::NotAsked | NearbyMachines::Looking => return,
        NearbyMachines::Failed(sentence) => return said(ui, sentence, tokens.danger),
        NearbyMachines::Found(found) => found,
    };
    if found.is_empty() {
        said(ui, "Nobody answers. There: File > Share this machine, and let others find it.", tokens.text_2);
    }
    let mut chosen = None;
    for MachineNearby { name, address } in found {
        let words = format!("{name} · {address}");
        if ui.add(TextButton::new(&words)).on_hover_text("Writes its address above.").clicked() {
            chosen = Some(address.clone());
        }
    }
    if let Some(address) = chosen {
        panel.address = address;
    }
}

fn connect(panel: &MachinePanel, fingerprint: Option<String>) -> Action {
    let (address, token) = (panel.address.clone(), panel.token.clone());
    Action::Settings(SettingsAction::Connect(MachineChoice { address, token, fingerprint }))
}

fn said(ui: &mut Ui, words: &str, colour: egui::Color32) {
    ui.add(egui::Label::new(RichText::new(words).color(colour)).wrap());
}

/// Named by a word of its own: the row's name is the address'.
fn token(ui: &mut Ui, text: &mut String) {
    let name = ui.scope_id().with("token of a machine");
    let (_, response) = ui.allocate_exact_size(egui::Vec2::ZERO, egui::Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, "Its token"));
    fields::text_line_with_id(ui, response.id, name, ui.available_width(), |ui, id| {
        edit(ui, id, text, "Token, if it wants one", true)
    });
}

fn line(ui: &mut Ui, label: Id, text: &mut String, hint: &str, is_secret: bool) {
    fields::text_line(ui, label, ui.available_width(), |ui, id| edit(ui, id, text, hint, is_secret));
}

fn edit(ui: &mut Ui, id: Id, text: &mut String, hint: &str, is_secret: bool) -> egui::Response {
    let field = TextEdit::singleline(text).id(id).hint_text(hint).password(is_secret);
    ui.add(field.desired_width(f32::INFINITY).frame(Frame::NONE))
}
