//! The filters above the pictures: a chip for each, and a menu with what there is.

use egui::{CornerRadius, Popup, PopupCloseBehavior, Rect, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::job::ModelRef;
use crate::store::pictures::labels::LabelKind;
use crate::ui::action::{Action, Filter, GalleryAction};
use crate::ui::gallery::state::GalleryState;
use crate::ui::theme;
use crate::ui::theme::{fonts, icons};
use crate::ui::widgets::look::{Look, paint_focus_ring};
use crate::ui::widgets::{MenuItem, TextButton, paint};

pub(super) const CHIP_HEIGHT: f32 = 24.0;
const GAP: f32 = 4.0;
const MENU_WIDTH: f32 = 220.0;

/// As a person reads it.
pub(super) fn words(filter: &Filter) -> String {
    match filter {
        Filter::Model(name) => {
            let ours = ModelRef::built_in_called(name);
            ours.and_then(|model| model.built_in_name()).unwrap_or(name).to_owned()
        }
        Filter::Tag(name) | Filter::Collection(name) => name.clone(),
        Filter::Size(size) => size.replace('x', " × "),
        Filter::Days(1) => "today".to_owned(),
        Filter::Days(days) => format!("last {days} days"),
    }
}

/// Draws the chips from `top` on, in as many lines as they need; gives where they end.
pub(super) fn show(ui: &mut Ui, rect: Rect, gallery: &GalleryState, actions: &mut Vec<Action>) -> f32 {
    let search = &gallery.search;
    let tokens = theme::tokens(ui);
    let count = if search.is_active() {
        format!("{} of {}", grouped(search.count()), grouped(gallery.pictures().count()))
    } else {
        grouped(search.count())
    };
    let line = Rect::from_min_size(rect.min, vec2(rect.width(), CHIP_HEIGHT));
    let used = paint::text(ui, line, egui::Align::Max, &count, fonts::body(), tokens.text_3);
    let mut at = rect.min;
    let mut right = rect.right() - used - theme::GRID;
    let mut place = |width: f32| {
        if at.x + width > right && at.x > rect.left() {
            at = pos2(rect.left(), at.y + CHIP_HEIGHT + GAP);
            right = rect.right();
        }
        let placed = Rect::from_min_size(at, vec2(width.min(rect.width()), CHIP_HEIGHT));
        at.x += width + GAP;
        placed
    };
    for filter in &search.filters {
        let words = words(filter);
        let width = paint::line(ui, &words, fonts::body(), tokens.text_1, rect.width() - 40.0).size().x + 36.0;
        if chip(ui, place(width), &words) {
            actions.push(Action::Gallery(GalleryAction::Unfilter(filter.clone())));
        }
    }
    let button = TextButton::new("Filter").icon(icons::PLUS).height(CHIP_HEIGHT).bare().named("Add a filter");
    let place = place(button.natural_width(ui));
    let response = ui.put(place, button);
    if response.clicked() {
        actions.push(Action::Gallery(GalleryAction::ListFacets));
    }
    Popup::menu(&response).close_behavior(PopupCloseBehavior::CloseOnClick).width(MENU_WIDTH).show(|ui| {
        ui.set_width(MENU_WIDTH);
        ui.spacing_mut().item_spacing.y = 0.0;
        ScrollArea::vertical().max_height(420.0).show(ui, |ui| menu(ui, gallery, actions));
    });
    at.y + CHIP_HEIGHT
}

/// One that goes when it is pressed.
fn chip(ui: &Ui, rect: Rect, words: &str) -> bool {
    let tokens = theme::tokens(ui);
    let response = ui.interact(rect, ui.scope_id().with(("filter", words)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), format!("Remove the filter {words}")));
    let look = Look::of(ui, &response);
    ui.painter().rect_filled(rect, CornerRadius::same(theme::RADIUS), look.control_fill(tokens));
    paint_focus_ring(ui, rect, theme::RADIUS, look);
    let cross = paint::right_part(rect, CHIP_HEIGHT);
    paint::icon(ui, cross, icons::X, theme::CARET_PT, look.quiet_text(tokens));
    paint::text(ui, paint::between(rect, 8.0, CHIP_HEIGHT), egui::Align::Min, words, fonts::body(), tokens.text_1);
    response.on_hover_text("Remove this filter").clicked()
}

fn menu(ui: &mut Ui, gallery: &GalleryState, actions: &mut Vec<Action>) {
    let chosen = &gallery.search.filters;
    let mut group = |ui: &mut Ui, title: &str, filters: Vec<Filter>| {
        let filters: Vec<Filter> = filters.into_iter().filter(|filter| !chosen.contains(filter)).collect();
        if filters.is_empty() {
            return;
        }
        heading(ui, title);
        for filter in filters {
            if ui.add(MenuItem::new(&words(&filter))).clicked() {
                actions.push(Action::Gallery(GalleryAction::Filter(filter)));
            }
        }
    };
    let names = |kind| gallery.labels.names(kind).map(|(name, _)| name.to_owned());
    group(ui, "Collection", names(LabelKind::Collection).map(Filter::Collection).collect());
    group(ui, "Tag", names(LabelKind::Tag).map(Filter::Tag).collect());
    group(ui, "Made", [1, 7, 30, 365].map(Filter::Days).to_vec());
    group(ui, "Model", gallery.facets.models.iter().cloned().map(Filter::Model).collect());
    group(ui, "Size", gallery.facets.sizes.iter().cloned().map(Filter::Size).collect());
}

/// Over a group of a menu's lines.
pub(super) fn heading(ui: &mut Ui, words: &str) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 26.0), Sense::hover());
    let rect = paint::between(rect, 8.0, 8.0);
    paint::text(ui, rect, egui::Align::Min, words, fonts::body(), theme::tokens(ui).text_3);
}

/// "1,204".
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use chrono::Local;

    use super::*;
    use crate::ui::gallery::terms::term;

    #[test]
    fn filters_read_well_and_are_searched_for() {
        let size = Filter::Size("512x768".into());
        assert_eq!((words(&size).as_str(), term(&size).as_str()), ("512 × 768", "size:512x768"));
        assert_eq!(term(&Filter::Days(1)), format!("after:{}", Local::now().date_naive()));
        assert_eq!(words(&Filter::Days(7)), "last 7 days");
        assert_eq!([0, 999, 1204, 1_000_000].map(grouped), ["0", "999", "1,204", "1,000,000"]);
    }
}
