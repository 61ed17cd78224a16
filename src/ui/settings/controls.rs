//! A setting's row: its name, its control, and a way back where it was changed.

use egui::{
    Align, CornerRadius, Frame, Id, Rect, Response, RichText, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2,
};

use super::setting::{Control, Setting};
use super::state::SettingsWindow;
use super::{Shown, cards, machine, measure};
use crate::store::pictures::saving::{NAME_PARTS, Saving};
use crate::store::preferences::Accent;
use crate::store::settings::Settings;
use crate::ui::action::{Action, LibraryAction, SettingsAction};
use crate::ui::theme::{self, fonts, icons};
use crate::ui::widgets::look::{Look, paint_focus_ring, paint_ring};
use crate::ui::widgets::{Check, IconButton, Segment, Segments, TextButton, fields, paint};

/// Of a control that needs no more.
const SHORT: f32 = 216.0;
/// So many options stand beside each other, if their words are short.
const MOST_SEGMENTS: usize = 4;
const MOST_LETTERS: usize = 30;

/// Draws the row; what is changed in `settings` holds at once.
pub(super) fn row(
    ui: &mut Ui,
    setting: &Setting,
    settings: &mut Settings,
    usual: &Settings,
    window: &mut SettingsWindow,
    shown: &Shown<'_>,
    actions: &mut Vec<Action>,
) {
    let is_changed = setting.is_changed(settings, usual);
    let reset = framed(ui, setting.name, setting.hint, is_changed, |ui, label| {
        control(ui, setting, label, settings, usual, window, shown, actions);
    });
    if reset {
        setting.reset(settings, usual);
        window.name_text = None;
    }
}

/// A name, a hint under it, the control beside them and the way back at the end. Returns whether that was pressed.
pub(super) fn framed(ui: &mut Ui, name: &str, hint: &str, is_changed: bool, content: impl FnOnce(&mut Ui, Id)) -> bool {
    let tokens = theme::tokens(ui);
    let measure = measure::of(ui.available_width());
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        // In as many lines as it needs.
        let width = measure.label - theme::GRID;
        let lines = ui.painter().layout(hint.to_owned(), fonts::body(), tokens.text_3, width);
        let line = lines.rows.first().map_or(0.0, |row| row.height());
        let below = if hint.is_empty() { 0.0 } else { measure::HINT + lines.size().y - line };
        let height = theme::CONTROL_HEIGHT + below;
        let (rect, response) = ui.allocate_exact_size(vec2(measure.label, height), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, name));
        let top = Rect::from_min_size(rect.min, vec2(width, theme::CONTROL_HEIGHT));
        paint::text(ui, top, Align::Min, name, fonts::body(), tokens.text_1);
        let below = top.left_bottom() + vec2(0.0, (measure::HINT - line) / 2.0 - 4.0);
        ui.painter().galley(below, lines, tokens.text_3);
        let size = vec2(measure.control, height);
        ui.allocate_ui_with_layout(size, egui::Layout::top_down(Align::Min), |ui| {
            ui.set_width(measure.control);
            ui.spacing_mut().item_spacing = vec2(theme::GRID, theme::HALF);
            content(ui, response.id);
        });
        ui.add_space(theme::GRID);
        let (slot, _) = ui.allocate_exact_size(egui::Vec2::splat(theme::CONTROL_HEIGHT), Sense::hover());
        is_changed && ui.put(slot, IconButton::new(icons::ARROW_U_UP_LEFT, &format!("Reset {name}"))).clicked()
    })
    .inner
}

#[expect(clippy::too_many_arguments, reason = "one control of many kinds")]
fn control(
    ui: &mut Ui,
    setting: &Setting,
    label: Id,
    settings: &mut Settings,
    usual: &Settings,
    window: &mut SettingsWindow,
    shown: &Shown<'_>,
    actions: &mut Vec<Action>,
) {
    match &setting.control {
        Control::Choice { options, get, set } => {
            if let Some(index) = choice(ui, setting.name, label, options, get(settings)) {
                set(settings, index);
            }
        }
        Control::Toggle { words, at } => {
            ui.add(Check::new(words, at(settings)));
        }
        Control::Number { range, get, set } => {
            let mut value = get(settings);
            ui.horizontal(|ui| {
                ui.set_max_width(SHORT);
                range.number(get(usual)).show_with_slider(ui, label, theme::NUMBER_WIDTH, &mut value);
            });
            if (value - get(settings)).abs() > 1e-6 {
                set(settings, value);
            }
        }
        Control::Accent => accents(ui, &mut settings.preferences.accent),
        Control::PicturesFolder => {
            let folder = settings.preferences.saving.folder.as_ref().unwrap_or(&shown.paths.pictures_folder);
            ui.horizontal(|ui| {
                path(ui, ui.available_width() - theme::CONTROL_HEIGHT - theme::GRID, &folder.display().to_string());
                if ui.add(IconButton::new(icons::FOLDER_OPEN, "Choose the folder").framed()).clicked() {
                    actions.push(Action::Settings(SettingsAction::PicturesFolderDialog));
                }
            });
        }
        Control::FileName => file_name(ui, label, &mut settings.preferences.saving, window),
        Control::ModelFolders => model_folders(ui, &mut settings.known_models, actions),
        Control::Cards => cards::show(ui, settings, window.cards.as_deref()),
        Control::Machine => machine::show(ui, label, &mut window.machine, actions),
        Control::PromptHistory => {
            ui.horizontal(|ui| {
                let count = settings.prompt_history.len();
                let words = RichText::new(format!("{count}")).color(theme::tokens(ui).text_2);
                ui.label(words);
                let forget = ui.add_enabled(count > 0, TextButton::new("Forget them"));
                if forget.on_disabled_hover_text("There are none.").clicked() {
                    actions.push(Action::Settings(SettingsAction::ForgetPrompts));
                }
            });
        }
    }
}

fn choice(ui: &mut Ui, name: &str, label: Id, options: &[(&str, &str)], chosen: usize) -> Option<usize> {
    let letters: usize = options.iter().map(|(words, _)| words.len()).sum();
    if options.len() <= MOST_SEGMENTS && letters <= MOST_LETTERS {
        let segments: Vec<Segment<'_>> = options.iter().map(|(text, hint)| Segment { text, hint }).collect();
        let width = (options.len() as f32 * 88.0).min(ui.available_width());
        return Segments::new(name, &segments, chosen).width(width).show(ui);
    }
    let words = options.get(chosen).map_or("Otherwise", |(words, _)| words);
    let mut pressed = None;
    fields::menu_box(ui, label, SHORT.min(ui.available_width()), words, "", |ui| {
        for (index, (words, hint)) in options.iter().enumerate() {
            if fields::explained_choice(ui, index == chosen, words, hint, None) {
                pressed = Some(index);
                ui.close();
            }
        }
    });
    pressed
}

fn accents(ui: &mut Ui, chosen: &mut Accent) {
    let tokens = theme::tokens(ui);
    ui.horizontal(|ui| {
        for accent in Accent::ALL {
            let size = egui::Vec2::splat(theme::CONTROL_HEIGHT);
            let (rect, response) = ui.allocate_exact_size(size, Sense::click());
            let name = format!("Accent: {accent:?}");
            let is_chosen = *chosen == accent;
            response.widget_info(|| WidgetInfo::selected(Role::RadioButton, ui.is_enabled(), is_chosen, &name));
            let swatch = rect.shrink(4.0);
            ui.painter().rect_filled(swatch, CornerRadius::same(10), theme::colour_of(accent, tokens.is_dark));
            if is_chosen {
                paint_ring(ui, swatch, 10);
            }
            paint_focus_ring(ui, rect, theme::RADIUS, Look::of(ui, &response));
            if response.on_hover_text(format!("{accent:?}")).clicked() {
                *chosen = accent;
            }
        }
    });
}

/// A path that is read, not written here.
fn path(ui: &mut Ui, width: f32, text: &str) -> Response {
    let tokens = theme::tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(width, theme::CONTROL_HEIGHT), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    let stroke = Stroke::new(1.0, tokens.stroke);
    ui.painter().rect(rect, CornerRadius::same(theme::RADIUS), tokens.inset, stroke, StrokeKind::Inside);
    paint::text(ui, paint::between(rect, 10.0, 10.0), Align::Min, text, fonts::body(), tokens.text_1);
    response.on_hover_text(text)
}

/// A pattern that cannot be used stays in the field and says why; until it can, the one before it holds.
fn file_name(ui: &mut Ui, label: Id, saving: &mut Saving, window: &mut SettingsWindow) {
    let tokens = theme::tokens(ui);
    let mut text = window.name_text.take().unwrap_or_else(|| saving.name.clone());
    let parts: Vec<String> = NAME_PARTS.iter().map(|(part, words)| format!("{part}  {words}")).collect();
    fields::text_line(ui, label, ui.available_width(), |ui, id| {
        let field = egui::TextEdit::singleline(&mut text).id(id).desired_width(f32::INFINITY).frame(Frame::NONE);
        ui.add(field).on_hover_text(parts.join("\n"))
    });
    let (words, colour) = match Saving::check_name(&text) {
        Ok(()) => {
            saving.name = text;
            (saving.example(), tokens.text_3)
        }
        Err(reason) => {
            window.name_text = Some(text);
            (reason, tokens.danger)
        }
    };
    ui.add(egui::Label::new(RichText::new(words).color(colour)).wrap());
}

fn model_folders(ui: &mut Ui, folders: &mut Vec<std::path::PathBuf>, actions: &mut Vec<Action>) {
    let mut forgotten = None;
    for (index, folder) in folders.iter().enumerate() {
        ui.horizontal(|ui| {
            let text = folder.display().to_string();
            path(ui, ui.available_width() - theme::CONTROL_HEIGHT - theme::GRID, &text);
            let name = format!("Forget {text}");
            if ui.add(IconButton::new(icons::X, &name).framed()).clicked() {
                forgotten = Some(index);
            }
        });
    }
    if let Some(index) = forgotten {
        folders.remove(index);
    }
    if ui.add(TextButton::new("Add a folder…").icon(icons::PLUS)).clicked() {
        actions.push(Action::Library(LibraryAction::AddModelDialog));
    }
}
