//! Painted areas with words of their own, over the canvas: a line around each, the chosen one filled, and its words.

use egui::{Align2, Color32, CornerRadius, Painter, Pos2, Rect, Shape, Stroke, pos2, vec2};

use super::chips::Chip;
use super::view::View;
use crate::canvas::{Layer, RegionLayer};
use crate::job::Region;
use crate::mask::Outline;
use crate::ui::state::AppState;
use crate::ui::textures::Textures;
use crate::ui::theme;
use crate::ui::theme::fonts;

const LINE_WIDTH: f32 = 2.0;
/// Of the chosen one's colour over its area.
const FILL: f32 = 0.25;
/// Between the upper border of an area and its words.
const INSIDE: f32 = 8.0;
const SWATCH: f32 = 8.0;
const MOST_LETTERS: usize = 28;

/// Paints the areas that are on, from the back to the front. Returns their words' places.
pub(super) fn paint(painter: &Painter, view: View, state: &AppState, textures: &Textures) -> Vec<Chip> {
    let canvas = &state.canvas;
    if canvas.overlay.shows_model_view {
        return Vec::new();
    }
    let Some(canvas_px) = canvas.document.size_px() else { return Vec::new() };
    let chosen = canvas.chosen_layer().map(|layer| layer.id);
    let of = |layer: &'_ Layer| layer.settings.layer_use.region().cloned();
    let layers = canvas.document.stack().layers().iter().rev().filter(|layer| layer.settings.is_on);
    let mut chips = Vec::new();
    for (layer, region) in layers.filter_map(|layer| Some((layer, of(layer)?))) {
        let colour = colour(&region);
        if chosen == Some(layer.id) {
            let tint = colour.gamma_multiply(FILL);
            textures.layers.paint_area(painter, view.picture_rect(), layer.id, &layer.settings.placement, tint);
        }
        let Some(outline) = state.layers.looks.outline(layer.id).filter(|_| !layer.content.is_empty()) else {
            continue;
        };
        let on_screen = |[x, y]: [f32; 2]| {
            let [x, y] = layer.settings.placement.map([x, y], canvas_px);
            view.screen_from_image(pos2(x, y))
        };
        let inside = painter.with_clip_rect(painter.clip_rect().intersect(view.picture_rect()));
        line(&inside, outline, colour, &on_screen);
        if let Some(rect) = chip(painter, outline, words(layer, &region.region), colour, &on_screen) {
            chips.push(Chip { layer: layer.id, rect });
        }
    }
    chips
}

/// On pictures always the dark theme's, whose ground is the picture.
fn colour(region: &RegionLayer) -> Color32 {
    theme::DARK.regions[usize::from(region.colour) % theme::DARK.regions.len()]
}

/// In its colour, with a black line on both sides: it is seen on every picture.
fn line(painter: &Painter, outline: &Outline, colour: Color32, on_screen: &dyn Fn([f32; 2]) -> Pos2) {
    let lines: Vec<Vec<Pos2>> =
        outline.lines.iter().map(|line| line.iter().map(|point| on_screen(*point)).collect()).collect();
    for (width, colour) in [(LINE_WIDTH + 2.0, Color32::BLACK), (LINE_WIDTH, colour)] {
        for line in &lines {
            painter.add(Shape::closed_line(line.clone(), Stroke::new(width, colour)));
        }
    }
}

fn words(layer: &Layer, region: &Region) -> String {
    let text = if region.prompt.trim().is_empty() { layer.settings.name.trim() } else { region.prompt.trim() };
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= MOST_LETTERS {
        return line.to_owned();
    }
    let short: String = line.chars().take(MOST_LETTERS - 1).collect();
    format!("{}…", short.trim_end())
}

/// In the middle of the area's upper part, and in sight. Nothing where the area is out of sight.
fn chip(
    painter: &Painter,
    outline: &Outline,
    words: String,
    colour: Color32,
    on_screen: &dyn Fn([f32; 2]) -> Pos2,
) -> Option<Rect> {
    let [left, top, right, bottom] = outline.bounds()?;
    let corners = [[left, top], [right, top], [left, bottom], [right, bottom]].map(on_screen);
    let area = Rect::from_points(&corners);
    let seen = painter.clip_rect().shrink(4.0);
    if !area.intersects(seen) {
        return None;
    }
    let galley = painter.layout_no_wrap(words, fonts::body(), Color32::WHITE);
    let size = galley.size() + vec2(SWATCH + 18.0, 6.0);
    let at = area.center_top() + vec2(0.0, INSIDE);
    let rect = Align2::CENTER_TOP.anchor_size(at, size);
    let room = Rect::from_min_max(seen.min, (seen.max - size).max(seen.min));
    let rect = Rect::from_min_size(room.clamp(rect.min), size);
    painter.rect_filled(rect, CornerRadius::same(3), Color32::from_black_alpha(184));
    let swatch = Rect::from_center_size(rect.left_center() + vec2(6.0 + SWATCH / 2.0, 0.0), vec2(SWATCH, SWATCH));
    painter.rect_filled(swatch, CornerRadius::same(2), colour);
    painter.galley(pos2(swatch.right() + 6.0, rect.top() + 3.0), galley, Color32::WHITE);
    Some(rect)
}
