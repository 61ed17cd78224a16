//! What Inkwick is made of, in front of the window: a list of components, and the chosen one's terms in full.

use egui::{FontId, Id, RichText, ScrollArea, Ui};

use crate::manual::{Component, Licences};
use crate::ui::theme;
use crate::ui::theme::{fonts, icons};
use crate::ui::widgets::TextButton;

/// `height` is what there is for it, in points.
pub(super) fn show(ui: &mut Ui, height: f32) {
    let licences = Licences::shipped();
    // Remembered while the program runs, as the manual's page is.
    let id = Id::unique("licences of");
    let chosen: Option<usize> = ui.data(|data| data.get_temp(id)).flatten();
    match chosen.and_then(|place| licences.components.get(place)) {
        None => {
            if let Some(place) = list(ui, licences, height) {
                ui.data_mut(|data| data.insert_temp(id, Some(place)));
            }
        }
        Some(component) => {
            if terms(ui, licences, component, height) {
                ui.data_mut(|data| data.insert_temp(id, None::<usize>));
            }
        }
    }
}

/// Gives the place of the one whose terms shall be shown.
fn list(ui: &mut Ui, licences: &Licences, height: f32) -> Option<usize> {
    let row_height = ui.spacing().interact_size.y;
    let area = ScrollArea::vertical().id_salt("licences").max_height(height).auto_shrink([false, true]);
    let rows = area.show_rows(ui, row_height, licences.components.len(), |ui, shown| {
        let mut chosen = None;
        for place in shown {
            let component = &licences.components[place];
            let words = format!("{}: {}", component.title(), component.licence);
            if ui.add(egui::Button::selectable(false, words).truncate()).clicked() {
                chosen = Some(place);
            }
        }
        chosen
    });
    rows.inner
}

/// Gives whether the list shall be shown again.
fn terms(ui: &mut Ui, licences: &Licences, component: &Component, height: f32) -> bool {
    let back = ui.add(TextButton::new("All components").icon(icons::CARET_LEFT)).clicked();
    ui.add_space(8.0);
    ui.label(RichText::new(component.title()).font(fonts::strong(fonts::BODY_PT)));
    ui.label(RichText::new(&component.licence).color(theme::tokens(ui).text_2));
    ui.add_space(8.0);
    let left = (height - ui.min_rect().height()).max(64.0);
    let area = ScrollArea::vertical().id_salt(("terms", component.title())).max_height(left);
    area.auto_shrink([false, true]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 16.0;
        for text in licences.texts_of(component) {
            ui.label(RichText::new(text).font(FontId::monospace(fonts::BODY_PT - 2.0)));
        }
    });
    back
}
