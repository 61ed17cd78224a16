//! The window's rooms, each drawn into its place.

use egui::{CentralPanel, Frame, Panel, Ui};

use crate::ui::action::Action;
use crate::ui::app::studio::Studio;
use crate::ui::app::{middle, right_room};
use crate::ui::chrome::layout;
use crate::ui::chrome::layout::{Layout, PanelForm};
use crate::ui::chrome::{menu, seams, status_bar};
use crate::ui::{gallery, layers, prompt, queue, theme};

impl Studio {
    /// Returns where the canvas lies.
    pub(super) fn panels(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) -> egui::Rect {
        let has_menus = self.system_menus.is_none();
        let Self { state, textures, .. } = self;
        let layout = Layout::for_window(ui.ctx().content_rect().size(), state.panels);
        state.layers.rect = None;
        let tokens = theme::tokens(ui);
        let plain = |fill| Frame::NONE.fill(fill);

        Panel::top("menu")
            .exact_size(layout::MENU_HEIGHT)
            .frame(plain(tokens.panel).inner_margin(egui::Margin { left: 8, right: 8, top: 2, bottom: 2 }))
            .show_separator_line(false)
            .show(ui, |ui| menu::show(ui, state, has_menus, actions));
        Panel::bottom("status")
            .exact_size(layout::STATUS_HEIGHT)
            .frame(plain(tokens.panel).inner_margin(egui::Margin { left: 16, right: 8, top: 0, bottom: 0 }))
            .show_separator_line(false)
            .show(ui, |ui| status_bar::show(ui, state, layout, actions));
        state.gallery.refresh();
        if state.gallery.view.is_open && !state.compare.is_open() {
            return gallery::view::show(ui, state, textures, layout, actions);
        }
        let full =
            layout.prompt == PanelForm::Full || (layout.prompt == PanelForm::Rail && state.panels.prompt.over_canvas);
        if full {
            // Where the window is narrow, it has a width and a memory of its own.
            let panel = if layout.narrow {
                Panel::left("narrow prompt").exact_size(layout.prompt_width)
            } else {
                let widths = layout::PROMPT_WIDTH_NARROW..=layout::PROMPT_WIDTH_WIDEST;
                Panel::left("prompt").resizable(true).default_size(layout.prompt_width).size_range(widths)
            };
            let panel = panel.frame(plain(tokens.panel)).show_separator_line(false);
            let drawn = panel.show(ui, |ui| prompt::panel::show(ui, state, textures, layout, actions));
            if !layout.narrow {
                state.panels.prompt_width = drawn.response.rect.width();
            }
        } else if layout.prompt == PanelForm::Rail {
            Panel::left("prompt rail")
                .exact_size(layout::RAIL_WIDTH)
                .frame(plain(tokens.panel))
                .show_separator_line(false)
                .show(ui, |ui| prompt::panel::show_rail(ui, actions));
        }
        right_room::show(ui, state, textures, layout, actions);
        let between = ui.available_rect_before_wrap();
        CentralPanel::default().frame(plain(tokens.surround)).show(ui, |ui| {
            middle::show(ui, state, textures, layout, actions);
        });
        seams::show(ui, between, tokens.edge);
        if state.queue.open && !queue::panel::takes_the_gallerys_place(state, layout) {
            queue::panel::show_over(ui, between, state, textures, actions);
        } else if state.layers.over_canvas && layout.gallery == PanelForm::Rail {
            layers::panel::show_over(ui, between, state, textures, layout, actions);
        }
        between
    }
}
