//! What lies over the canvas's picture: the mask's tint, the part that will be worked on, what the model will see of
//! it, and the grid of pixels when one is close.

use egui::emath::GuiRounding as _;
use egui::{Color32, CornerRadius, Painter, Pos2, Rect, Stroke, StrokeKind, Ui, pos2, vec2};

use super::cursor::double_line;
use super::state::CanvasState;
use crate::canvas::LayerUse;
use crate::job::{Frame, InpaintArea};
use crate::mask::PixelRect;
use crate::ui::action::LayerRow;
use crate::ui::canvas::view::View;
use crate::ui::state::AppState;
use crate::ui::textures::Textures;
use crate::ui::textures::model_view::ModelView;
use crate::ui::theme;
use crate::ui::theme::fonts;

/// From here on every pixel has a frame, in points a pixel.
const GRID_FROM_ZOOM: f32 = 10.0;

/// Of the accent's colour over the part where the chosen layer counts.
const WHERE_IT_COUNTS: f32 = 0.4;

pub(super) fn paint(ui: &Ui, painter: &Painter, view: View, state: &AppState, textures: &mut Textures) {
    let canvas = &state.canvas;
    let frame = state.next_frame();
    let seen = canvas.chosen_layer().filter(|layer| layer.settings.layer_use.lies_on_canvas());
    if canvas.overlay.shows_model_view && seen.is_some() {
        let part = frame.map_or(view.picture_rect(), |frame| on_screen(view, frame.crop));
        layer_view(painter, view, part, state, textures);
        return;
    }
    if canvas.overlay.shows_model_view
        && let Some(frame) = frame
    {
        let tint = theme::tokens(ui).mask;
        model_view(painter, view, &textures.model_view(&canvas.document, &state.inpaint.settings, frame), tint);
        label(painter, on_screen(view, frame.crop), crop_words(frame, true));
        return;
    }
    if !canvas.overlay.hides_mask {
        let tint = theme::tokens(ui).mask.gamma_multiply(canvas.tools.mask_opacity);
        textures.layers.paint_mask(painter, view.picture_rect(), tint);
    }
    let canvas_px = canvas.document.size_px().unwrap_or_default();
    textures.paint_stack(painter, view.picture_rect(), canvas_px, canvas.document.stack());
    if let Some(layer) = canvas.chosen_layer().filter(|layer| layer.settings.is_on && layer.mask.is_some()) {
        let tint = theme::tokens(ui).accent_line.gamma_multiply(WHERE_IT_COUNTS);
        textures.layers.paint_layer_mask(painter, view.picture_rect(), layer.id, tint);
    }
    if let Some(frame) = frame
        && state.inpaint.settings.area == InpaintArea::Masked
        && !canvas.overlay.hides_mask
    {
        crop(painter, view, frame.crop);
        label(painter, on_screen(view, frame.crop), crop_words(frame, false));
    } else if let Some(words) = what_to_draw(canvas) {
        label(painter, view.picture_rect(), words.to_owned());
    }
}

/// What is to be done with a new layer, until something is drawn on it.
fn what_to_draw(canvas: &CanvasState) -> Option<&'static str> {
    let layer = canvas.chosen_layer().filter(|layer| layer.settings.is_on && layer.content.is_empty())?;
    if canvas.document.is_painting() || !canvas.tool.is_for_mask() || !matches!(canvas.chosen(), LayerRow::Layer(_)) {
        return None;
    }
    match layer.settings.layer_use {
        LayerUse::Region(_) => Some("Paint here where the region is"),
        LayerUse::Control(_) => Some("Draw here what the picture follows"),
        LayerUse::Reference(_) => None,
    }
}

/// What a network will see of the chosen layer, where it lies: pixel by pixel, since that is what there is.
fn layer_view(painter: &Painter, view: View, part: Rect, state: &AppState, textures: &mut Textures) {
    painter.rect_filled(view.picture_rect(), CornerRadius::ZERO, Color32::from_black_alpha(150));
    let words = match &state.layers.looks.seen {
        None => "…".to_owned(),
        Some(Err(sentence)) => sentence.clone(),
        Some(Ok(picture)) => {
            if let Some(texture) = textures.picture(picture, true) {
                painter.image(texture, part, Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0)), Color32::WHITE);
            }
            let is_region =
                state.canvas.chosen_layer().is_some_and(|layer| layer.settings.layer_use.region().is_some());
            let who = if is_region { "the area at" } else { "the network sees" };
            format!("{who} {} × {}", picture.width(), picture.height())
        }
    };
    label(painter, part, words);
}

/// Every cell of the latents, as much as it is repainted, the rest of the picture darkened, and the feather's end.
fn model_view(painter: &Painter, view: View, shown: &ModelView, tint: Color32) {
    let picture = view.picture_rect();
    let part = on_screen(view, shown.crop);
    let shade = Color32::from_black_alpha(150);
    let outside = [
        Rect::from_min_max(picture.min, pos2(picture.right(), part.top())),
        Rect::from_min_max(pos2(picture.left(), part.bottom()), picture.max),
        Rect::from_min_max(pos2(picture.left(), part.top()), part.left_bottom()),
        Rect::from_min_max(part.right_top(), pos2(picture.right(), part.bottom())),
    ];
    for rect in outside.into_iter().filter(Rect::is_positive) {
        painter.rect_filled(rect, CornerRadius::ZERO, shade);
    }
    let whole = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
    if let Some(fill) = &shown.fill {
        painter.image(fill.id(), part, whole, Color32::WHITE);
    }
    painter.image(shown.cells.id(), part, whole, tint.gamma_multiply(0.6));
    let soft = on_screen(view, shown.feather);
    painter.rect_stroke(soft, CornerRadius::ZERO, Stroke::new(1.0, tint), StrokeKind::Middle);
    crop(painter, view, shown.crop);
}

/// Where a part of the picture lies.
pub(super) fn on_screen(view: View, rect: PixelRect) -> Rect {
    Rect::from_min_max(
        view.screen_from_image(pos2(rect.left as f32, rect.top as f32)),
        view.screen_from_image(pos2(rect.right as f32, rect.bottom as f32)),
    )
}

fn crop(painter: &Painter, view: View, crop: PixelRect) {
    let rect = on_screen(view, crop).round_to_pixels(painter.ctx().pixels_per_point()).shrink(0.5);
    double_line(
        painter,
        &[rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom(), rect.left_top()],
    );
}

fn crop_words(Frame { crop, width, height }: Frame, is_seen: bool) -> String {
    let words = format!("crop {} × {}", crop.width(), crop.height());
    if is_seen { format!("{words}, seen as {width} × {height}") } else { words }
}

fn label(painter: &Painter, part: Rect, words: String) {
    let most = (painter.clip_rect().width() - 32.0).max(80.0);
    let galley = painter.layout(words, fonts::body(), Color32::WHITE, most);
    let rect = label_place(part, galley.size() + vec2(12.0, 6.0), painter.clip_rect());
    painter.rect_filled(rect, CornerRadius::same(3), Color32::from_black_alpha(184));
    painter.galley(rect.min + vec2(6.0, 3.0), galley, Color32::WHITE);
}

/// Inside the crop where it is large enough, else under or over it. Where the crop is pushed out of sight, its words stay.
fn label_place(crop: Rect, size: egui::Vec2, seen: Rect) -> Rect {
    const MARGIN: f32 = 7.0;
    let is_inside = crop.width() >= size.x + 2.0 * MARGIN && crop.height() >= size.y + 2.0 * MARGIN;
    let corner = if is_inside {
        crop.min + egui::Vec2::splat(MARGIN)
    } else if crop.bottom() + MARGIN + size.y <= seen.bottom() {
        pos2(crop.left(), crop.bottom() + MARGIN)
    } else {
        pos2(crop.left(), crop.top() - MARGIN - size.y)
    };
    let room = Rect::from_min_max(seen.min + egui::Vec2::splat(MARGIN), seen.max - egui::Vec2::splat(MARGIN) - size);
    Rect::from_min_size(corner.min(room.max).max(room.min), size)
}

/// Lines between the pixels that are in sight.
pub(super) fn pixel_grid(painter: &Painter, view: View) {
    if view.zoom() < GRID_FROM_ZOOM {
        return;
    }
    let seen = view.picture_rect().intersect(painter.clip_rect());
    let stroke = Stroke::new(1.0, Color32::from_gray(128).gamma_multiply(0.35));
    let first = view.image_from_screen(seen.min).floor();
    let last = view.image_from_screen(seen.max).ceil();
    for x in first.x as i32..=last.x as i32 {
        painter.vline(view.screen_from_image(pos2(x as f32, 0.0)).x, seen.y_range(), stroke);
    }
    for y in first.y as i32..=last.y as i32 {
        painter.hline(seen.x_range(), view.screen_from_image(pos2(0.0, y as f32)).y, stroke);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crops_label_covers_no_small_crop_and_stays_in_sight() {
        let seen = Rect::from_min_size(pos2(100.0, 50.0), vec2(800.0, 600.0));
        let size = vec2(120.0, 24.0);
        let place = |left: f32, top: f32, side: f32| {
            let crop = Rect::from_min_size(pos2(left, top), egui::Vec2::splat(side));
            let label = label_place(crop, size, seen);
            assert!(seen.contains_rect(label), "{label:?}");
            (crop, label)
        };
        let (crop, label) = place(300.0, 200.0, 256.0);
        assert!(crop.contains_rect(label));
        for (left, top) in [(300.0, 200.0), (880.0, 630.0), (100.0, 50.0), (890.0, 50.0)] {
            let (crop, label) = place(left, top, 20.0);
            assert!(!crop.intersects(label), "{crop:?} {label:?}");
        }
        place(-2000.0, -2000.0, 256.0);
    }
}
