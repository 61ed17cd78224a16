//! A small square picture: hovered, chosen, on its way, or waiting.

use egui::epaint::RectShape;
use egui::{
    Color32, CornerRadius, Rect, Response, Role, Sense, Stroke, StrokeKind, TextureId, Ui, WidgetInfo, pos2, vec2,
};

use super::look::{Look, paint_ring};
use super::paint;
use crate::ui::theme::icons;
use crate::ui::theme::{self, ICON_PT, RADIUS};

/// What the tile stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TileStage {
    Ready,
    /// 0 to 1.
    Running(f32),
    Waiting,
    Broken,
}

#[must_use = "call `show` to show it"]
pub struct Tile<'a> {
    pub name: &'a str,
    pub texture: Option<TextureId>,
    /// Of the picture; the middle square is shown.
    pub size_px: [u32; 2],
    pub stage: TileStage,
    pub chosen: bool,
}

const BAR_INSET: f32 = 6.0;
const BAR_HEIGHT: f32 = 4.0;

impl Tile<'_> {
    /// Paints into `rect`; `id` sets it apart from its neighbours.
    #[must_use]
    pub fn show(&self, ui: &Ui, rect: Rect, id: egui::Id) -> Response {
        let response = ui.interact(rect, id, Sense::click());
        response.widget_info(|| WidgetInfo::selected(Role::Button, ui.is_enabled(), self.chosen, self.name));
        if ui.is_rect_visible(rect) {
            self.paint(ui, rect, Look::of(ui, &response));
        }
        response
    }

    fn paint(&self, ui: &Ui, rect: Rect, look: Look) {
        let tokens = theme::tokens(ui);
        let corners = CornerRadius::same(RADIUS);
        if let Some(texture) = self.texture {
            let image = RectShape::filled(rect, corners, Color32::WHITE).with_texture(texture, square_uv(self.size_px));
            ui.painter().add(image);
        } else {
            ui.painter().rect_filled(rect, corners, tokens.slot);
        }
        match self.stage {
            TileStage::Ready => {}
            TileStage::Waiting => paint::icon(ui, rect, icons::CLOCK, ICON_PT, tokens.text_3),
            TileStage::Broken => paint::icon(ui, rect, icons::WARNING, ICON_PT, tokens.text_3),
            TileStage::Running(fraction) => paint_bar(ui, rect, fraction, self.texture.is_some()),
        }
        if self.chosen || look == Look::Focus {
            paint_ring(ui, rect, RADIUS);
        } else if look == Look::Hover || look == Look::Press {
            let stroke = Stroke::new(1.0, tokens.text_2);
            ui.painter().rect_stroke(rect, corners, stroke, StrokeKind::Outside);
        }
    }
}

fn paint_bar(ui: &Ui, rect: Rect, fraction: f32, on_picture: bool) {
    let tokens = theme::tokens(ui);
    let bottom = rect.bottom() - BAR_INSET;
    let bar = Rect::from_x_y_ranges(rect.shrink(BAR_INSET).x_range(), bottom - BAR_HEIGHT..=bottom);
    let rail = if on_picture { Color32::from_black_alpha(168) } else { tokens.rail };
    ui.painter().rect_filled(bar, CornerRadius::same(2), rail);
    let done = Rect::from_min_size(bar.min, vec2(bar.width() * fraction.clamp(0.0, 1.0), BAR_HEIGHT));
    ui.painter().rect_filled(done, CornerRadius::same(2), tokens.accent_line);
}

/// The middle square of a picture, as a texture is measured.
fn square_uv([width, height]: [u32; 2]) -> Rect {
    let (width, height) = (width.max(1) as f32, height.max(1) as f32);
    let side = width.min(height);
    let margin = vec2((1.0 - side / width) / 2.0, (1.0 - side / height) / 2.0);
    Rect::from_min_max(pos2(margin.x, margin.y), pos2(1.0 - margin.x, 1.0 - margin.y))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_shows_the_middle_of_an_oblong() {
        assert_eq!(square_uv([200, 100]), Rect::from_min_max(pos2(0.25, 0.0), pos2(0.75, 1.0)));
        assert_eq!(square_uv([0, 0]), Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0)));
    }
}
