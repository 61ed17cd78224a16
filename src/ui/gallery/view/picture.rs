//! The seen picture in full: the wheel zooms, a drag pushes it about, a double click fits it.

use egui::emath::GuiRounding as _;
use egui::{
    Align, Color32, CornerRadius, CursorIcon, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2,
};

use crate::ui::action::GalleryView;
use crate::ui::canvas::view;
use crate::ui::canvas::view::View;
use crate::ui::gallery::state::Thumbnail;
use crate::ui::state::AppState;
use crate::ui::textures::Textures;
use crate::ui::theme;
use crate::ui::theme::fonts;
use crate::ui::widgets::paint;

/// Side of one field of the checkerboard, in points.
const CHECKER: f32 = 8.0;
/// Wheel points for one doubling of the zoom.
const WHEEL_PER_DOUBLING: f32 = 240.0;

/// `reach` is where the pointer counts, `viewport` where the picture fits in.
pub(super) fn show(
    ui: &Ui,
    reach: Rect,
    viewport: Rect,
    shown: &GalleryView,
    state: &mut AppState,
    textures: &mut Textures,
) {
    let tokens = theme::tokens(ui);
    let response = ui.interact(reach, ui.scope_id().with("seen picture"), Sense::CLICK | Sense::DRAG);
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "The picture"));
    let canvas = &mut state.canvas;
    let pixels = canvas.view.zoom.is_some_and(|zoom| zoom >= view::PIXELS_FROM_ZOOM);
    // The thumbnail has the same shape: it stands in until the file is read.
    let thumbnail = match state.gallery.thumbnails.get(&shown.file) {
        Some(Thumbnail::Ready(picture)) => Some(picture),
        _ => None,
    };
    let (size_px, texture) = match (&shown.picture, thumbnail) {
        (Some(picture), small) => {
            let stand_in = small.and_then(|small| textures.small(small));
            ([picture.width(), picture.height()], textures.picture(picture, pixels).or(stand_in))
        }
        (None, Some(small)) => ([small.width(), small.height()], textures.small(small)),
        (None, None) => ([1, 1], None),
    };
    let size = vec2(size_px[0] as f32, size_px[1] as f32);
    let before = View::new(viewport, size, canvas.view);
    let is_fitted = canvas.view.zoom.is_none();
    let before = if is_fitted { before.on_whole_pixels(ui.pixels_per_point()) } else { before };
    let moved = moved(ui, before, &response);
    if moved != before {
        canvas.view = moved.to_state();
    }
    if response.double_clicked() {
        canvas.view = view::ViewState::default();
    }
    canvas.view.shown_zoom = shown.picture.is_some().then_some(moved.zoom());
    canvas.placed = None;
    let rect = moved.on_whole_pixels(ui.pixels_per_point()).picture_rect();
    let painter = ui.painter().with_clip_rect(reach);
    let Some(texture) = texture else {
        let is_broken = matches!(state.gallery.thumbnails.get(&shown.file), Some(Thumbnail::Broken(_)));
        let words = match &shown.picture {
            None if is_broken => "This picture cannot be read.",
            None => "Reading…",
            Some(_) => "",
        };
        let place = Rect::from_center_size(viewport.center(), vec2(240.0, 28.0)).round_to_pixels(ui.pixels_per_point());
        paint::text(ui, place, Align::Center, words, fonts::body(), tokens.text_2);
        return;
    };
    let fields = Rect::from_min_size(pos2(0.0, 0.0), rect.size() / (2.0 * CHECKER));
    painter.image(textures.checker(tokens), rect, fields, Color32::WHITE);
    painter.image(texture, rect, Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0)), Color32::WHITE);
    painter.rect_stroke(rect, CornerRadius::ZERO, Stroke::new(1.0, tokens.edge), StrokeKind::Outside);
}

fn moved(ui: &Ui, view: View, response: &egui::Response) -> View {
    if response.dragged() {
        ui.ctx().set_cursor_icon(CursorIcon::Grabbing);
        return view.panned(response.drag_delta());
    }
    let Some(pointer) = response.hover_pos() else { return view };
    let (wheel, pinch) = ui.input(|input| (input.smooth_scroll_delta().y, input.zoom_delta()));
    let factor = pinch * (wheel / WHEEL_PER_DOUBLING).exp2();
    if (factor - 1.0).abs() < 1e-4 { view } else { view.zoomed_at(pointer, factor) }
}
