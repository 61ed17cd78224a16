//! The model library: everything that can draw, in one table, and where to get more.

mod addons;
mod details;
mod download;
pub(super) mod inspection;
pub(super) mod state;
mod table;
mod upscalers;

use egui::{Align, Context, Frame, Id, Key, Layout, Margin, Modal, RichText, Ui, vec2};

use super::state::AppState;
use super::textures::Textures;
use super::theme;
use super::widgets::{IconButton, Segment, Segments, TextButton};
use crate::ui::action::{Action, LibraryAction, Tab, WindowAction};
use crate::ui::theme::{fonts, icons};
use crate::ui::widgets::fields;

/// The widest that it becomes.
const WIDTH: f32 = 1040.0;
const HEIGHT: f32 = 600.0;
/// In the order of their words.
const TABS: [Tab; 3] = [Tab::Models, Tab::AddOns, Tab::Download];
/// Under it the search has no word before it.
const ROOM_FOR_WORDS: f32 = 900.0;
const DETAILS_WIDTH: f32 = 264.0;
/// How often folders are looked at while the library is open.
const LOOK_AGAIN_SECS: f64 = 4.0;

pub(super) fn show(ctx: &Context, state: &mut AppState, textures: &mut Textures, actions: &mut Vec<Action>) {
    let frame = Frame::popup(&ctx.global_style()).inner_margin(Margin::same(16));
    let most = ctx.content_rect().size() - vec2(64.0, 64.0);
    let size = vec2(most.x.min(WIDTH), most.y.min(HEIGHT));
    let modal = Modal::new(Id::unique("model library")).frame(frame).show(ctx, |ui| {
        ui.set_min_size(size);
        ui.set_max_size(size);
        top(ui, state, actions);
        fields::line(ui, 12.0);
        match state.library.tab {
            Tab::Models => models(ui, state, textures, actions),
            Tab::AddOns => addons::show(ui, state, textures, actions),
            Tab::Download => download::show(ui, &mut state.library, actions),
        }
    });
    if modal.should_close() {
        actions.push(Action::Window(WindowAction::CloseSheet));
    }
    look_again(ctx, actions);
}

fn top(ui: &mut Ui, state: &mut AppState, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        ui.label(RichText::new("Models").font(fonts::strong(fonts::HEADING_PT)));
        ui.add_space(8.0);
        let words = [
            Segment { text: "Library", hint: "Models that draw." },
            Segment { text: "Add-ons", hint: "LoRAs, embeddings and VAEs." },
            Segment { text: "Download", hint: "" },
        ];
        let chosen = TABS.iter().position(|tab| *tab == state.library.tab).unwrap_or(0);
        if let Some(pressed) = Segments::new("Models", &words, chosen).width(232.0).show(ui) {
            state.library.tab = TABS[pressed];
        }
        if state.library.tab != Tab::Download {
            let label = if ui.max_rect().width() < ROOM_FOR_WORDS {
                // The field says by itself what it is for.
                let (_, label) = ui.allocate_space(egui::Vec2::ZERO);
                let named = ui.interact(label, Id::unique("search label"), egui::Sense::hover());
                named.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, "Search"));
                named.id
            } else {
                ui.add_space(8.0);
                ui.label(RichText::new("Search").color(theme::tokens(ui).text_2)).id
            };
            search(ui, label, &mut state.library.search);
        }
        if state.library.tab == Tab::Models {
            let star = IconButton::new(icons::STAR, "Favourites only").selected(state.library.favourites_only);
            if ui.add(star).clicked() {
                state.library.favourites_only = !state.library.favourites_only;
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.add(IconButton::new(icons::X, "Close").key("Esc")).clicked() {
                actions.push(Action::Window(WindowAction::CloseSheet));
            }
            if state.library.tab != Tab::Download {
                if ui.add(TextButton::new("Add file…")).clicked() {
                    actions.push(Action::Library(LibraryAction::AddModelFileDialog));
                }
                let add = ui.add(TextButton::new("Add folder…").icon(icons::FOLDER_OPEN));
                let hint = "A model's folder, or the models of AUTOMATIC1111, ComfyUI, InvokeAI or the Hugging Face cache: \
                            they are used where they are.";
                if add.on_hover_text(hint).clicked() {
                    actions.push(Action::Library(LibraryAction::AddModelDialog));
                }
            }
        });
    });
}

fn search(ui: &mut Ui, label: Id, text: &mut String) {
    fields::text_line(ui, label, 160.0, |ui, id| {
        let field = egui::TextEdit::singleline(text).id(id).hint_text("name, family, notes");
        ui.add(field.desired_width(f32::INFINITY).frame(Frame::NONE))
    });
}

fn models(ui: &mut Ui, state: &mut AppState, textures: &mut Textures, actions: &mut Vec<Action>) {
    keys(ui, state, actions);
    let size = ui.available_size();
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 16.0;
        ui.allocate_ui_with_layout(vec2(size.x - DETAILS_WIDTH - 16.0, size.y), Layout::top_down(Align::Min), |ui| {
            let below = upscalers::height(state);
            if below > 0.0 {
                let size = vec2(ui.available_width(), ui.available_height() - below);
                ui.allocate_ui(size, |ui| {
                    ui.set_min_height(size.y);
                    table::show(ui, state, actions);
                });
                upscalers::show(ui, state, actions);
            } else {
                table::show(ui, state, actions);
            }
        });
        ui.allocate_ui_with_layout(vec2(DETAILS_WIDTH, size.y), Layout::top_down(Align::Min), |ui| {
            details::show(ui, state, textures, actions);
        });
    });
}

/// Up and down walk the table, Enter takes the model; not while somebody writes.
fn keys(ui: &Ui, state: &mut AppState, actions: &mut Vec<Action>) {
    if ui.ctx().egui_wants_keyboard_input() {
        return;
    }
    let rows: Vec<_> = state.library.rows(&state.models).into_iter().map(|row| row.reference.clone()).collect();
    let at = rows.iter().position(|row| Some(row) == state.library.chosen.as_ref());
    let pressed = |key| ui.input_mut(|input| input.consume_key(egui::Modifiers::NONE, key));
    let last = rows.len().saturating_sub(1);
    let target = if pressed(Key::ArrowDown) {
        Some(at.map_or(0, |at| (at + 1).min(last)))
    } else if pressed(Key::ArrowUp) {
        Some(at.map_or(0, |at| at.saturating_sub(1)))
    } else if pressed(Key::Home) {
        Some(0)
    } else if pressed(Key::End) {
        Some(last)
    } else {
        None
    };
    if let Some(row) = target.and_then(|target| rows.get(target)) {
        state.library.chosen = Some(row.clone());
    }
    if let Some(chosen) = state.library.chosen.clone().filter(|chosen| rows.contains(chosen)) {
        if pressed(Key::Enter) {
            actions.push(Action::Library(LibraryAction::Use(chosen)));
        } else if pressed(Key::Period) {
            actions.push(Action::Library(LibraryAction::Favourite(chosen)));
        }
    }
}

/// Files come and go while the library is open.
fn look_again(ctx: &Context, actions: &mut Vec<Action>) {
    let id = Id::unique("models looked at");
    let now = ctx.input(|input| input.time);
    let last: f64 = ctx.data(|data| data.get_temp(id)).unwrap_or(0.0);
    if now - last >= LOOK_AGAIN_SECS {
        ctx.data_mut(|data| data.insert_temp(id, now));
        actions.push(Action::Library(LibraryAction::ListModels));
    }
    ctx.request_repaint_after(std::time::Duration::from_secs_f64(LOOK_AGAIN_SECS));
}
