//! The handles at the picture's sides, by which the canvas is made larger.

use egui::{Align2, Color32, CornerRadius, Pos2, Rect, Stroke, StrokeKind, Ui, pos2, vec2};

use super::state::{CanvasState, Gesture};
use crate::raster::Extension;
use crate::ui::canvas::view::View;
use crate::ui::theme;
use crate::ui::theme::fonts;

/// Extensions come in steps of this: an autoencoder's pixel.
const STEP_PX: u32 = 8;
/// How far from a side it can be taken, in points.
const REACH: f32 = 14.0;
const LENGTH: f32 = 40.0;
const THICKNESS: f32 = 8.0;
/// More than the picture's own side at once is no picture any more.
pub(super) const MOST_PX: u32 = 4096;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Top,
    Right,
    Bottom,
}

impl Side {
    const ALL: [Self; 4] = [Self::Left, Self::Top, Self::Right, Self::Bottom];

    fn ends(self, rect: Rect) -> [Pos2; 2] {
        match self {
            Self::Left => [rect.left_top(), rect.left_bottom()],
            Self::Top => [rect.left_top(), rect.right_top()],
            Self::Right => [rect.right_top(), rect.right_bottom()],
            Self::Bottom => [rect.left_bottom(), rect.right_bottom()],
        }
    }

    fn is_upright(self) -> bool {
        matches!(self, Self::Left | Self::Right)
    }
}

/// The side that can be taken at a place of the screen.
#[must_use]
pub(super) fn at(view: View, pos: Pos2) -> Option<Side> {
    let rect = view.picture_rect();
    let distance = |side: Side| {
        let [a, b] = side.ends(rect);
        let nearest = pos.clamp(a, b);
        nearest.distance(pos)
    };
    let side = Side::ALL.into_iter().min_by(|a, b| distance(*a).total_cmp(&distance(*b)))?;
    (distance(side) <= REACH).then_some(side)
}

/// What a drag to `pos` adds. Which sides is seen by where the pointer left the picture.
#[must_use]
pub(super) fn dragged(view: View, canvas: &CanvasState, pos: Pos2) -> Option<Extension> {
    let [width, height] = canvas.document.size_px()?;
    let Gesture::Extending(_) = canvas.gesture else { return None };
    let at = view.image_from_screen(pos);
    let grown = |beyond: f32| ((beyond.max(0.0) / STEP_PX as f32).round() as u32 * STEP_PX).min(MOST_PX);
    Some(Extension {
        left: grown(-at.x),
        top: grown(-at.y),
        right: grown(at.x - width as f32),
        bottom: grown(at.y - height as f32),
    })
}

/// The four handles, and, while one is dragged, the new border and its size.
pub(super) fn paint(ui: &Ui, view: View, canvas: &CanvasState) {
    let tokens = theme::tokens(ui);
    let painter = ui.painter();
    let rect = view.picture_rect();
    let hovered = ui.ctx().pointer_hover_pos().and_then(|pos| at(view, pos));
    for side in Side::ALL {
        let [a, b] = side.ends(rect);
        let size = if side.is_upright() { vec2(THICKNESS, LENGTH) } else { vec2(LENGTH, THICKNESS) };
        let handle = Rect::from_center_size(a.lerp(b, 0.5), size);
        let fill = if hovered == Some(side) { tokens.accent_line } else { Color32::WHITE };
        painter.rect(handle, CornerRadius::same(4), fill, Stroke::new(1.0, Color32::BLACK), StrokeKind::Outside);
    }
    let sides = match (&canvas.gesture, canvas.extension) {
        (Gesture::Extending(sides), _) => *sides,
        (_, Some(sides)) => sides,
        _ => return,
    };
    let Some([width, height]) = canvas.document.size_px() else { return };
    let corner = |x: f32, y: f32| view.screen_from_image(pos2(x, y));
    let larger = Rect::from_min_max(
        corner(-(sides.left as f32), -(sides.top as f32)),
        corner((width + sides.right) as f32, (height + sides.bottom) as f32),
    );
    painter.rect_stroke(larger, CornerRadius::ZERO, Stroke::new(3.0, Color32::BLACK), StrokeKind::Middle);
    painter.rect_stroke(larger, CornerRadius::ZERO, Stroke::new(1.0, Color32::WHITE), StrokeKind::Middle);
    let words = format!("{} × {}", width + sides.left + sides.right, height + sides.top + sides.bottom);
    let galley = painter.layout_no_wrap(words, fonts::body(), Color32::WHITE);
    let label = Align2::LEFT_TOP.anchor_size(larger.left_top() + vec2(6.0, 6.0), galley.size() + vec2(12.0, 6.0));
    painter.rect_filled(label, CornerRadius::same(3), Color32::from_black_alpha(184));
    painter.galley(label.min + vec2(6.0, 3.0), galley, Color32::WHITE);
}
