//! What is being made, on each device a picture: its preview, which of how many, how far, how long.

use egui::{Align, Rect, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::ui::action::{Action, LookingAt, QueueAction, ResultsAction};
use crate::ui::numbers::duration;
use crate::ui::queue::rows::RunningRow;
use crate::ui::results::candidate::{Candidates, Stage};
use crate::ui::state::AppState;
use crate::ui::textures::Textures;
use crate::ui::theme;
use crate::ui::theme::{fonts, icons};
use crate::ui::widgets::{IconButton, Tile, TileStage, paint};

const SIDE: f32 = 64.0;
const LINE: f32 = 18.0;

pub(super) fn show(ui: &mut Ui, state: &AppState, textures: &mut Textures, actions: &mut Vec<Action>) {
    let rows = state.candidates.running_rows();
    let is_alone = rows.len() == 1;
    for running in rows {
        let left = if is_alone { seconds_of_row(&state.candidates, &running) } else { running.picture.seconds_left() };
        row(ui, &running, is_alone, left, textures, actions);
    }
}

fn row(
    ui: &mut Ui,
    running: &RunningRow<'_>,
    is_alone: bool,
    seconds_left: Option<f64>,
    textures: &mut Textures,
    actions: &mut Vec<Action>,
) {
    let tokens = theme::tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), SIDE + 8.0), Sense::hover());
    let inner = rect.shrink2(vec2(f32::from(theme::PANEL_PADDING), 0.0));
    let job = running.picture.job;
    let (texture, preview) = match &running.picture.stage {
        Stage::Running(progress) => {
            let preview = progress.preview.as_ref();
            (preview.and_then(|preview| textures.preview(job, preview)), preview)
        }
        _ => (None, None),
    };
    let which = which_words(running);
    let name = if is_alone { "What is being made".to_owned() } else { format!("What is being made, {which}") };
    let tile = Tile {
        name: &name,
        texture,
        size_px: preview.map_or([1, 1], |preview| [preview.width(), preview.height()]),
        stage: TileStage::Ready,
        chosen: false,
    };
    let square = Rect::from_min_size(inner.min, vec2(SIDE, SIDE));
    if tile.show(ui, square, ui.scope_id().with(("running tile", job.0))).clicked() {
        actions.push(Action::Results(ResultsAction::LookAt(LookingAt::Candidate(job))));
    }
    let beside = Rect::from_min_max(pos2(square.right() + 8.0, inner.top()), inner.max);
    let line = |index: f32, offset: f32| {
        Rect::from_min_size(beside.min + vec2(0.0, index * LINE + offset), vec2(beside.width(), LINE))
    };
    let words = &running.picture.request.prompt;
    paint::text(ui, paint::between(line(0.0, 1.0), 0.0, 28.0), Align::Min, words, fonts::body(), tokens.text_1);
    paint::text(ui, paint::between(line(1.0, 1.0), 0.0, 28.0), Align::Min, &which, fonts::body(), tokens.text_2);
    let stop = Rect::from_min_size(pos2(beside.right() - 24.0, beside.top() - 4.0), vec2(28.0, 28.0));
    let name = match running.rest.len() {
        0 if is_alone => "Cancel what is being made".to_owned(),
        0 => format!("Cancel {which}"),
        rest => format!("Cancel these {} pictures", rest + 1),
    };
    if ui.put(stop, IconButton::new(icons::X, &name)).clicked() {
        actions.push(if running.is_beside {
            Action::Results(ResultsAction::Cancel(job))
        } else {
            Action::Queue(QueueAction::CancelRow(running.picture.press))
        });
    }
    let figures = running.picture.figures();
    let slot = line(2.0, 1.0);
    let bar = Rect::from_min_size(pos2(slot.left(), slot.top() + 4.0), vec2(slot.width(), 4.0));
    ui.painter().rect_filled(bar, 2.0, tokens.rail);
    let fraction = figures.fraction.unwrap_or_default().clamp(0.0, 1.0);
    ui.painter().rect_filled(paint::left_part(bar, bar.width() * fraction), 2.0, tokens.accent_line);
    let foot = line(2.0, 11.0);
    paint::text(ui, foot, Align::Min, &figures.step, fonts::body(), tokens.text_2);
    let left = seconds_left.map(duration).unwrap_or_default();
    paint::text(ui, foot, Align::Max, &left, fonts::body(), tokens.text_2);
    response.widget_info(|| {
        let info = format!("Being made: {words}, {which} {} {left}", figures.step);
        WidgetInfo::labeled(egui::Role::Label, true, info)
    });
    // What was put into the row moved the cursor back to it.
    ui.advance_cursor_after_rect(rect);
}

fn which_words(running: &RunningRow<'_>) -> String {
    match running.count {
        1 => format!("seed {}", running.picture.request.seed),
        count => format!("picture {} of {count}", running.number),
    }
}

/// The rest of the picture and of its row.
fn seconds_of_row(candidates: &Candidates, running: &RunningRow<'_>) -> Option<f64> {
    Some(candidates.seconds_left_of_running()? + candidates.seconds_of(&running.rest)?)
}
