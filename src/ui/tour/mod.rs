//! Four small cards at the first start, beside what they speak of: words, the button, results, one's own picture. Nothing
//! waits for them; what one does by oneself moves them on.

pub(super) mod state;

use egui::{Align2, Area, Context, Frame, Id, Margin, Order, RichText, Ui, Vec2, pos2, vec2};

use self::state::{Step, Tour};
use super::state::AppState;
use super::theme;
use crate::ui::action::{Action, FilesAction, WindowAction};
use crate::ui::chrome::layout::{self, Layout, PanelForm};
use crate::ui::input::shortcuts::Command;
use crate::ui::input::{keymap, pressed};
use crate::ui::theme::{fonts, icons};
use crate::ui::widgets::TextButton;

const WIDTH: f32 = 304.0;
/// Between a card and what it speaks of.
const GAP: f32 = 16.0;
/// The button's row at the foot of the prompt panel.
const FOOT: f32 = 72.0;

/// Escape ends it, before it means anything else.
pub(super) fn leave(ctx: &Context, state: &AppState) -> Option<Action> {
    if state.tour.is_over() || state.sheet.is_some() {
        return None;
    }
    // What is offered while one writes lies over the card: it closes first.
    let is_taken = !state.words.completes && pressed::take_escape(ctx);
    is_taken.then_some(Action::Window(WindowAction::Tour(Tour::Over)))
}

/// What was done without reading the card needs no card any more.
#[must_use]
pub(super) fn goes_on(state: &AppState) -> Option<Tour> {
    let made = state.candidates.list.iter().any(|candidate| candidate.made().is_some());
    let has_own = state.canvas.has_picture() && !state.canvas.document.origin().made_here;
    match state.tour {
        Tour::At(_) if has_own => Some(Tour::Over),
        Tour::At(Step::Words | Step::Generate) if made => Some(Tour::At(Step::Results)),
        Tour::At(Step::Words) if state.candidates.is_busy() => Some(Tour::At(Step::Generate)),
        Tour::At(Step::Results) if state.canvas.has_picture() => Some(Tour::At(Step::OwnPicture)),
        _ => None,
    }
}

pub(super) fn show(ctx: &Context, state: &AppState, canvas: egui::Rect, actions: &mut Vec<Action>) {
    let Tour::At(step) = state.tour else { return };
    if state.sheet.is_some() {
        return;
    }
    let window = ctx.content_rect();
    let layout = Layout::for_window(window.size(), state.panels);
    // Where the panel is only a rail, the card stands beside that.
    let beside = if layout.prompt == PanelForm::Hidden { window.left() } else { canvas.left() };
    let (align, at) = match step {
        Step::Words => (Align2::LEFT_TOP, pos2(beside + GAP, canvas.top() + theme::TOOL_STRIP_HEIGHT + GAP)),
        Step::Generate => (Align2::LEFT_BOTTOM, pos2(beside + GAP, canvas.bottom() - FOOT + 48.0)),
        Step::Results => (Align2::CENTER_TOP, pos2(canvas.center().x, canvas.top() + theme::TOOL_STRIP_HEIGHT + GAP)),
        Step::OwnPicture => (Align2::CENTER_CENTER, canvas.center()),
    };
    let tokens = theme::tokens_of(ctx);
    let frame = Frame::popup(&ctx.global_style()).inner_margin(Margin::same(16)).stroke((1.0, tokens.accent_line));
    let area = Area::new(Id::unique("tour")).order(Order::Foreground).pivot(align).fixed_pos(at).constrain_to(window);
    area.show(ctx, |ui| {
        frame.show(ui, |ui| {
            ui.set_width(WIDTH.min(window.width() - 2.0 * layout::RAIL_WIDTH));
            card(ui, step, actions);
        });
    });
}

fn card(ui: &mut Ui, step: Step, actions: &mut Vec<Action>) {
    let tokens = theme::tokens(ui);
    let key = |command| keymap::written(ui.ctx(), command);
    let (title, words) = match step {
        Step::Words => (
            "Say what you want to see",
            "Write it here, in plain words: “a red apple on a table”. Or take one of the examples.".to_owned(),
        ),
        Step::Generate => (
            "Make it",
            format!(
                "Press Generate, or {}. The picture grows while you watch; press again for another.",
                key(Command::Generate)
            ),
        ),
        Step::Results => (
            "Keep what you like",
            format!(
                "Results wait below the canvas. {} accepts the shown one: then paint over what shall be made anew. \
                 Nothing is lost: all pictures stay in the gallery, and {} takes a step back.",
                key(Command::Accept),
                key(Command::Undo)
            ),
        ),
        Step::OwnPicture => (
            "Now a picture of yours",
            format!(
                "Drop a photo or a drawing on the window, or open one. Everything that can be done is found by {}.",
                key(Command::Palette)
            ),
        ),
    };
    ui.spacing_mut().item_spacing = vec2(8.0, 8.0);
    ui.label(RichText::new(title).font(fonts::strong(fonts::LARGE_PT)));
    ui.add(egui::Label::new(words).wrap());
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        let count = format!("{} of {}", step.number(), Step::ALL.len());
        ui.label(RichText::new(count).color(tokens.text_3));
        let row = vec2(ui.available_width(), theme::CONTROL_HEIGHT);
        ui.allocate_ui_with_layout(row, egui::Layout::right_to_left(egui::Align::Center), |ui| {
            buttons(ui, step, actions);
        });
    });
    ui.set_min_size(Vec2::ZERO);
}

fn buttons(ui: &mut Ui, step: Step, actions: &mut Vec<Action>) {
    let ask = |actions: &mut Vec<Action>, tour| actions.push(Action::Window(WindowAction::Tour(tour)));
    if step == Step::OwnPicture {
        let key = keymap::written(ui.ctx(), Command::OpenPicture);
        let open = TextButton::new("Open a picture…").icon(icons::FOLDER_OPEN).named("Open a picture of yours");
        if ui.add(open).on_hover_text(key).clicked() {
            ask(actions, Tour::Over);
            actions.push(Action::Files(FilesAction::OpenPictureDialog));
        }
        if ui.add(TextButton::new("Done").bare().named("End the tour")).clicked() {
            ask(actions, Tour::Over);
        }
        return;
    }
    if ui.add(TextButton::new("Next").named("Next step of the tour")).clicked() {
        ask(actions, step.next());
    }
    if ui.add(TextButton::new("Skip").key("Esc").bare().named("Skip the tour")).clicked() {
        ask(actions, Tour::Over);
    }
}
