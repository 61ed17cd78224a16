//! The line at the bottom: what draws, how large, how far, how long still. Every figure has its fixed place.

use egui::{Align, Align2, FontId, Layout as UiLayout, Rect, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::job::Estimate;
use crate::ui::action::{Action, LookingAt, QueueAction, ResultsAction};
use crate::ui::chrome::layout::Layout;
use crate::ui::input::keymap;
use crate::ui::input::shortcuts::Command;
use crate::ui::results::candidate::Candidate;
use crate::ui::results::figures::RunFigures;
use crate::ui::state::AppState;
use crate::ui::theme;
use crate::ui::theme::{fonts, icons};
use crate::ui::widgets::{IconButton, TextButton, paint};

/// Widths in points. Together with the gaps: 400 kept for the run.
const STEP_WIDTH: f32 = 96.0;
const BAR_WIDTH: f32 = 148.0;
const BAR_WIDTH_WAITING: f32 = 44.0;
const PER_STEP_WIDTH: f32 = 72.0;
const QUEUE_WIDTH: f32 = 176.0;
const QUEUE_WIDTH_NARROW: f32 = 148.0;
const LEFT_WIDTH: f32 = 72.0;
const SIZE_WIDTH: f32 = 84.0;
const ZOOM_WIDTH: f32 = 56.0;

pub(crate) fn show(ui: &mut Ui, state: &AppState, layout: Layout, actions: &mut Vec<Action>) {
    let tokens = theme::tokens(ui);
    ui.with_layout(UiLayout::right_to_left(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = 12.0;
        cancel(ui, state, actions);
        run_figures(ui, state, layout, actions);
        ui.add_space(8.0);
        let zoom = state.canvas.view.shown_zoom.map(|zoom| format!("{:.0} %", zoom * 100.0));
        figure(ui, ZOOM_WIDTH, zoom.as_deref().unwrap_or_default(), tokens.text_2);
        let [width, height] = shown_size(state);
        figure(ui, SIZE_WIDTH, &format!("{width} × {height}"), tokens.text_2);
        ui.with_layout(UiLayout::left_to_right(Align::Center), |ui| {
            let too_large = state.memory.estimate.as_ref().is_some_and(Estimate::is_too_large);
            let colour = if too_large { tokens.warning } else { tokens.text_2 };
            let worked = state.enlarged_from_px().map(|[width, height]| format!("works at {width} × {height}"));
            let shared = state.share.is_on().then(|| "shared".to_owned());
            let words = [state.project.words(), Some(state.device_text.clone()), shared, worked, state.memory.words()];
            let text = egui::RichText::new(words.into_iter().flatten().collect::<Vec<_>>().join(" · ")).color(colour);
            ui.add(egui::Label::new(text).truncate());
        });
    });
}

/// Of what is looked at, or else of what the button would make.
fn shown_size(state: &AppState) -> [u32; 2] {
    match &state.canvas.looking_at {
        // A preview is smaller than the picture that it becomes.
        LookingAt::Candidate(job) => state.candidates.get(*job).and_then(Candidate::size_px),
        _ => state.shown_picture().map(|picture| [picture.width(), picture.height()]),
    }
    .unwrap_or_else(|| state.next_size_px())
}

fn cancel(ui: &mut Ui, state: &AppState, actions: &mut Vec<Action>) {
    let size = egui::Vec2::splat(theme::CONTROL_HEIGHT);
    if !state.candidates.is_busy() {
        ui.allocate_exact_size(size, Sense::hover());
        return;
    }
    let key = keymap::written(ui.ctx(), Command::Cancel);
    if ui.add(IconButton::new(icons::X, "Cancel").key(&key)).clicked() {
        actions.push(Action::Results(ResultsAction::CancelRunning));
    }
}

/// "live 0.42 s · 4 steps": no bar, since the next one is there before it would be read.
fn live_figures(ui: &mut Ui, words: &str) {
    let tokens = theme::tokens(ui);
    let width = LEFT_WIDTH + PER_STEP_WIDTH + BAR_WIDTH + STEP_WIDTH + 3.0 * ui.spacing().item_spacing.x;
    let (slot, response) = ui.allocate_exact_size(vec2(width, theme::CONTROL_HEIGHT), Sense::hover());
    let figures = paint::text(ui, slot, Align::Max, words, fonts::body(), tokens.text_1);
    let before = paint::between(slot, 0.0, figures + 6.0);
    paint::text(ui, before, Align::Max, "live", fonts::body(), tokens.accent_text);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, format!("live {words}")));
}

fn run_figures(ui: &mut Ui, state: &AppState, layout: Layout, actions: &mut Vec<Action>) {
    let tokens = theme::tokens(ui);
    let figures = state.candidates.figures(state.queue.is_paused);
    if figures.is_none()
        && let Some(words) = state.live.words()
    {
        live_figures(ui, &words);
        return;
    }
    let figures = figures.unwrap_or_else(|| RunFigures {
        left: state.memory.time_words(state.prompt.picture_count),
        ..RunFigures::default()
    });
    // While pictures wait, that matters more than the time per step.
    let waits = !figures.waiting.is_empty();
    if waits {
        queue_button(ui, &figures.waiting, state, layout, actions);
    }
    figure(ui, LEFT_WIDTH, &figures.left, tokens.text_2);
    if !waits && !layout.narrow {
        figure(ui, PER_STEP_WIDTH, &figures.per_step, tokens.text_2);
    }
    bar(ui, if waits && !layout.narrow { BAR_WIDTH_WAITING } else { BAR_WIDTH }, figures.fraction);
    figure(ui, STEP_WIDTH, &figures.step, tokens.text_1);
}

/// How many wait and how long that takes; it opens the queue.
fn queue_button(ui: &mut Ui, words: &str, state: &AppState, layout: Layout, actions: &mut Vec<Action>) {
    let size = vec2(if layout.narrow { QUEUE_WIDTH_NARROW } else { QUEUE_WIDTH }, theme::CONTROL_HEIGHT - 4.0);
    let key = keymap::written(ui.ctx(), Command::Queue);
    let button = TextButton::new(words).icon(icons::QUEUE).width(size.x).height(size.y);
    let button = if state.queue.open { button.action() } else { button };
    if ui.add(button).on_hover_text(format!("Queue  {key}")).clicked() {
        actions.push(Action::Queue(QueueAction::Toggle));
    }
}

fn bar(ui: &mut Ui, width: f32, fraction: Option<f32>) {
    let tokens = theme::tokens(ui);
    let (slot, response) = ui.allocate_exact_size(vec2(width, theme::CONTROL_HEIGHT), Sense::hover());
    let Some(fraction) = fraction else { return };
    let rect = Rect::from_center_size(slot.center(), vec2(width, 4.0));
    ui.painter().rect_filled(rect, 2.0, tokens.rail);
    let done = Rect::from_min_max(rect.min, pos2(rect.left() + rect.width() * fraction.clamp(0.0, 1.0), rect.bottom()));
    ui.painter().rect_filled(done, 2.0, tokens.accent_line);
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(egui::Role::ProgressIndicator, true, "Progress");
        info.value = Some(f64::from(fraction));
        info
    });
}

/// Right-aligned in a fixed width, so that nothing beside it moves.
fn figure(ui: &mut Ui, width: f32, text: &str, colour: egui::Color32) {
    let (slot, response) = ui.allocate_exact_size(vec2(width, theme::CONTROL_HEIGHT), Sense::hover());
    if text.is_empty() {
        return;
    }
    let font: FontId = fonts::body();
    ui.painter().text(slot.right_center(), Align2::RIGHT_CENTER, text, font, colour);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, text));
}
