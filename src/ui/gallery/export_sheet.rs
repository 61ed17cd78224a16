//! How copies of pictures are written: format, settings, names, folder; then how far it is.

use std::path::PathBuf;

use egui::{Frame, Id, ProgressBar, RichText, TextEdit, Ui};

use crate::store::pictures::export_name::{self, Named};
use crate::store::pictures::picture_file::PictureFormat;
use crate::store::pictures::saving::Saving;
use crate::ui::action::{Action, GalleryAction, WindowAction};
use crate::ui::chrome::path_sheet::written_path;
use crate::ui::gallery::export_state::ExportPanel;
use crate::ui::gallery::state::GalleryState;
use crate::ui::gallery::view::facts;
use crate::ui::state::AppState;
use crate::ui::theme;
use crate::ui::widgets::{Check, IconButton, Segment, Segments, TextButton, fields};

pub(super) fn show(ui: &mut Ui, state: &mut AppState, actions: &mut Vec<Action>) {
    let tokens = theme::tokens(ui);
    if let Some(running) = &state.gallery.export.running {
        let words = format!("{} of {} are written.", running.done, running.asked);
        ui.label(&words);
        let share = running.done as f32 / running.asked.max(1) as f32;
        let bar = ui.add(ProgressBar::new(share).desired_height(4.0).fill(tokens.accent_line));
        bar.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ProgressIndicator, true, &words));
        ui.label(RichText::new("This sheet may be closed meanwhile.").color(tokens.text_3));
        return;
    }
    let example = example(&state.gallery);
    let export = &mut state.gallery.export;
    let count = match export.files.len() {
        1 => "One picture; the gallery keeps its own.".to_owned(),
        count => format!("{count} pictures; the gallery keeps its own."),
    };
    ui.label(RichText::new(count).color(tokens.text_2));
    fields::row(ui, "Format", |ui, _| format(ui, export));
    let hint = match export.format {
        PictureFormat::Png => "Without loss; settings and masks go along.",
        PictureFormat::Jpeg => "Small, with a little loss; transparency becomes white.",
        PictureFormat::WebP => "Without loss, smaller than PNG.",
    };
    fields::row(ui, "", |ui, _| ui.label(RichText::new(hint).color(tokens.text_3)));
    if export.format == PictureFormat::Jpeg {
        let mut quality = f64::from(export.quality);
        fields::row(ui, "Quality", |ui, label| {
            let number = fields::Number::new(1.0, 1.0..=100.0).default(f64::from(Saving::DEFAULT_QUALITY));
            number.show_with_slider(ui, label, theme::NUMBER_WIDTH, &mut quality);
        });
        export.quality = quality.round().clamp(1.0, 100.0) as u8;
    }
    fields::row(ui, "", |ui, _| {
        let check = Check::new("With how they were made (prompt, seed, model)", &mut export.with_settings);
        ui.add(check).on_hover_text("Without it, nothing in the copies says how they were made.");
    });
    fields::row(ui, "Name", |ui, label| {
        let width = ui.available_width();
        fields::text_line_with_id(ui, label, Id::unique("export names"), width, |ui, id| {
            let field = TextEdit::singleline(&mut export.pattern).id(id).hint_text("{name}").frame(Frame::NONE);
            ui.add(field.desired_width(f32::INFINITY))
        });
    });
    let (words, colour) = match &example {
        Ok(name) => (format!("{name}.{}", export.format.ending()), tokens.text_2),
        Err(word) => (format!("{{{word}}} stands for nothing."), tokens.danger),
    };
    fields::row(ui, "", |ui, _| {
        let places: Vec<String> = export_name::parts().map(|(part, what)| format!("{part}  {what}")).collect();
        let label = ui.add(egui::Label::new(RichText::new(words).color(colour)).truncate());
        label.on_hover_text(places.join("\n"));
    });
    fields::row(ui, "", |ui, _| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for (part, what) in export_name::parts().filter(|(part, _)| *part != "{time}" && *part != "{size}") {
            let words = part.trim_matches(['{', '}']);
            if ui.add(TextButton::new(words).bare().height(24.0)).on_hover_text(what).clicked() {
                export.pattern.extend([" ", part]);
            }
        }
    });
    fields::row(ui, "Folder", |ui, label| {
        let width = ui.available_width() - theme::CONTROL_HEIGHT - theme::GRID;
        fields::text_line_with_id(ui, label, Id::unique("export folder"), width, |ui, id| {
            let field = TextEdit::singleline(&mut export.folder).id(id).hint_text("/home/me/…").frame(Frame::NONE);
            ui.add(field.desired_width(f32::INFINITY))
        });
        if ui.add(IconButton::new(theme::icons::FOLDER_OPEN, "Choose the folder").framed()).clicked() {
            actions.push(Action::Gallery(GalleryAction::ExportFolderDialog));
        }
    });
    fields::row(ui, "", |ui, _| {
        ui.label(RichText::new("A name that is taken gets a number: nothing is written over.").color(tokens.text_3))
    });
}

fn format(ui: &mut Ui, export: &mut ExportPanel) {
    let words = PictureFormat::ALL.map(|format| Segment { text: format.label(), hint: "" });
    let chosen = PictureFormat::ALL.iter().position(|format| *format == export.format).unwrap_or_default();
    if let Some(pressed) = Segments::new("Format", &words, chosen).show(ui) {
        export.format = PictureFormat::ALL[pressed];
    }
}

/// What the first would be called.
fn example(gallery: &GalleryState) -> Result<String, String> {
    let export = &gallery.export;
    let none = PathBuf::from("picture.png");
    let file = export.files.first().unwrap_or(&none);
    let settings = gallery.view.settings_of(file).flatten();
    let named = Named {
        file,
        modified: gallery.picture(file).map_or_else(std::time::SystemTime::now, |picture| picture.modified),
        number: 1,
        size_px: settings.and_then(|settings| Some([settings.request.width?, settings.request.height?])),
        request: settings.map(|settings| &settings.request),
        model: &settings.and_then(facts::model_name).unwrap_or_default(),
    };
    export_name::of(&export.pattern, &named)
}

pub(super) fn foot(ui: &mut Ui, state: &AppState, actions: &mut Vec<Action>) {
    let export = &state.gallery.export;
    if export.running.is_some() {
        if ui.add(TextButton::new("Close")).clicked() {
            actions.push(Action::Window(WindowAction::CloseSheet));
        }
        if ui.add(TextButton::new("Stop")).clicked() {
            actions.push(Action::Gallery(GalleryAction::CancelExport));
        }
        return;
    }
    let is_named = example(&state.gallery).is_ok();
    let is_ready = is_named && written_path(&export.folder).is_some() && !export.files.is_empty();
    let reason = if is_named { "Choose a folder first." } else { "Mend the name first." };
    if ui.add_enabled(is_ready, TextButton::new("Export")).on_disabled_hover_text(reason).clicked() {
        actions.push(Action::Gallery(GalleryAction::StartExport));
    }
    if ui.add(TextButton::new("Cancel").named("Cancel the export")).clicked() {
        actions.push(Action::Window(WindowAction::CloseSheet));
    }
}
