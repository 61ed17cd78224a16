//! The sheet on which a grid is written: a setting across, perhaps one down, and their values.

use egui::{Id, RichText, TextEdit, Ui};

use super::state::AxisText;
use crate::job::{Grid, GridParameter, quoted, schedule_label};
use crate::sampling::{SchedulerName, SigmaChoice};
use crate::store::words::lora_file::name_of;
use crate::ui::action::{Action, GridAction};
use crate::ui::input::keymap;
use crate::ui::input::shortcuts::Command;
use crate::ui::state::AppState;
use crate::ui::theme;
use crate::ui::widgets::{TextButton, fields};

pub(crate) fn show(ui: &mut Ui, state: &mut AppState, actions: &mut Vec<Action>) {
    let tokens = theme::tokens(ui);
    ui.add(egui::Label::new("A picture for each value, and all of them on one with their labels.").wrap());
    let names = names_of(state);
    if let Picked::Setting(parameter) = axis(ui, "Across", Some(&mut state.grid.across), &names) {
        state.grid.across = AxisText { parameter, text: String::new() };
    }
    let mut down = state.grid.down.take();
    match axis(ui, "Down", down.as_mut(), &names) {
        Picked::Same => {}
        Picked::Nothing => down = None,
        Picked::Setting(parameter) => down = Some(AxisText { parameter, text: String::new() }),
    }
    let weighs = [Some(&state.grid.across), down.as_ref()].into_iter().flatten();
    let weighs = weighs.into_iter().any(|axis| axis.parameter == GridParameter::Lora);
    state.grid.down = down;
    if weighs {
        lora(ui, state, actions);
    }
    let read = state.read_grid();
    let (words, colour) = match &read {
        Ok(grid) => (summary(state, grid), tokens.text_2),
        Err(error) => (format!("{}.", capital(&error.to_string())), tokens.text_3),
    };
    // Two lines, needed or not: the button stays where it is.
    ui.allocate_ui(egui::vec2(ui.available_width(), 36.0), |ui| {
        ui.set_min_height(36.0);
        ui.add(egui::Label::new(RichText::new(words).color(colour)).wrap());
    });
    let key = keymap::written(ui.ctx(), Command::Generate);
    let make = ui.add_enabled(read.is_ok() && state.is_ready(), TextButton::new("Make the grid").key(&key));
    let entered = read.is_ok()
        && state.is_ready()
        && ui.input_mut(|input| input.consume_key(egui::Modifiers::COMMAND, egui::Key::Enter));
    if make.on_disabled_hover_text("Write a prompt and the values first.").clicked() || entered {
        actions.push(Action::Grid(GridAction::Make));
    }
}

/// Of the box with the setting, and of the one with names to add.
const SETTING: f32 = 124.0;
const ADD: f32 = 68.0;

/// Names that are chosen from, for a setting that has them.
struct Names {
    models: Vec<String>,
}

fn names_of(state: &AppState) -> Names {
    Names { models: state.models.iter().map(|entry| entry.name.clone()).collect() }
}

impl Names {
    fn of(&self, parameter: GridParameter) -> Vec<String> {
        match parameter {
            GridParameter::Sampler => SchedulerName::ALL.map(|name| name.label().to_owned()).to_vec(),
            GridParameter::Schedule => SigmaChoice::ALL.map(|sigmas| schedule_label(sigmas).to_owned()).to_vec(),
            GridParameter::Model => self.models.clone(),
            _ => Vec::new(),
        }
    }
}

/// What was picked in the box of an axis.
enum Picked {
    Same,
    /// Only the second axis may go.
    Nothing,
    Setting(GridParameter),
}

/// The setting and, beside it, its values.
fn axis(ui: &mut Ui, name: &str, axis: Option<&mut AxisText>, names: &Names) -> Picked {
    let mut picked = Picked::Same;
    let may_go = name == "Down";
    fields::row(ui, name, |ui, label| {
        let parameter = axis.as_ref().map(|axis| axis.parameter);
        let words = parameter.map_or("Nothing", GridParameter::label);
        fields::menu_box(ui, label, SETTING, words, "", |ui| {
            if may_go && fields::choice(ui, parameter.is_none(), "Nothing", "") {
                picked = Picked::Nothing;
                ui.close();
            }
            for other in GridParameter::ALL {
                if fields::choice(ui, parameter == Some(other), other.label(), other.example()) {
                    picked = Picked::Setting(other);
                    ui.close();
                }
            }
        });
        if let Some(axis) = axis {
            values(ui, name, label, axis, names);
        }
    });
    picked
}

fn values(ui: &mut Ui, name: &str, label: Id, axis: &mut AxisText, names: &Names) {
    let choices = names.of(axis.parameter);
    let hint = match axis.parameter {
        GridParameter::Words => {
            "The first words are in the prompt; each of the others takes their place. Words with a comma in quotes."
        }
        GridParameter::Seed | GridParameter::Steps => "10, 20, 30, or 10-30 (+5), or 10-30 [5] for five of them.",
        GridParameter::Guidance | GridParameter::Strength | GridParameter::Lora => {
            "0.5, 1, or 0-1 (+0.25), or 0-1 [5] for five of them."
        }
        GridParameter::Sampler | GridParameter::Schedule | GridParameter::Model => "Names with commas between them.",
    };
    let adds = if choices.is_empty() { 0.0 } else { ADD + theme::GRID };
    let width = ui.available_width() - adds;
    let id = Id::unique(("grid values", name));
    fields::text_line_with_id(ui, label, id, width, |ui, id| {
        let field = TextEdit::singleline(&mut axis.text).id(id).hint_text(axis.parameter.example());
        ui.add(field.desired_width(f32::INFINITY).frame(egui::Frame::NONE)).on_hover_text(hint)
    });
    if choices.is_empty() {
        return;
    }
    fields::menu_box(ui, label, ADD, "Add", "", |ui| {
        for choice in &choices {
            if fields::choice(ui, false, choice, "") {
                if !axis.text.trim().is_empty() {
                    axis.text.push_str(", ");
                }
                axis.text.push_str(&quoted(choice));
            }
        }
    });
}

fn lora(ui: &mut Ui, state: &AppState, actions: &mut Vec<Action>) {
    let shelf = state.loras.files();
    let chosen = state.grid.lora.as_ref().filter(|lora| shelf.contains(lora)).or(shelf.first());
    fields::row(ui, "LoRA", |ui, label| {
        let words = chosen.map_or("None on the shelf".to_owned(), |file| name_of(file));
        fields::menu_box(ui, label, ui.available_width(), &words, "", |ui| {
            for file in &shelf {
                if fields::choice(ui, Some(file) == chosen, &name_of(file), "") {
                    actions.push(Action::Grid(GridAction::ChooseLora(file.clone())));
                    ui.close();
                }
            }
        });
    });
}

fn summary(state: &AppState, grid: &Grid) -> String {
    let [across, down] = grid.size();
    let count = grid.count();
    let pictures = if count == 1 { "picture" } else { "pictures" };
    let time = state.memory.time_words(u32::try_from(count).unwrap_or(u32::MAX));
    let time = if time.is_empty() { String::new() } else { format!(", {time} at the panel's settings") };
    format!("{across} × {down}: {count} {pictures}{time}.")
}

fn capital(sentence: &str) -> String {
    let mut signs = sentence.chars();
    signs.next().map(|first| first.to_uppercase().chain(signs).collect()).unwrap_or_default()
}
