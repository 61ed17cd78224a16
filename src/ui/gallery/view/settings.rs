//! How the seen picture was made, in the prompt panel's place: lines to copy or to use in parts, and a button for all.

use std::path::Path;

use egui::{
    Align, Frame, Id, Label, Margin, Panel, Popup, Rect, RichText, Role, ScrollArea, Sense, Ui, WidgetInfo, vec2,
};

use super::facts::{self, Fact};
use crate::store::pictures::labels::{LabelChange, LabelKind};
use crate::store::pictures::programs::PictureSettings;
use crate::ui::action::{Action, FilesAction, GalleryAction, SettingsPart};
use crate::ui::gallery::state::GalleryState;
use crate::ui::input::keymap;
use crate::ui::input::shortcuts::Command;
use crate::ui::results::picture_menu;
use crate::ui::theme;
use crate::ui::theme::{fonts, icons};
use crate::ui::widgets::look::{Look, paint_focus_ring};
use crate::ui::widgets::{MenuItem, PrimaryButton, fields, paint};
use crate::ui::words;

const ROW: f32 = theme::CONTROL_HEIGHT;
/// Of a line's buttons.
const BUTTON: f32 = 24.0;
/// A hovered line reaches out so far.
const OUT: f32 = 8.0;

pub(super) fn show(
    ui: &mut Ui,
    file: &Path,
    size_px: Option<[u32; 2]>,
    gallery: &GalleryState,
    actions: &mut Vec<Action>,
) {
    let known = gallery.view.settings_of(file);
    let settings = known.flatten();
    if settings.is_some() {
        let margin = Margin::same(theme::PANEL_PADDING);
        let height = theme::PRIMARY_HEIGHT + 2.0 * f32::from(theme::PANEL_PADDING);
        Panel::bottom("picture settings foot")
            .exact_size(height)
            .frame(Frame::NONE.inner_margin(margin))
            .show_separator_line(false)
            .show(ui, |ui| foot(ui, file, settings, actions));
    }
    ScrollArea::vertical().id_salt("picture settings").auto_shrink([false, false]).show(ui, |ui| {
        Frame::NONE.inner_margin(Margin::symmetric(theme::PANEL_PADDING, 10)).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            match known {
                Some(Some(settings)) => of_settings(ui, file, settings, size_px, actions),
                Some(None) => quiet(ui, "This file does not say how it was made."),
                None => quiet(ui, "Reading…"),
            }
            of_file(ui, file, settings, gallery, actions);
        });
    });
}

fn of_settings(
    ui: &mut Ui,
    file: &Path,
    settings: &PictureSettings,
    size_px: Option<[u32; 2]>,
    actions: &mut Vec<Action>,
) {
    let request = &settings.request;
    words_of(ui, file, "Prompt", &request.prompt, SettingsPart::Prompt, actions);
    ui.add_space(12.0);
    let negative = request.negative.as_deref().unwrap_or_default();
    words_of(ui, file, "Negative prompt", negative, SettingsPart::Negative, actions);
    for group in facts::of_settings(settings, size_px) {
        rule(ui);
        for fact in &group {
            row(ui, file, fact, actions);
        }
    }
    if !settings.notices.is_empty() {
        rule(ui);
        quiet(ui, "Not had here, so it cannot be taken over:");
        for notice in &settings.notices {
            ui.add_space(4.0);
            ui.label(RichText::new(words::of_notice(notice)).color(theme::tokens(ui).text_2));
        }
    }
}

fn of_file(
    ui: &mut Ui,
    file: &Path,
    settings: Option<&PictureSettings>,
    gallery: &GalleryState,
    actions: &mut Vec<Action>,
) {
    rule(ui);
    let modified = gallery.picture(file).map(|picture| picture.modified);
    for fact in facts::of_file(modified, settings) {
        row(ui, file, &fact, actions);
    }
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (rect, response) = line(ui, "File", &name);
    let reveal = button_rect(rect, 0);
    if quiet_button(ui, reveal, icons::FOLDER_OPEN, "Reveal in folder", true) {
        actions.push(Action::Files(FilesAction::Reveal(file.to_path_buf())));
    }
    response.on_hover_text(file.display().to_string());
    for (label, kind) in [("Tags", LabelKind::Tag), ("Collections", LabelKind::Collection)] {
        labels(ui, file, label, kind, gallery, actions);
    }
}

fn rule(ui: &mut Ui) {
    ui.add_space(9.0);
    fields::line(ui, 9.0);
}

fn quiet(ui: &mut Ui, words: &str) {
    ui.label(RichText::new(words).color(theme::tokens(ui).text_2));
}

/// A text of several lines under its heading.
fn words_of(ui: &mut Ui, file: &Path, label: &'static str, text: &str, part: SettingsPart, actions: &mut Vec<Action>) {
    let tokens = theme::tokens(ui);
    let size = vec2(ui.available_width(), ROW);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    paint::text(ui, rect, Align::Min, label, fonts::body(), tokens.text_2);
    if text.is_empty() {
        paint::text(ui, rect, Align::Max, "empty", fonts::body(), tokens.text_3);
        return;
    }
    buttons(ui, rect, &Usable { file, what: label, text, part: Some(part) }, true, actions);
    let text = RichText::new(text).text_style(theme::prompt_text_style()).color(tokens.text_1);
    ui.add(Label::new(text).wrap().selectable(true));
}

/// One line of the table.
fn row(ui: &mut Ui, file: &Path, fact: &Fact, actions: &mut Vec<Action>) {
    let (rect, response) = line(ui, fact.label, &fact.value);
    let hovered = response.contains_pointer() || response.has_focus();
    let usable = Usable { file, what: fact.label, text: &fact.value, part: fact.part };
    buttons(ui, rect, &usable, hovered, actions);
    response.on_hover_text(&fact.value);
}

/// A label and its value; the whole line answers the pointer.
fn line(ui: &mut Ui, label: &str, value: &str) -> (Rect, egui::Response) {
    let tokens = theme::tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{label}: {value}")));
    let hovered = response.contains_pointer();
    if hovered {
        ui.painter().rect_filled(rect.expand2(vec2(OUT, 0.0)), theme::RADIUS, tokens.row_hover);
    }
    paint::text(ui, paint::left_part(rect, theme::LABEL_WIDTH), Align::Min, label, fonts::body(), tokens.text_2);
    let taken = if hovered { 2.0 * (BUTTON + 4.0) } else { 0.0 };
    let room = paint::between(rect, theme::LABEL_WIDTH, taken);
    paint::text(ui, room, Align::Min, value, fonts::body(), tokens.text_1);
    (rect, response)
}

fn button_rect(row: Rect, from_right: usize) -> Rect {
    let right = row.right() + 4.0 - from_right as f32 * (BUTTON + 4.0);
    Rect::from_center_size(egui::pos2(right - BUTTON / 2.0, row.center().y), vec2(BUTTON, BUTTON))
}

/// What a line's buttons copy and use.
struct Usable<'a> {
    file: &'a Path,
    what: &'static str,
    text: &'a str,
    part: Option<SettingsPart>,
}

/// Copy, and, where the prompt panel has such a thing, use. The keyboard reaches them whether they are seen or not.
fn buttons(ui: &mut Ui, row: Rect, usable: &Usable<'_>, seen: bool, actions: &mut Vec<Action>) {
    let Usable { file, what, text, part } = *usable;
    let lower = if what == "VAE" || what == "LoRAs" { what.to_owned() } else { what.to_lowercase() };
    if quiet_button(ui, button_rect(row, usize::from(part.is_some())), icons::COPY, &format!("Copy {lower}"), seen) {
        actions.push(Action::Gallery(GalleryAction::Copy { what, text: text.to_owned() }));
    }
    let Some(part) = part else { return };
    if quiet_button(ui, button_rect(row, 0), icons::ARROW_BEND_UP_LEFT, &format!("Use {lower}"), seen) {
        actions.push(Action::Gallery(GalleryAction::UsePart { file: file.to_path_buf(), part }));
    }
}

/// An icon that is there when one comes near.
fn quiet_button(ui: &mut Ui, rect: Rect, icon: &str, name: &str, seen: bool) -> bool {
    let tokens = theme::tokens(ui);
    let response = ui.interact(rect, ui.scope_id().with(name), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), name));
    let look = Look::of(ui, &response);
    if seen || look != Look::Rest {
        if matches!(look, Look::Hover | Look::Press) {
            ui.painter().rect_filled(rect, theme::RADIUS, look.control_fill(tokens));
        }
        paint_focus_ring(ui, rect, theme::RADIUS, look);
        paint::icon(ui, rect, icon, theme::MENU_ICON_PT, look.quiet_text(tokens));
    }
    response.on_hover_text(name).clicked()
}

/// Chips that go when they are pressed, and one more that opens the sheet.
fn labels(ui: &mut Ui, file: &Path, title: &str, kind: LabelKind, gallery: &GalleryState, actions: &mut Vec<Action>) {
    const CHIP: f32 = 24.0;
    let tokens = theme::tokens(ui);
    let names: Vec<&str> = gallery.labels.of(kind, file).collect();
    ui.push_id(title, |ui| {
        let start = ui.cursor().min;
        let width = ui.available_width();
        let label = Rect::from_min_size(start, vec2(theme::LABEL_WIDTH, ROW));
        paint::text(ui, label, Align::Min, title, fonts::body(), tokens.text_2);
        let mut at = start + vec2(theme::LABEL_WIDTH, (ROW - CHIP) / 2.0);
        for name in names {
            let text = paint::line(ui, name, fonts::body(), tokens.text_1, width - theme::LABEL_WIDTH - 16.0);
            let size = vec2(text.size().x + 16.0, CHIP);
            if at.x + size.x > start.x + width && at.x > start.x + theme::LABEL_WIDTH {
                at = egui::pos2(start.x + theme::LABEL_WIDTH, at.y + CHIP + 4.0);
            }
            let chip = Rect::from_min_size(at, size);
            let response = ui.interact(chip, ui.scope_id().with(name), Sense::click());
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Remove {name}")));
            let look = Look::of(ui, &response);
            ui.painter().rect_filled(chip, theme::RADIUS, look.control_fill(tokens));
            paint_focus_ring(ui, chip, theme::RADIUS, look);
            paint::text(ui, chip, Align::Center, name, fonts::body(), tokens.text_1);
            if response.on_hover_text("A press takes it away.").clicked() {
                let files = vec![file.to_path_buf()];
                let change = LabelChange { kind, name: name.to_owned(), files, gives: false };
                actions.push(Action::Gallery(GalleryAction::Label(change)));
            }
            at.x += size.x + 4.0;
        }
        if at.x + CHIP > start.x + width {
            at = egui::pos2(start.x + theme::LABEL_WIDTH, at.y + CHIP + 4.0);
        }
        let name = match kind {
            LabelKind::Tag => "Add tags",
            LabelKind::Collection => "Put into a collection",
        };
        if quiet_button(ui, Rect::from_min_size(at, vec2(CHIP, CHIP)), icons::PLUS, name, true) {
            let files = vec![file.to_path_buf()];
            actions.push(Action::Gallery(GalleryAction::OpenLabels { files, kind }));
        }
        ui.allocate_rect(
            Rect::from_min_max(start, egui::pos2(start.x + width, at.y + CHIP + (ROW - CHIP) / 2.0)),
            Sense::hover(),
        );
    });
}

fn foot(ui: &mut Ui, file: &Path, settings: Option<&PictureSettings>, actions: &mut Vec<Action>) {
    let key = keymap::written(ui.ctx(), Command::UseSettings);
    let response = PrimaryButton::new("Use all settings").key(&key).caret("Use a part of the settings").show(ui);
    let mut used = |part| {
        actions.push(Action::Gallery(GalleryAction::UsePart { file: file.to_path_buf(), part }));
    };
    if response.button.clicked() {
        used(SettingsPart::All);
    }
    let Some(caret) = response.caret else { return };
    Popup::menu(&caret).id(Id::unique("parts of settings")).show(|ui| {
        ui.set_width(picture_menu::WIDTH);
        ui.spacing_mut().item_spacing.y = 0.0;
        let has_loras = settings.is_some_and(|settings| !facts::loras(settings).is_empty());
        for (words, part, enabled) in [
            ("Prompt", SettingsPart::Prompt, true),
            ("Seed", SettingsPart::Seed, true),
            ("Size", SettingsPart::Size, true),
            ("Model", SettingsPart::Model, true),
            ("LoRAs", SettingsPart::Loras, has_loras),
        ] {
            if ui.add_enabled(enabled, MenuItem::new(words)).on_disabled_hover_text("It has none.").clicked() {
                used(part);
            }
        }
    });
}
