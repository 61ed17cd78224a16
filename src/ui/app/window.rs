//! The studio in a real window: size and place, dialogs, the end. As thin as can be.

use eframe::{CreationContext, Frame, NativeOptions};
use egui::{Context, Ui, ViewportBuilder};

use crate::engine::{EngineHandle, SelectHandle};
use crate::store::settings::{Settings, WindowPlace};
use crate::store::worker::StoreHandle;
use crate::ui::app::dialogs;
use crate::ui::app::services::Services;
use crate::ui::app::studio::Studio;

/// The parts that need the window's context first: both threads wake it after every event.
pub struct Behind {
    pub engine: EngineHandle,
    pub store: StoreHandle,
    pub selector: SelectHandle,
    pub services: Services,
}

/// Opens the window and returns when it is closed. `start` is handed what wakes the window.
///
/// # Errors
/// One sentence: no window can be opened here, or a thread could not be started.
pub fn run(
    settings: Settings,
    start: impl FnOnce(crate::job::Wake) -> Result<Behind, String> + 'static,
) -> Result<(), String> {
    let options = NativeOptions { viewport: viewport(&settings), ..NativeOptions::default() };
    let make = move |creation: &CreationContext<'_>| {
        let ctx = creation.egui_ctx.clone();
        let wake_ctx = ctx.clone();
        let Behind { engine, store, selector, services } =
            start(std::sync::Arc::new(move || wake_ctx.request_repaint()))?;
        let studio = Studio::new(&ctx, engine, store, selector, settings, services);
        Ok(Box::new(Window { studio }) as Box<dyn eframe::App>)
    };
    eframe::run_native("Inkwick", options, Box::new(make))
        .map_err(|error| format!("the window could not be opened ({error})"))
}

fn viewport(settings: &Settings) -> ViewportBuilder {
    let WindowPlace { size, position, maximized } = settings.window;
    let builder = ViewportBuilder::default()
        .with_title("Inkwick")
        .with_app_id("org.inkwick.Inkwick")
        .with_inner_size(size.unwrap_or([1440.0, 900.0]))
        .with_min_inner_size([560.0, 400.0])
        .with_maximized(maximized)
        .with_drag_and_drop(true);
    let builder = match eframe::icon_data::from_png_bytes(include_bytes!("../../../assets/icon/256.png")) {
        Ok(icon) => builder.with_icon(icon),
        Err(_) => builder,
    };
    match position {
        Some(position) => builder.with_position(position),
        None => builder,
    }
}

struct Window {
    studio: Studio,
}

impl eframe::App for Window {
    fn logic(&mut self, ctx: &Context, _frame: &mut Frame) {
        self.studio.logic(ctx);
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut Frame) {
        self.studio.ui(ui);
        let folder = self.studio.dialog_folder();
        for request in self.studio.take_dialog_requests() {
            if let Err(error) = dialogs::open(request, folder.clone(), frame, ui.ctx(), self.studio.answers()) {
                let details = Some(error.to_string());
                self.studio.state.toasts.error("The file dialog could not be opened. Try again.", details);
            }
        }
        self.note_place(ui.ctx());
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.studio.save_now();
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }
}

impl Window {
    fn note_place(&mut self, ctx: &Context) {
        let old = self.studio.window_place();
        let place = ctx.input(|input| {
            let viewport = input.viewport();
            let maximized = viewport.maximized.unwrap_or(false) || viewport.fullscreen.unwrap_or(false);
            if maximized || viewport.minimized.unwrap_or(false) {
                // The size to come back to is the one from before.
                return WindowPlace { maximized, ..old };
            }
            let size = viewport.inner_rect.map(|rect| [rect.width(), rect.height()]);
            let position = viewport.outer_rect.map(|rect| [rect.left(), rect.top()]);
            WindowPlace { size: size.or(old.size), position: position.or(old.position), maximized }
        });
        self.studio.note_window(place);
    }
}
