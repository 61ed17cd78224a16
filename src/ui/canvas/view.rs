//! Where the picture lies on the screen: zoom, pan and the way between its pixels and the screen's points.
//!
//! Pure geometry. A zoom is screen points for one picture pixel.

use egui::emath::GuiRounding as _;
use egui::{Pos2, Rect, Vec2};

pub(crate) const MIN_ZOOM: f32 = 0.1;
pub(crate) const MAX_ZOOM: f32 = 32.0;
/// From this chosen zoom on, the picture shows its pixels.
pub(crate) const PIXELS_FROM_ZOOM: f32 = 4.0;
/// So much of the picture stays in sight however far it is pushed, in points.
const KEPT_IN_SIGHT: f32 = 48.0;

/// How the picture is laid on the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ViewState {
    /// Screen points for one picture pixel; `None` fits the picture into the viewport.
    pub zoom: Option<f32>,
    /// From the viewport's centre to the picture's, in screen points.
    pub pan: egui::Vec2,
    /// The zoom that was last drawn, for the status line; `None` while there is no picture.
    pub shown_zoom: Option<f32>,
}

/// A picture of `size_px` laid into a `viewport` of the screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    viewport: Rect,
    size_px: Vec2,
    zoom: f32,
    pan: Vec2,
}

impl View {
    /// A `size_px` of nothing is taken for one pixel, so that nothing is ever divided by zero.
    #[must_use]
    pub fn new(viewport: Rect, size_px: Vec2, state: ViewState) -> Self {
        let size_px = size_px.max(Vec2::splat(1.0));
        let zoom = state.zoom.unwrap_or_else(|| fit_zoom(viewport, size_px)).clamp(MIN_ZOOM, MAX_ZOOM);
        let pan = if state.zoom.is_some() { state.pan } else { Vec2::ZERO };
        Self { viewport, size_px, zoom, pan: kept_in_sight(viewport, size_px * zoom, pan) }
    }

    #[must_use]
    pub fn zoom(&self) -> f32 {
        self.zoom
    }

    /// Of the picture, in its own pixels.
    #[must_use]
    pub fn size_px(&self) -> Vec2 {
        self.size_px
    }

    /// From the viewport's centre to the picture's, in points.
    #[must_use]
    pub fn pan(&self) -> Vec2 {
        self.pan
    }

    /// On the screen, in points.
    #[must_use]
    pub fn picture_rect(&self) -> Rect {
        Rect::from_center_size(self.viewport.center() + self.pan, self.size_px * self.zoom)
    }

    /// Pushed by less than a pixel, so that the picture's corner lies on one.
    #[must_use]
    pub fn on_whole_pixels(self, pixels_per_point: f32) -> Self {
        let rect = self.picture_rect();
        let off = rect.min.round_to_pixels(pixels_per_point) - rect.min;
        Self { pan: self.pan + off, ..self }
    }

    /// `pos` in points to picture pixels, from the picture's upper left corner.
    #[must_use]
    pub fn image_from_screen(&self, pos: Pos2) -> Pos2 {
        ((pos - self.picture_rect().min) / self.zoom).to_pos2()
    }

    /// `pos_in_image` in picture pixels to points on the screen.
    #[must_use]
    pub fn screen_from_image(&self, pos_in_image: Pos2) -> Pos2 {
        self.picture_rect().min + pos_in_image.to_vec2() * self.zoom
    }

    /// Closer by `factor`, with the pixel under `pointer` staying there.
    #[must_use]
    pub fn zoomed_at(&self, pointer: Pos2, factor: f32) -> Self {
        let zoom = (self.zoom * factor).clamp(MIN_ZOOM, MAX_ZOOM);
        let centre = self.viewport.center() + self.pan;
        let new_centre = pointer + (centre - pointer) * (zoom / self.zoom);
        let pan = kept_in_sight(self.viewport, self.size_px * zoom, new_centre - self.viewport.center());
        Self { zoom, pan, ..*self }
    }

    /// Where a picture of another size would lie in its stead.
    #[must_use]
    pub fn of_size(&self, size_px: Vec2, state: ViewState, pixels_per_point: f32) -> Self {
        Self::new(self.viewport, size_px, state).on_whole_pixels(pixels_per_point)
    }

    #[must_use]
    pub fn panned(&self, by: Vec2) -> Self {
        Self { pan: kept_in_sight(self.viewport, self.size_px * self.zoom, self.pan + by), ..*self }
    }

    /// What the window keeps of it.
    #[must_use]
    pub fn to_state(self) -> ViewState {
        ViewState { zoom: Some(self.zoom), pan: self.pan, shown_zoom: Some(self.zoom) }
    }
}

/// The whole picture, as large as the viewport allows.
#[must_use]
pub(crate) fn fit_zoom(viewport: Rect, size_px: Vec2) -> f32 {
    let size_px = size_px.max(Vec2::splat(1.0));
    (viewport.width() / size_px.x).min(viewport.height() / size_px.y).clamp(MIN_ZOOM, MAX_ZOOM)
}

fn kept_in_sight(viewport: Rect, size: Vec2, pan: Vec2) -> Vec2 {
    let most = ((viewport.size() + size) / 2.0 - Vec2::splat(KEPT_IN_SIGHT)).max(Vec2::ZERO);
    pan.clamp(-most, most)
}

#[cfg(test)]
mod tests {
    use egui::{pos2, vec2};

    use super::*;

    fn viewport() -> Rect {
        Rect::from_min_size(pos2(320.0, 92.0), vec2(820.0, 640.0))
    }

    fn at(zoom: Option<f32>, pan: Vec2) -> View {
        View::new(viewport(), vec2(256.0, 256.0), ViewState { zoom, pan, shown_zoom: None })
    }

    #[test]
    fn fitting_centres_the_picture_and_forgets_the_pan() {
        let view = at(None, vec2(300.0, 0.0));
        assert!((view.zoom() - 2.5).abs() < 1e-6);
        assert_eq!(view.picture_rect(), Rect::from_center_size(viewport().center(), Vec2::splat(640.0)));
    }

    #[test]
    fn the_way_to_the_image_and_back_is_the_same() {
        let view = at(Some(3.0), vec2(40.0, -25.0));
        for pos in [pos2(321.0, 93.0), pos2(700.5, 400.25)] {
            let back = view.screen_from_image(view.image_from_screen(pos));
            assert!((back - pos).length() < 1e-3, "{back:?} {pos:?}");
        }
        assert_eq!(view.image_from_screen(view.picture_rect().max), pos2(256.0, 256.0));
    }

    #[test]
    fn zooming_keeps_the_pixel_under_the_pointer() {
        let pointer = pos2(610.0, 300.0);
        for factor in [1.25, 0.8, 1.01] {
            let before = at(Some(2.0), vec2(10.0, 5.0));
            let after = before.zoomed_at(pointer, factor);
            let moved = after.image_from_screen(pointer) - before.image_from_screen(pointer);
            assert!(moved.length() < 1e-3, "{factor}: {moved:?}");
        }
    }

    #[test]
    fn zoom_and_pan_have_ends() {
        for (factor, end) in [(1e6, MAX_ZOOM), (1e-6, MIN_ZOOM)] {
            let zoom = at(Some(1.0), Vec2::ZERO).zoomed_at(viewport().center(), factor).zoom();
            assert!((zoom - end).abs() < 1e-6);
        }
        let far = at(Some(1.0), vec2(1e6, -1e6)).picture_rect();
        let seen = far.intersect(viewport()).size();
        assert!((seen - Vec2::splat(KEPT_IN_SIGHT)).length() < 0.1, "{seen:?}");
    }

    #[test]
    fn an_impossible_size_does_no_harm() {
        let view = View::new(Rect::from_min_size(pos2(0.0, 0.0), Vec2::ZERO), Vec2::ZERO, ViewState::default());
        assert!(view.picture_rect().is_finite());
    }
}
