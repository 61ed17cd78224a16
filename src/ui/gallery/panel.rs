//! The right panel: every picture on disk, a heading for each day. Only what is seen is drawn and asked for.

use std::collections::BTreeSet;
use std::path::PathBuf;

use egui::epaint::text::LayoutJob;
use egui::{
    Align, Area, Frame, Id, Margin, Order, Panel, Rect, ScrollArea, StrokeKind, TextEdit, Ui, UiBuilder, pos2, vec2,
};

use crate::store::pictures::gallery::{GalleryDay, GalleryPicture};
use crate::ui::action::{Action, GalleryView, LookingAt, ResultsAction, WindowAction};
use crate::ui::chrome::layout;
use crate::ui::chrome::layout::{Layout, PanelForm};
use crate::ui::gallery::rows::{FoundDay, GAP, Grid, HEADING, name_of};
use crate::ui::gallery::state::{GalleryState, Thumbnail, Thumbnails};
use crate::ui::gallery::words::GalleryWords;
use crate::ui::results::candidate::Candidates;
use crate::ui::results::picture_menu;
use crate::ui::state::AppState;
use crate::ui::textures::Textures;
use crate::ui::theme;
use crate::ui::theme::{fonts, icons};
use crate::ui::widgets::{IconButton, Tile, TileStage, look, paint};

const LEAST_TILE: f32 = 108.0;
const RAIL_TILE: f32 = 32.0;
/// The chosen ring reaches out so far.
const RING: f32 = 4.0;

/// What drawing a picture needs.
struct Drawing<'a> {
    thumbnails: &'a mut Thumbnails,
    words: &'a GalleryWords,
    starred: &'a BTreeSet<PathBuf>,
    candidates: &'a Candidates,
    looking_at: &'a LookingAt,
    textures: &'a mut Textures,
    actions: &'a mut Vec<Action>,
}

pub(crate) fn show(
    ui: &mut Ui,
    state: &mut AppState,
    textures: &mut Textures,
    layout: Layout,
    actions: &mut Vec<Action>,
) {
    let tokens = theme::tokens(ui);
    let frame = Frame::NONE.fill(tokens.panel);
    match layout.gallery {
        PanelForm::Hidden => return,
        PanelForm::Full => {
            let panel = Panel::right("gallery").resizable(true).default_size(state.panels.gallery_width);
            let widths = layout::GALLERY_WIDTH..=layout::GALLERY_WIDTH_WIDEST;
            let panel = panel.size_range(widths).frame(frame).show_separator_line(false);
            let drawn = panel.show(ui, |ui| full(ui, state, textures, actions));
            state.panels.gallery_width = drawn.response.rect.width();
            seam(ui, drawn.response.rect);
            return;
        }
        PanelForm::Rail => {}
    }
    let panel = Panel::right("gallery rail").resizable(false).exact_size(layout::RAIL_WIDTH).frame(frame);
    let drawn = panel.show_separator_line(false).show(ui, |ui| rail(ui, state, textures, actions));
    let rail_rect = drawn.response.rect;
    seam(ui, rail_rect);
    if state.panels.gallery.over_canvas {
        let at = pos2(rail_rect.left() - layout::GALLERY_WIDTH, rail_rect.top());
        let size = vec2(layout::GALLERY_WIDTH, rail_rect.height());
        Area::new(Id::unique("gallery over canvas")).order(Order::Middle).fixed_pos(at).show(ui.ctx(), |ui| {
            frame.shadow(ui.visuals().popup_shadow).show(ui, |ui| {
                ui.set_min_size(size);
                ui.set_max_size(size);
                full(ui, state, textures, actions);
            });
        });
    }
}

/// The line between this panel and its neighbour.
fn seam(ui: &Ui, panel: Rect) {
    ui.painter().rect_filled(paint::left_part(panel, 1.0), 0.0, theme::tokens(ui).edge);
}

fn full(ui: &mut Ui, state: &mut AppState, textures: &mut Textures, actions: &mut Vec<Action>) {
    let padding = f32::from(theme::PANEL_PADDING);
    let AppState { gallery, candidates, canvas, .. } = state;
    let top = ui.max_rect().shrink2(vec2(padding, 12.0));
    let field = Rect::from_min_size(top.min, vec2(top.width(), theme::CONTROL_HEIGHT));
    let star = paint::right_part(field, theme::CONTROL_HEIGHT);
    search_field(ui, paint::between(field, 0.0, theme::CONTROL_HEIGHT + theme::HALF), gallery);
    let only = gallery.search.starred_only;
    if ui.put(star, IconButton::new(icons::STAR, "Starred only").selected(only)).clicked() {
        gallery.search.starred_only = !only;
    }
    let below = Rect::from_min_max(pos2(top.left(), field.bottom() + 8.0), pos2(top.right(), ui.max_rect().bottom()));
    gallery.search.refresh(&gallery.days, &gallery.starred);
    if gallery.search.days().is_empty() {
        if gallery.listed {
            empty(ui, below, gallery);
        }
        return;
    }
    let GalleryState { days, thumbnails, search, words, starred, .. } = gallery;
    let looking_at = &canvas.looking_at;
    let mut drawing = Drawing { thumbnails, words, starred, candidates, looking_at, textures, actions };
    let grid = Grid::for_width(below.width(), LEAST_TILE);
    // Wider than the grid, so that rings are not cut and the scroll bar lies beside the pictures.
    let area = Rect::from_min_max(below.min - vec2(RING, 0.0), below.max + vec2(padding, 0.0));
    ui.scope_builder(UiBuilder::new().max_rect(area), |ui| {
        ScrollArea::vertical().id_salt("gallery").auto_shrink([false, false]).show_viewport(ui, |ui, viewport| {
            list(ui, viewport, grid, below.width(), days, search.days(), &mut drawing);
        });
    });
}

fn list(
    ui: &mut Ui,
    viewport: Rect,
    grid: Grid,
    width: f32,
    days: &[GalleryDay],
    found: &[FoundDay],
    drawing: &mut Drawing<'_>,
) {
    let total: f32 = found.iter().map(|day| grid.day_height(day.pictures.len())).sum();
    let origin = ui.max_rect().min + vec2(RING, 0.0);
    ui.allocate_space(vec2(width, total + f32::from(theme::PANEL_PADDING)));
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

impl Drawing<'_> {
    fn picture(&mut self, ui: &Ui, rect: Rect, picture: &GalleryPicture) {
        let file = &picture.path;
        let (texture, size_px, stage) = match self.thumbnails.get(file) {
            Some(Thumbnail::Ready(small)) => {
                (self.textures.small(small), [small.width(), small.height()], TileStage::Ready)
            }
            Some(Thumbnail::Broken(_)) => (None, [1, 1], TileStage::Broken),
            Some(Thumbnail::Asked) => (None, [1, 1], TileStage::Ready),
            None => {
                self.thumbnails.want(file);
                (None, [1, 1], TileStage::Ready)
            }
        };
        let chosen = matches!(self.looking_at, LookingAt::Gallery(shown) if shown.file == *file);
        let name = format!("Picture {}", name_of(file));
        let tile = Tile { name: &name, texture, size_px, stage, chosen };
        let response = tile.show(ui, rect, ui.scope_id().with(file));
        if response.clicked() {
            let view = GalleryView { file: file.clone(), picture: None };
            self.actions.push(Action::Results(ResultsAction::LookAt(LookingAt::Gallery(view))));
        }
        let is_starred = self.starred.contains(file);
        if is_starred && rect.width() > RAIL_TILE {
            let corner = Rect::from_min_size(rect.right_top() + vec2(-22.0, 4.0), vec2(18.0, 18.0));
            ui.painter().rect_filled(corner, theme::RADIUS, egui::Color32::from_black_alpha(184));
            paint::icon(ui, corner, icons::STAR, theme::SMALL_ICON_PT, theme::DARK.accent_text);
        }
        response.context_menu(|ui| picture_menu::show(ui, file, is_starred, self.actions));
        response.on_hover_ui(|ui| {
            ui.label(self.hover_text(file));
        });
    }

    /// The tooltip's text.
    fn hover_text(&self, file: &std::path::Path) -> String {
        if let Some(Thumbnail::Broken(problem)) = self.thumbnails.get(file) {
            return problem.clone();
        }
        if let Some(words) = self.words.of(file) {
            return format!("{}\n{}", words.prompt, words.facts);
        }
        let made_here = self.candidates.list.iter().find(|one| one.made().is_some_and(|made| made.file == file));
        made_here.map_or_else(|| name_of(file), |one| one.request.prompt.clone())
    }
}

fn search_field(ui: &mut Ui, rect: Rect, gallery: &mut GalleryState) {
    let tokens = theme::tokens(ui);
    ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
        if gallery.is_empty() {
            ui.disable();
        }
        ui.painter().rect_filled(rect, theme::RADIUS, tokens.inset);
        let icon_rect = paint::between(paint::left_part(rect, 30.0), 2.0, 0.0);
        paint::icon(ui, icon_rect, icons::MAGNIFYING_GLASS, theme::MENU_ICON_PT, tokens.text_2);
        let text = &mut gallery.search.text;
        let filled = !text.is_empty();
        let edit = TextEdit::singleline(text)
            .hint_text("Search")
            .frame(Frame::NONE.inner_margin(Margin::symmetric(0, 5)))
            .desired_width(f32::INFINITY);
        let right = if filled { theme::CONTROL_HEIGHT } else { 8.0 };
        let response = ui.put(paint::between(rect, 30.0, right), edit).accessible_name("Search pictures");
        if response.has_focus() {
            look::paint_field_ring(ui, rect, theme::RADIUS);
        } else {
            let stroke = look::Look::of(ui, &response).field_stroke(tokens);
            ui.painter().rect_stroke(rect, theme::RADIUS, stroke, StrokeKind::Inside);
        }
        let clear = paint::right_part(rect, theme::CONTROL_HEIGHT);
        if filled && ui.put(clear, IconButton::new(icons::X, "Clear the search")).clicked() {
            gallery.search.text.clear();
        }
    });
}

/// Nothing there yet, or nothing found.
fn empty(ui: &Ui, rect: Rect, gallery: &GalleryState) {
    let tokens = theme::tokens(ui);
    let (title, words) = if gallery.is_empty() {
        let folder = &gallery.folder_text;
        ("No pictures yet", format!("Every picture you make is kept here with its prompt and settings, in {folder}."))
    } else {
        (
            "Nothing found",
            if gallery.search.starred_only {
                "No picture with a star fits. The key . gives the shown one a star.".to_owned()
            } else {
                "No picture has these words in its prompt, model, LoRAs, sampler or file name.".to_owned()
            },
        )
    };
    let mut job = LayoutJob::simple(words, fonts::body(), tokens.text_2, rect.width() - 16.0);
    job.halign = Align::Center;
    let galley = ui.painter().layout_job(job);
    let height = 32.0 + 12.0 + 24.0 + galley.size().y;
    let mut top = rect.center().y - height / 2.0 - 56.0;
    let mut line = |height: f32| {
        top += height;
        Rect::from_min_size(pos2(rect.left(), top - height), vec2(rect.width(), height))
    };
    paint::icon(ui, line(32.0), icons::IMAGES, 32.0, tokens.text_2);
    line(12.0);
    paint::text(ui, line(24.0), Align::Center, title, fonts::strong(fonts::BODY_PT), tokens.text_1);
    let at = pos2(rect.center().x, line(0.0).top());
    ui.painter().galley(at, galley, tokens.text_2);
}

/// The narrow form: the newest pictures, small.
fn rail(ui: &mut Ui, state: &mut AppState, textures: &mut Textures, actions: &mut Vec<Action>) {
    const PITCH: f32 = RAIL_TILE + 8.0;
    let AppState { gallery, candidates, canvas, panels, .. } = state;
    let bar = ui.max_rect().shrink2(vec2((layout::RAIL_WIDTH - theme::CONTROL_HEIGHT) / 2.0, 6.0));
    let open = Rect::from_min_size(bar.min, vec2(theme::CONTROL_HEIGHT, theme::CONTROL_HEIGHT));
    let button = IconButton::new(icons::IMAGES, "Open the gallery").selected(panels.gallery.over_canvas);
    if ui.put(open, button).clicked() {
        actions.push(Action::Window(WindowAction::ToggleGallery));
    }
    let area = Rect::from_min_max(pos2(ui.max_rect().left() + 1.0, open.bottom() + 4.0), ui.max_rect().max);
    let GalleryState { days, thumbnails, words, starred, .. } = gallery;
    let count: usize = days.iter().map(|day| day.pictures.len()).sum();
    let looking_at = &canvas.looking_at;
    let mut drawing = Drawing { thumbnails, words, starred, candidates, looking_at, textures, actions };
    ui.scope_builder(UiBuilder::new().max_rect(area), |ui| {
        ScrollArea::vertical().id_salt("gallery rail").auto_shrink([false, false]).show_viewport(ui, |ui, viewport| {
            let origin = ui.max_rect().min + vec2((area.width() - RAIL_TILE) / 2.0, RING + 4.0);
            ui.allocate_space(vec2(area.width(), count as f32 * PITCH + 2.0 * RING + 8.0));
            let first = (viewport.top() / PITCH - 1.0).max(0.0) as usize;
            let most = (viewport.height() / PITCH) as usize + 3;
            let seen = days.iter().flat_map(|day| &day.pictures).enumerate().skip(first).take(most);
            for (index, picture) in seen {
                let corner = origin + vec2(0.0, index as f32 * PITCH);
                drawing.picture(ui, Rect::from_min_size(corner, vec2(RAIL_TILE, RAIL_TILE)), picture);
            }
        });
    });
}
