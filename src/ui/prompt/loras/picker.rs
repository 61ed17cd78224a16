//! All LoRAs with their pictures, to be put on the shelf.

use egui::{
    Align, CornerRadius, Id, Response, RichText, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2,
};

use super::state::LoraShelf;
use super::thumbnail::picture;
use crate::store::words::LoraFile;
use crate::ui::action::{Action, LibraryAction, WordsAction};
use crate::ui::gallery::state::Thumbnails;
use crate::ui::textures::Textures;
use crate::ui::theme;
use crate::ui::theme::{fonts, icons};
use crate::ui::widgets::look::{Look, paint_focus_ring};
use crate::ui::widgets::{TextButton, fields, paint};

pub(super) const WIDTH: f32 = 304.0;
const HEIGHT: f32 = 344.0;
const COLUMNS: usize = 3;
const NAME_HEIGHT: f32 = 20.0;
const GAP: f32 = 8.0;

pub(super) fn show(
    ui: &mut Ui,
    files: &[LoraFile],
    shelf: &mut LoraShelf,
    thumbnails: &mut Thumbnails,
    textures: &mut Textures,
    actions: &mut Vec<Action>,
) {
    egui::Frame::NONE.inner_margin(8.0).show(ui, |ui| {
        ui.set_width(WIDTH - 24.0);
        if files.is_empty() {
            let words = "There is no LoRA yet. Add the folder where yours lie, or drop a file on the window.";
            ui.add(egui::Label::new(RichText::new(words).color(theme::tokens(ui).text_2)).wrap());
            if ui.add(TextButton::new("Add folder…").icon(icons::FOLDER_OPEN)).clicked() {
                actions.push(Action::Library(LibraryAction::AddModelDialog));
                ui.close();
            }
            return;
        }
        fields::row(ui, "Search", |ui, label| {
            fields::text_line_with_id(ui, label, Id::unique("lora search"), ui.available_width(), |ui, id| {
                let field = egui::TextEdit::singleline(&mut shelf.search).id(id).hint_text("name or folder");
                ui.add(field.desired_width(f32::INFINITY).frame(egui::Frame::NONE))
            });
        });
        let found = found(files, &shelf.search);
        if found.is_empty() {
            ui.label(RichText::new("No LoRA is called so.").color(theme::tokens(ui).text_3));
        }
        grid(ui, &found, shelf, thumbnails, textures, actions);
    });
}

/// Each word stands in the name or in the folders.
fn found<'a>(files: &'a [LoraFile], search: &str) -> Vec<&'a LoraFile> {
    let search = search.to_lowercase();
    let fits = |lora: &&LoraFile| {
        let path = lora.path.to_string_lossy().to_lowercase();
        search.split_whitespace().all(|word| path.contains(word))
    };
    files.iter().filter(fits).collect()
}

fn grid(
    ui: &mut Ui,
    found: &[&LoraFile],
    shelf: &LoraShelf,
    thumbnails: &mut Thumbnails,
    textures: &mut Textures,
    actions: &mut Vec<Action>,
) {
    let side = ((ui.available_width() - GAP * (COLUMNS - 1) as f32 - 4.0) / COLUMNS as f32).floor();
    let row = side + NAME_HEIGHT;
    ui.spacing_mut().item_spacing = vec2(GAP, theme::HALF);
    // Only the rows that are seen are drawn: people have thousands.
    ScrollArea::vertical().max_height(HEIGHT).show_rows(ui, row, found.len().div_ceil(COLUMNS), |ui, rows| {
        for index in rows {
            ui.horizontal(|ui| {
                for lora in found.iter().skip(index * COLUMNS).take(COLUMNS) {
                    let on_shelf = shelf.holds(&lora.path);
                    if tile(ui, lora, side, on_shelf, thumbnails, textures).clicked() {
                        let path = lora.path.clone();
                        let asked = if on_shelf { WordsAction::RemoveLora(path) } else { WordsAction::AddLora(path) };
                        actions.push(Action::Words(asked));
                    }
                }
            });
        }
    });
}

fn tile(
    ui: &mut Ui,
    lora: &LoraFile,
    side: f32,
    on_shelf: bool,
    thumbnails: &mut Thumbnails,
    textures: &mut Textures,
) -> Response {
    let name = lora.name();
    let (rect, response) = ui.allocate_exact_size(vec2(side, side + NAME_HEIGHT), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, ui.is_enabled(), on_shelf, &name));
    let tokens = theme::tokens(ui);
    let square = egui::Rect::from_min_size(rect.min, egui::Vec2::splat(side));
    picture(ui, square, lora.thumbnail.as_deref(), thumbnails, textures);
    let look = Look::of(ui, &response);
    if on_shelf || look == Look::Hover {
        let stroke = if on_shelf { Stroke::new(2.0, tokens.accent_line) } else { Stroke::new(1.0, tokens.text_2) };
        ui.painter().rect_stroke(square, CornerRadius::same(theme::RADIUS), stroke, StrokeKind::Inside);
    }
    paint_focus_ring(ui, square, theme::RADIUS, look);
    let words = egui::Rect::from_min_max(square.left_bottom(), rect.max);
    paint::text(ui, words, Align::Center, &name, fonts::body(), tokens.text_1);
    let what = if on_shelf { "On the shelf: a press takes it off." } else { "A press puts it on the shelf." };
    response.on_hover_text(format!("{name}\n{what}"))
}
