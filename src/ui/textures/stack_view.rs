//! The layers over the canvas's picture, painted where it lies.

use egui::{Color32, Painter, Pos2, Rect, pos2};

use super::Textures;
use super::way::Way;
use crate::canvas::{Content, Layer, Stack};

/// Where the picture is switched off: strokes are white.
pub(crate) const PAPER: Color32 = Color32::from_gray(0x14);

const WHOLE: Rect = Rect { min: Pos2::ZERO, max: pos2(1.0, 1.0) };

impl Textures {
    /// Those that steer and are on, from the back to the front, over a canvas of this size.
    pub(crate) fn paint_stack(&mut self, painter: &Painter, rect: Rect, canvas_px: [u32; 2], stack: &Stack) {
        // What is moved beyond the canvas is not seen, and does not count.
        let painter = &painter.with_clip_rect(painter.clip_rect().intersect(rect));
        let steers = |layer: &&Layer| layer.settings.is_on && layer.settings.layer_use.control().is_some();
        for layer in stack.layers().iter().rev().filter(steers) {
            let opacity = layer.settings.opacity.clamp(0.0, 1.0);
            match &layer.content {
                Content::Drawing(_) => {
                    self.layers.paint_drawing(painter, rect, layer.id, &layer.settings.placement, opacity);
                }
                Content::Picture(picture) => {
                    if let Some(texture) = self.picture(picture, false) {
                        let way = Way { rect, canvas_px, placement: layer.settings.placement };
                        way.paint(painter, texture, rect, WHOLE, Color32::WHITE.gamma_multiply(opacity));
                    }
                }
            }
        }
    }
}
