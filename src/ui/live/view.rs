//! Where the live result lies, and how it is drawn: beside the drawing at the same zoom, above or below it where that shows
//! more, or over it.

use egui::emath::GuiRounding as _;
use egui::{Align, Color32, CornerRadius, Painter, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use super::state::LEAST_WIDTH_BESIDE;
use crate::ui::state::AppState;
use crate::ui::textures::Textures;
use crate::ui::theme;
use crate::ui::theme::fonts;
use crate::ui::widgets::paint;

/// Between drawing and result, with a line in its middle.
const GAP: f32 = 16.0;

/// The canvas's room, in two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Halves {
    /// Where the drawing fits in.
    pub drawing: Rect,
    /// Where its result does.
    pub result: Rect,
    /// What of the canvas takes the pointer for the drawing.
    pub reach: Rect,
    line: [egui::Pos2; 2],
}

/// `None` where the result does not stand beside the drawing. `reach` is the whole canvas, `viewport` where pictures fit in.
#[must_use]
pub(crate) fn halves(reach: Rect, viewport: Rect, state: &AppState) -> Option<Halves> {
    if !state.shows_live() || state.live.is_over || reach.width() < LEAST_WIDTH_BESIDE {
        return None;
    }
    let [width, height] = state.canvas.document.size_px()?;
    let (width, height) = (width.max(1) as f32, height.max(1) as f32);
    let half = (viewport.size() - vec2(GAP, GAP)) / 2.0;
    let beside = (half.x / width).min(viewport.height() / height);
    let above = (viewport.width() / width).min(half.y / height);
    Some(if beside >= above {
        let (left, right) = (viewport.left() + half.x, viewport.right() - half.x);
        let middle = viewport.center().x.round();
        Halves {
            drawing: Rect::from_min_max(viewport.min, pos2(left, viewport.bottom())),
            result: Rect::from_min_max(pos2(right, viewport.top()), viewport.max),
            reach: Rect::from_min_max(reach.min, pos2(middle, reach.bottom())),
            line: [pos2(middle, reach.top()), pos2(middle, reach.bottom())],
        }
    } else {
        let (top, bottom) = (viewport.top() + half.y, viewport.bottom() - half.y);
        let middle = viewport.center().y.round();
        Halves {
            drawing: Rect::from_min_max(viewport.min, pos2(viewport.right(), top)),
            result: Rect::from_min_max(pos2(viewport.left(), bottom), viewport.max),
            reach: Rect::from_min_max(reach.min, pos2(reach.right(), middle)),
            line: [pos2(reach.left(), middle), pos2(reach.right(), middle)],
        }
    })
}

/// The result in its half. `drawing` is where the drawing lies on the screen: the result lies the same in its own half.
pub(crate) fn show(
    ui: &Ui,
    whole: Rect,
    halves: &Halves,
    drawing: Rect,
    pixels: bool,
    state: &AppState,
    textures: &mut Textures,
) {
    let tokens = theme::tokens(ui);
    ui.painter().line_segment(halves.line, Stroke::new(1.0, tokens.line));
    let is_beside = halves.reach.right() < whole.right();
    let own = if is_beside {
        Rect::from_min_max(pos2(halves.reach.right() + 1.0, whole.top()), whole.max)
    } else {
        Rect::from_min_max(pos2(whole.left(), halves.reach.bottom() + 1.0), whole.max)
    };
    let moved = halves.result.center() - halves.drawing.center();
    let rect = drawing.translate(moved).round_to_pixels(ui.pixels_per_point());
    let painter = ui.painter().with_clip_rect(own.intersect(ui.clip_rect()));
    if !paint_result(&painter, rect, pixels, state, textures) {
        painter.rect_filled(rect, CornerRadius::ZERO, tokens.slot);
        paint::text(ui, rect.shrink(8.0), Align::Center, waiting_words(state), fonts::body(), tokens.text_3);
    }
    painter.rect_stroke(rect, CornerRadius::ZERO, Stroke::new(1.0, tokens.edge), StrokeKind::Outside);
    let response = ui.interact(rect.intersect(own), ui.scope_id().with("live result"), Sense::hover());
    let words = state.live.words().map_or("Live result: none yet".to_owned(), |words| format!("Live result: {words}"));
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &words));
}

/// The result in the drawing's place, while the hand rests. Returns whether it covers the drawing.
pub(crate) fn show_over(
    painter: &Painter,
    rect: Rect,
    pixels: bool,
    state: &AppState,
    textures: &mut Textures,
) -> bool {
    let is_laid_over = state.shows_live() && !state.canvas.document.is_painting();
    is_laid_over && paint_result(painter, rect, pixels, state, textures)
}

/// The newest, or, until that is on the graphics card, the one before.
fn paint_result(painter: &Painter, rect: Rect, pixels: bool, state: &AppState, textures: &mut Textures) -> bool {
    let newest = state.live.made.as_ref().and_then(|made| textures.picture(&made.picture, pixels));
    let texture = newest.or_else(|| textures.picture(state.live.before.as_ref()?, pixels));
    let Some(texture) = texture else { return false };
    painter.image(texture, rect, Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0)), Color32::WHITE);
    true
}

fn waiting_words(state: &AppState) -> &'static str {
    if state.live.pace.is_loading() {
        "Reading the model…"
    } else if state.live.pace.is_drawing() {
        "Drawing…"
    } else if state.is_ready() {
        "Paint: it is drawn whenever your hand rests"
    } else {
        "Write what it shall become"
    }
}
