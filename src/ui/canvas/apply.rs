//! The one place where the canvas's actions happen.

use std::sync::Arc;

use super::select;
use super::state::{CanvasState, Gesture};
use super::view::{MAX_ZOOM, MIN_ZOOM, ViewState};
use crate::canvas::tools::{BrushSettings, Tool};
use crate::canvas::{Content, LayerPart, Origin, Prepared, Snapshot};
use crate::job::InpaintArea;
use crate::mask::{BrushPoint, flood, shape};
use crate::raster::Picture;
use crate::ui::action::{CanvasAction, LayerRow, LookingAt, MaskStep, PenPoint, StrokeStart, WholeStep, Zoom};
use crate::ui::chrome::toasts::Toasts;
use crate::ui::state::AppState;

/// How far one press grows, shrinks or blurs the mask, in pixels.
const STEP_PX: u32 = 8;
/// A pen at rest still marks: this share of the size is left.
const LEAST_PRESSURE_SIZE: f32 = 0.1;

pub(in crate::ui) fn apply(state: &mut AppState, action: CanvasAction) {
    apply_one(state, action);
    state.project.undone_to(state.canvas.document.undo_count());
    if state.canvas.document.mask().is_empty() {
        state.inpaint.end_expanding();
    }
}

fn apply_one(state: &mut AppState, action: CanvasAction) {
    let new_size_px = state.next_size_px();
    let AppState { canvas, toasts, .. } = state;
    match action {
        CanvasAction::ChooseTool(tool) => choose(canvas, tool),
        CanvasAction::SwapTool => match canvas.tool {
            Tool::Brush => choose(canvas, Tool::Eraser),
            Tool::Eraser => choose(canvas, Tool::Brush),
            _ => std::mem::swap(&mut canvas.tools.colour, &mut canvas.tools.other_colour),
        },
        CanvasAction::ScaleBrush(factor) => {
            let brush = canvas.brush_mut();
            let wanted = brush.diameter_px * factor;
            // A small brush must change by a whole pixel, or it would not change at all.
            let wanted = if factor > 1.0 { wanted.max(brush.diameter_px + 1.0) } else { wanted };
            brush.choose_diameter(wanted.round());
        }
        CanvasAction::StrokeBegin(start) => begin_stroke(canvas, toasts, start),
        CanvasAction::StrokeTo(point) => stroke_to(canvas, point),
        CanvasAction::StrokeEnd | CanvasAction::Drop => {
            canvas.document.end_stroke();
            canvas.gesture = Gesture::Idle;
        }
        CanvasAction::Mask(step) => mask_step(canvas, toasts, step),
        CanvasAction::ToggleMask => canvas.overlay.hides_mask = !canvas.overlay.hides_mask,
        CanvasAction::ToggleModelView => canvas.overlay.shows_model_view = !canvas.overlay.shows_model_view,
        CanvasAction::UseColour(colour) => {
            canvas.tools.colour = colour;
            canvas.tools.remember(colour);
        }
        CanvasAction::PickColour(at) => {
            let pixel = pixel_at(canvas, at).and_then(|[x, y]| canvas.document.picture()?.pixel(x, y));
            if let Some([red, green, blue, _]) = pixel {
                canvas.tools.colour = [red, green, blue];
            }
        }
        CanvasAction::BlankCanvas => {
            blank(canvas, new_size_px);
            state.project.close();
        }
        CanvasAction::Extend => {
            if let Gesture::Extending(sides) = std::mem::take(&mut canvas.gesture) {
                canvas.work.add(WholeStep::Extend, move |canvas| canvas.extended(sides));
            }
        }
        CanvasAction::OutlineBegin { at, takes_away, goes_on } => {
            if may_work(canvas, toasts).is_ok() {
                canvas.selecting.goes_on = goes_on;
                canvas.gesture = Gesture::Outlining { corners: vec![at], takes_away };
            }
        }
        CanvasAction::OutlineTo(at) => outline_to(canvas, at),
        CanvasAction::OutlineCorner(at) => {
            if let Gesture::Outlining { corners, .. } = &mut canvas.gesture {
                corners.push(at);
            }
        }
        CanvasAction::OutlineClose if canvas.tool == Tool::Select => select::point(canvas),
        CanvasAction::OutlineClose => close_outline(canvas),
        CanvasAction::Join(join) => canvas.selecting.join = join,
        CanvasAction::Fill(at) => fill(canvas, toasts, at),
        CanvasAction::ExtendTo(sides) => {
            if brings_canvas_back(canvas, toasts) {
                canvas.gesture = Gesture::Extending(sides);
            }
        }
        CanvasAction::NewCanvas => {
            if canvas.has_picture() {
                canvas.replace_picture(None);
            } else {
                canvas.look_at_canvas(false);
            }
            state.project.close();
            state.panels.gallery.over_canvas = false;
            state.prompt.wants_focus = true;
        }
        CanvasAction::WorkOnPart => {
            choose(canvas, Tool::Rectangle);
            canvas.look_at_canvas(false);
            state.inpaint.settings.area = InpaintArea::Masked;
        }
        CanvasAction::CloseNotice => canvas.notice_closed = true,
        CanvasAction::Undo => canvas.undo(),
        CanvasAction::Redo => canvas.redo(),
        CanvasAction::Zoom(zoom) => zoom_view(&mut canvas.view, zoom),
        CanvasAction::Paste(image) => canvas.work.add(WholeStep::Paste, move |canvas| {
            let picture = pasted(&image)?;
            Some(canvas.replaced(Arc::new(picture), Origin::default()))
        }),
        // The studio does these: they need what the canvas does not know.
        CanvasAction::Copy | CanvasAction::Copied(_) | CanvasAction::SelectIn { .. } => {}
        CanvasAction::Worked { id, step, prepared } => {
            if canvas.work.ends(id) {
                match prepared {
                    Some(prepared) => put(state, step, *prepared),
                    None if step == WholeStep::Merge => toasts.note(
                        "They were not merged: the front one covers all of the other, of which nothing would be left.",
                    ),
                    None => {}
                }
            }
        }
    }
}

fn fill(canvas: &mut CanvasState, toasts: &mut Toasts, at: [f32; 2]) {
    let (Ok(part), Some([x, y])) = (may_work(canvas, toasts), pixel_at(canvas, at)) else { return };
    match part {
        Some(LayerPart::Drawing(id)) => {
            return canvas.change_layers(move |canvas| canvas.with_content(id, |content| content.flooded(x, y)));
        }
        Some(LayerPart::Mask(id)) => {
            return canvas.change_layers(move |canvas| {
                canvas.with_layer_mask(id, |mut plane| {
                    flood(&mut plane, x, y);
                    Some(plane)
                })
            });
        }
        None => {}
    }
    canvas.work.add(WholeStep::Mask, move |canvas| canvas.flooded(x, y));
    canvas.overlay.hides_mask = false;
}

fn blank(canvas: &mut CanvasState, [width, height]: [u32; 2]) {
    let white = Picture::filled(width, height, [255; 4]);
    canvas.replace_picture(Some((Arc::new(white), Origin { file: None, made_here: true })));
    choose(canvas, Tool::Colour);
}

fn put(state: &mut AppState, step: WholeStep, prepared: Prepared) {
    let canvas = &mut state.canvas;
    let old_size_px = canvas.document.size_px();
    if !canvas.document.put(prepared) {
        // Neither is it what was meant, nor is what waits behind it.
        canvas.work.cancel();
        state.toasts.note("The canvas was changed meanwhile, so that step was left out.");
        return;
    }
    match step {
        WholeStep::Mask | WholeStep::Layers | WholeStep::Merge => {}
        WholeStep::Layer => {
            let newest = canvas.document.stack().layers().iter().max_by_key(|layer| layer.id);
            if let Some(layer) = newest {
                let can_be_drawn_on = matches!(layer.content, Content::Drawing(_));
                canvas.chosen_row = LayerRow::Layer(layer.id);
                if can_be_drawn_on && !(canvas.tool.is_for_mask() && canvas.tool != Tool::Select) {
                    canvas.tool = Tool::Brush;
                }
            }
            canvas.look_at_canvas(old_size_px != canvas.document.size_px());
        }
        WholeStep::Paste => canvas.look_at_canvas(old_size_px != canvas.document.size_px()),
        WholeStep::Extend => {
            canvas.look_at_canvas(true);
            state.inpaint.expand();
        }
    }
}

fn pasted(image: &egui::ColorImage) -> Option<Picture> {
    let [width, height] = image.size.map(|side| side as u32);
    let rgba = image.pixels.iter().flat_map(egui::Color32::to_srgba_unmultiplied).collect();
    Picture::from_rgba(width, height, rgba).ok().filter(|picture| picture.width() > 0 && picture.height() > 0)
}

fn outline_to(canvas: &mut CanvasState, at: [f32; 2]) {
    if let Gesture::Outlining { corners, .. } = &mut canvas.gesture {
        if matches!(canvas.tool, Tool::Rectangle | Tool::Select) {
            corners.truncate(1);
        }
        corners.push(at);
    }
}

fn zoom_view(view: &mut ViewState, zoom: Zoom) {
    const STEP: f32 = 1.25;
    let shown = view.shown_zoom.unwrap_or(1.0);
    let to = match zoom {
        Zoom::Fit => None,
        Zoom::In => Some(shown * STEP),
        Zoom::Out => Some(shown / STEP),
        Zoom::To(zoom) => Some(zoom),
    };
    // What stands in the middle stays there.
    view.pan = to.map_or(egui::Vec2::ZERO, |zoom| view.pan * (zoom / shown));
    view.zoom = to.map(|zoom| zoom.clamp(MIN_ZOOM, MAX_ZOOM));
}

fn choose(canvas: &mut CanvasState, tool: Tool) {
    canvas.document.end_stroke();
    canvas.gesture = Gesture::Idle;
    canvas.tool = tool;
    // What is chosen goes along with the tool.
    match (tool, canvas.chosen()) {
        (Tool::Colour, _) => canvas.chosen_row = LayerRow::Picture,
        (Tool::Select, _) => canvas.chosen_row = LayerRow::Mask,
        (tool, LayerRow::Picture) if tool.is_for_mask() => canvas.chosen_row = LayerRow::Mask,
        _ => {}
    }
    if tool.is_for_mask() && canvas.chosen() == LayerRow::Mask {
        canvas.overlay.hides_mask = false;
    }
}

/// It was said why.
struct NotNow;

/// What of a layer the tool in hand works on, `None` for mask or picture, with the canvas's own picture in sight again; where
/// it must not work, that is said.
fn may_work(canvas: &mut CanvasState, toasts: &mut Toasts) -> Result<Option<LayerPart>, NotNow> {
    if !brings_canvas_back(canvas, toasts) {
        return Err(NotNow);
    }
    canvas.works_on(canvas.tool).map_err(|sentence| {
        toasts.note(sentence);
        NotNow
    })
}

/// Painting is on the canvas's own picture: whatever lies over it goes away. `false` when there is none.
fn brings_canvas_back(canvas: &mut CanvasState, toasts: &mut Toasts) -> bool {
    if !canvas.has_picture() {
        toasts.note("There is no picture on the canvas to work on: accept this one first.");
        return false;
    }
    if canvas.looking_at != LookingAt::Canvas {
        canvas.looking_at = LookingAt::Canvas;
        canvas.follows_run = false;
    }
    true
}

fn begin_stroke(canvas: &mut CanvasState, toasts: &mut Toasts, start: StrokeStart) {
    let Ok(part) = may_work(canvas, toasts) else { return };
    let ink = canvas.tools.ink(canvas.tool, start.reversed);
    let brush = canvas.brush().brush();
    let from = canvas.last_point.filter(|_| start.from_last);
    canvas.document.begin_stroke_on(part, ink, brush);
    canvas.gesture = Gesture::Painting { last: start.at.at };
    if canvas.tool.is_for_mask() {
        canvas.overlay.hides_mask &= part.is_some();
    } else {
        let colour = canvas.tools.colour;
        canvas.tools.remember(colour);
    }
    if let Some(from) = from {
        stroke_to(canvas, PenPoint { at: from, ..start.at });
    }
    stroke_to(canvas, start.at);
}

fn stroke_to(canvas: &mut CanvasState, point: PenPoint) {
    let Gesture::Painting { last } = &mut canvas.gesture else { return };
    *last = point.at;
    canvas.last_point = Some(point.at);
    let settings = *canvas.brush();
    canvas.document.stroke_to(brush_point(settings, point));
}

fn brush_point(settings: BrushSettings, PenPoint { at: [x, y], pressure }: PenPoint) -> BrushPoint {
    let pressure = pressure.clamp(0.0, 1.0);
    BrushPoint {
        x,
        y,
        size: if settings.pressure_to_size { pressure.max(LEAST_PRESSURE_SIZE) } else { 1.0 },
        opacity: if settings.pressure_to_opacity { pressure } else { 1.0 },
    }
}

fn close_outline(canvas: &mut CanvasState) {
    let Gesture::Outlining { corners, takes_away } = std::mem::take(&mut canvas.gesture) else { return };
    let Some([width, height]) = canvas.document.size_px() else { return };
    let cover = match (canvas.tool, &corners[..]) {
        (Tool::Rectangle, [a, .., b]) => shape::rectangle(*a, *b, width, height),
        (Tool::Rectangle, _) => return,
        _ => shape::polygon(&corners, width, height),
    };
    let ink = canvas.tools.ink(canvas.tool, takes_away);
    let Ok(part) = canvas.works_on(canvas.tool) else { return };
    canvas.document.fill_shape(part, ink, canvas.tools.mask_brush.opacity, &cover);
    canvas.overlay.hides_mask &= part.is_some();
}

fn mask_step(canvas: &mut CanvasState, toasts: &mut Toasts, step: MaskStep) {
    if !canvas.has_picture() {
        return;
    }
    // These are the mask's, whatever is chosen.
    if let Err(sentence) = canvas.works_on(Tool::Select) {
        toasts.note(sentence);
        return;
    }
    canvas.gesture = Gesture::Idle;
    canvas.overlay.hides_mask = false;
    canvas.looking_at = LookingAt::Canvas;
    canvas.work.add(WholeStep::Mask, move |canvas| masked(canvas, step));
}

/// Large masks take longer than a frame: this is called on another thread.
fn masked(canvas: &Snapshot, step: MaskStep) -> Option<Prepared> {
    let whole = canvas.mask().rect();
    let bounds = canvas.mask().bounds();
    let rect = match step {
        MaskStep::All | MaskStep::Invert => Some(whole),
        MaskStep::Clear => bounds,
        // So far they reach. What lies between is looked at, so that the part's own edge counts for nothing.
        MaskStep::Grow | MaskStep::Shrink | MaskStep::Feather => bounds.map(|bounds| bounds.padded(2 * STEP_PX, whole)),
    }?;
    canvas.with_edited_mask(rect, |mut part| {
        match step {
            MaskStep::Clear => part.values_mut().fill(0),
            MaskStep::All => part.values_mut().fill(255),
            MaskStep::Invert => part.invert(),
            MaskStep::Grow => return part.edited_in_blocks(STEP_PX, |block| block.grown(STEP_PX)),
            MaskStep::Shrink => return part.edited_in_blocks(STEP_PX, |block| block.shrunk(STEP_PX)),
            MaskStep::Feather => return part.edited_in_blocks(STEP_PX, |block| block.blurred(STEP_PX)),
        }
        part
    })
}

fn pixel_at(canvas: &CanvasState, [x, y]: [f32; 2]) -> Option<[u32; 2]> {
    let [width, height] = canvas.document.size_px()?;
    let inside = x >= 0.0 && y >= 0.0 && x < width as f32 && y < height as f32;
    inside.then_some([x as u32, y as u32])
}
