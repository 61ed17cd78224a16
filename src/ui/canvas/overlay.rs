//! What lies over the canvas's picture: the mask's tint, and the grid of its pixels when one is close.

use egui::{Color32, Painter, Stroke, Ui};

use crate::ui::state::AppState;
use crate::ui::textures::Textures;
use crate::ui::theme;
use crate::ui::view::View;

/// From here on every pixel has a frame, in points a pixel.
const GRID_FROM_ZOOM: f32 = 10.0;

pub fn paint(ui: &Ui, painter: &Painter, view: View, state: &AppState, textures: &Textures) {
    let canvas = &state.canvas;
    if !canvas.overlay.hides_mask {
        let tint = theme::tokens(ui).mask.gamma_multiply(canvas.tools.mask_opacity);
        textures.layers.paint_mask(painter, view.picture_rect(), tint);
    }
}

/// Lines between the pixels that are in sight.
pub fn pixel_grid(painter: &Painter, view: View) {
    if view.zoom() < GRID_FROM_ZOOM {
        return;
    }
    let rect = view.picture_rect();
    let seen = rect.intersect(painter.clip_rect());
    let stroke = Stroke::new(1.0, Color32::from_gray(128).gamma_multiply(0.35));
    let first = view.image_from_screen(seen.min).floor();
    let last = view.image_from_screen(seen.max).ceil();
    for x in first.x as i32..=last.x as i32 {
        painter.vline(view.screen_from_image(egui::pos2(x as f32, 0.0)).x, seen.y_range(), stroke);
    }
    for y in first.y as i32..=last.y as i32 {
        painter.hline(seen.x_range(), view.screen_from_image(egui::pos2(0.0, y as f32)).y, stroke);
    }
}
