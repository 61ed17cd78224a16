//! The middle of the window: the picture, or the live preview in its very place, and how it is zoomed and pushed about.

pub(super) mod apply;
mod chips;
mod cursor;
pub(crate) mod empty;
mod handles;
mod menu;
mod notice;
mod overlay;
pub(super) mod place;
mod placing;
pub(super) mod pointer;
pub(super) mod pose;
mod posing;
pub(super) mod preview;
mod regions;
pub(super) mod select;
mod selecting;
pub(super) mod state;
pub(crate) mod strip;
pub(super) mod view;
mod work;

use egui::emath::GuiRounding as _;
use egui::{
    Align, Color32, CornerRadius, CursorIcon, Key, PointerButton, Rect, Response, Role, Sense, Stroke, StrokeKind,
    TextureId, Ui, Vec2, WidgetInfo, pos2, vec2,
};

use self::state::{CanvasState, Gesture};
use super::branch;
use super::gallery;
use super::live;
use super::results;
use super::state::AppState;
use super::textures::Textures;
use super::textures::stack_view::PAPER;
use super::theme;
use super::widgets::paint;
use crate::canvas::tools::Tool;
use crate::mask::PixelRect;
use crate::ui::action::{Action, LookingAt};
use crate::ui::canvas::view::View;
use crate::ui::chrome::layout::Layout;
use crate::ui::gallery::state::Thumbnail;
use crate::ui::results::candidate::{Candidate, Stage};
use crate::ui::theme::fonts;

/// Side of one field of the checkerboard, in points.
const CHECKER: f32 = 8.0;
/// So far below its viewport the picture and the pointer may reach, in points.
const BELOW_PICTURE: f32 = 4.0;
/// Of the line that says how a picture was made, between it and the results.
const ABOUT_HEIGHT: f32 = 16.0;
/// Wheel points for one doubling of the zoom.
const WHEEL_PER_DOUBLING: f32 = 240.0;

/// What is drawn where the picture lies.
struct Shown {
    /// What it is laid out as; a preview has fewer pixels of its own.
    size_px: [u32; 2],
    texture: Option<TextureId>,
    /// Instead of a picture: what is waited for.
    words: &'static str,
    /// Whether `size_px` is the picture's true size.
    size_known: bool,
    /// Over a part of it: what is new so far.
    part: Option<(TextureId, PixelRect)>,
}

/// Draws the tools and the picture. Returns where the whole picture lies when it fits: the strip's measure.
pub(super) fn show(
    ui: &mut Ui,
    state: &mut AppState,
    textures: &mut Textures,
    layout: Layout,
    actions: &mut Vec<Action>,
) -> Rect {
    let whole = ui.available_rect_before_wrap();
    let strip = Rect::from_min_size(whole.min, vec2(whole.width(), theme::TOOL_STRIP_HEIGHT));
    if state.branch.is_open() {
        branch::strip::show(ui, strip, state, actions);
    } else {
        strip::show(ui, strip, state, actions);
    }
    let area = Rect::from_min_max(pos2(whole.left(), strip.bottom()), whole.max);
    let viewport = picture_viewport(area, layout);
    // Not where the candidates lie: a click beside one of them is no brush stroke. Where there are none, the place is the
    // picture's, which may be closer than fitting.
    let floor = if state.shows_strip() { viewport.bottom() + BELOW_PICTURE } else { area.bottom() };
    let whole_reach = Rect::from_min_max(area.min, pos2(area.right(), floor));
    let halves = live::view::halves(whole_reach, viewport, state);
    let (reach, place) = halves.map_or((whole_reach, viewport), |halves| (halves.reach, halves.drawing));
    let response = ui.interact(reach, pointer::area_id(), Sense::CLICK | Sense::DRAG);
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, "Canvas"));

    let home = if let Some(shown) = shown(state, textures) {
        let home = picture(ui, reach, place, &response, &shown, halves.is_some(), state, textures);
        if let (Some(halves), Some(placed)) = (&halves, state.canvas.placed) {
            let pixels = state.canvas.view.zoom.is_some_and(|zoom| zoom >= view::PIXELS_FROM_ZOOM);
            live::view::show(ui, whole_reach, halves, placed.picture_rect(), pixels, state, textures);
        }
        halves.map_or(home, |halves| home.union(home.translate(halves.result.center() - halves.drawing.center())))
    } else {
        state.canvas.view.shown_zoom = None;
        state.canvas.placed = None;
        let frame = home_rect(ui, viewport, state.next_size_px());
        empty::show(ui, viewport, frame, state, actions);
        frame
    };
    if ui.input(|input| !input.raw.hovered_files.is_empty()) {
        let stroke = Stroke::new(theme::RING_WIDTH, theme::tokens(ui).accent_line);
        ui.painter().rect_stroke(area.shrink(6.0), theme::RADIUS_LARGE, stroke, StrokeKind::Inside);
    }
    let gap = if layout.short {
        Rect::from_min_max(viewport.left_bottom() - vec2(0.0, 22.0), viewport.right_bottom())
    } else {
        // As wide as the strip below it.
        let width = results::strip::width(home, viewport);
        let top = viewport.bottom() + BELOW_PICTURE;
        Rect::from_min_size(pos2(home.center().x - width / 2.0, top), vec2(width, ABOUT_HEIGHT))
    };
    gallery::about::show(ui, gap, state, layout.short);
    notice::show(ui, whole_reach, state, actions);
    menu::show(&response, state, actions);
    home
}

/// Where the picture fits in: the rest is kept for the candidates, so that they never move it.
fn picture_viewport(area: Rect, layout: Layout) -> Rect {
    let (above, below, beside) = if layout.short { (10.0, 83.0, 16.0) } else { (20.0, 140.0, 20.0) };
    let max = area.max - vec2(beside, below);
    let min = area.min + vec2(beside, above);
    Rect::from_min_max(min, max.max(min + Vec2::splat(32.0)))
}

fn home_rect(ui: &Ui, viewport: Rect, size_px: [u32; 2]) -> Rect {
    let size_px = size_vec(size_px);
    Rect::from_center_size(viewport.center(), size_px * view::fit_zoom(viewport, size_px))
        .round_to_pixels(ui.pixels_per_point())
}

fn size_vec([width, height]: [u32; 2]) -> Vec2 {
    vec2(width as f32, height as f32)
}

fn shown(state: &AppState, textures: &mut Textures) -> Option<Shown> {
    let pixels = state.canvas.view.zoom.is_some_and(|zoom| zoom >= view::PIXELS_FROM_ZOOM);
    let whole = |size_px, texture, words| Some(Shown { size_px, texture, words, size_known: true, part: None });
    match state.canvas.shown() {
        LookingAt::Canvas => {
            let picture = state.canvas.base()?;
            whole([picture.width(), picture.height()], textures.picture(picture, pixels), "")
        }
        LookingAt::Candidate(job) => {
            let candidate = state.candidates.get(*job)?;
            let size_px = candidate.size_px().or_else(|| {
                let picture = &candidate.made()?.picture;
                Some([picture.width(), picture.height()])
            });
            if let Some(shown) = masked_run(candidate, textures, pixels) {
                return Some(shown);
            }
            if let Some(step) = state.branch.shown(*job) {
                let own = size_px.unwrap_or([step.width(), step.height()]);
                return whole(own, textures.preview(*job, step), "");
            }
            let texture = candidate_texture(candidate, textures, pixels);
            // Until the first step the canvas's picture stays, if there is one.
            let texture = texture.or_else(|| textures.picture(state.canvas.base()?, pixels));
            whole(size_px.unwrap_or_else(|| state.next_size_px()), texture, waiting_words(candidate))
        }
        LookingAt::Gallery(shown) => {
            if let Some(picture) = &shown.picture {
                let texture = textures.picture(picture, pixels);
                return whole([picture.width(), picture.height()], texture, "");
            }
            // The thumbnail has the same shape: it stands in until the file is read.
            let thumbnail = match state.gallery.thumbnails.get(&shown.file) {
                Some(Thumbnail::Ready(picture)) => Some(picture),
                _ => None,
            };
            let size_px = thumbnail.map_or([1, 1], |picture| [picture.width(), picture.height()]);
            let texture = thumbnail.and_then(|picture| textures.small(picture));
            Some(Shown { size_px, texture, words: "Reading…", size_known: false, part: None })
        }
    }
}

/// A masked picture on its way: the one that it was begun with, and the preview where it is worked on.
fn masked_run(candidate: &Candidate, textures: &mut Textures, pixels: bool) -> Option<Shown> {
    let Stage::Running(progress) = &candidate.stage else { return None };
    let frame = candidate.frame?;
    let init = &candidate.request.init.as_ref()?.picture;
    let preview = textures.preview(candidate.job, progress.preview.as_ref()?)?;
    let texture = textures.picture(init, pixels)?;
    let size_px = [init.width(), init.height()];
    let part = Some((preview, frame.crop));
    Some(Shown { size_px, texture: Some(texture), words: "", size_known: true, part })
}

fn candidate_texture(candidate: &Candidate, textures: &mut Textures, pixels: bool) -> Option<TextureId> {
    match &candidate.stage {
        Stage::Done(made) => textures.picture(&made.picture, pixels).or_else(|| textures.last_preview(candidate.job)),
        Stage::Running(progress) => textures.preview(candidate.job, progress.preview.as_ref()?),
        Stage::Waiting | Stage::Loading { .. } => None,
    }
}

fn waiting_words(candidate: &Candidate) -> &'static str {
    match candidate.stage {
        Stage::Waiting => "Waiting for its turn",
        Stage::Loading { .. } => "Reading the model…",
        Stage::Running(_) => "Starting…",
        Stage::Done(_) => "",
    }
}

#[allow(clippy::too_many_arguments)] // Where, what, and what it is drawn from.
fn picture(
    ui: &Ui,
    reach: Rect,
    viewport: Rect,
    response: &Response,
    shown: &Shown,
    has_result_beside: bool,
    state: &mut AppState,
    textures: &mut Textures,
) -> Rect {
    let before = View::new(viewport, size_vec(shown.size_px), state.canvas.view);
    // A zoom begins where the picture is seen; later it must not be rounded, or the pixel under the pointer creeps away.
    let is_fitted = state.canvas.view.zoom.is_none();
    let before = if is_fitted { before.on_whole_pixels(ui.pixels_per_point()) } else { before };
    let view = moved(ui, before, response, &mut state.canvas);
    if view != before {
        state.canvas.view = view.to_state();
    }
    state.canvas.view.shown_zoom = shown.size_known.then_some(view.zoom());
    let view = view.on_whole_pixels(ui.pixels_per_point());
    state.canvas.placed = Some(view);

    let tokens = theme::tokens(ui);
    let rect = view.picture_rect();
    // Closer than fitting, the picture may cover the viewport's margins, but not the candidates.
    let painter = ui.painter().with_clip_rect(reach);
    let is_canvas = *state.canvas.shown() == LookingAt::Canvas;
    if let Some(texture) = shown.texture {
        let fields = Rect::from_min_size(pos2(0.0, 0.0), rect.size() / (2.0 * CHECKER));
        painter.image(textures.checker(tokens), rect, fields, Color32::WHITE);
        let base = state.canvas.document.stack().base();
        if is_canvas && base.picture_is_off {
            painter.rect_filled(rect, CornerRadius::ZERO, PAPER);
        } else if is_canvas {
            let tint = Color32::WHITE.gamma_multiply(base.picture_opacity.clamp(0.0, 1.0));
            textures.layers.paint_picture(&painter, rect, texture, tint);
        } else {
            let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
            painter.image(texture, rect, whole, Color32::WHITE);
            if let Some((preview, crop)) = shown.part {
                painter.image(preview, overlay::on_screen(view, crop), whole, Color32::WHITE);
            }
        }
    } else {
        painter.rect_filled(rect, CornerRadius::ZERO, tokens.slot);
        paint::text(ui, rect.shrink(8.0), Align::Center, shown.words, fonts::body(), tokens.text_3);
    }
    let pixels = state.canvas.view.zoom.is_some_and(|zoom| zoom >= view::PIXELS_FROM_ZOOM);
    let is_covered = !has_result_beside && live::view::show_over(&painter, rect, pixels, state, textures);
    if is_canvas && !is_covered {
        overlay::paint(ui, &painter, view, state, textures);
    }
    let chips = if is_canvas && !is_covered { regions::paint(&painter, view, state, textures) } else { Vec::new() };
    state.canvas.chips = chips;
    overlay::pixel_grid(&painter, view);
    painter.rect_stroke(rect, CornerRadius::ZERO, Stroke::new(1.0, tokens.edge), StrokeKind::Outside);
    if is_canvas && state.canvas.tool == Tool::Extend {
        handles::paint(ui, view, &state.canvas);
    }
    if is_canvas {
        pose::paint(ui, &painter, view, &state.canvas, response.hover_pos());
        place::paint(ui, ui.painter(), view, &state.canvas, response.hover_pos());
    }
    cursor::paint(ui, &painter, view, &state.canvas, response.hover_pos());
    home_rect(ui, viewport, shown.size_px)
}

/// Wheel and pinch zoom at the pointer; dragging pans: with the hand tool, with Space held, or with the middle button.
/// The wheel with Ctrl changes the brush.
fn moved(ui: &Ui, view: View, response: &Response, canvas: &mut CanvasState) -> View {
    let space = ui.input(|input| input.key_down(Key::Space)) && !ui.ctx().text_edit_focused();
    let pans = canvas.tool == Tool::Hand || space;
    let is_free = canvas.gesture == Gesture::Idle && !canvas.placing.is_dragging();
    let is_panned = pans && is_free && response.dragged_by(PointerButton::Primary);
    if is_panned || response.dragged_by(PointerButton::Middle) {
        ui.ctx().set_cursor_icon(CursorIcon::Grabbing);
        return view.panned(response.drag_delta());
    }
    let Some(pointer) = response.hover_pos() else { return view };
    if response.hovered() && pans {
        ui.ctx().set_cursor_icon(CursorIcon::Grab);
    }
    let (wheel, pinch, with_command) =
        ui.input(|input| (input.smooth_scroll_delta().y, input.zoom_delta(), input.modifiers.command));
    let factor = pinch * (wheel / WHEEL_PER_DOUBLING).exp2();
    if (factor - 1.0).abs() < 1e-4 {
        return view;
    }
    if with_command && canvas.tool.is_brush() {
        let brush = canvas.brush_mut();
        brush.choose_diameter(brush.diameter_px * factor);
        return view;
    }
    view.zoomed_at(pointer, factor)
}
