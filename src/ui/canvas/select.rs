//! The tool that masks a thing by a click or a box: what is pointed at, how the answer is joined with the mask, and what
//! the strip says meanwhile.

use egui::{Align, Sense, Ui, vec2};

use super::action::CanvasAction;
use super::options;
use super::state::{CanvasState, Hand, LookingAt};
use crate::engine::{SelectEvent, SelectHandle};
use crate::job::{Click, SelectPrompt};
use crate::mask::MaskPlane;
use crate::ui::action::Action;
use crate::ui::state::{AppState, Sheet};
use crate::ui::theme;
use crate::ui::theme::fonts;
use crate::ui::widgets::{Segment, Segments, paint};

/// A drag shorter than this is a click that shook, in points.
const CLICK_REACH: f32 = 5.0;
const JOIN_WIDTH: f32 = 224.0;
/// Of what is said while one waits. Where there is no room, the pointer tells that too.
const STATUS_WIDTH: f32 = 100.0;
const HINT_WIDTH: f32 = 300.0;
/// Where there is room for signs only.
const NARROW_WIDTH: f32 = 96.0;

/// How an answer is joined with the mask that is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Join {
    Replace,
    #[default]
    Add,
    TakeAway,
}

/// What was pointed at, and what is waited for.
#[derive(Default)]
pub struct Selecting {
    pub join: Join,
    /// Whether what is pointed at now belongs to the last selection.
    pub goes_on: bool,
    /// The share that is there of what is being fetched.
    pub fetched: Option<f32>,
    last: Option<Selection>,
    /// The number of the newest ask.
    asked: u64,
    /// Whether that was sent, and is not answered.
    waits: bool,
    /// It waits to be sent.
    unsent: bool,
}

struct Selection {
    prompt: SelectPrompt,
    join: Join,
    /// The mask before it.
    before: MaskPlane,
}

impl Selecting {
    #[must_use]
    pub fn is_looking(&self) -> bool {
        self.waits
    }
}

/// Turns what the hand drew into a click or a box.
pub(super) fn point(canvas: &mut CanvasState) {
    let Hand::Outlining { corners, takes_away } = std::mem::take(&mut canvas.hand) else { return };
    let (Some([from_x, from_y]), Some(size_px)) = (corners.first().copied(), canvas.document.size_px()) else { return };
    let [to_x, to_y] = corners.last().copied().unwrap_or([from_x, from_y]);
    let zoom = canvas.placed.map_or(1.0, |view| view.zoom());
    let is_click = (to_x - from_x).hypot(to_y - from_y) * zoom < CLICK_REACH;
    let [width, height] = size_px.map(|side| side as f32);
    if is_click && !(0.0..width).contains(&from_x) | !(0.0..height).contains(&from_y) {
        return;
    }
    let within = |x: f32, y: f32| [x.clamp(0.0, width - 1.0), y.clamp(0.0, height - 1.0)];
    let selecting = &mut canvas.selecting;
    let goes_on = selecting.goes_on && selecting.last.as_ref().is_some_and(|last| last.before.size_px() == size_px);
    if !goes_on {
        let join = if takes_away { Join::TakeAway } else { selecting.join };
        let before = canvas.document.mask().plane().clone();
        selecting.last = Some(Selection { prompt: SelectPrompt::default(), join, before });
    }
    let Some(last) = &mut selecting.last else { return };
    if is_click {
        last.prompt.clicks.push(Click { at: within(from_x, from_y), belongs: !(goes_on && takes_away) });
    } else {
        last.prompt.around = Some([within(from_x, from_y), within(to_x, to_y)]);
    }
    selecting.unsent = true;
}

/// Sends what waits to be sent.
pub(in crate::ui) fn ask(state: &mut AppState, selector: &SelectHandle) {
    let canvas = &mut state.canvas;
    if !std::mem::take(&mut canvas.selecting.unsent) {
        return;
    }
    let Some(picture) = canvas.document.settled_picture() else { return };
    let selecting = &mut canvas.selecting;
    let Some(last) = &selecting.last else { return };
    selecting.asked += 1;
    selecting.waits = selector.find(selecting.asked, picture, last.prompt.clone());
}

/// What the thread tells.
pub(in crate::ui) fn take(state: &mut AppState, event: SelectEvent) {
    let selecting = &mut state.canvas.selecting;
    match event {
        SelectEvent::Found { ask, mask } => {
            if ask == selecting.asked {
                selecting.waits = false;
                found(state, &mask);
            }
        }
        SelectEvent::Missing => {
            (selecting.waits, selecting.last) = (false, None);
            if selecting.fetched.is_none() {
                state.sheet = Some(Sheet::Selector);
            }
        }
        SelectEvent::Fetching { fraction } => selecting.fetched = Some(fraction),
        SelectEvent::Fetched => {
            selecting.fetched = None;
            state.toasts.note("Click on a thing to mask it; drag a box around it where a click is not enough.");
        }
        SelectEvent::Failed(sentence) => {
            (selecting.waits, selecting.fetched) = (false, None);
            state.toasts.error(sentence, None);
        }
    }
}

fn found(state: &mut AppState, mask: &MaskPlane) {
    let canvas = &mut state.canvas;
    let Some(last) = &canvas.selecting.last else { return };
    if last.before.size_px() != mask.size_px() || canvas.document.size_px() != Some(mask.size_px()) {
        return;
    }
    if mask.is_empty() {
        state.toasts.note("Nothing was found there; drag a box around the thing.");
        return;
    }
    let joined = match last.join {
        Join::Replace => mask.clone(),
        Join::Add => {
            let mut joined = last.before.clone();
            joined.add(mask);
            joined
        }
        Join::TakeAway => {
            let mut joined = last.before.clone();
            joined.subtract(mask);
            joined
        }
    };
    canvas.document.set_mask(joined);
    canvas.overlay.hides_mask = false;
    if canvas.looking_at != LookingAt::Canvas {
        canvas.look_at_canvas(false);
    }
}

/// The tool's own part of the strip.
pub(super) fn options(ui: &mut Ui, state: &AppState, actions: &mut Vec<Action>) {
    let joins = [Join::Replace, Join::Add, Join::TakeAway];
    let is_narrow = ui.available_width() < options::MASK_BUTTONS_WIDTH + JOIN_WIDTH + 16.0;
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
    let room = ui.available_width() - options::MASK_BUTTONS_WIDTH;
    if room < STATUS_WIDTH {
        return;
    }
    let words = if let Some(fraction) = selecting.fetched {
        format!("Fetching {:.0} %", fraction * 100.0)
    } else if selecting.is_looking() {
        "Looking…".to_owned()
    } else if room < HINT_WIDTH {
        "Click or box".to_owned()
    } else {
        "Click or box. Shift says more of the same.".to_owned()
    };
    // Of one width, whatever is said: what stands to the right stays where it is.
    let width = if room < HINT_WIDTH { STATUS_WIDTH } else { HINT_WIDTH };
    let (rect, _) = ui.allocate_exact_size(vec2(width, theme::CONTROL_HEIGHT), Sense::hover());
    paint::text(ui, rect, Align::Min, &words, fonts::body(), theme::tokens(ui).text_2);
}
