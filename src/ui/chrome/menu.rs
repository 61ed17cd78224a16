//! The menu bar: every entry does something and has its key beside it.

use egui::{MenuBar, ThemePreference, Ui};

use crate::canvas::tools::Tool;
use crate::store::pictures::labels::LabelKind;
use crate::ui::action::{
    Action, CanvasAction, DialogRequest, FilesAction, GalleryAction, LibraryAction, LiveAction, LookingAt, MaskStep,
    PromptAction, QueueAction, ResultsAction, SettingsAction, Sheet, Tab, WindowAction, WordsAction, Zoom,
};
use crate::ui::input::shortcuts::Command;
use crate::ui::input::{available, keymap, pressed};
use crate::ui::state::AppState;
use crate::ui::theme::icons;
use crate::ui::widgets::fields;
use crate::ui::widgets::{IconButton, MenuItem};

pub(crate) fn show(ui: &mut Ui, state: &AppState, actions: &mut Vec<Action>) {
    MenuBar::new().ui(ui, |ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        ui.spacing_mut().button_padding.x = 8.0;
        ui.menu_button("File", |ui| file_menu(ui, state, actions));
        ui.menu_button("Edit", |ui| edit_menu(ui, state, actions));
        ui.menu_button("Canvas", |ui| canvas_menu(ui, state, actions));
        ui.menu_button("View", |ui| view_menu(ui, state, actions));
        ui.menu_button("Help", |ui| {
            menu_measures(ui);
            if entry(ui, "Keys…", Some(Command::Keys), true) {
                actions.push(Action::Window(WindowAction::Show(Sheet::Keys)));
            }
            if entry(ui, "Manual", Some(Command::Manual), true) {
                actions.push(Action::Window(WindowAction::Show(Sheet::Manual)));
            }
            if entry(ui, "Find an action…", Some(Command::Palette), true) {
                actions.push(Action::Window(WindowAction::TogglePalette));
            }
            if entry(ui, "Get a photographic model…", Some(Command::PhotographicModel), true) {
                actions.push(Action::Window(WindowAction::Show(Sheet::PhotographicModel)));
            }
            if entry(ui, "Show log", Some(Command::Log), true) {
                actions.push(Action::Files(FilesAction::ShowLog));
            }
            if entry(ui, "About Inkwick", Some(Command::About), true) {
                actions.push(Action::Window(WindowAction::Show(Sheet::About)));
            }
        });
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| toggles(ui, actions));
    });
}

const MENU_WIDTH: f32 = 240.0;

fn menu_measures(ui: &mut Ui) {
    ui.set_width(MENU_WIDTH);
    ui.spacing_mut().item_spacing.y = 0.0;
}

fn file_menu(ui: &mut Ui, state: &AppState, actions: &mut Vec<Action>) {
    menu_measures(ui);
    let canvas_in_use = state.canvas.has_picture() || state.canvas.looking_at != LookingAt::Canvas;
    if entry(ui, "New canvas", Some(Command::NewCanvas), canvas_in_use) {
        actions.push(Action::Canvas(CanvasAction::NewCanvas));
    }
    if entry(ui, "White canvas to draw on", Some(Command::BlankCanvas), true) {
        actions.push(Action::Canvas(CanvasAction::BlankCanvas));
    }
    if entry(ui, "Open picture…", Some(Command::OpenPicture), true) {
        actions.push(Action::Files(FilesAction::OpenPictureDialog));
    }
    if entry(ui, "Open picture by path…", Some(Command::OpenByPath), true) {
        actions.push(Action::Window(WindowAction::AskPath(DialogRequest::OpenPicture)));
    }
    command(ui, state, "Open project…", Command::OpenProject, actions);
    recent_projects(ui, state, actions);
    if entry(ui, "Models…", Some(Command::Models), true) {
        actions.push(Action::Library(LibraryAction::Open(Tab::Models)));
    }
    if entry(ui, "Download a model…", Some(Command::DownloadModel), true) {
        actions.push(Action::Library(LibraryAction::Open(Tab::Download)));
    }
    if entry(ui, "Add model folder…", Some(Command::AddModel), true) {
        actions.push(Action::Library(LibraryAction::AddModelDialog));
    }
    ui.add(egui::Separator::default().spacing(9.0));
    command(ui, state, "Save project", Command::SaveProject, actions);
    command(ui, state, "Save project as…", Command::SaveProjectAs, actions);
    if entry(ui, "Save picture as…", Some(Command::SaveAs), state.is_unsaved() || state.shown_file().is_some()) {
        actions.push(Action::Files(FilesAction::SaveAsDialog));
    }
    if let Some(file) = state.shown_file()
        && entry(ui, "Upscale", Some(Command::Upscale), true)
    {
        actions.push(Action::Files(FilesAction::Upscale(file)));
    }
    if entry(ui, "Show the pictures folder", Some(Command::PicturesFolder), !state.gallery.is_empty()) {
        actions.push(Action::Files(FilesAction::OpenPicturesFolder));
    }
    ui.add(egui::Separator::default().spacing(9.0));
    command(ui, state, "Share this machine…", Command::Share, actions);
    if entry(ui, "Settings…", Some(Command::Settings), true) {
        actions.push(Action::Settings(SettingsAction::Open));
    }
    if entry(ui, "Quit", Some(Command::Quit), true) {
        actions.push(Action::Window(WindowAction::Quit));
    }
}

/// Under their names; where each lies is said when the pointer rests on it.
fn recent_projects(ui: &mut Ui, state: &AppState, actions: &mut Vec<Action>) {
    if state.project.recent.is_empty() {
        return;
    }
    ui.menu_button("Open recent project", |ui| {
        menu_measures(ui);
        for file in &state.project.recent {
            let name = file.file_stem().unwrap_or(file.as_os_str()).to_string_lossy();
            let response = ui.add(MenuItem::new(&name));
            if response.on_hover_text(file.display().to_string()).clicked() {
                ui.close();
                actions.push(Action::Files(FilesAction::OpenProject(file.clone())));
            }
        }
    });
}

fn edit_menu(ui: &mut Ui, state: &AppState, actions: &mut Vec<Action>) {
    menu_measures(ui);
    let shown = state.shown_file();
    let over_canvas = state.canvas.looking_at != LookingAt::Canvas;
    if entry(ui, "Undo", Some(Command::Undo), state.canvas.can_undo()) {
        actions.push(Action::Canvas(CanvasAction::Undo));
    }
    if entry(ui, "Redo", Some(Command::Redo), state.canvas.document.can_redo()) {
        actions.push(Action::Canvas(CanvasAction::Redo));
    }
    ui.add(egui::Separator::default().spacing(9.0));
    let has_words = !state.prompt.prompt.is_empty() || !state.prompt.negative.is_empty();
    for (words, key, heavier) in
        [("The word counts more", Command::MoreWeight, true), ("The word counts less", Command::LessWeight, false)]
    {
        if entry(ui, words, Some(key), has_words) {
            actions.push(Action::Words(WordsAction::Weigh { heavier }));
        }
    }
    ui.add(egui::Separator::default().spacing(9.0));
    let use_key = if state.gallery.view.is_open { Command::UseResult } else { Command::Accept };
    if entry(ui, "Use as input", Some(use_key), over_canvas && shown.is_some()) {
        actions.push(Action::Results(ResultsAction::Accept));
    }
    if entry(ui, "Set aside", Some(Command::SetAside), over_canvas) {
        actions.push(Action::Results(ResultsAction::SetAside));
    }
    if entry(ui, "Use these settings", Some(Command::UseSettings), shown.is_some())
        && let Some(file) = &shown
    {
        actions.push(Action::Prompt(PromptAction::UseSettings(file.clone())));
    }
    gallery_entries(ui, state, actions);
    if entry(ui, "Move to Trash", Some(Command::Trash), over_canvas && shown.is_some())
        && let Some(file) = &shown
    {
        actions.push(Action::Files(FilesAction::Trash(file.clone())));
    }
    ui.add(egui::Separator::default().spacing(9.0));
    let pause = if state.queue.is_paused { "Go on with the queue" } else { "Pause the queue" };
    if entry(ui, pause, Some(Command::PauseQueue), true) {
        actions.push(Action::Queue(QueueAction::Pause));
    }
    command(ui, state, "Grid over settings…", Command::Grid, actions);
    if entry(ui, "Cancel", Some(Command::Cancel), state.candidates.is_busy()) {
        actions.push(Action::Results(ResultsAction::CancelRunning));
    }
    if entry(ui, "Cancel all", Some(Command::CancelAll), state.candidates.is_busy()) {
        actions.push(Action::Results(ResultsAction::CancelAll));
    }
    ui.add(egui::Separator::default().spacing(9.0));
    for (words, asked) in [
        ("Go on from a step…", Command::Steps),
        ("Decode again…", Command::DecodeAgain),
        ("Copy the picture", Command::Copy),
        ("Copy the file", Command::CopyFile),
        ("Star", Command::Star),
        ("Write the prompt", Command::Prompt),
        ("Prompt before", Command::OlderPrompt),
        ("Prompt after", Command::NewerPrompt),
        ("Generate in front", Command::GenerateInFront),
    ] {
        command(ui, state, words, asked, actions);
    }
}

/// What is done with the picture that is seen, or with the selected ones.
fn gallery_entries(ui: &mut Ui, state: &AppState, actions: &mut Vec<Action>) {
    let shown = state.shown_file().filter(|_| state.is_over_canvas());
    let any = !state.gallery.selection.is_empty() || shown.is_some();
    let files = || {
        let selected = state.gallery.selected();
        if selected.is_empty() { shown.clone().into_iter().collect() } else { selected }
    };
    for (words, key, kind) in
        [("Tags…", Command::Tag, LabelKind::Tag), ("Collections…", Command::Collect, LabelKind::Collection)]
    {
        if entry(ui, words, Some(key), any) {
            actions.push(Action::Gallery(GalleryAction::OpenLabels { files: files(), kind }));
        }
    }
    if entry(ui, "Export…", Some(Command::Export), any) {
        actions.push(Action::Gallery(GalleryAction::OpenExport(files())));
    }
    if state.gallery.view.is_open && entry(ui, "Select all", Some(Command::SelectAll), true) {
        actions.push(Action::Gallery(GalleryAction::SelectAll));
    }
}

fn canvas_menu(ui: &mut Ui, state: &AppState, actions: &mut Vec<Action>) {
    menu_measures(ui);
    let has_picture = state.canvas.has_picture();
    let has_mask = !state.canvas.document.mask().is_empty();
    for (words, step, enabled) in [
        ("Mask everything", MaskStep::All, has_picture),
        ("Invert the mask", MaskStep::Invert, has_picture),
        ("Clear the mask", MaskStep::Clear, has_mask),
        ("Grow by 8 px", MaskStep::Grow, has_mask),
        ("Shrink by 8 px", MaskStep::Shrink, has_mask),
        ("Blur by 8 px", MaskStep::Feather, has_mask),
    ] {
        if entry(ui, words, Some(Command::Mask(step)), enabled) {
            actions.push(Action::Canvas(CanvasAction::Mask(step)));
        }
    }
    ui.add(egui::Separator::default().spacing(9.0));
    if entry(ui, "Load mask…", Some(Command::LoadMask), has_picture) {
        actions.push(Action::Files(FilesAction::OpenMaskDialog));
    }
    if entry(ui, "Save mask…", Some(Command::SaveMask), has_mask) {
        actions.push(Action::Files(FilesAction::SaveMaskDialog));
    }
    ui.add(egui::Separator::default().spacing(9.0));
    if entry(ui, "Show the mask", Some(Command::ToggleMask), has_picture) {
        actions.push(Action::Canvas(CanvasAction::ToggleMask));
    }
    let sees = has_mask || state.canvas.chosen_layer().is_some();
    if entry(ui, "See what the model sees", Some(Command::ToggleModelView), sees) {
        actions.push(Action::Canvas(CanvasAction::ToggleModelView));
    }
    if entry(ui, "Live painting", Some(Command::Live), true) {
        actions.push(Action::Live(LiveAction::Toggle));
    }
    if entry(ui, "Live result beside or over the drawing", Some(Command::LivePlace), state.live.is_on) {
        actions.push(Action::Live(LiveAction::TogglePlace));
    }
    if entry(ui, "Use the live result as input", Some(Command::UseResult), state.live_result().is_some()) {
        actions.push(Action::Live(LiveAction::UseAsInput));
    }
    if entry(ui, "Extend the canvas", Some(Command::Tool(Tool::Extend)), has_picture) {
        actions.push(Action::Canvas(CanvasAction::ChooseTool(Tool::Extend)));
    }
    ui.add(egui::Separator::default().spacing(9.0));
    for (words, asked) in [
        ("New scribble layer", Command::NewLayer),
        ("Merge with the layer below", Command::MergeDown),
        ("Choose the layer above", Command::LayerAbove),
        ("Choose the layer below", Command::LayerBelow),
        ("Mask a polygon", Command::Tool(Tool::Polygon)),
        ("Smaller brush", Command::BrushSmaller),
        ("Larger brush", Command::BrushLarger),
        ("Swap brush and eraser, or colours", Command::SwapTool),
    ] {
        command(ui, state, words, asked, actions);
    }
}

fn view_menu(ui: &mut Ui, state: &AppState, actions: &mut Vec<Action>) {
    menu_measures(ui);
    if entry(ui, "Prompt panel", Some(Command::PromptPanel), true) {
        actions.push(Action::Window(WindowAction::TogglePromptPanel));
    }
    command(ui, state, "Layers", Command::Layers, actions);
    if entry(ui, "Gallery panel", Some(Command::Gallery), true) {
        actions.push(Action::Window(WindowAction::ToggleGallery));
    }
    if entry(ui, "Gallery view", Some(Command::GalleryView), !state.gallery.is_empty()) {
        actions.push(Action::Gallery(GalleryAction::OpenView(None)));
    }
    if entry(ui, "Search the gallery", Some(Command::FindPicture), !state.gallery.is_empty()) {
        actions.push(Action::Gallery(GalleryAction::FocusSearch));
    }
    if entry(ui, "Queue", Some(Command::Queue), true) {
        actions.push(Action::Queue(QueueAction::Toggle));
    }
    if entry(ui, "Both panels", Some(Command::Panels), true) {
        actions.push(Action::Window(WindowAction::TogglePanels));
    }
    let can_compare = state.compare.is_open() || state.to_compare().len() > 1;
    if entry(ui, "Compare pictures", Some(Command::Compare), can_compare) {
        actions.push(Action::Results(ResultsAction::Compare(state.to_compare())));
    }
    ui.add(egui::Separator::default().spacing(9.0));
    let has_picture = state.shown_picture().is_some();
    for (words, key, zoom) in [
        ("Fit", Command::ZoomFit, Zoom::Fit),
        ("100 %", Command::Zoom100, Zoom::To(1.0)),
        ("200 %", Command::Zoom200, Zoom::To(2.0)),
        ("400 %", Command::Zoom400, Zoom::To(4.0)),
        ("800 %", Command::Zoom800, Zoom::To(8.0)),
        ("Zoom in", Command::ZoomIn, Zoom::In),
        ("Zoom out", Command::ZoomOut, Zoom::Out),
    ] {
        if entry(ui, words, Some(key), has_picture) {
            actions.push(Action::Canvas(CanvasAction::Zoom(zoom)));
        }
    }
    ui.add(egui::Separator::default().spacing(9.0));
    command(ui, state, "Picture before", Command::Previous, actions);
    command(ui, state, "Picture after", Command::Next, actions);
    ui.add(egui::Separator::default().spacing(9.0));
    for (words, theme) in
        [("Dark", ThemePreference::Dark), ("Light", ThemePreference::Light), ("As the system", ThemePreference::System)]
    {
        if fields::choice(ui, state.theme == theme, words, "") {
            ui.close();
            actions.push(Action::Window(WindowAction::SetTheme(theme)));
        }
    }
}

/// An entry that does what the key does, and says why where it cannot.
fn command(ui: &mut Ui, state: &AppState, words: &str, command: Command, actions: &mut Vec<Action>) {
    let reason = available::cannot(command, state);
    let key = keymap::written(ui.ctx(), command);
    let response = ui.add_enabled(reason.is_none(), MenuItem::new(words).key(&key));
    if response.on_disabled_hover_text(reason.unwrap_or_default()).clicked() {
        ui.close();
        actions.extend(pressed::action_of(command, state));
    }
}

fn entry(ui: &mut Ui, words: &str, key: Option<Command>, enabled: bool) -> bool {
    let key = key.map(|key| keymap::written(ui.ctx(), key)).unwrap_or_default();
    let clicked = ui.add_enabled(enabled, MenuItem::new(words).key(&key)).clicked();
    if clicked {
        ui.close();
    }
    clicked
}

fn toggles(ui: &mut Ui, actions: &mut Vec<Action>) {
    let key = keymap::written(ui.ctx(), Command::Settings);
    if ui.add(IconButton::new(icons::GEAR_SIX, "Settings").key(&key)).clicked() {
        actions.push(Action::Settings(SettingsAction::Open));
    }
    let key = keymap::written(ui.ctx(), Command::Gallery);
    let gallery = IconButton::new(icons::SIDEBAR_SIMPLE, "Gallery panel").key(&key).mirrored();
    if ui.add(gallery).clicked() {
        actions.push(Action::Window(WindowAction::ToggleGallery));
    }
    let key = keymap::written(ui.ctx(), Command::PromptPanel);
    if ui.add(IconButton::new(icons::SIDEBAR_SIMPLE, "Prompt panel").key(&key)).clicked() {
        actions.push(Action::Window(WindowAction::TogglePromptPanel));
    }
}
