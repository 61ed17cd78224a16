//! The right side of the window: the layers above, the gallery or the queue below; or the rail where that has no room.

use egui::{Frame, Panel, Rect, Ui, UiBuilder};

use crate::ui::action::Action;
use crate::ui::chrome::layout;
use crate::ui::chrome::layout::{Layout, PanelForm};
use crate::ui::state::AppState;
use crate::ui::textures::Textures;
use crate::ui::widgets::paint;
use crate::ui::{gallery, layers, queue, theme};

pub(super) fn show(
    ui: &mut Ui,
    state: &mut AppState,
    textures: &mut Textures,
    layout: Layout,
    actions: &mut Vec<Action>,
) {
    let holds_queue = queue::panel::takes_the_gallerys_place(state, layout);
    if layout.gallery != PanelForm::Full && !holds_queue {
        return gallery::panel::show_narrow(ui, state, textures, layout, actions);
    }
    let frame = Frame::NONE.fill(theme::tokens(ui).panel);
    let panel = Panel::right("gallery").resizable(true).default_size(state.panels.gallery_width);
    let widths = layout::GALLERY_WIDTH..=layout::GALLERY_WIDTH_WIDEST;
    let panel = panel.size_range(widths).frame(frame).show_separator_line(false);
    let drawn = panel.show(ui, |ui| {
        let room = ui.max_rect();
        let below = layers::panel::show(ui, room, state, textures, layout, actions);
        inside(ui, below, |ui| {
            if holds_queue {
                queue::panel::content(ui, state, textures, actions);
            } else {
                gallery::panel::full(ui, state, textures, false, actions);
            }
        });
    });
    let rect = drawn.response.rect;
    state.panels.gallery_width = rect.width();
    ui.painter().rect_filled(paint::left_part(rect, 1.0), 0.0, theme::tokens(ui).edge);
}

fn inside(ui: &mut Ui, rect: Rect, content: impl FnOnce(&mut Ui)) {
    ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
        ui.set_clip_rect(rect.intersect(ui.clip_rect()));
        content(ui);
    });
}
