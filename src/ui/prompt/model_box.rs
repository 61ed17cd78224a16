//! The box of models and what is known of the chosen one.

use egui::{Popup, PopupCloseBehavior, RichText, Ui};

use crate::job::ModelRef;
use crate::store::models::entry::ModelEntry;
use crate::ui::action::{Action, LibraryAction, PromptAction, Sheet, Tab, WindowAction};
use crate::ui::input::keymap;
use crate::ui::input::shortcuts::Command;
use crate::ui::state::AppState;
use crate::ui::theme;
use crate::ui::theme::{fonts, icons};
use crate::ui::widgets::fields;
use crate::ui::widgets::{IconButton, TextButton};

pub(crate) fn show(ui: &mut Ui, state: &AppState, actions: &mut Vec<Action>) {
    let Some(chosen) = state.model() else { return };
    fields::row(ui, "Model", |ui, label| {
        let box_width = ui.available_width() - theme::CONTROL_HEIGHT - theme::GRID;
        fields::menu_box(ui, label, box_width, &chosen.name, "", |ui| {
            for entry in &state.models {
                let [width, height] = [entry.defaults.width, entry.defaults.height];
                if fields::choice(ui, entry.reference == chosen.reference, &entry.name, &format!("{width} × {height}"))
                {
                    actions.push(Action::Prompt(PromptAction::ChooseModel(entry.reference.clone())));
                    ui.close();
                }
            }
            ui.add(egui::Separator::default().spacing(9.0));
            if fields::choice(ui, false, "All models…", &keymap::written(ui.ctx(), Command::Models)) {
                actions.push(Action::Library(LibraryAction::Open(Tab::Models)));
                ui.close();
            }
            if fields::choice(ui, false, "Add model folder…", "") {
                actions.push(Action::Library(LibraryAction::AddModelDialog));
                ui.close();
            }
            if fields::choice(ui, false, "Add model file…", "") {
                actions.push(Action::Library(LibraryAction::AddModelFileDialog));
                ui.close();
            }
        });
        let info = ui.add(IconButton::new(icons::INFO, "About this model").framed());
        Popup::from_toggle_button_response(&info)
            .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
            .width(288.0)
            .show(|ui| about(ui, chosen, actions));
    });
}

fn about(ui: &mut Ui, model: &ModelEntry, actions: &mut Vec<Action>) {
    let tokens = theme::tokens(ui);
    egui::Frame::NONE.inner_margin(8.0).show(ui, |ui| {
        ui.set_width(272.0);
        ui.label(RichText::new(&model.name).font(fonts::strong(fonts::BODY_PT)));
        ui.label(&model.kind);
        let defaults = &model.defaults;
        let scheduler = defaults.scheduler.map_or("its own sampler", |name| name.label());
        let figures = format!(
            "{} × {}, {scheduler}, {} steps, CFG scale {}",
            defaults.width, defaults.height, defaults.steps, defaults.guidance
        );
        ui.label(RichText::new(figures).color(tokens.text_2));
        if let ModelRef::Folder(folder) | ModelRef::File(folder) = &model.reference {
            ui.label(RichText::new(folder.display().to_string()).color(tokens.text_3));
        }
        ui.add_space(4.0);
        if model.draws_emoji && ui.add(TextButton::new("Get a photographic model")).clicked() {
            actions.push(Action::Window(WindowAction::Show(Sheet::PhotographicModel)));
            ui.close();
        }
        if let ModelRef::Folder(folder) | ModelRef::File(folder) = &model.reference {
            let remove = ui.add(TextButton::new("Remove from the list"));
            if remove.on_hover_text("The model itself stays where it is.").clicked() {
                actions.push(Action::Library(LibraryAction::ForgetModel(folder.clone())));
                ui.close();
            }
        }
    });
}
