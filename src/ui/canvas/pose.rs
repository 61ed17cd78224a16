//! The points of the people on a layer: how they are drawn over the canvas, and taken by the pointer.

use egui::{Color32, CursorIcon, Painter, Pos2, Stroke, Ui, pos2};

use super::posing::Dragged;
use super::state::CanvasState;
use super::view::View;
use crate::canvas::tools::Tool;
use crate::canvas::{Layer, LayerId};
use crate::job::{COLOURS, LIMBS, Person, Pose};
use crate::ui::action::LookingAt;

/// Of a point, in points of the screen.
const RADIUS: f32 = 5.0;
/// So near a point can be taken.
const REACH: f32 = 11.0;
const LIMB_WIDTH: f32 = 3.0;

/// The chosen layer, where people on it can be moved with the tool in hand.
fn layer(canvas: &CanvasState) -> Option<&Layer> {
    let layer = canvas.chosen_layer().filter(|layer| layer.settings.is_on && !layer.settings.is_locked)?;
    let has_pose = layer.settings.layer_use.pose().is_some();
    (has_pose && *canvas.shown() == LookingAt::Canvas).then_some(layer)
}

/// Whether the tool in hand takes points: it could do nothing else on such a layer.
#[must_use]
pub(super) fn takes(canvas: &CanvasState) -> bool {
    let has_work = matches!(canvas.tool, Tool::Hand | Tool::Select | Tool::Colour | Tool::Extend);
    !has_work && layer(canvas).is_some()
}

/// The people of a layer as they are seen now, on a picture of the canvas's size.
#[must_use]
pub(in crate::ui) fn pose_of(canvas: &CanvasState, id: LayerId) -> Option<Pose> {
    let posing = &canvas.posing;
    let dragged = posing.dragged.as_ref().filter(|dragged| dragged.layer == id).map(|dragged| &dragged.pose);
    let sent = posing.sent.as_ref().filter(|(layer, _)| *layer == id && canvas.work.is_busy()).map(|(_, pose)| pose);
    let own = || canvas.document.stack().get(id)?.settings.layer_use.pose();
    Some(dragged.or(sent).or_else(own)?.scaled_to(canvas.document.size_px()?))
}

/// The person and the point that can be taken at a place of the screen.
#[must_use]
pub(super) fn hit(canvas: &CanvasState, view: View, pos: Pos2) -> Option<(usize, usize)> {
    let pose = pose_of(canvas, layer(canvas)?.id)?;
    let people = pose.people.iter().enumerate();
    let points = people.flat_map(|(index, person)| (0..person.points.len()).map(move |point| (index, person, point)));
    let near = points.filter_map(|(index, person, point)| {
        let distance = on_screen(view, person, point).distance(pos);
        (distance <= REACH).then_some((person.sees(point), distance, (index, point)))
    });
    let better = |a: &(bool, f32, _), b: &(bool, f32, _)| b.0.cmp(&a.0).then(a.1.total_cmp(&b.1));
    near.min_by(|a, b| better(a, b)).map(|(.., found)| found)
}

fn on_screen(view: View, person: &Person, point: usize) -> Pos2 {
    let [x, y] = person.points[point];
    view.screen_from_image(pos2(x, y))
}

/// The people of the chosen layer with what can be taken of them.
pub(super) fn paint(ui: &Ui, painter: &Painter, view: View, canvas: &CanvasState, pointer: Option<Pos2>) {
    let Some(pose) = layer(canvas).and_then(|layer| pose_of(canvas, layer.id)) else { return };
    let colour = |[red, green, blue]: [u8; 3]| Color32::from_rgb(red, green, blue);
    for person in &pose.people {
        for ([from, to], rgb) in LIMBS.into_iter().zip(COLOURS) {
            if person.sees(from) && person.sees(to) {
                let ends = [from, to].map(|point| on_screen(view, person, point));
                painter.line_segment(ends, Stroke::new(LIMB_WIDTH, colour(rgb)));
            }
        }
    }
    let taken = takes(canvas).then(|| pointer.and_then(|pos| hit(canvas, view, pos))).flatten();
    for (index, person) in pose.people.iter().enumerate() {
        for (point, rgb) in COLOURS.into_iter().enumerate() {
            let centre = on_screen(view, person, point);
            let radius = if taken == Some((index, point)) { RADIUS + 2.0 } else { RADIUS };
            if person.sees(point) {
                painter.circle(centre, radius, colour(rgb), Stroke::new(1.5, Color32::WHITE));
            } else {
                painter.circle_stroke(centre, radius, Stroke::new(1.0, Color32::from_white_alpha(128)));
            }
        }
    }
    if canvas.posing.is_dragging() {
        ui.ctx().set_cursor_icon(CursorIcon::Grabbing);
    } else if taken.is_some() {
        ui.ctx().set_cursor_icon(CursorIcon::Grab);
    }
}

/// A point is taken; nothing where there is none.
pub(in crate::ui) fn take(canvas: &mut CanvasState, person: usize, point: usize, at: [f32; 2], whole: bool) {
    let Some(id) = layer(canvas).map(|layer| layer.id) else { return };
    let Some(pose) = pose_of(canvas, id).filter(|pose| pose.people.len() > person) else { return };
    canvas.document.end_stroke();
    canvas.posing.dragged = Some(Dragged { layer: id, person, point, whole, at, pose });
}

/// It, or all of its person, goes along with the pointer, and stays on the canvas.
pub(in crate::ui) fn move_to(canvas: &mut CanvasState, at: [f32; 2]) {
    let Some(Dragged { person, point, whole, at: from, pose, .. }) = &mut canvas.posing.dragged else { return };
    let by = [at[0] - from[0], at[1] - from[1]];
    *from = at;
    let Some(moved) = pose.people.get_mut(*person) else { return };
    let points = if *whole { 0..moved.points.len() } else { *point..*point + 1 };
    for [x, y] in &mut moved.points[points] {
        (*x, *y) = (*x + by[0], *y + by[1]);
    }
}

/// What was dragged is put down: one step.
pub(in crate::ui) fn release(canvas: &mut CanvasState) {
    let Some(Dragged { layer, person, pose, .. }) = canvas.posing.dragged.take() else { return };
    canvas.posing.last = Some((layer, person));
    put(canvas, layer, pose);
}

/// Changes the people of a layer, as one step; nothing where `change` says so.
pub(in crate::ui) fn change(canvas: &mut CanvasState, id: LayerId, change: impl FnOnce(&mut Pose) -> bool) {
    let Some(mut pose) = pose_of(canvas, id) else { return };
    if change(&mut pose) {
        put(canvas, id, pose);
    }
}

/// Takes the person away that was moved last, or the newest.
pub(in crate::ui) fn remove_person(canvas: &mut CanvasState, id: LayerId) {
    let last = canvas.posing.last.take().filter(|(layer, _)| *layer == id).map(|(_, person)| person);
    change(canvas, id, |pose| {
        let person = last.filter(|person| *person < pose.people.len()).or_else(|| pose.people.len().checked_sub(1));
        person.map(|person| pose.people.remove(person)).is_some()
    });
}

fn put(canvas: &mut CanvasState, id: LayerId, pose: Pose) {
    canvas.posing.sent = Some((id, pose.clone()));
    canvas.change_layers(move |canvas| canvas.with_pose(id, &pose));
}
