//! The small sheets in front of the window: keys, about, licences, and how to get a photographic model.

use egui::{Context, Frame, Id, Margin, Modal, RichText, Ui, vec2};

use super::{licences_sheet, manual_sheet, path_sheet, share_sheet};
use crate::engine::mobile_sam;
use crate::job::Annotator;
use crate::ui::action::{Action, LibraryAction, SettingsAction, Sheet, Tab, WindowAction};
use crate::ui::branch::decode_sheet;
use crate::ui::grid;
use crate::ui::input::keymap;
use crate::ui::input::shortcuts;
use crate::ui::state::AppState;
use crate::ui::theme;
use crate::ui::theme::fonts;
use crate::ui::widgets::{TextButton, paint};

/// Where a diffusers folder of Stable Diffusion 1.5 lies, free to download.
const PHOTOGRAPHIC_MODEL_PAGE: &str = "https://huggingface.co/stable-diffusion-v1-5/stable-diffusion-v1-5/tree/main";

/// Of the frame around a sheet.
const MARGIN: i8 = 24;
/// Between a sheet and the window's edge at least.
const AROUND: f32 = 16.0;
/// A sheet's heading, and its button to close.
const HEAD_AND_FOOT: f32 = 120.0;

pub(crate) fn show(ctx: &Context, sheet: Sheet, state: &mut AppState, actions: &mut Vec<Action>) {
    let frame = Frame::popup(&ctx.global_style()).inner_margin(Margin::same(MARGIN));
    let most = ctx.content_rect().size() - egui::Vec2::splat(2.0 * (f32::from(MARGIN) + AROUND));
    // Each remembers a size of its own: one that was made for another sheet fits none.
    let modal = Modal::new(Id::unique(("sheet", sheet))).frame(frame).show(ctx, |ui| {
        // What is read in sentences has a line of some seventy letters.
        let is_read = matches!(sheet, Sheet::Manual | Sheet::Licences);
        ui.set_width(most.x.min(if is_read { 560.0 } else { 416.0 }));
        let title = match (sheet, &state.path_sheet) {
            (Sheet::Path, Some(path)) => path.request.title(),
            _ => title(sheet),
        };
        ui.label(RichText::new(title).font(fonts::strong(fonts::HEADING_PT)));
        ui.add_space(8.0);
        let height = (most.y - HEAD_AND_FOOT).max(64.0);
        if sheet == Sheet::Licences {
            // A long list, of which only what is seen is drawn.
            licences_sheet::show(ui, height);
        } else {
            // As high as what is in it, also when that grows.
            let area = egui::ScrollArea::vertical().max_height(height).min_scrolled_height(height);
            area.auto_shrink([false, true]).show(ui, |ui| content(ui, sheet, state, actions));
        }
        ui.add_space(16.0);
        ui.horizontal(|ui| {
            if sheet == Sheet::Keys && ui.add(TextButton::new("Change keys…")).clicked() {
                actions.push(Action::Settings(SettingsAction::Find("Keys")));
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if ui.add(TextButton::new("Close")).clicked() {
                    actions.push(Action::Window(WindowAction::CloseSheet));
                }
            });
        });
    });
    if modal.should_close() {
        actions.push(Action::Window(WindowAction::CloseSheet));
    }
}

fn content(ui: &mut Ui, sheet: Sheet, state: &mut AppState, actions: &mut Vec<Action>) {
    match sheet {
        // Drawn in rooms of their own.
        Sheet::Library
        | Sheet::Inspection
        | Sheet::Settings
        | Sheet::Palette
        | Sheet::Export
        | Sheet::Labels
        | Sheet::Licences => {}
        Sheet::Keys => keys(ui),
        Sheet::About => about(ui, state.newer_version.as_deref(), actions),
        Sheet::Manual => manual_sheet::show(ui),
        Sheet::PhotographicModel => photographic_model(ui, actions),
        Sheet::Selector => selector(ui, actions),
        Sheet::Annotator => annotator(ui, state, actions),
        Sheet::Decode => decode_sheet::show(ui, state, actions),
        Sheet::Grid => grid::sheet::show(ui, state, actions),
        Sheet::Share => share_sheet::show(ui, &state.share, actions),
        Sheet::Path => {
            if let Some(path) = &mut state.path_sheet {
                path_sheet::show(ui, path, actions);
            }
        }
    }
}

fn title(sheet: Sheet) -> &'static str {
    match sheet {
        Sheet::Library | Sheet::Inspection => "Models",
        Sheet::Export | Sheet::Labels => "Pictures",
        Sheet::Settings => "Settings",
        Sheet::Palette => "Actions",
        Sheet::Keys => "Keys",
        Sheet::About => "Inkwick",
        Sheet::Manual => "Manual",
        Sheet::Licences => "What Inkwick is made of",
        Sheet::PhotographicModel => "Get a photographic model",
        Sheet::Selector => "Select things by a click",
        Sheet::Annotator => "Make a layer of a picture",
        Sheet::Decode => "Decode again",
        Sheet::Grid => "A grid of pictures",
        Sheet::Share => "Share this machine",
        Sheet::Path => "Path",
    }
}

fn keys(ui: &mut Ui) {
    let tokens = theme::tokens(ui);
    ui.spacing_mut().item_spacing.y = 4.0;
    for entry in shortcuts::TABLE {
        ui.horizontal(|ui| {
            ui.label(entry.words);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                ui.add_space(8.0);
                ui.label(RichText::new(keymap::written(ui.ctx(), entry.command)).color(tokens.text_2));
            });
        });
    }
}

/// Says what would be fetched, from where and on which terms, before anything is.
struct Fetch<'a> {
    what: &'a str,
    megabytes: u32,
    licence: &'a str,
    repository: &'a str,
    file: &'a str,
    by_hand: &'a str,
    action: LibraryAction,
    open_folder: LibraryAction,
}

fn selector(ui: &mut Ui, actions: &mut Vec<Action>) {
    let offer = Fetch {
        what: "MobileSAM finds the thing under a click or in a box.",
        megabytes: 41,
        licence: "Apache-2.0",
        repository: mobile_sam::REPOSITORY,
        file: mobile_sam::FILE,
        by_hand: "that file, or mobile_sam.pt,",
        action: LibraryAction::FetchSelector,
        open_folder: LibraryAction::OpenSelectorFolder,
    };
    offer.show(ui, actions);
}

fn annotator(ui: &mut Ui, state: &AppState, actions: &mut Vec<Action>) {
    let annotator = state.layers.annotating.missing.as_ref().map_or(Annotator::Depth, |missing| missing.annotator);
    let source = annotator.weights();
    let what = match annotator {
        Annotator::Depth => "Depth Anything V2 sees how near things are in a picture.",
        Annotator::Normal => "Depth Anything V2 sees how near things are; where they face follows from that.",
        Annotator::SoftEdge => "HED finds soft edges, the outlines of things rather than of every line.",
        Annotator::LineDrawing | Annotator::CoarseDrawing => "This network makes a pencil drawing of a photo.",
    };
    let offer = Fetch {
        what,
        megabytes: source.megabytes,
        licence: source.licence,
        repository: source.repository,
        file: source.file,
        by_hand: source.by_hand_name(),
        action: LibraryAction::FetchAnnotator,
        open_folder: LibraryAction::OpenAnnotatorFolder,
    };
    offer.show(ui, actions);
}

impl Fetch<'_> {
    fn show(self, ui: &mut Ui, actions: &mut Vec<Action>) {
        ui.spacing_mut().item_spacing = vec2(8.0, 8.0);
        ui.label(format!("{} It is fetched once and runs on this machine alone.", self.what));
        let tokens = theme::tokens(ui);
        for (name, value) in [
            ("Size", format!("{} MB", self.megabytes)),
            ("Licence", self.licence.to_owned()),
            ("From", format!("huggingface.co/{}", self.repository)),
            ("File", self.file.to_owned()),
        ] {
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.horizontal(|ui| {
                ui.spacing_mut().interact_size.y = 18.0;
                let (rect, _) = ui.allocate_exact_size(vec2(64.0, 18.0), egui::Sense::hover());
                paint::text(ui, rect, egui::Align::Min, name, fonts::body(), tokens.text_2);
                ui.label(value);
            });
        }
        ui.add_space(8.0);
        let words = format!("Or put {} into the folder yourself.", self.by_hand);
        ui.label(RichText::new(words).color(tokens.text_3));
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            if ui.add(TextButton::new(&format!("Fetch {} MB", self.megabytes))).clicked() {
                actions.push(Action::Library(self.action));
                actions.push(Action::Window(WindowAction::CloseSheet));
            }
            if ui.add(TextButton::new("Open its folder")).clicked() {
                actions.push(Action::Library(self.open_folder));
            }
        });
    }
}

fn about(ui: &mut Ui, newer: Option<&str>, actions: &mut Vec<Action>) {
    ui.label(format!("Version {}. A studio for Stable Diffusion, all on this machine.", env!("CARGO_PKG_VERSION")));
    if let Some(newer) = newer {
        ui.horizontal(|ui| {
            ui.label(format!("Version {newer} is out."));
            if ui.add(TextButton::new("See what is new")).clicked() {
                actions.push(Action::Window(WindowAction::OpenReleases));
            }
        });
    }
    ui.label("MIT or Apache-2.0. The built-in model was trained on Fluent Emoji (Microsoft, MIT).");
    ui.label("Letters: Inter (OFL). Icons: Phosphor (MIT).");
    ui.add_space(8.0);
    if ui.add(TextButton::new("What it is made of…")).clicked() {
        actions.push(Action::Window(WindowAction::Show(Sheet::Licences)));
    }
}

fn photographic_model(ui: &mut Ui, actions: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing = vec2(8.0, 8.0);
    ui.spacing_mut().interact_size.y = 18.0;
    ui.label("The built-in model is small and paints emoji-like objects and scenes. For photographs:");
    if ui.add(TextButton::new("Download one…").icon(crate::ui::theme::icons::DOWNLOAD_SIMPLE)).clicked() {
        actions.push(Action::Library(LibraryAction::Open(Tab::Download)));
    }
    ui.add_space(8.0);
    ui.label("Or by hand:");
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        ui.label("1.  Download the folder of");
        ui.hyperlink_to("Stable Diffusion 1.5 from its page", PHOTOGRAPHIC_MODEL_PAGE);
    });
    ui.horizontal(|ui| {
        ui.add_space(18.0);
        let words = "model_index.json and the folders beside it, about 4 GB";
        ui.label(RichText::new(words).color(theme::tokens(ui).text_2));
    });
    ui.label("2.  Add that folder here, or drop it on the window.");
    ui.add_space(8.0);
    if ui.add(TextButton::new("Add model folder…")).clicked() {
        actions.push(Action::Window(WindowAction::CloseSheet));
        actions.push(Action::Library(LibraryAction::AddModelDialog));
    }
}
