//! The chosen tool's own options in the strip: what each takes, and how it is drawn.

use egui::{Align, Id, Popup, RichText, Sense, Ui, vec2};

use super::colours;
use super::extend;
use super::fit::{Goes, Piece};
use super::parts::{Button, Part};
use crate::canvas::tools::{BrushSettings, Tool};
use crate::mask::Brush;
use crate::ui::action::{Action, CanvasAction, Join, Zoom};
use crate::ui::input::keymap;
use crate::ui::input::shortcuts::Command;
use crate::ui::state::AppState;
use crate::ui::theme;
use crate::ui::theme::fonts;
use crate::ui::widgets::fields::Number;
use crate::ui::widgets::{MenuItem, Segment, Segments, TextButton, paint};

/// Wide enough for "1600 %", so that nothing moves while one zooms.
const ZOOM_WIDTH: f32 = 72.0;
const SLIDER_WIDTH: f32 = 60.0;
pub(super) const NUMBER_WIDTH: f32 = 56.0;
const OUTLINE_WIDTH: f32 = 176.0;
const JOIN_WIDTH: f32 = 224.0;
/// Where only signs fit.
const JOIN_WIDTH_NARROW: f32 = 96.0;
/// Of one width, whatever the text: what stands to the right stays where it is.
const SELECT_STATE_WIDTH: f32 = 300.0;
const SELECT_STATE_WIDTH_NARROW: f32 = 100.0;
/// Around a label that stands before its field.
const LABEL_GAP: f32 = 6.0;

/// How long the words are that a tool has in the strip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    Wide,
    /// What only informs is shorter.
    Middle,
    /// Signs instead of words.
    Narrow,
}

impl Room {
    pub(super) fn narrower(self) -> Option<Self> {
        match self {
            Self::Wide => Some(Self::Middle),
            Self::Middle => Some(Self::Narrow),
            Self::Narrow => None,
        }
    }
}

/// Adds what this tool has.
pub(super) fn pieces(ui: &Ui, state: &AppState, room: Room, pieces: &mut Vec<Piece<Part>>) {
    let tool = state.canvas.tool;
    let mut add = |part, width: f32, rank, goes_to| {
        // Colours and hints stand for themselves; the numbers of a brush belong together.
        let group = match part {
            Part::Colour | Part::OtherColour => 3,
            Part::Hint => 2,
            _ => 1,
        };
        pieces.push(Piece { part, width, group, rank, goes_to, at_end: false });
    };
    let words = |text: &str| {
        let colour = theme::tokens(ui).text_2;
        paint::line(ui, text, fonts::body(), colour, f32::INFINITY).size().x.ceil() + LABEL_GAP
    };
    match tool {
        Tool::Hand => {
            add(Part::Button(Button::ZoomOut), theme::CONTROL_HEIGHT, 41, Goes::ToMenu);
            add(Part::ZoomLevel, ZOOM_WIDTH, 2, Goes::ToMenu);
            add(Part::Button(Button::ZoomIn), theme::CONTROL_HEIGHT, 41, Goes::ToMenu);
            add(Part::Button(Button::ZoomFit), theme::CONTROL_HEIGHT, 42, Goes::ToMenu);
        }
        Tool::Brush | Tool::Eraser | Tool::Colour => {
            if tool == Tool::Colour {
                add(Part::Colour, colours::CHOSEN_SIDE, 2, Goes::Away);
                add(Part::OtherColour, colours::OTHER_SIDE, 3, Goes::ToMenu);
            }
            add(Part::SizeLabel, words("Size"), 4, Goes::Away);
            add(Part::SizeSlider, SLIDER_WIDTH + LABEL_GAP, 80, Goes::Away);
            add(Part::SizeNumber, NUMBER_WIDTH, 4, Goes::ToMenu);
            add(Part::HardnessLabel, LABEL_GAP + words("Hardness"), 60, Goes::Away);
            add(Part::HardnessSlider, SLIDER_WIDTH + LABEL_GAP, 81, Goes::Away);
            add(Part::HardnessNumber, NUMBER_WIDTH, 60, Goes::ToMenu);
        }
        Tool::Lasso | Tool::Polygon => add(Part::Outline, OUTLINE_WIDTH, 30, Goes::ToMenu),
        Tool::Select => {
            let width = if room == Room::Narrow { JOIN_WIDTH_NARROW } else { JOIN_WIDTH };
            add(Part::Join, width, 30, Goes::ToMenu);
            let width = if room == Room::Wide { SELECT_STATE_WIDTH } else { SELECT_STATE_WIDTH_NARROW };
            // Where it does not fit, the pointer's shape shows that too.
            add(Part::SelectState, width, 70, Goes::Away);
        }
        Tool::Extend => add(Part::ExtendNumbers, extend::BUTTON_WIDTH, 2, Goes::ToMenu),
        Tool::Rectangle | Tool::Bucket => {}
    }
    if let Some(text) = hint(tool) {
        add(Part::Hint, words(text), 90, Goes::Away);
    }
}

fn hint(tool: Tool) -> Option<&'static str> {
    match tool {
        Tool::Rectangle => Some("Drag from corner to corner. Alt takes away."),
        Tool::Bucket => Some("Click inside an outline to fill it."),
        Tool::Extend => Some("Drag a side outwards."),
        Tool::Colour => Some("Alt picks from the picture."),
        Tool::Hand | Tool::Brush | Tool::Eraser | Tool::Lasso | Tool::Polygon | Tool::Select => None,
    }
}

/// Draws into the whole of `ui`. A label leaves its id for the fields that follow.
pub(super) fn draw(ui: &mut Ui, part: Part, state: &mut AppState, label: &mut Id, actions: &mut Vec<Action>) {
    match part {
        Part::ZoomLevel => zoom(ui, state, actions),
        Part::SizeLabel => *label = text(ui, "Size"),
        Part::HardnessLabel => {
            ui.add_space(LABEL_GAP);
            *label = text(ui, "Hardness");
        }
        Part::SizeSlider => size(ui, state, |ui, number, value| number.slider(ui, *label, SLIDER_WIDTH, value)),
        Part::SizeNumber => size(ui, state, |ui, number, value| number.show(ui, *label, NUMBER_WIDTH, value)),
        Part::HardnessSlider => hardness(ui, state, |ui, number, value| number.slider(ui, *label, SLIDER_WIDTH, value)),
        Part::HardnessNumber => hardness(ui, state, |ui, number, value| number.show(ui, *label, NUMBER_WIDTH, value)),
        Part::Outline => outline(ui, state.canvas.tool, actions),
        Part::Join => join(ui, state, actions),
        Part::SelectState => select_state(ui, state),
        Part::Hint => {
            text(ui, hint(state.canvas.tool).unwrap_or_default());
        }
        Part::Button(_) | Part::Colour | Part::OtherColour | Part::ExtendNumbers | Part::LiveWord | Part::More => {}
    }
}

fn text(ui: &mut Ui, words: &str) -> Id {
    let text = RichText::new(words).color(theme::tokens(ui).text_2);
    ui.add(egui::Label::new(text).selectable(false).extend()).id
}

fn size_number(default_px: f32) -> Number {
    Number::new(1.0, 1.0..=f64::from(Brush::MAX_DIAMETER_PX))
        .slider_to(200.0)
        .default(f64::from(default_px))
        .suffix(" px")
}

pub(super) fn percent_number(default: f32) -> Number {
    Number::new(1.0, 0.0..=100.0).default(f64::from(default * 100.0)).suffix(" %")
}

/// Shows the brush's size as `field` does it.
pub(super) fn size(ui: &mut Ui, state: &mut AppState, field: impl FnOnce(&mut Ui, &Number, &mut f64)) {
    let on_region = state.canvas.is_on_region() && state.canvas.tool != Tool::Colour;
    let share = if on_region { BrushSettings::SHARE_OF_REGIONS } else { BrushSettings::SHARE };
    let default_px = state.canvas.document.size_px().map(|size_px| BrushSettings::default_diameter_px(size_px, share));
    let brush = state.canvas.brush_mut();
    let shown = f64::from(brush.diameter_px.round());
    let mut size = shown;
    field(ui, &size_number(default_px.unwrap_or(BrushSettings::DEFAULT_DIAMETER_PX)), &mut size);
    if (size - shown).abs() > 0.0 {
        brush.choose_diameter(size as f32);
    }
}

/// Shows the brush's hardness as `field` does it.
pub(super) fn hardness(ui: &mut Ui, state: &mut AppState, field: impl FnOnce(&mut Ui, &Number, &mut f64)) {
    let brush = state.canvas.brush_mut();
    let mut shown = f64::from((brush.hardness * 100.0).round());
    field(ui, &percent_number(BrushSettings::DEFAULT_HARDNESS), &mut shown);
    brush.hardness = shown as f32 / 100.0;
}

pub(super) const OUTLINES: [(Tool, &str, &str); 2] = [
    (Tool::Lasso, "Freehand", "Drag around it. Alt takes away."),
    (Tool::Polygon, "Corners", "Click corner by corner; Enter or a click on the first one closes it."),
];

fn outline(ui: &mut Ui, tool: Tool, actions: &mut Vec<Action>) {
    let segments = OUTLINES.map(|(_, text, hint)| Segment { text, hint });
    let chosen = usize::from(tool == Tool::Polygon);
    if let Some(pressed) = Segments::new("Outline", &segments, chosen).show(ui) {
        actions.push(Action::Canvas(CanvasAction::ChooseTool(OUTLINES[pressed].0)));
    }
}

pub(super) const JOINS: [(Join, &str, &str, &str); 3] = [
    (Join::Replace, "=", "Replace", "What is found becomes the mask"),
    (Join::Add, "+", "Add", "What is found joins the mask"),
    (Join::TakeAway, "−", "Take away", "What is found leaves the mask; Alt does the same"),
];

fn join(ui: &mut Ui, state: &AppState, actions: &mut Vec<Action>) {
    let roomy = ui.available_width() >= JOIN_WIDTH;
    let segments = JOINS.map(|(_, sign, words, hint)| Segment { text: if roomy { words } else { sign }, hint });
    let chosen = JOINS.iter().position(|(join, ..)| *join == state.canvas.selecting.join).unwrap_or(0);
    let names = JOINS.map(|(_, _, words, _)| words);
    if let Some(pressed) = Segments::new("Selection", &segments, chosen).named(&names).show(ui) {
        actions.push(Action::Canvas(CanvasAction::Join(JOINS[pressed].0)));
    }
}

fn select_state(ui: &mut Ui, state: &AppState) {
    let selecting = &state.canvas.selecting;
    let words = if let Some(fraction) = selecting.fetched {
        format!("Fetching {:.0} %", fraction * 100.0)
    } else if selecting.is_looking() {
        "Looking…".to_owned()
    } else if ui.available_width() < SELECT_STATE_WIDTH {
        "Click or box".to_owned()
    } else {
        "Click or box. Shift says more of the same.".to_owned()
    };
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), theme::CONTROL_HEIGHT), Sense::hover());
    let rect = paint::between(rect, LABEL_GAP, 0.0);
    paint::text(ui, rect, Align::Min, &words, fonts::body(), theme::tokens(ui).text_2);
}

pub(super) const ZOOMS: [(&str, Command, Zoom); 5] = [
    ("Fit", Command::ZoomFit, Zoom::Fit),
    ("100 %", Command::Zoom100, Zoom::To(1.0)),
    ("200 %", Command::Zoom200, Zoom::To(2.0)),
    ("400 %", Command::Zoom400, Zoom::To(4.0)),
    ("800 %", Command::Zoom800, Zoom::To(8.0)),
];

fn zoom(ui: &mut Ui, state: &AppState, actions: &mut Vec<Action>) {
    let shown_zoom = state.canvas.view.shown_zoom;
    let words = shown_zoom.map_or_else(|| "Fit".to_owned(), |zoom| format!("{:.0} %", zoom * 100.0));
    let button = TextButton::new(&words).named("Zoom").centred().width(ZOOM_WIDTH).bare();
    let level = ui.add_enabled(shown_zoom.is_some(), button);
    Popup::menu(&level).show(|ui| {
        ui.set_width(200.0);
        ui.spacing_mut().item_spacing.y = 0.0;
        for (words, command, zoom) in ZOOMS {
            if ui.add(MenuItem::new(words).key(&keymap::written(ui.ctx(), command))).clicked() {
                actions.push(Action::Canvas(CanvasAction::Zoom(zoom)));
                ui.close();
            }
        }
    });
}
