//! The options of the tool that selects by a click: how an answer joins the mask, and what is waited for.

use egui::{Align, Sense, Ui, vec2};

use super::strip_widgets::MASK_BUTTONS_WIDTH;
use crate::ui::action::{Action, CanvasAction, Join};
use crate::ui::state::AppState;
use crate::ui::theme;
use crate::ui::theme::fonts;
use crate::ui::widgets::{Segment, Segments, paint};

const JOIN_WIDTH: f32 = 224.0;
/// Of the text while one waits. Where it does not fit, the pointer's shape shows that too.
const STATUS_WIDTH: f32 = 100.0;
const HINT_WIDTH: f32 = 300.0;
/// Where only signs fit.
const NARROW_WIDTH: f32 = 96.0;

/// The tool's own part of the strip.
pub(super) fn show(ui: &mut Ui, state: &AppState, actions: &mut Vec<Action>) {
    let joins = [Join::Replace, Join::Add, Join::TakeAway];
    let is_narrow = ui.available_width() < MASK_BUTTONS_WIDTH + JOIN_WIDTH + 16.0;
    let [replace, add, take_away] = if is_narrow { ["=", "+", "−"] } else { ["Replace", "Add", "Take away"] };
    let segments = [
        Segment { text: replace, hint: "What is found becomes the mask" },
        Segment { text: add, hint: "What is found joins the mask" },
        Segment { text: take_away, hint: "What is found leaves the mask; Alt does the same" },
    ];
    let selecting = &state.canvas.selecting;
    let chosen = joins.iter().position(|join| *join == selecting.join).unwrap_or(0);
    if let Some(pressed) =
        Segments::new("Selection", &segments, chosen).width(if is_narrow { NARROW_WIDTH } else { JOIN_WIDTH }).show(ui)
    {
        actions.push(Action::Canvas(CanvasAction::Join(joins[pressed])));
    }
    ui.add_space(6.0);
    let available = ui.available_width() - MASK_BUTTONS_WIDTH;
    if available < STATUS_WIDTH {
        return;
    }
    let words = if let Some(fraction) = selecting.fetched {
        format!("Fetching {:.0} %", fraction * 100.0)
    } else if selecting.is_looking() {
        "Looking…".to_owned()
    } else if available < HINT_WIDTH {
        "Click or box".to_owned()
    } else {
        "Click or box. Shift says more of the same.".to_owned()
    };
    // Of one width, whatever the text: what stands to the right stays where it is.
    let width = if available < HINT_WIDTH { STATUS_WIDTH } else { HINT_WIDTH };
    let (rect, _) = ui.allocate_exact_size(vec2(width, theme::CONTROL_HEIGHT), Sense::hover());
    paint::text(ui, rect, Align::Min, &words, fonts::body(), theme::tokens(ui).text_2);
}
