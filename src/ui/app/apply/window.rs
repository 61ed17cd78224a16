//! What the actions on the window itself do.

use crate::engine::JobHandle;
use crate::ui::action::WindowAction;
use crate::ui::app::studio::Studio;
use crate::ui::chrome::layout::{Layout, PanelForm, SidePanel};

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
            WindowAction::CloseSheet => self.state.sheet = None,
            WindowAction::CloseToast(id) => self.state.toasts.close(id),
            WindowAction::Quit => {
                self.save_now();
                self.jobs.iter().for_each(JobHandle::cancel);
                ctx.send_viewport_cmd(egui::ViewportCommand::Close);
            }
        }
    }

    fn layout(&self, ctx: &egui::Context) -> Layout {
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
