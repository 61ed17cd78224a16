//! The compared pictures themselves, in each mode. All are moved and zoomed together.

use std::sync::Arc;
use std::time::Duration;

use egui::{
    Align, Color32, CornerRadius, CursorIcon, Id, Painter, PointerButton, Pos2, Rect, Response, Role, Sense, Stroke,
    StrokeKind, Ui, Vec2, WidgetInfo, pos2, vec2,
};

use super::state::Comparison;
use crate::raster::Picture;
use crate::ui::action::CompareMode;
use crate::ui::canvas::view::{PIXELS_FROM_ZOOM, View};
use crate::ui::textures::Textures;
use crate::ui::theme;
use crate::ui::theme::{fonts, icons};
use crate::ui::widgets::paint;

/// Between two cells.
const GAP: f32 = 8.0;
const DIVIDER: f32 = 4.0;
const GRIP: f32 = 28.0;
const LABEL: f32 = 24.0;
/// Wheel points for one doubling of the zoom, as on the canvas.
const WHEEL_PER_DOUBLING: f32 = 240.0;
/// How long each picture of a flicker is seen.
const FLICKER_SECS: f64 = 0.6;

pub(super) fn show(ui: &mut Ui, room: Rect, comparison: &mut Comparison, shows_b: bool, textures: &mut Textures) {
    let response = ui.interact(room, Id::unique("compared pictures"), Sense::CLICK | Sense::DRAG);
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, "Compared pictures"));
    let Some(size) = comparison.a().picture.as_ref().map(|picture| size_of(picture)) else {
        paint::text(ui, room, Align::Center, "Reading…", fonts::body(), theme::tokens(ui).text_3);
        return;
    };
    let cells = match comparison.mode {
        CompareMode::SideBySide => cells(room, comparison.pictures.len(), size),
        _ => vec![room],
    };
    let view = moved(ui, &cells, size, &response, comparison);
    let place =
        |cell: Rect| View::new(cell, size, view.to_state()).on_whole_pixels(ui.pixels_per_point()).picture_rect();
    let [a, b] = comparison.pair;
    match comparison.mode {
        _ if shows_b => one(ui, room, place(room), comparison, b, textures),
        CompareMode::Slider => slider(ui, room, place(room), comparison, textures),
        CompareMode::SideBySide => {
            // A first, then B, then the others.
            let others = (0..comparison.pictures.len()).filter(|index| ![a, b].contains(index));
            for (index, cell) in [a, b].into_iter().chain(others).zip(cells) {
                one(ui, cell, place(cell), comparison, index, textures);
            }
        }
        CompareMode::Flicker => {
            let count = comparison.pictures.len();
            let turn = (ui.input(|input| input.time) / FLICKER_SECS) as usize % count;
            ui.ctx().request_repaint_after(Duration::from_secs_f64(FLICKER_SECS / 2.0));
            let shown = [a, b].into_iter().chain((0..count).filter(|index| ![a, b].contains(index))).nth(turn);
            one(ui, room, place(room), comparison, shown.unwrap_or(a), textures);
        }
        CompareMode::Difference => difference(ui, room, place(room), comparison, textures),
    }
}

/// As many cells as pictures, as large as their shape allows: in a row, in a column, or two by two.
fn cells(room: Rect, count: usize, size: Vec2) -> Vec<Rect> {
    let columns_of = |columns: usize| {
        let rows = count.div_ceil(columns);
        let cell = vec2(
            (room.width() - GAP * (columns - 1) as f32) / columns as f32,
            (room.height() - GAP * (rows - 1) as f32) / rows as f32,
        );
        (columns, cell)
    };
    let zoom = |cell: Vec2| (cell.x / size.x).min(cell.y / size.y);
    let layouts = (1..=count).map(columns_of);
    let best = layouts.max_by(|(_, a), (_, b)| zoom(*a).total_cmp(&zoom(*b)));
    let Some((columns, cell)) = best else { return Vec::new() };
    let at = |index: usize| {
        let step = cell + Vec2::splat(GAP);
        let corner = room.min + vec2((index % columns) as f32 * step.x, (index / columns) as f32 * step.y);
        Rect::from_min_size(corner, cell)
    };
    (0..count).map(at).collect()
}

/// Wheel and pinch zoom at the pointer, dragging moves; in every cell alike.
fn moved(ui: &Ui, cells: &[Rect], size: Vec2, response: &Response, comparison: &mut Comparison) -> View {
    let pointer = response.hover_pos();
    let over = pointer.and_then(|pos| cells.iter().find(|cell| cell.contains(pos)));
    let cell = over.or(cells.first()).copied().unwrap_or(response.rect);
    let before = View::new(cell, size, comparison.view);
    let mut view = before;
    let slides = comparison.mode == CompareMode::Slider && comparison.view.zoom.is_none();
    if response.dragged_by(PointerButton::Middle) || (response.dragged_by(PointerButton::Primary) && !slides) {
        ui.ctx().set_cursor_icon(CursorIcon::Grabbing);
        view = view.panned(response.drag_delta());
    } else if let Some(pointer) = pointer {
        let (wheel, pinch) = ui.input(|input| (input.smooth_scroll_delta().y, input.zoom_delta()));
        let factor = pinch * (wheel / WHEEL_PER_DOUBLING).exp2();
        if (factor - 1.0).abs() > 1e-4 {
            view = view.zoomed_at(pointer, factor);
        }
    }
    if view != before {
        comparison.view = view.to_state();
    }
    comparison.view.shown_zoom = Some(view.zoom());
    if slides && let Some(pos) = response.interact_pointer_pos() {
        let rect = view.picture_rect();
        comparison.divider = ((pos.x - rect.left()) / rect.width().max(1.0)).clamp(0.0, 1.0);
    }
    // Fitted, each cell fits for itself.
    if comparison.view.zoom.is_none() { View::new(cell, size, comparison.view) } else { view }
}

fn size_of(picture: &Picture) -> Vec2 {
    vec2(picture.width() as f32, picture.height() as f32)
}

/// The place of a picture of any shape where the first one lies: as large as it fits in.
fn inside(place: Rect, picture: &Picture) -> Rect {
    let size = size_of(picture);
    Rect::from_center_size(place.center(), size * (place.width() / size.x).min(place.height() / size.y))
}

/// Returns where it lies.
fn image(
    painter: &Painter,
    place: Rect,
    picture: Option<&Arc<Picture>>,
    pixels: bool,
    textures: &mut Textures,
) -> Option<Rect> {
    let picture = picture?;
    let texture = textures.picture(picture, pixels)?;
    let rect = inside(place, picture);
    painter.image(texture, rect, Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0)), Color32::WHITE);
    Some(rect)
}

fn pixels(comparison: &Comparison) -> bool {
    comparison.view.zoom.is_some_and(|zoom| zoom >= PIXELS_FROM_ZOOM)
}

fn one(ui: &Ui, cell: Rect, place: Rect, comparison: &Comparison, index: usize, textures: &mut Textures) {
    let painter = ui.painter().with_clip_rect(cell);
    let picture = comparison.pictures[index].picture.as_ref();
    if let Some(rect) = image(&painter, place, picture, pixels(comparison), textures) {
        edge(ui, &painter, rect);
    } else {
        paint::text(ui, cell, Align::Center, "Reading…", fonts::body(), theme::tokens(ui).text_3);
    }
    chip(ui, &painter, place.intersect(cell).left_top(), &comparison.letter(index), false);
}

fn slider(ui: &mut Ui, room: Rect, place: Rect, comparison: &mut Comparison, textures: &mut Textures) {
    let x = (place.left() + place.width() * comparison.divider).round();
    let sharp = pixels(comparison);
    let left = Rect::from_min_max(room.min, pos2(x.clamp(room.left(), room.right()), room.bottom()));
    let right = Rect::from_min_max(pos2(left.right(), room.top()), room.max);
    for (side, compared) in [(left, comparison.a()), (right, comparison.b())] {
        let painter = ui.painter().with_clip_rect(side);
        if let Some(rect) = image(&painter, place, compared.picture.as_ref(), sharp, textures) {
            edge(ui, &painter, rect);
        }
    }
    let painter = ui.painter().with_clip_rect(room);
    let seen = place.intersect(room);
    chip(ui, &painter, seen.left_top(), "A", false);
    chip(ui, &painter, seen.right_top(), "B", true);
    let line = Rect::from_x_y_ranges(x - DIVIDER / 2.0..=x + DIVIDER / 2.0, seen.y_range());
    painter.rect_filled(line, 0.0, Color32::from_black_alpha(140));
    painter.rect_filled(line.shrink2(vec2(1.0, 0.0)), 0.0, Color32::WHITE);
    let grip = Rect::from_center_size(pos2(x, seen.center().y), Vec2::splat(GRIP));
    let response = ui.interact(grip, Id::unique("compare grip"), Sense::drag());
    response.widget_info(|| WidgetInfo::slider(true, f64::from(comparison.divider) * 100.0, "Line between A and B"));
    if response.hovered() || response.dragged() {
        ui.ctx().set_cursor_icon(CursorIcon::ResizeHorizontal);
    }
    if response.dragged()
        && let Some(pos) = response.interact_pointer_pos()
    {
        comparison.divider = ((pos.x - place.left()) / place.width().max(1.0)).clamp(0.0, 1.0);
    }
    let stroke = Stroke::new(1.0, Color32::from_black_alpha(140));
    painter.rect(grip, CornerRadius::same(theme::RADIUS), Color32::WHITE, stroke, StrokeKind::Outside);
    for (icon, at) in [(icons::CARET_LEFT, -6.0), (icons::CARET_RIGHT, 6.0)] {
        let rect = Rect::from_center_size(grip.center() + vec2(at, 0.0), Vec2::splat(theme::CARET_PT));
        paint::icon(ui, rect, icon, theme::CARET_PT, Color32::from_gray(0x1c));
    }
}

fn difference(ui: &Ui, room: Rect, place: Rect, comparison: &Comparison, textures: &mut Textures) {
    let tokens = theme::tokens(ui);
    let painter = ui.painter().with_clip_rect(room);
    let computed = comparison.computed.as_ref();
    let picture = computed.and_then(|known| known.picture.as_ref());
    if let Some(rect) = image(&painter, place, picture, pixels(comparison), textures) {
        edge(ui, &painter, rect);
    } else {
        let is_broken = computed.is_some_and(|known| known.failed);
        let words = if is_broken { "The difference could not be computed." } else { "Computing…" };
        paint::text(ui, room, Align::Center, words, fonts::body(), tokens.text_3);
    }
    let Some(found) = computed.and_then(|known| known.difference.as_ref()) else { return };
    let mut words = if found.most == 0 {
        "Not one pixel differs".to_owned()
    } else {
        format!("On average {:.2}, at most {} of 255", found.mean, found.most)
    };
    if found.resized {
        words.push_str("; B was brought to A's size");
    }
    chip(ui, &painter, place.intersect(room).left_top(), &words, false);
}

fn edge(ui: &Ui, painter: &Painter, rect: Rect) {
    painter.rect_stroke(rect, CornerRadius::ZERO, Stroke::new(1.0, theme::tokens(ui).edge), StrokeKind::Outside);
}

/// White words on a dark ground, 8 points inside a corner.
fn chip(ui: &Ui, painter: &Painter, corner: Pos2, words: &str, at_right: bool) {
    let galley = paint::line(ui, words, fonts::strong(fonts::BODY_PT), Color32::WHITE, f32::INFINITY);
    let width = (galley.size().x + 14.0).max(LABEL);
    let x = if at_right { corner.x - 8.0 - width } else { corner.x + 8.0 };
    let rect = Rect::from_min_size(pos2(x, corner.y + 8.0), vec2(width, LABEL));
    painter.rect_filled(rect, theme::RADIUS, Color32::from_rgba_unmultiplied(0x14, 0x14, 0x14, 184));
    painter.galley(rect.center() - galley.size() / 2.0, galley, Color32::WHITE);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_as_large_as_the_pictures_shape_allows_and_do_not_touch() {
        let room = Rect::from_min_size(pos2(10.0, 10.0), vec2(800.0, 400.0));
        for count in 2..=4 {
            for size in [vec2(512.0, 512.0), vec2(1024.0, 256.0), vec2(256.0, 1024.0)] {
                let cells = cells(room, count, size);
                assert_eq!(cells.len(), count);
                for (index, cell) in cells.iter().enumerate() {
                    assert!(room.expand(0.1).contains_rect(*cell), "{count} {size:?} {cell:?}");
                    assert!(cells[..index].iter().all(|other| !other.intersects(*cell)), "{count} {size:?}");
                }
            }
        }
        let wide = cells(room, 2, vec2(1024.0, 256.0));
        assert!((wide[0].left() - wide[1].left()).abs() < 0.1, "wide pictures stand above each other");
    }
}
