//! What the pointer asks for on the canvas. Every event of a frame counts, so that a quick stroke stays round.
//!
//! Read before the frame is drawn, so that paint appears under the pointer and not a frame behind it.

use egui::{Context, Event, Id, Key, Modifiers, PointerButton, Pos2, TouchPhase};

use super::state::{CanvasState, Gesture};
use super::{handles, place, pose};
use crate::canvas::tools::Tool;
use crate::ui::action::{
    Action, CanvasAction, Grip, LayerAction, LayerRow, LookingAt, PenPoint, PlaceAction, PoseAction, StrokeStart,
};
use crate::ui::canvas::view::View;
use crate::ui::state::AppState;

/// Of the area in which the pointer counts.
#[must_use]
pub(crate) fn area_id() -> Id {
    Id::unique("canvas area")
}

/// So near to its first corner a click closes a polygon, in points.
const CLOSING_DISTANCE: f32 = 10.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    Nothing,
    Painting,
    Outlining,
    Extending,
    Posing,
    Placing,
}

struct PointerReader<'a> {
    canvas: &'a CanvasState,
    view: View,
    /// Whether a press lands on the canvas.
    over: bool,
    space: bool,
    doing: Doing,
    pressure: f32,
    corners: usize,
    /// Where the right button went down, while it is held.
    reversed_from: Option<Pos2>,
    actions: &'a mut Vec<Action>,
}

/// Turns this frame's pointer events into actions.
pub(crate) fn actions_of(ctx: &Context, state: &AppState, actions: &mut Vec<Action>) {
    let canvas = &state.canvas;
    let Some(placed) = canvas.placed.filter(|_| canvas.is_restored) else { return };
    // A press brings the canvas's own picture back: it counts where that will lie, whatever is seen now.
    let view = match canvas.document.size_px() {
        Some([width, height]) if canvas.looking_at != LookingAt::Canvas => {
            placed.of_size(egui::vec2(width as f32, height as f32), canvas.view, ctx.pixels_per_point())
        }
        _ => placed,
    };
    let covered = state.sheet.is_some() || egui::Popup::is_any_open(ctx);
    let over = !covered && ctx.read_response(area_id()).is_some_and(|area| area.contains_pointer());
    let typing = ctx.text_edit_focused();
    let (doing, corners) = match &canvas.gesture {
        _ if canvas.posing.is_dragging() => (Doing::Posing, 0),
        _ if canvas.placing.is_dragging() => (Doing::Placing, 0),
        Gesture::Idle | Gesture::Panning => (Doing::Nothing, 0),
        Gesture::Painting { .. } => (Doing::Painting, 0),
        Gesture::Outlining { corners, .. } => (Doing::Outlining, corners.len()),
        Gesture::Extending(_) => (Doing::Extending, 0),
    };
    let mut closes = None;
    ctx.input(|input| {
        let is_right = |event: &&Event| {
            matches!(event, Event::PointerButton { button: PointerButton::Secondary, pressed: true, .. })
        };
        if input.events.iter().any(|event| is_right(&event)) {
            closes = Some(doing == Doing::Outlining);
        }
        let space = input.key_down(Key::Space) && !typing;
        let held = input.pointer.button_down(PointerButton::Secondary) && over && !space;
        let reversed_from = input.pointer.press_origin().filter(|_| held);
        let mut reader =
            PointerReader { canvas, view, over, space, doing, pressure: 1.0, corners, reversed_from, actions };
        reader.pressure = input.multi_touch().map_or(1.0, |touch| if touch.force > 0.0 { touch.force } else { 1.0 });
        for event in &input.events {
            reader.read(event, input.modifiers);
        }
        let is_twice = over && input.pointer.button_double_clicked(PointerButton::Primary);
        if let Some(layer) = input.pointer.interact_pos().filter(|_| is_twice).and_then(|pos| canvas.chip_at(pos)) {
            reader.actions.push(Action::Layers(LayerAction::EditWords(layer)));
        }
        // A button that was lifted where no event came of it.
        let ends = matches!(reader.doing, Doing::Painting | Doing::Extending | Doing::Posing | Doing::Placing);
        if !input.pointer.any_down() && ends {
            reader.lift(None, input.modifiers);
        }
    });
    if let Some(closes) = closes {
        ctx.data_mut(|data| data.insert_temp(closing_id(), closes));
    }
}

fn closing_id() -> Id {
    Id::unique("the right button closed an outline")
}

/// Whether the last press of the right button ended an outline, and opens no menu.
#[must_use]
pub(super) fn closed_an_outline(ctx: &Context) -> bool {
    ctx.data(|data| data.get_temp(closing_id())).unwrap_or(false)
}

impl PointerReader<'_> {
    fn read(&mut self, event: &Event, modifiers: Modifiers) {
        match event {
            Event::Touch { phase, force, .. } => {
                self.pressure = match phase {
                    TouchPhase::Start | TouchPhase::Move => force.filter(|force| *force > 0.0).unwrap_or(1.0),
                    TouchPhase::End | TouchPhase::Cancel => self.pressure,
                };
            }
            Event::PointerButton { pos, button, pressed: true, modifiers } => self.press(*pos, *button, *modifiers),
            Event::PointerButton { pos, pressed: false, button, modifiers } if *button != PointerButton::Middle => {
                self.lift(Some(*pos), *modifiers);
            }
            Event::PointerMoved(pos) => self.go(*pos, modifiers),
            Event::WindowFocused(false) => self.lift(None, modifiers),
            _ => {}
        }
    }

    fn press(&mut self, pos: Pos2, button: PointerButton, modifiers: Modifiers) {
        if !self.over || self.space || button == PointerButton::Middle {
            return;
        }
        let is_on_handle = matches!(place::hit(self.canvas, self.view, pos), Some(Grip::Turn | Grip::Edge(..)))
            || pose::takes(self.canvas) && pose::hit(self.canvas, self.view, pos).is_some();
        let may_choose = self.doing == Doing::Nothing && button == PointerButton::Primary && !is_on_handle;
        if let Some(layer) = self.canvas.chip_at(pos).filter(|_| may_choose) {
            self.actions.push(Action::Layers(LayerAction::Choose(LayerRow::Layer(layer))));
            return;
        }
        let tool = self.canvas.tool;
        let at = self.at(pos);
        let secondary = button == PointerButton::Secondary;
        // A click of the right button opens the menu; only a drag paints the other way round.
        if secondary && self.doing != Doing::Outlining {
            return;
        }
        let reversed = modifiers.alt != secondary;
        if self.doing == Doing::Nothing && pose::takes(self.canvas) {
            self.take_point(pos, at, modifiers);
            return;
        }
        if self.doing == Doing::Nothing && place::takes(self.canvas) {
            if let Some(grip) = place::hit(self.canvas, self.view, pos) {
                self.place(PlaceAction::Take { grip, at });
                self.doing = Doing::Placing;
            }
            return;
        }
        match tool {
            Tool::Colour if modifiers.alt => self.push(CanvasAction::PickColour(at)),
            Tool::Brush | Tool::Eraser | Tool::Colour if self.doing == Doing::Nothing => {
                let at = PenPoint { at, pressure: self.pressure };
                self.push(CanvasAction::StrokeBegin(StrokeStart { at, reversed, from_last: modifiers.shift }));
                self.doing = Doing::Painting;
            }
            Tool::Polygon if self.doing == Doing::Outlining => {
                if secondary || self.closes(pos) {
                    self.push(CanvasAction::OutlineClose);
                    self.doing = Doing::Nothing;
                } else {
                    self.push(CanvasAction::OutlineCorner(at));
                    self.corners += 1;
                }
            }
            Tool::Rectangle | Tool::Lasso | Tool::Polygon | Tool::Select if self.doing == Doing::Nothing => {
                self.push(CanvasAction::OutlineBegin { at, takes_away: reversed, goes_on: modifiers.shift });
                self.doing = Doing::Outlining;
                self.corners = 1;
            }
            Tool::Bucket => self.push(CanvasAction::Fill(at)),
            Tool::Extend if handles::at(self.view, pos).is_some() => {
                self.push(CanvasAction::ExtendTo(crate::raster::Extension::default()));
                self.doing = Doing::Extending;
            }
            _ => {}
        }
    }

    /// Of people on the chosen layer: with Shift all of the person goes along, Alt hides a point or shows it.
    fn take_point(&mut self, pos: Pos2, at: [f32; 2], modifiers: Modifiers) {
        let Some((person, point)) = pose::hit(self.canvas, self.view, pos) else { return };
        if modifiers.alt {
            self.pose(PoseAction::Toggle { person, point });
        } else {
            self.pose(PoseAction::Take { person, point, at, whole: modifiers.shift });
            self.doing = Doing::Posing;
        }
    }

    fn place(&mut self, action: PlaceAction) {
        self.actions.push(Action::Layers(LayerAction::Place(action)));
    }

    fn pose(&mut self, action: PoseAction) {
        self.actions.push(Action::Layers(LayerAction::Pose(action)));
    }

    /// Whether what is dragged are handles, and nothing is painted.
    fn has_handles(&self) -> bool {
        pose::takes(self.canvas) || place::takes(self.canvas)
    }

    /// Whether a click at `pos` lies on the polygon's first corner.
    fn closes(&self, pos: Pos2) -> bool {
        let Gesture::Outlining { corners, .. } = &self.canvas.gesture else { return false };
        let first = corners.first().map(|[x, y]| self.view.screen_from_image(egui::pos2(*x, *y)));
        self.corners >= 3 && first.is_some_and(|first| first.distance(pos) < CLOSING_DISTANCE)
    }

    /// A drag of the right button that has gone far enough to be none of a click.
    fn begin_reversed(&mut self, pos: Pos2, modifiers: Modifiers) {
        const LEAST_DRAG: f32 = 6.0;
        let tool = self.canvas.tool;
        let Some(from) = self.reversed_from.filter(|from| from.distance(pos) >= LEAST_DRAG) else { return };
        self.reversed_from = None;
        if self.doing != Doing::Nothing || !tool.is_for_mask() || self.has_handles() {
            return;
        }
        let at = self.at(from);
        let reversed = !modifiers.alt;
        match tool {
            Tool::Brush | Tool::Eraser => {
                let at = PenPoint { at, pressure: self.pressure };
                self.push(CanvasAction::StrokeBegin(StrokeStart { at, reversed, from_last: modifiers.shift }));
                self.doing = Doing::Painting;
            }
            Tool::Rectangle | Tool::Lasso | Tool::Select => {
                self.push(CanvasAction::OutlineBegin { at, takes_away: reversed, goes_on: modifiers.shift });
                self.doing = Doing::Outlining;
            }
            _ => {}
        }
    }

    fn go(&mut self, pos: Pos2, modifiers: Modifiers) {
        self.begin_reversed(pos, modifiers);
        let at = self.at(pos);
        match self.doing {
            // With Shift the way is straight: it waits for where it ends.
            Doing::Painting if !modifiers.shift => {
                self.push(CanvasAction::StrokeTo(PenPoint { at, pressure: self.pressure }));
            }
            Doing::Outlining if self.canvas.tool != Tool::Polygon => self.push(CanvasAction::OutlineTo(at)),
            Doing::Posing => self.pose(PoseAction::MoveTo(at)),
            Doing::Placing => self.place(PlaceAction::MoveTo { at, evenly: modifiers.shift }),
            Doing::Extending => {
                if let Some(sides) = handles::dragged(self.view, self.canvas, pos) {
                    self.push(CanvasAction::ExtendTo(sides));
                }
            }
            _ => {}
        }
    }

    fn lift(&mut self, pos: Option<Pos2>, modifiers: Modifiers) {
        match self.doing {
            Doing::Painting => {
                if let Some(pos) = pos.filter(|_| modifiers.shift) {
                    let at = self.at(pos);
                    self.push(CanvasAction::StrokeTo(PenPoint { at, pressure: self.pressure }));
                }
                self.push(CanvasAction::StrokeEnd);
            }
            Doing::Outlining if self.canvas.tool != Tool::Polygon => self.push(CanvasAction::OutlineClose),
            Doing::Extending => self.push(CanvasAction::Extend),
            Doing::Posing => self.pose(PoseAction::Release),
            Doing::Placing => self.place(PlaceAction::Release),
            Doing::Outlining | Doing::Nothing => return,
        }
        self.doing = Doing::Nothing;
    }

    fn at(&self, pos: Pos2) -> [f32; 2] {
        self.view.image_from_screen(pos).into()
    }

    fn push(&mut self, action: CanvasAction) {
        self.actions.push(Action::Canvas(action));
    }
}
