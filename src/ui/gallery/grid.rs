//! The pictures in days, as many columns as have room, and the rubber band over them.

use egui::{Align, Id, Rect, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui, UiBuilder, WidgetInfo, vec2};

use crate::store::pictures::gallery::GalleryDay;
use crate::ui::action::{Action, GalleryAction};
use crate::ui::gallery::RING;
use crate::ui::gallery::action_bar;
use crate::ui::gallery::rows::{FoundDay, GAP, Grid, HEADING};
use crate::ui::gallery::state::{Band, GalleryState};
use crate::ui::gallery::tiles::Drawing;
use crate::ui::state::AppState;
use crate::ui::textures::Textures;
use crate::ui::theme;
use crate::ui::theme::fonts;
use crate::ui::widgets::paint;

const LEAST_TILE: f32 = 108.0;
/// Of the list, while the band reaches out of sight, in points a second.
const SCROLL_SPEED: f32 = 900.0;

/// `rect` is where the pictures stand; the list reaches a little further, for rings and its bar.
pub(super) fn show(
    ui: &mut Ui,
    rect: Rect,
    state: &mut AppState,
    textures: &mut Textures,
    opens: bool,
    actions: &mut Vec<Action>,
) {
    let AppState { gallery, candidates, canvas, .. } = state;
    let padding = f32::from(theme::PANEL_PADDING);
    let bar = action_bar::height(gallery);
    let grid = Grid::for_width(rect.width(), LEAST_TILE);
    gallery.columns = grid.columns;
    let reveal = gallery.reveal.take().and_then(|file| gallery.place_of(&file));
    let area = Rect::from_min_max(rect.min - vec2(RING, 0.0), rect.max + vec2(padding, 0.0));
    ui.scope_builder(UiBuilder::new().max_rect(area), |ui| {
        ScrollArea::vertical().id_salt("gallery").auto_shrink([false, false]).show_viewport(ui, |ui, viewport| {
            let GalleryState { days, thumbnails, search, words, starred, selection, band, .. } = gallery;
            let found = search.days();
            let total: f32 = found.iter().map(|day| grid.day_height(day.pictures.len())).sum();
            let origin = ui.max_rect().min + vec2(RING, 0.0);
            // The last pictures can be scrolled out from under the bar.
            let size = vec2(rect.width(), total + padding + bar);
            ui.allocate_space(size);
            if let Some(place) = reveal
                && let Some(rect) = rect_of(place, found, grid, origin.to_vec2())
            {
                // Without the way there: keys are pressed faster than a list scrolls.
                ui.scroll_to_rect_animation(rect.expand(GAP), None, egui::style::ScrollAnimation::none());
            }
            let whole = Rect::from_min_size(origin, size);
            let before = || selection.among(&files(days, found).collect::<Vec<_>>());
            rubber_band(ui, whole, origin.to_vec2(), band, before);
            let looking_at = &canvas.looking_at;
            let mut drawing =
                Drawing { thumbnails, words, starred, selection, candidates, looking_at, textures, actions, opens };
            list(ui, viewport, grid, rect.width(), days, found, &mut drawing);
            if let Some(band) = band {
                stretch(ui, origin.to_vec2(), grid, days, found, band, actions);
            }
        });
    });
}

fn files<'a>(days: &'a [GalleryDay], found: &'a [FoundDay]) -> impl Iterator<Item = &'a std::path::Path> {
    let found = found.iter().filter_map(|found| Some((days.get(found.day)?, &found.pictures)));
    let files = found.flat_map(|(day, pictures)| pictures.iter().filter_map(|index| day.pictures.get(*index)));
    files.map(|picture| picture.path.as_path())
}

/// Where the picture of this place lies.
fn rect_of(mut place: usize, found: &[FoundDay], grid: Grid, origin: egui::Vec2) -> Option<Rect> {
    let mut top = 0.0;
    for day in found {
        let count = day.pictures.len();
        if place < count {
            let corner = origin + vec2(0.0, top) + grid.corner(place);
            return Some(Rect::from_min_size(corner.to_pos2(), vec2(grid.side, grid.side)));
        }
        place -= count;
        top += grid.day_height(count);
    }
    None
}

fn list(
    ui: &Ui,
    viewport: Rect,
    grid: Grid,
    width: f32,
    days: &[GalleryDay],
    found: &[FoundDay],
    drawing: &mut Drawing<'_>,
) {
    let origin = ui.max_rect().min + vec2(RING, 0.0);
    let mut day_top = 0.0;
    for one in found {
        let height = grid.day_height(one.pictures.len());
        let (from, to) = (viewport.top() - day_top, viewport.bottom() - day_top);
        if from < height
            && to > 0.0
            && let Some(day) = days.get(one.day)
        {
            let corner = origin + vec2(0.0, day_top);
            heading(ui, Rect::from_min_size(corner, vec2(width, HEADING)), &day.title, one.pictures.len());
            for index in grid.visible(one.pictures.len(), from, to) {
                let rect = Rect::from_min_size(corner + grid.corner(index), vec2(grid.side, grid.side));
                if let Some(picture) = one.pictures.get(index).and_then(|index| day.pictures.get(*index)) {
                    drawing.picture(ui, rect, picture);
                }
            }
        }
        day_top += height;
        if day_top > viewport.bottom() {
            break;
        }
    }
}

fn heading(ui: &Ui, rect: Rect, title: &str, count: usize) {
    let tokens = theme::tokens(ui);
    let used = paint::text(ui, rect, Align::Max, &count.to_string(), fonts::body(), tokens.text_3);
    paint::text(ui, paint::between(rect, 0.0, used + GAP), Align::Min, title, fonts::body(), tokens.text_2);
}

/// Begins and ends with the pointer; the tiles lie over it and take clicks alone.
fn rubber_band(
    ui: &Ui,
    whole: Rect,
    origin: egui::Vec2,
    band: &mut Option<Band>,
    selected: impl FnOnce() -> Vec<std::path::PathBuf>,
) {
    let response = ui.interact(whole, Id::unique("gallery rubber band"), Sense::DRAG);
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, "Pictures"));
    if response.drag_started_by(egui::PointerButton::Primary)
        && let Some(from) = ui.input(|input| input.pointer.press_origin())
    {
        let adds = ui.input(|input| input.modifiers.command || input.modifiers.shift);
        *band = Some(Band { from: from - origin, before: if adds { selected() } else { Vec::new() } });
    } else if !response.dragged() {
        *band = None;
    }
}

/// Takes what lies in it, and draws it.
fn stretch(
    ui: &Ui,
    origin: egui::Vec2,
    grid: Grid,
    days: &[GalleryDay],
    found: &[FoundDay],
    band: &Band,
    actions: &mut Vec<Action>,
) {
    let Some(pointer) = ui.input(|input| input.pointer.latest_pos()) else { return };
    let rect = Rect::from_two_pos(band.from, pointer - origin);
    let mut taken = band.before.clone();
    let mut top = 0.0;
    for one in found {
        let height = grid.day_height(one.pictures.len());
        if let Some(day) = days.get(one.day).filter(|_| top + height >= rect.top() && top <= rect.bottom()) {
            let inside = grid.inside(one.pictures.len(), rect.translate(vec2(0.0, -top)));
            let pictures = inside.filter_map(|index| day.pictures.get(*one.pictures.get(index)?));
            taken.extend(pictures.map(|picture| picture.path.clone()));
        }
        top += height;
    }
    actions.push(Action::Gallery(GalleryAction::Select(taken)));
    let tokens = theme::tokens(ui);
    let painted = rect.translate(origin);
    ui.painter().rect_filled(painted, 0.0, tokens.accent_line.gamma_multiply(0.15));
    ui.painter().rect_stroke(painted, 0.0, Stroke::new(1.0, tokens.accent_line), StrokeKind::Inside);
    // Out of sight it pulls the list along.
    let seen = ui.clip_rect();
    let seconds = ui.input(|input| input.stable_dt).min(0.1);
    let by = if pointer.y < seen.top() { 1.0 } else { -f32::from(pointer.y > seen.bottom()) };
    if by != 0.0 {
        ui.scroll_with_delta(vec2(0.0, by * SCROLL_SPEED * seconds));
        ui.ctx().request_repaint();
    }
}

#[cfg(test)]
mod tests {
    use egui::pos2;

    use super::*;

    #[test]
    fn a_place_is_found_over_the_days() {
        let day = |day, count| FoundDay { day, pictures: (0..count).collect() };
        let grid = Grid { columns: 2, side: 100.0 };
        let found = [day(0, 3), day(1, 4)];
        let at = |place| rect_of(place, &found, grid, vec2(10.0, 0.0)).map(|rect| rect.min);
        assert_eq!(at(1), Some(pos2(10.0 + 100.0 + GAP, HEADING)));
        assert_eq!(at(3), Some(pos2(10.0, grid.day_height(3) + HEADING)));
        assert_eq!(at(7), None);
    }
}
