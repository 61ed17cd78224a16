//! What the actions on the window itself do.

use std::path::PathBuf;

use crate::store::project::with_ending;
use crate::ui::action::{Action, DialogRequest, Sheet, WindowAction};
use crate::ui::app::studio::Studio;
use crate::ui::app::update;
use crate::ui::chrome::layout::{Layout, PanelForm, SidePanel};
use crate::ui::chrome::path_sheet::PathSheet;
use crate::ui::palette::state::PaletteState;
use crate::ui::tour::state::Tour;

impl Studio {
    pub(super) fn apply_to_window(&mut self, ctx: &egui::Context, action: WindowAction) {
        match action {
            WindowAction::SetTheme(theme) => {
                self.state.theme = theme;
                ctx.set_theme(theme);
            }
            WindowAction::TogglePromptPanel => {
                let form = self.layout(ctx).prompt;
                toggle(&mut self.state.panels.prompt, form);
            }
            WindowAction::ToggleGallery => {
                let form = self.layout(ctx).gallery;
                toggle(&mut self.state.panels.gallery, form);
            }
            WindowAction::TogglePanels => {
                let panels = &mut self.state.panels;
                let open = !(panels.prompt.open || panels.gallery.open);
                (panels.prompt, panels.gallery) =
                    (SidePanel { open, over_canvas: false }, SidePanel { open, over_canvas: false });
            }
            WindowAction::Show(sheet) => self.state.sheet = Some(sheet),
            WindowAction::AskPath(request) => {
                let folder = self.dialog_folder().unwrap_or_else(|| self.pictures_folder());
                self.state.path_sheet = Some(PathSheet::new(request, Some(&folder)));
                self.state.sheet = Some(Sheet::Path);
            }
            WindowAction::PathWritten(path) => self.path_written(path),
            WindowAction::PathTaken(path) => {
                if let Some(sheet) = &mut self.state.path_sheet {
                    sheet.taken = Some(path);
                }
            }
            WindowAction::PathFree(path) => {
                if let Some(sheet) = self.state.path_sheet.take() {
                    self.state.sheet = self.state.sheet.filter(|shown| *shown != Sheet::Path);
                    self.apply(ctx, sheet.request.chosen(&path));
                }
            }
            WindowAction::CloseSheet => {
                self.state.sheet = None;
                self.state.settings.capturing = None;
            }
            WindowAction::TogglePalette if self.state.sheet == Some(Sheet::Palette) => self.state.sheet = None,
            WindowAction::TogglePalette => {
                self.state.palette = PaletteState::default();
                self.state.sheet = Some(Sheet::Palette);
            }
            WindowAction::CloseToast(id) => self.state.toasts.close(id),
            WindowAction::NewerVersion(version) => self.tell_of_update(version),
            WindowAction::OpenReleases => ctx.open_url(egui::OpenUrl::new_tab(update::RELEASES_PAGE)),
            WindowAction::Tour(tour) => self.go_on_with_tour(tour),
            WindowAction::Quit => {
                self.save_now();
                // What waits is kept; nothing shall begin while the window closes.
                self.engine.pause(true);
                ctx.send_viewport_cmd(egui::ViewportCommand::Close);
            }
        }
    }

    /// Once it is over there is a settings' file, by which the next start is not the first.
    pub(in crate::ui) fn go_on_with_tour(&mut self, tour: Tour) {
        self.state.tour = tour;
        self.saver.touch();
    }

    /// What would be written over is asked about first.
    fn path_written(&mut self, path: PathBuf) {
        let Some(sheet) = &self.state.path_sheet else { return };
        let is_project = matches!(sheet.request, DialogRequest::SaveProject { .. });
        // What is asked about is the file that will be written.
        let path = if is_project { with_ending(path) } else { path };
        let free = Action::Window(WindowAction::PathFree(path.clone()));
        if sheet.request.file_name().is_none() || sheet.taken.as_ref() == Some(&path) {
            self.background.aside(Some(free.clone()), || Some(free));
        } else {
            self.background.aside(Some(free.clone()), move || {
                Some(if path.exists() { Action::Window(WindowAction::PathTaken(path)) } else { free })
            });
        }
    }

    /// Opens it where it is hidden, or only a rail.
    pub(super) fn show_prompt_panel(&mut self, ctx: &egui::Context) {
        self.state.panels.prompt.open = true;
        self.state.panels.prompt.over_canvas = self.layout(ctx).prompt == PanelForm::Rail;
    }

    /// The same for the gallery's.
    pub(super) fn show_gallery_panel(&mut self, ctx: &egui::Context) {
        self.state.panels.gallery.open = true;
        self.state.panels.gallery.over_canvas = self.layout(ctx).gallery == PanelForm::Rail;
    }

    pub(super) fn layout(&self, ctx: &egui::Context) -> Layout {
        Layout::for_window(ctx.content_rect().size(), self.state.panels)
    }
}

/// Where only a rail fits, the panel opens over the canvas.
fn toggle(panel: &mut SidePanel, form: PanelForm) {
    if form == PanelForm::Rail {
        panel.over_canvas = !panel.over_canvas;
    } else {
        panel.open = !panel.open;
    }
}
