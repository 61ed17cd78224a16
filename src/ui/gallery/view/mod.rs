//! The gallery view: settings at the left, the picture in the middle, the gallery at the right. In a narrow window the
//! gallery alone, the picture over it, and the settings over that.

mod bar;
pub mod facts;
mod family;
mod picture;
mod settings;
pub mod state;

use egui::{CentralPanel, Frame, Panel, Rect, Ui, UiBuilder, pos2, vec2};

use crate::ui::action::{Action, GalleryView, LookingAt};
use crate::ui::chrome::layout;
use crate::ui::chrome::layout::Layout;
use crate::ui::gallery::panel;
use crate::ui::state::AppState;
use crate::ui::textures::Textures;
use crate::ui::theme;

/// Four columns.
const GALLERY_WIDTH: f32 = 500.0;
const COLUMN: f32 = 120.0;
/// The picture keeps so much.
const LEAST_MIDDLE: f32 = 360.0;

/// Returns where the middle lies.
pub(crate) fn show(
    ui: &mut Ui,
    state: &mut AppState,
    textures: &mut Textures,
    layout: Layout,
    actions: &mut Vec<Action>,
) -> Rect {
    let tokens = theme::tokens(ui);
    let LookingAt::Gallery(shown) = state.canvas.looking_at.clone() else { return ui.available_rect_before_wrap() };
    let plain = |fill| Frame::NONE.fill(fill);
    let whole = ui.available_rect_before_wrap();
    if layout.narrow {
        return CentralPanel::default()
            .frame(plain(if state.gallery.view.covers_grid { tokens.surround } else { tokens.panel }))
            .show(ui, |ui| {
                if state.gallery.view.covers_grid {
                    middle(ui, &shown, state, textures, layout, true, actions);
                } else {
                    panel::full(ui, state, textures, true, actions);
                }
                whole
            })
            .inner;
    }
    let size_px = state.shown_picture().map(|picture| [picture.width(), picture.height()]);
    Panel::left("picture settings")
        .exact_size(layout::PROMPT_WIDTH)
        .frame(plain(tokens.panel))
        .show_separator_line(false)
        .show(ui, |ui| settings::show(ui, &shown.file, size_px, &state.gallery, actions));
    // Whole columns.
    let room = (whole.width() - layout::PROMPT_WIDTH - LEAST_MIDDLE).max(layout::GALLERY_WIDTH);
    let most = layout::GALLERY_WIDTH + ((room - layout::GALLERY_WIDTH) / COLUMN).floor() * COLUMN;
    let drawn = Panel::right("gallery view")
        .resizable(true)
        .default_size(GALLERY_WIDTH.min(most))
        .size_range(layout::GALLERY_WIDTH.min(most)..=most)
        .frame(plain(tokens.panel))
        .show_separator_line(false)
        .show(ui, |ui| panel::full(ui, state, textures, false, actions));
    panel::seam(ui, drawn.response.rect);
    let between = ui.available_rect_before_wrap();
    CentralPanel::default()
        .frame(plain(tokens.surround))
        .show(ui, |ui| middle(ui, &shown, state, textures, layout, false, actions));
    let edge = Rect::from_min_max(pos2(between.left() - 1.0, between.top()), between.left_bottom());
    ui.painter().rect_filled(edge, 0.0, tokens.edge);
    between
}

/// The bar, the picture, its family, and, where there is no room beside, the settings over it.
fn middle(
    ui: &mut Ui,
    shown: &GalleryView,
    state: &mut AppState,
    textures: &mut Textures,
    layout: Layout,
    narrow: bool,
    actions: &mut Vec<Action>,
) {
    let area = ui.max_rect();
    let bar = Rect::from_min_size(area.min, vec2(area.width(), theme::TOOL_STRIP_HEIGHT));
    bar::show(ui, bar, &shown.file, state, narrow, actions);
    let below = Rect::from_min_max(bar.left_bottom(), area.max);
    let family = state.gallery.view.family_of(&shown.file).is_some();
    // Its place is kept, so that the picture stays where it is when a family comes.
    let foot = if layout.short && !family { 12.0 } else { family::height(layout.short) };
    let beside = if layout.short { 12.0 } else { 20.0 };
    let viewport = Rect::from_min_max(
        below.min + vec2(beside, beside),
        pos2(below.right() - beside, (below.bottom() - foot - beside).max(below.top() + 48.0)),
    );
    let reach = Rect::from_min_max(below.min, pos2(below.right(), below.bottom() - if family { foot } else { 0.0 }));
    picture::show(ui, reach, viewport, shown, state, textures);
    let gallery = &mut state.gallery;
    if let Some(family) = gallery.view.family_of(&shown.file) {
        let rect =
            Rect::from_min_max(pos2(below.left() + beside, below.bottom() - foot), below.max - vec2(beside, 0.0));
        family::show(ui, rect, family, layout.short, &mut gallery.thumbnails, textures, actions);
    }
    if narrow && gallery.view.shows_info {
        let tokens = theme::tokens(ui);
        let size_px = shown.picture.as_ref().map(|picture| [picture.width(), picture.height()]);
        let width = layout::PROMPT_WIDTH.min(below.width());
        let rect = Rect::from_min_size(below.min, vec2(width, below.height()));
        ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
            // What lies under it does not answer.
            ui.interact(rect, ui.scope_id().with("ground"), egui::Sense::click_and_drag());
            ui.painter().rect_filled(rect, 0.0, tokens.panel);
            settings::show(ui, &shown.file, size_px, gallery, actions);
            ui.painter().vline(rect.right(), rect.y_range(), egui::Stroke::new(1.0, tokens.edge));
        });
    }
}
