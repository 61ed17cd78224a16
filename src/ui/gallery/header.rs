//! Over the pictures: the search, the star, the order and the folders that are listed.

use egui::{Frame, Id, Margin, Popup, PopupCloseBehavior, Rect, StrokeKind, TextEdit, Ui, UiBuilder, vec2};

use crate::ui::action::{Action, GalleryAction, Sort};
use crate::ui::gallery::filters;
use crate::ui::gallery::state::GalleryState;
use crate::ui::input::keymap;
use crate::ui::input::shortcuts::Command;
use crate::ui::theme;
use crate::ui::theme::icons;
use crate::ui::widgets::fields;
use crate::ui::widgets::{IconButton, MenuItem, look, paint};

const MENU_WIDTH: f32 = 260.0;

pub(super) fn show(ui: &mut Ui, rect: Rect, gallery: &mut GalleryState, actions: &mut Vec<Action>) {
    let pitch = theme::CONTROL_HEIGHT + theme::HALF;
    let sort = paint::right_part(rect, theme::CONTROL_HEIGHT);
    let star = sort.translate(vec2(-pitch, 0.0));
    search_field(ui, paint::between(rect, 0.0, 2.0 * pitch), gallery);
    let only = gallery.search.starred_only;
    if ui.put(star, IconButton::new(icons::STAR, "Starred only").selected(only)).clicked() {
        gallery.search.starred_only = !only;
    }
    let response = ui.put(sort, IconButton::new(icons::SORT_DESCENDING, "Order and folders"));
    Popup::menu(&response).close_behavior(PopupCloseBehavior::CloseOnClick).width(MENU_WIDTH).show(|ui| {
        ui.set_width(MENU_WIDTH);
        ui.spacing_mut().item_spacing.y = 0.0;
        for (words, order) in [("Newest first", Sort::NewestFirst), ("Oldest first", Sort::OldestFirst)] {
            if fields::choice(ui, gallery.search.sort == order, words, "") {
                actions.push(Action::Gallery(GalleryAction::Sort(order)));
            }
        }
        ui.separator();
        folders(ui, gallery, actions);
    });
}

fn folders(ui: &mut Ui, gallery: &GalleryState, actions: &mut Vec<Action>) {
    filters::heading(ui, "Folders of other programs");
    for folder in &gallery.watched {
        let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy();
        let words = format!("Stop listing {name}");
        let line = ui.add(MenuItem::new(&words).icon(icons::X));
        if line.on_hover_text(format!("{}\nThe pictures stay where they are.", folder.display())).clicked() {
            actions.push(Action::Gallery(GalleryAction::ForgetFolder(folder.clone())));
        }
    }
    let add = ui.add(MenuItem::new("Add a folder of pictures…").icon(icons::FOLDER_OPEN));
    if add.on_hover_text("AUTOMATIC1111's or ComfyUI's outputs, say. They are listed where they are.").clicked() {
        actions.push(Action::Gallery(GalleryAction::WatchFolderDialog));
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
            .id(Id::unique("gallery search"))
            .hint_text("Search")
            .frame(Frame::NONE.inner_margin(Margin::symmetric(0, 5)))
            .desired_width(f32::INFINITY);
        let right = if filled { theme::CONTROL_HEIGHT } else { 8.0 };
        let response = ui.put(paint::between(rect, 30.0, right), edit).accessible_name("Search pictures");
        if std::mem::take(&mut gallery.wants_search) {
            response.request_focus();
        }
        if response.has_focus() {
            look::paint_field_ring(ui, rect, theme::RADIUS);
        } else {
            let stroke = look::Look::of(ui, &response).field_stroke(tokens);
            ui.painter().rect_stroke(rect, theme::RADIUS, stroke, StrokeKind::Inside);
            let key = keymap::written(ui.ctx(), Command::FindPicture);
            response.on_hover_text(format!(
                "Words of the prompt, model, tags … ({key})\n-word  \"in this order\"  tag:  model:  lora:  seed:  size:512x768  date:2026-11"
            ));
        }
        let clear = paint::right_part(rect, theme::CONTROL_HEIGHT);
        if filled && ui.put(clear, IconButton::new(icons::X, "Clear the search")).clicked() {
            gallery.search.text.clear();
        }
    });
}
