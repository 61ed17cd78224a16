//! Pixels of a layer on the screen: moved, scaled, turned and flipped as the layer is.

use egui::{Color32, Mesh, Painter, Pos2, Rect, Shape, TextureId, pos2};

use crate::job::Placement;

/// From where a layer's pixels lie by themselves to where they are seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    /// Of the canvas on the screen.
    pub rect: Rect,
    pub canvas_px: [u32; 2],
    pub placement: Placement,
}

impl Way {
    /// Where a place of the screen goes.
    #[must_use]
    pub(super) fn map(&self, at: Pos2) -> Pos2 {
        let [width, height] = self.canvas_px.map(|side| side.max(1) as f32);
        let x = (at.x - self.rect.left()) / self.rect.width() * width;
        let y = (at.y - self.rect.top()) / self.rect.height() * height;
        let [x, y] = self.placement.map([x, y], self.canvas_px);
        pos2(self.rect.left() + x / width * self.rect.width(), self.rect.top() + y / height * self.rect.height())
    }

    /// Paints a part of a texture where `target` goes.
    pub(super) fn paint(&self, painter: &Painter, texture: TextureId, target: Rect, uv: Rect, tint: Color32) {
        if self.placement.is_none() {
            painter.image(texture, target, uv, tint);
            return;
        }
        let mut mesh = Mesh::with_texture(texture);
        mesh.add_rect_with_uv(target, uv, tint);
        for vertex in &mut mesh.vertices {
            vertex.pos = self.map(vertex.pos);
        }
        painter.add(Shape::mesh(mesh));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_of_the_screen_goes_where_the_pixel_does() {
        let rect = Rect::from_min_max(pos2(100.0, 50.0), pos2(300.0, 150.0));
        let placement = Placement { x: 10.0, angle: 90.0, ..Placement::default() };
        let way = Way { rect, canvas_px: [400, 200], placement };
        // The canvas's middle moves by ten pixels, five points.
        let moved = way.map(rect.center());
        assert!(moved.distance(pos2(205.0, 100.0)) < 1e-3, "{moved:?}");
        let turned = way.map(rect.center() + egui::vec2(20.0, 0.0));
        assert!(turned.distance(pos2(205.0, 120.0)) < 1e-3, "{turned:?}");
    }
}
