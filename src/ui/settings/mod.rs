//! The settings: everything that holds for good, in one window that can be searched. What is changed holds at once.

mod cards;
mod choices;
mod controls;
pub(crate) mod keys;
mod machine;
mod measure;
mod section;
mod setting;
pub(super) mod state;
mod table;

use egui::{Align, Color32, Context, Frame, Id, Layout, Modal, Rect, RichText, ScrollArea, Ui, UiBuilder, pos2, vec2};

use self::section::Section;
pub(crate) use self::setting::Setting;
use self::state::SettingsWindow;
pub(crate) use self::table::TABLE;
use super::theme;
use crate::store::keys::KeyNames;
use crate::store::paths::Paths;
use crate::store::settings::Settings;
use crate::ui::action::{Action, SettingsAction, WindowAction};
use crate::ui::theme::{fonts, icons};
use crate::ui::widgets::{IconButton, SearchField, TextButton, fields, paint};

/// What the window shows: the settings as they hold, and what they are laid over.
pub(crate) struct Shown<'a> {
    pub settings: &'a Settings,
    pub paths: &'a Paths,
    pub keys: &'a KeyNames,
}

pub(super) fn show(ctx: &Context, window: &mut SettingsWindow, shown: &Shown<'_>, actions: &mut Vec<Action>) {
    let tokens = theme::tokens_of(ctx);
    let frame = Frame::popup(&ctx.global_style()).fill(tokens.panel).inner_margin(0);
    let size = (ctx.content_rect().size() - egui::Vec2::splat(measure::AROUND)).min(measure::WINDOW);
    let scrim = Color32::from_black_alpha(if tokens.is_dark { 128 } else { 64 });
    let modal = Modal::new(Id::unique("settings")).frame(frame).backdrop_color(scrim).show(ctx, |ui| {
        ui.set_min_size(size);
        ui.set_max_size(size);
        let whole = Rect::from_min_size(ui.max_rect().min, size);
        content(ui, whole, window, shown, actions);
    });
    if modal.should_close() {
        actions.push(Action::Window(WindowAction::CloseSheet));
    }
}

fn content(ui: &mut Ui, whole: Rect, window: &mut SettingsWindow, shown: &Shown<'_>, actions: &mut Vec<Action>) {
    let tokens = theme::tokens(ui);
    let usual = Settings::default();
    let mut settings = shown.settings.clone();
    let folded = whole.width() < measure::FOLD_UNDER;
    let sections_width = if folded { 0.0 } else { measure::SECTIONS };
    let head = Rect::from_min_size(whole.min, vec2(whole.width(), measure::HEAD));
    let body = Rect::from_min_max(pos2(whole.left(), head.bottom()), whole.max);
    ui.painter().hline(whole.x_range(), head.bottom(), egui::Stroke::new(1.0, tokens.line));
    within(ui, head.shrink2(vec2(16.0, 12.0)), |ui| {
        top(ui, folded, &mut settings, &usual, window, shown, actions);
    });
    if !folded {
        let left = Rect::from_min_size(body.min, vec2(sections_width, body.height()));
        ui.painter().vline(left.right(), body.y_range(), egui::Stroke::new(1.0, tokens.line));
        within(ui, left.shrink2(vec2(8.0, 8.0)), |ui| sections(ui, &settings, &usual, window));
    }
    let page = Rect::from_min_max(pos2(body.left() + sections_width, body.top() + 1.0), body.max);
    let side = if folded { 16.0 } else { 40.0 };
    let page = Rect::from_min_max(page.min + vec2(side, 0.0), page.max - vec2(16.0, 4.0));
    within(ui, page, |ui| {
        let area = ScrollArea::vertical().id_salt(("settings", window.section.name())).auto_shrink([false, false]);
        area.show(ui, |ui| {
            ui.set_max_width(page.width() - 12.0);
            ui.add_space(12.0);
            rows(ui, &mut settings, &usual, window, shown, actions);
            ui.add_space(16.0);
        });
    });
    if settings != *shown.settings {
        actions.push(Action::Settings(SettingsAction::Change(Box::new(settings))));
    }
}

/// A part of the window that nothing inside can stretch.
fn within(ui: &mut Ui, rect: Rect, content: impl FnOnce(&mut Ui)) {
    let mut child = ui.new_child(UiBuilder::new().max_rect(rect).layout(Layout::top_down(Align::Min)));
    content(&mut child);
}

fn top(
    ui: &mut Ui,
    folded: bool,
    settings: &mut Settings,
    usual: &Settings,
    window: &mut SettingsWindow,
    shown: &Shown<'_>,
    actions: &mut Vec<Action>,
) {
    let row = ui.max_rect();
    let field = paint::left_part(row, measure::SECTIONS - 16.0);
    let response = SearchField::new("Search settings", "Search settings", &mut window.search).show(ui, field);
    if std::mem::take(&mut window.wants_focus) {
        response.request_focus();
    }
    let right = paint::between(row, field.width() + if folded { 8.0 } else { 40.0 }, 0.0);
    let mut child = ui.new_child(UiBuilder::new().max_rect(right).layout(Layout::right_to_left(Align::Center)));
    if child.add(IconButton::new(icons::X, "Close").key("Esc")).clicked() {
        actions.push(Action::Window(WindowAction::CloseSheet));
    }
    if window.search.is_empty() {
        let changes = changes_in(child.ctx(), window.section, settings, usual);
        let words = if folded { "Reset" } else { "Reset this page" };
        let reset = TextButton::new(words).bare().named("Reset this page");
        let response = child.add_enabled(changes > 0, reset);
        if response.on_disabled_hover_text("Everything here is as usual.").clicked() {
            for setting in TABLE.iter().filter(|setting| setting.section == window.section) {
                setting.reset(settings, usual);
            }
            window.name_text = None;
            if window.section == Section::Keys && !shown.keys.is_empty() {
                actions.push(Action::Settings(SettingsAction::Keys(KeyNames::new())));
            }
        }
    }
    child.with_layout(Layout::left_to_right(Align::Center), |ui| {
        if folded && window.search.is_empty() {
            let width = ui.available_width();
            let (_, page) = ui.allocate_exact_size(egui::Vec2::ZERO, egui::Sense::hover());
            page.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, "Page"));
            fields::menu_box(ui, page.id, width.min(180.0), window.section.name(), "", |ui| {
                for section in Section::ALL {
                    if fields::choice(ui, section == window.section, section.name(), "") {
                        window.section = section;
                        ui.close();
                    }
                }
            });
        } else {
            let title = if window.search.is_empty() { window.section.name() } else { "Found" };
            ui.label(RichText::new(title).font(fonts::strong(fonts::BODY_PT)));
        }
    });
}

/// How many of a page's settings are otherwise than usual.
fn changes_in(ctx: &Context, section: Section, settings: &Settings, usual: &Settings) -> usize {
    let of_table =
        TABLE.iter().filter(|setting| setting.section == section && setting.is_changed(settings, usual)).count();
    of_table + if section == Section::Keys { keys::changes(ctx) } else { 0 }
}

fn sections(ui: &mut Ui, settings: &Settings, usual: &Settings, window: &mut SettingsWindow) {
    ui.spacing_mut().item_spacing.y = 0.0;
    for section in Section::ALL {
        let changes = changes_in(ui.ctx(), section, settings, usual);
        let count = if changes == 0 { String::new() } else { changes.to_string() };
        let is_chosen = section == window.section && window.search.is_empty();
        if section_row(ui, section.name(), &count, is_chosen).clicked() {
            window.section = section;
            window.search.clear();
            (window.capturing, window.refused) = (None, None);
        }
    }
}

fn section_row(ui: &mut Ui, name: &str, count: &str, is_chosen: bool) -> egui::Response {
    use crate::ui::widgets::look::{Look, paint_focus_ring};
    let tokens = theme::tokens(ui);
    let size = vec2(ui.available_width(), theme::SECTION_HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, egui::Sense::click());
    let info = if count.is_empty() { name.to_owned() } else { format!("{name}, {count} changed") };
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Tab, true, is_chosen, &info));
    let look = Look::of(ui, &response);
    let (fill, colour) = match (is_chosen, look) {
        (true, _) => (tokens.selected, tokens.on_selected),
        (false, Look::Rest | Look::Focus) => (Color32::TRANSPARENT, tokens.text_1),
        (false, _) => (look.control_fill(tokens), tokens.text_1),
    };
    ui.painter().rect_filled(rect, theme::RADIUS, fill);
    paint_focus_ring(ui, rect.shrink(2.0), theme::RADIUS, look);
    let words = paint::between(rect, 8.0, 8.0);
    let hint = if is_chosen { tokens.on_selected } else { look.hint_text(tokens) };
    let used = paint::text(ui, words, Align::Max, count, fonts::body(), hint);
    paint::text(ui, paint::between(words, 0.0, used + 8.0), Align::Min, name, fonts::body(), colour);
    response
}

/// The chosen page, or what is found on all of them.
fn rows(
    ui: &mut Ui,
    settings: &mut Settings,
    usual: &Settings,
    window: &mut SettingsWindow,
    shown: &Shown<'_>,
    actions: &mut Vec<Action>,
) {
    let search = window.search.trim().to_lowercase();
    let mut heading = "";
    let mut is_first = true;
    let listed = |setting: &Setting, window: &SettingsWindow| {
        if search.is_empty() { setting.section == window.section } else { setting.is_found(&search) }
    };
    for setting in TABLE.iter().filter(|setting| (setting.applies)(shown.settings)) {
        if !listed(setting, window) {
            continue;
        }
        let wanted = if search.is_empty() { setting.group } else { setting.section.name() };
        if wanted != heading {
            heading = wanted;
            self::heading(ui, wanted, is_first);
        }
        is_first = false;
        controls::row(ui, setting, settings, usual, window, shown, actions);
    }
    if search.is_empty() && window.section != Section::Keys {
        return;
    }
    let entries = keys::found(&search);
    if search.is_empty() {
        let words = "Press a button, then the key that it shall have.";
        ui.label(RichText::new(words).color(theme::tokens(ui).text_3));
    } else if entries.clone().next().is_some() {
        self::heading(ui, Section::Keys.name(), is_first);
        is_first = false;
    }
    for entry in entries {
        keys::row(ui, entry, shown.keys, window, actions);
        is_first = false;
    }
    if is_first {
        let words = format!("Nothing is called “{}”. Esc closes the settings.", window.search.trim());
        ui.label(RichText::new(words).color(theme::tokens(ui).text_2));
    }
}

fn heading(ui: &mut Ui, words: &str, is_first: bool) {
    if !is_first {
        ui.add_space(4.0);
        fields::line(ui, 12.0);
    }
    if !words.is_empty() {
        ui.label(RichText::new(words).font(fonts::strong(fonts::BODY_PT)));
    }
}
