//! The handles of the chosen layer: how its frame lies on the screen, what of it the pointer takes, and where a drag puts
//! the layer.

use egui::{Color32, CornerRadius, CursorIcon, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, Ui, Vec2, pos2, vec2};

use super::placing::Dragged;
use super::state::CanvasState;
use super::view::View;
use crate::canvas::{Layer, LayerId};
use crate::job::Placement;
use crate::ui::action::{Grip, LookingAt, PlaceAction};
use crate::ui::theme;

/// Side of a handle, in points.
const HANDLE: f32 = 9.0;
/// So near a handle can be taken.
const REACH: f32 = 11.0;
/// From the middle of the upper side to the handle that turns, inwards: it is in sight wherever the frame is.
const TURN_INSIDE: f32 = 28.0;
const TURN_RADIUS: f32 = 6.0;
/// Steps of a turn with Shift, in degrees.
const TURN_STEP: f32 = 15.0;

const EDGES: [(i8, i8); 8] = [(-1, -1), (0, -1), (1, -1), (1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0)];

/// Whether a layer can be moved by handles at all, or why not.
///
/// # Errors
/// A sentence for a person.
pub(in crate::ui) fn may_place(layer: &Layer) -> Result<(), String> {
    let name = &layer.settings.name;
    if !layer.settings.layer_use.lies_on_canvas() {
        return Err(format!("{name} is a reference and has no place on the canvas."));
    }
    if layer.settings.layer_use.pose().is_some() {
        return Err(format!("{name} is moved by its points."));
    }
    if layer.settings.is_locked {
        return Err(format!("{name} is locked: the lock in its row opens it."));
    }
    if layer.settings.is_on { Ok(()) } else { Err(format!("{name} is switched off: the eye in its row shows it.")) }
}

/// The chosen layer, while there are handles around it.
fn layer(canvas: &CanvasState) -> Option<&Layer> {
    let layer = canvas.chosen_layer().filter(|layer| canvas.placing.is_on && may_place(layer).is_ok())?;
    (*canvas.shown() == LookingAt::Canvas).then_some(layer)
}

/// Whether the pointer takes handles instead of painting.
#[must_use]
pub(super) fn takes(canvas: &CanvasState) -> bool {
    layer(canvas).is_some()
}

/// Takes the handles away once another layer is chosen, or theirs cannot be moved any more.
pub(in crate::ui) fn keep_to_its_layer(canvas: &mut CanvasState) {
    let is_its_own = |layer: &Layer| Some(layer.id) == canvas.placing.of && may_place(layer).is_ok();
    if canvas.placing.is_on && !canvas.chosen_layer().is_some_and(is_its_own) {
        give_up_drag(canvas);
        canvas.placing.is_on = false;
    }
}

/// What can be taken at a place of the screen.
#[must_use]
pub(super) fn hit(canvas: &CanvasState, view: View, pos: Pos2) -> Option<Grip> {
    let frame = FrameOnScreen::of(canvas, view)?;
    if frame.turn().distance(pos) <= REACH {
        return Some(Grip::Turn);
    }
    let near = EDGES.map(|(x, y)| (frame.at(f32::from(x), f32::from(y)).distance(pos), (x, y)));
    let (distance, (x, y)) = near.into_iter().min_by(|a, b| a.0.total_cmp(&b.0))?;
    if distance <= REACH {
        return Some(Grip::Edge(x, y));
    }
    frame.contains(pos).then_some(Grip::Inside)
}

/// A layer's frame on the screen.
struct FrameOnScreen {
    view: View,
    canvas_px: [u32; 2],
    placement: Placement,
}

impl FrameOnScreen {
    fn of(canvas: &CanvasState, view: View) -> Option<Self> {
        let placement = layer(canvas)?.settings.placement;
        Some(Self { view, canvas_px: canvas.document.size_px()?, placement })
    }

    /// -1 to 1 from the middle, before it is turned.
    fn at(&self, x: f32, y: f32) -> Pos2 {
        let [width, height] = self.canvas_px.map(|side| side as f32);
        let [x, y] =
            self.placement.map([f32::midpoint(x, 1.0) * width, f32::midpoint(y, 1.0) * height], self.canvas_px);
        self.view.screen_from_image(pos2(x, y))
    }

    fn corners(&self) -> [Pos2; 4] {
        [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)].map(|(x, y)| self.at(x, y))
    }

    fn turn(&self) -> Pos2 {
        let (top, middle) = (self.at(0.0, -1.0), self.at(0.0, 0.0));
        let inwards = middle - top;
        top + inwards.normalized() * TURN_INSIDE.min(inwards.length() / 2.0)
    }

    fn contains(&self, pos: Pos2) -> bool {
        let corners = self.corners();
        let side = |index: usize| cross(corners[(index + 1) % 4] - corners[index], pos - corners[index]);
        let sides = [0, 1, 2, 3].map(side);
        sides.iter().all(|side| *side >= 0.0) || sides.iter().all(|side| *side <= 0.0)
    }
}

fn cross(a: Vec2, b: Vec2) -> f32 {
    a.x * b.y - a.y * b.x
}

pub(super) fn paint(ui: &Ui, painter: &Painter, view: View, canvas: &CanvasState, pointer: Option<Pos2>) {
    let Some(frame) = FrameOnScreen::of(canvas, view) else { return };
    let accent = theme::tokens(ui).accent_line;
    let corners = frame.corners().to_vec();
    for (width, colour) in [(3.0, Color32::from_black_alpha(140)), (1.0, Color32::WHITE)] {
        painter.add(Shape::closed_line(corners.clone(), Stroke::new(width, colour)));
    }
    let dragged = canvas.placing.dragged.map(|dragged| dragged.grip);
    let taken = dragged.or_else(|| pointer.and_then(|pos| hit(canvas, view, pos)));
    let fill = |grip: Grip| if taken == Some(grip) { accent } else { Color32::WHITE };
    painter.line_segment([frame.at(0.0, -1.0), frame.turn()], Stroke::new(1.0, Color32::WHITE));
    painter.circle(frame.turn(), TURN_RADIUS, fill(Grip::Turn), Stroke::new(1.0, Color32::BLACK));
    for (x, y) in EDGES {
        let handle = Rect::from_center_size(frame.at(f32::from(x), f32::from(y)), Vec2::splat(HANDLE));
        let stroke = Stroke::new(1.0, Color32::BLACK);
        painter.rect(handle, CornerRadius::same(2), fill(Grip::Edge(x, y)), stroke, StrokeKind::Outside);
    }
    if let Some(grip) = taken {
        ui.ctx().set_cursor_icon(cursor(&frame, grip));
    }
}

/// The way in which a handle goes, on the screen.
fn cursor(frame: &FrameOnScreen, grip: Grip) -> CursorIcon {
    let (x, y) = match grip {
        Grip::Inside => return CursorIcon::Move,
        Grip::Turn => return CursorIcon::Grab,
        Grip::Edge(x, y) => (f32::from(x), f32::from(y)),
    };
    let way = frame.at(x, y) - frame.at(0.0, 0.0);
    let eighth = (way.angle() / std::f32::consts::FRAC_PI_4).round() as i32;
    match eighth.rem_euclid(4) {
        0 => CursorIcon::ResizeHorizontal,
        1 => CursorIcon::ResizeNwSe,
        2 => CursorIcon::ResizeVertical,
        _ => CursorIcon::ResizeNeSw,
    }
}

pub(in crate::ui) fn apply(canvas: &mut CanvasState, action: PlaceAction) {
    match action {
        PlaceAction::Toggle => {
            give_up_drag(canvas);
            canvas.placing.is_on = !canvas.placing.is_on;
            canvas.placing.of = canvas.chosen_layer().map(|layer| layer.id);
        }
        PlaceAction::Take { grip, at } => {
            let Some((id, before)) = layer(canvas).map(|layer| (layer.id, layer.settings.placement)) else { return };
            canvas.document.end_stroke();
            canvas.placing.dragged = Some(Dragged { layer: id, grip, from: at, before });
        }
        PlaceAction::MoveTo { at, evenly } => {
            let Some(dragged) = canvas.placing.dragged else { return };
            let Some(canvas_px) = canvas.document.size_px() else { return };
            set(canvas, dragged.layer, placed(dragged, at, evenly, canvas_px));
        }
        PlaceAction::Release => {
            if canvas.placing.dragged.take().is_some() {
                canvas.document.end_editing();
            }
        }
        PlaceAction::GiveUp => {
            if !give_up_drag(canvas) {
                canvas.placing.is_on = false;
            }
        }
    }
}

/// Whether there was one.
fn give_up_drag(canvas: &mut CanvasState) -> bool {
    let Some(dragged) = canvas.placing.dragged.take() else { return false };
    set(canvas, dragged.layer, dragged.before);
    canvas.document.end_editing();
    true
}

fn set(canvas: &mut CanvasState, id: LayerId, placement: Placement) {
    canvas.document.edit_stack(|stack| {
        if let Some(layer) = stack.layers.iter_mut().find(|layer| layer.id == id) {
            layer.settings.placement = placement.in_range();
        }
    });
}

/// Where a drag to `at` puts the layer.
fn placed(dragged: Dragged, at: [f32; 2], evenly: bool, canvas_px: [u32; 2]) -> Placement {
    let Dragged { grip, from, before, .. } = dragged;
    let (from, at) = (Vec2::from(from), Vec2::from(at));
    match grip {
        Grip::Inside => {
            let by = at - from;
            let by = match (evenly, by.x.abs() >= by.y.abs()) {
                (false, _) => by,
                (true, true) => vec2(by.x, 0.0),
                (true, false) => vec2(0.0, by.y),
            };
            Placement { x: before.x + by.x, y: before.y + by.y, ..before }
        }
        Grip::Turn => {
            let middle = point(&before, [0.0, 0.0], canvas_px);
            let turned = (at - middle).angle() - (from - middle).angle();
            let angle = before.angle + turned.to_degrees();
            let angle = if evenly { (angle / TURN_STEP).round() * TURN_STEP } else { angle };
            Placement { angle, ..before }.in_range()
        }
        Grip::Edge(x, y) => scaled(before, [f32::from(x), f32::from(y)], at, evenly, canvas_px),
    }
}

/// A place of the frame, -1 to 1 from its middle, on the canvas.
fn point(placement: &Placement, [x, y]: [f32; 2], canvas_px: [u32; 2]) -> Vec2 {
    let [width, height] = canvas_px.map(|side| side as f32);
    Vec2::from(placement.map([f32::midpoint(x, 1.0) * width, f32::midpoint(y, 1.0) * height], canvas_px))
}

/// The side or corner across from the one that is dragged stays where it is.
fn scaled(before: Placement, [x, y]: [f32; 2], at: Vec2, evenly: bool, canvas_px: [u32; 2]) -> Placement {
    let before = before.in_range();
    let (wide, tall) = (before.size, before.size * before.stretch);
    let anchor = point(&before, [-x, -y], canvas_px);
    let own = point(&before, [x, y], canvas_px) - anchor;
    // Along the frame's own sides.
    let (sin, cos) = before.angle.to_radians().sin_cos();
    let along = |way: Vec2| vec2(way.x * cos + way.y * sin, way.y * cos - way.x * sin);
    let (now, own) = (along(at - anchor), along(own));
    // A side changes one length alone.
    let share = |grip: f32, now: f32, own: f32| if grip != 0.0 && own != 0.0 { now / own } else { 1.0 };
    let (wider, taller) = if evenly {
        let even = (now.x * own.x + now.y * own.y) / own.length_sq().max(f32::EPSILON);
        let even = even.clamp(Placement::LEAST_SIZE / wide.min(tall), Placement::MOST_SIZE / wide.max(tall));
        (even, even)
    } else {
        (share(x, now.x, own.x), share(y, now.y, own.y))
    };
    let least = |side: f32| side.clamp(Placement::LEAST_SIZE, Placement::MOST_SIZE);
    let (wide, tall) = (least(wide * wider), least(tall * taller));
    let after = Placement { size: wide, stretch: tall / wide, ..before }.in_range();
    let moved = anchor - point(&after, [-x, -y], canvas_px);
    Placement { x: after.x + moved.x, y: after.y + moved.y, ..after }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANVAS: [u32; 2] = [200, 100];

    fn drag(grip: Grip, before: Placement, from: [f32; 2], to: [f32; 2], evenly: bool) -> Placement {
        placed(Dragged { layer: LayerId(1), grip, from, before }, to, evenly, CANVAS)
    }

    fn near(found: Vec2, wanted: [f32; 2]) {
        assert!((found - Vec2::from(wanted)).length() < 0.01, "{found:?} {wanted:?}");
    }

    #[test]
    fn a_corner_goes_where_the_pointer_is_and_the_one_across_stays() {
        for before in [
            Placement::default(),
            Placement { x: 7.0, y: -3.0, size: 0.6, angle: 33.0, ..Placement::default() },
            Placement { angle: -120.0, flips_across: true, stretch: 1.5, ..Placement::default() },
        ] {
            let (corner, across) = (point(&before, [1.0, 1.0], CANVAS), point(&before, [-1.0, -1.0], CANVAS));
            let to = corner + (corner - across) * 0.25;
            let after = drag(Grip::Edge(1, 1), before, corner.into(), to.into(), false);
            near(point(&after, [1.0, 1.0], CANVAS), to.into());
            near(point(&after, [-1.0, -1.0], CANVAS), across.into());
            // Evenly: the same proportions, wherever the pointer goes.
            let aside = drag(Grip::Edge(1, 1), before, corner.into(), [to.x + 9.0, to.y - 20.0], true);
            assert!((aside.stretch - before.stretch).abs() < 1e-4, "{aside:?}");
            near(point(&aside, [-1.0, -1.0], CANVAS), across.into());
        }
    }

    #[test]
    fn a_side_changes_one_length_alone() {
        let before = Placement::default();
        let after = drag(Grip::Edge(1, 0), before, [200.0, 50.0], [150.0, 77.0], false);
        near(point(&after, [1.0, 0.0], CANVAS), [150.0, 50.0]);
        near(point(&after, [-1.0, -1.0], CANVAS), [0.0, 0.0]);
        near(point(&after, [-1.0, 1.0], CANVAS), [0.0, 100.0]);
        // Turned, it is the frame's own side.
        let before = Placement { angle: 33.0, x: 4.0, ..Placement::default() };
        let (side, middle) = (point(&before, [1.0, 0.0], CANVAS), point(&before, [0.0, 0.0], CANVAS));
        let to = side + (side - middle) * 0.5 + vec2(3.0, -20.0);
        let after = drag(Grip::Edge(1, 0), before, side.into(), to.into(), false);
        assert!((after.size * after.stretch - 1.0).abs() < 1e-4, "as tall as before: {after:?}");
        assert!((1.0..1.5).contains(&after.size), "{after:?}");
        let before = Placement::default();
        // No further than to almost nothing: it is never turned inside out.
        let least = drag(Grip::Edge(1, 0), before, [200.0, 50.0], [-500.0, 50.0], false);
        assert!((least.size - Placement::LEAST_SIZE).abs() < 1e-6);
    }

    #[test]
    fn it_is_moved_and_turned_straight_with_shift() {
        let before = Placement { x: 5.0, ..Placement::default() };
        let moved = drag(Grip::Inside, before, [10.0, 10.0], [40.0, 22.0], false);
        near(vec2(moved.x, moved.y), [35.0, 12.0]);
        let straight = drag(Grip::Inside, before, [10.0, 10.0], [40.0, 22.0], true);
        near(vec2(straight.x, straight.y), [35.0, 0.0]);
        let middle = point(&before, [0.0, 0.0], CANVAS);
        let from = [middle.x, middle.y - 40.0];
        let turned = drag(Grip::Turn, before, from, [middle.x + 40.0, middle.y], false);
        assert!((turned.angle - 90.0).abs() < 1e-3, "{turned:?}");
        near(point(&turned, [0.0, 0.0], CANVAS), middle.into());
        let stepped = drag(Grip::Turn, before, from, [middle.x + 30.0, middle.y - 35.0], true);
        assert!((stepped.angle - 45.0).abs() < 1e-3, "{stepped:?}");
    }
}
