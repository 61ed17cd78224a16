//! The right panel: every picture on disk, a heading for each day. Only what is seen is drawn and asked for.

use egui::epaint::text::LayoutJob;
use egui::{Align, Area, Frame, Id, Order, Panel, Rect, ScrollArea, Ui, UiBuilder, pos2, vec2};

use crate::ui::action::{Action, LayerAction, WindowAction};
use crate::ui::chrome::layout;
use crate::ui::chrome::layout::{Layout, PanelForm};
use crate::ui::gallery::state::GalleryState;
use crate::ui::gallery::tiles::Drawing;
use crate::ui::gallery::{RING, action_bar, filters, grid, header};
use crate::ui::input::keymap;
use crate::ui::input::shortcuts::Command;
use crate::ui::state::AppState;
use crate::ui::textures::Textures;
use crate::ui::theme;
use crate::ui::theme::{fonts, icons};
use crate::ui::widgets::{IconButton, paint};

const RAIL_TILE: f32 = 32.0;

/// Where there is no room for all of it: the rail, and what opens from there.
pub(crate) fn show_narrow(
    ui: &mut Ui,
    state: &mut AppState,
    textures: &mut Textures,
    layout: Layout,
    actions: &mut Vec<Action>,
) {
    let tokens = theme::tokens(ui);
    let frame = Frame::NONE.fill(tokens.panel);
    if layout.gallery != PanelForm::Rail {
        return;
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
                full(ui, state, textures, false, actions);
            });
        });
    }
}

/// The line between this panel and its neighbour.
pub(super) fn seam(ui: &Ui, panel: Rect) {
    ui.painter().rect_filled(paint::left_part(panel, 1.0), 0.0, theme::tokens(ui).edge);
}

/// Search, filters and pictures. In the view a click may have to `open` a picture, since there is no room beside.
pub(crate) fn full(ui: &mut Ui, state: &mut AppState, textures: &mut Textures, opens: bool, actions: &mut Vec<Action>) {
    let padding = f32::from(theme::PANEL_PADDING);
    let bar = action_bar::height(&state.gallery);
    let whole = ui.max_rect();
    let top = whole.shrink2(vec2(padding, 12.0));
    let field = Rect::from_min_size(top.min, vec2(top.width(), theme::CONTROL_HEIGHT));
    let gallery = &mut state.gallery;
    header::show(ui, field, gallery, actions);
    let mut from = field.bottom() + 8.0;
    if gallery.view.is_open || !gallery.search.filters.is_empty() {
        let chips = Rect::from_min_max(pos2(top.left(), from), top.max);
        from = filters::show(ui, chips, gallery, actions) + 2.0;
    }
    let below = Rect::from_min_max(pos2(top.left(), from), pos2(top.right(), whole.bottom()));
    if gallery.search.days().is_empty() {
        if gallery.listed {
            empty(ui, below, gallery);
        }
    } else {
        grid::show(ui, below, state, textures, opens, actions);
    }
    if bar > 0.0 {
        let rect = Rect::from_min_max(pos2(whole.left(), whole.bottom() - bar), whole.max);
        action_bar::show(ui, rect, state, actions);
    }
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
                "No picture has these words in its prompt, model, LoRAs, sampler, tags or file name.".to_owned()
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
    let AppState { gallery, candidates, canvas, panels, layers, .. } = state;
    let bar = ui.max_rect().shrink2(vec2((layout::RAIL_WIDTH - theme::CONTROL_HEIGHT) / 2.0, 6.0));
    let stack = Rect::from_min_size(bar.min, vec2(theme::CONTROL_HEIGHT, theme::CONTROL_HEIGHT));
    let key = keymap::written(ui.ctx(), Command::Layers);
    let button = IconButton::new(icons::STACK, "Open the layers").key(&key).selected(layers.over_canvas);
    if ui.put(stack, button).clicked() {
        actions.push(Action::Layers(LayerAction::ToggleList));
    }
    let open = stack.translate(vec2(0.0, theme::CONTROL_HEIGHT + theme::GRID));
    let button = IconButton::new(icons::IMAGES, "Open the gallery").selected(panels.gallery.over_canvas);
    if ui.put(open, button).clicked() {
        actions.push(Action::Window(WindowAction::ToggleGallery));
    }
    let area = Rect::from_min_max(pos2(ui.max_rect().left() + 1.0, open.bottom() + 4.0), ui.max_rect().max);
    let GalleryState { days, thumbnails, words, starred, selection, .. } = gallery;
    let count: usize = days.iter().map(|day| day.pictures.len()).sum();
    let looking_at = &canvas.looking_at;
    let opens = false;
    let mut drawing =
        Drawing { thumbnails, words, starred, selection, candidates, looking_at, textures, actions, opens };
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
