//! What is drawn under the pointer: the brush's true outline, a straight line to come, an outline on its way.

use egui::{Color32, CursorIcon, Key, Painter, Pos2, Shape, Stroke, Ui, pos2, vec2};

use super::state::{CanvasState, Gesture};
use super::{place, pose};
use crate::canvas::tools::Tool;
use crate::ui::canvas::view::View;

/// Under this a ring would hide what it surrounds, in points.
const LEAST_RING: f32 = 3.0;
const CROSS: f32 = 3.0;

/// Draws what belongs to the chosen tool. `pointer` is where it is, if it is over the canvas.
pub(super) fn paint(ui: &Ui, painter: &Painter, view: View, canvas: &CanvasState, pointer: Option<Pos2>) {
    if let Gesture::Outlining { corners, .. } = &canvas.gesture {
        outline(painter, view, corners, canvas.tool, pointer);
    }
    let Some(pointer) = pointer.filter(|_| !ui.input(|input| input.key_down(Key::Space))) else { return };
    if pose::takes(canvas) || place::takes(canvas) {
        return;
    }
    if canvas.gesture == Gesture::Idle && canvas.chip_at(pointer).is_some() {
        ui.ctx().set_cursor_icon(CursorIcon::PointingHand);
        return;
    }
    let picks = canvas.tool == Tool::Colour && ui.input(|input| input.modifiers.alt);
    if canvas.tool.is_brush() && !picks {
        ui.ctx().set_cursor_icon(CursorIcon::None);
        let radius = canvas.brush().diameter_px / 2.0 * view.zoom();
        if let Gesture::Painting { last: [x, y] } = canvas.gesture
            && ui.input(|input| input.modifiers.shift)
        {
            double_line(painter, &[view.screen_from_image(pos2(x, y)), pointer]);
        }
        ring(painter, pointer, radius);
    } else if canvas.tool.is_shape() || picks || matches!(canvas.tool, Tool::Bucket | Tool::Select) {
        let waits = canvas.tool == Tool::Select && canvas.selecting.is_looking();
        ui.ctx().set_cursor_icon(if waits { CursorIcon::Progress } else { CursorIcon::Crosshair });
        if picks {
            swatch(painter, pointer, view, canvas);
        }
    }
}

fn ring(painter: &Painter, centre: Pos2, radius: f32) {
    let (dark, light) = (Color32::from_black_alpha(204), Color32::WHITE);
    if radius >= LEAST_RING {
        painter.circle_stroke(centre, radius, Stroke::new(3.0, dark));
        painter.circle_stroke(centre, radius, Stroke::new(1.25, light));
    }
    for (width, colour) in [(3.0, dark), (1.25, light)] {
        let stroke = Stroke::new(width, colour);
        painter.line_segment([centre - vec2(CROSS, 0.0), centre + vec2(CROSS, 0.0)], stroke);
        painter.line_segment([centre - vec2(0.0, CROSS), centre + vec2(0.0, CROSS)], stroke);
    }
}

/// The colour under the pointer, beside it.
fn swatch(painter: &Painter, pointer: Pos2, view: View, canvas: &CanvasState) {
    let at = view.image_from_screen(pointer);
    if at.x < 0.0 || at.y < 0.0 {
        return;
    }
    let pixel = canvas.document.picture().and_then(|picture| picture.pixel(at.x as u32, at.y as u32));
    if let Some([red, green, blue, _]) = pixel {
        let centre = pointer + vec2(22.0, -22.0);
        painter.circle_filled(centre, 15.0, Color32::from_black_alpha(204));
        painter.circle_filled(centre, 13.5, Color32::WHITE);
        painter.circle_filled(centre, 12.0, Color32::from_rgb(red, green, blue));
    }
}

fn outline(painter: &Painter, view: View, corners: &[[f32; 2]], tool: Tool, pointer: Option<Pos2>) {
    let on_screen = |corner: &[f32; 2]| view.screen_from_image(pos2(corner[0], corner[1]));
    let mut points: Vec<Pos2> = match (tool, corners) {
        (Tool::Rectangle | Tool::Select, [a, .., b]) => {
            let (a, b) = (on_screen(a), on_screen(b));
            vec![a, pos2(b.x, a.y), b, pos2(a.x, b.y)]
        }
        _ => corners.iter().map(on_screen).collect(),
    };
    if tool == Tool::Polygon {
        points.extend(pointer);
    }
    if let Some(first) = points.first().copied() {
        points.push(first);
        double_line(painter, &points);
        if tool == Tool::Polygon {
            painter.circle(first, 4.0, Color32::WHITE, Stroke::new(1.0, Color32::BLACK));
        }
    }
}

/// White dashes on black: seen on every picture.
pub(super) fn double_line(painter: &Painter, points: &[Pos2]) {
    painter.add(Shape::line(points.to_vec(), Stroke::new(1.0, Color32::BLACK)));
    painter.extend(Shape::dashed_line(points, Stroke::new(1.0, Color32::WHITE), 6.0, 6.0));
}
