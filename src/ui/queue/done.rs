//! What this session has made, the newest first.

use egui::{Align, Rect, Sense, Ui, WidgetInfo, pos2, vec2};

use super::heading::heading;
use crate::ui::action::{Action, LookingAt, QueueAction, ResultsAction};
use crate::ui::results::candidate::{Candidate, Made};
use crate::ui::state::AppState;
use crate::ui::textures::Textures;
use crate::ui::theme;
use crate::ui::theme::fonts;
use crate::ui::widgets::{TextButton, Tile, TileStage, fields, paint};

const HEIGHT: f32 = 48.0;
const SIDE: f32 = 36.0;

pub(super) fn show(ui: &mut Ui, state: &AppState, textures: &mut Textures, actions: &mut Vec<Action>) {
    let is_listed = |candidate: &&Candidate| state.queue.cleared.is_none_or(|cleared| candidate.job > cleared);
    let done: Vec<(&Candidate, &Made)> =
        state.candidates.list.iter().rev().filter(is_listed).filter_map(|one| Some((one, one.made()?))).collect();
    if done.is_empty() {
        return;
    }
    ui.add_space(theme::HALF);
    fields::line(ui, theme::HALF);
    let head = heading(ui, "Done", done.len(), "");
    let place = Rect::from_min_size(pos2(head.right() - 68.0, head.center().y - 14.0), vec2(60.0, 28.0));
    if ui.put(place, TextButton::new("Clear").bare().width(60.0)).clicked() {
        actions.push(Action::Queue(QueueAction::ClearDone));
    }
    for (candidate, made) in done {
        one(ui, candidate, made, textures, actions);
    }
}

fn one(ui: &mut Ui, candidate: &Candidate, made: &Made, textures: &mut Textures, actions: &mut Vec<Action>) {
    let tokens = theme::tokens(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::hover());
    if !ui.is_rect_visible(rect) {
        return;
    }
    let inner = rect.shrink2(vec2(f32::from(theme::PANEL_PADDING), 0.0));
    let tile = Tile {
        name: &format!("Done: {}", candidate.request.prompt),
        texture: textures.small(&made.picture),
        size_px: [made.picture.width(), made.picture.height()],
        stage: TileStage::Ready,
        chosen: false,
    };
    let square = Rect::from_min_size(pos2(inner.left(), inner.center().y - SIDE / 2.0), vec2(SIDE, SIDE));
    if tile.show(ui, square, ui.scope_id().with(("done", candidate.job))).clicked() {
        actions.push(Action::Results(ResultsAction::LookAt(LookingAt::Candidate(candidate.job))));
    }
    let beside = Rect::from_min_max(pos2(square.right() + 8.0, inner.top()), inner.max);
    let seconds = format!("{:.1} s", made.seconds);
    let used = paint::text(ui, beside, Align::Max, &seconds, fonts::body(), tokens.text_2);
    let lines = paint::between(beside, 0.0, used + 8.0);
    let line = |top: f32| Rect::from_min_size(pos2(lines.left(), lines.top() + top), vec2(lines.width(), 18.0));
    let words = &candidate.request.prompt;
    let seed = match candidate.kind.words() {
        "" => format!("seed {}", candidate.request.seed),
        kind => kind.to_owned(),
    };
    paint::text(ui, line(6.0), Align::Min, words, fonts::body(), tokens.text_1);
    paint::text(ui, line(24.0), Align::Min, &seed, fonts::body(), tokens.text_2);
    let name = ui.interact(lines, ui.scope_id().with(("done words", candidate.job)), Sense::hover());
    name.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, format!("{words}, {seed}, {seconds}")));
}
