//! The studio: `logic` takes in what the engine and the store report, `ui` draws and applies what was asked for.
//!
//! Knows no eframe, so that a test drives the same code as the window does.

use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::Sender;
use egui::{CentralPanel, Frame, Panel, Ui};

use crate::engine::{EngineHandle, JobHandle, SelectHandle, work_grid};
use crate::hub::Downloads;
use crate::job::{Estimate, EstimateQuestion, ModelRef, Wake, WorkGrid};
use crate::store::models::entry::ModelEntry;
use crate::store::settings::Settings;
use crate::store::token::Token;
use crate::store::worker::{StoreCommand, StoreHandle};
use crate::ui::action::{Action, DialogRequest, FilesAction, LibraryAction, Sheet};
use crate::ui::app;
use crate::ui::app::asker::Asker;
use crate::ui::app::background::Background;
use crate::ui::app::clipboard;
use crate::ui::app::completions::{self, Completions};
use crate::ui::app::engine_events::{self, Aftermath};
use crate::ui::app::gallery_start;
use crate::ui::app::live_events;
use crate::ui::app::runs::PreparedRuns;
use crate::ui::app::services::Services;
use crate::ui::app::settings::SettingsSaver;
use crate::ui::canvas::view;
use crate::ui::chrome::layout::{self, Layout, PanelForm};
use crate::ui::chrome::toasts::Toasts;
use crate::ui::chrome::{menu, seams, sheets, status_bar, toasts_view};
use crate::ui::compare::state::CompareState;
use crate::ui::input::{keymap, pressed};
use crate::ui::library::state::LibraryState;
use crate::ui::live::state::LiveState;
use crate::ui::prompt::token_count::{TokenCount, TokenQuestion};
use crate::ui::queue::state::QueueState;
use crate::ui::results::candidate::Candidates;
use crate::ui::settings::state::SettingsWindow;
use crate::ui::state::AppState;
use crate::ui::textures::Textures;
use crate::ui::theme::fonts;
use crate::ui::tour::state::{Step, Tour};
use crate::ui::{canvas, gallery, library, palette, prompt, queue, settings, share, theme, tour};

/// The window's contents and everything behind them.
pub struct Studio {
    pub state: AppState,
    pub(crate) textures: Textures,
    pub(crate) engine: EngineHandle,
    /// Every job of this window that has something to report yet.
    pub(crate) jobs: Vec<JobHandle>,
    pub(crate) store: StoreHandle,
    pub(crate) selector: SelectHandle,
    pub(crate) services: Services,
    pub(crate) saver: SettingsSaver,
    pub downloads: Downloads,
    /// For the hub: the keyring's, or one that was given in this run.
    pub(crate) token: Option<Token>,
    pub(crate) dialog_requests: Vec<DialogRequest>,
    pub(crate) background: Background,
    /// Presses of Generate whose prompts are being looked through.
    pub(crate) runs: PreparedRuns,
    tokens: Asker<TokenQuestion, Option<TokenCount>>,
    estimates: Asker<EstimateQuestion, Option<Estimate>>,
    pub(crate) completions: Completions,
    /// What sizes the chosen model works at, by its small files.
    grids: Asker<ModelRef, (ModelRef, Option<WorkGrid>)>,
}

impl Studio {
    #[must_use]
    pub fn new(
        ctx: &egui::Context,
        engine: EngineHandle,
        store: StoreHandle,
        selector: SelectHandle,
        settings: Settings,
        services: Services,
    ) -> Self {
        fonts::install(ctx);
        theme::apply_with(ctx, settings.preferences.accent, settings.preferences.less_motion);
        // The keys zoom the picture here, not the letters.
        ctx.options_mut(|options| options.zoom_with_keyboard = false);
        ctx.set_theme(app::settings::theme_of(&settings));
        ctx.set_zoom_factor(settings.ui_scale);
        store.send(StoreCommand::ListModels { known: settings.known_models.clone() });
        store.send(completions::read_words(&settings));
        store.send(StoreCommand::OpenCanvas);
        store.send(StoreCommand::LoadResults(settings.results.clone()));
        store.send(StoreCommand::FindUnfinished);
        gallery_start::open(&store, &settings);
        services.saving.set(settings.preferences.saving.clone());
        services.processor.set(settings.preferences.processor.clone());

        let mut state = AppState {
            prompt: app::settings::prompt_of(&settings),
            inpaint: app::settings::inpaint_of(&settings),
            memory: app::settings::memory_of(&settings),
            words: prompt::words::state::WordsState::default(),
            loras: app::settings::loras_of(&settings),
            models: vec![ModelEntry::built_in(), ModelEntry::built_in_four_steps()],
            grids: Vec::new(),
            compare: CompareState::default(),
            canvas: app::settings::canvas_of(&settings),
            candidates: Candidates { coming: settings.results.clone(), ..Candidates::default() },
            queue: QueueState::default(),
            gallery: gallery::state::GalleryState::default(),
            live: LiveState::default(),
            library: LibraryState { notes: settings.model_notes.clone(), ..LibraryState::default() },
            panels: app::settings::panels_of(&settings),
            theme: app::settings::theme_of(&settings),
            toasts: Toasts::default(),
            sheet: None,
            path_sheet: None,
            settings: SettingsWindow::default(),
            share: share::SharePanel::default(),
            palette: palette::state::PaletteState::default(),
            tour: if services.is_first_start { Tour::At(Step::Words) } else { Tour::Over },
            newer_version: None,
            device_text: services.device_text.clone(),
        };
        let folder = settings.preferences.saving.folder.as_ref().unwrap_or(&services.paths.pictures_folder);
        state.gallery.folder_text = folder_text(folder);
        state.gallery.starred.clone_from(&settings.starred);
        state.gallery.watched.clone_from(&settings.gallery_folders);
        let (keymap, wrong_keys) = keymap::Keymap::new(&services.keys);
        keymap::install(ctx, keymap);
        for problem in services.problem.iter().chain(&wrong_keys) {
            state.toasts.error(problem.clone(), None);
        }
        if let Some(report) = services.crash_report.clone() {
            let text = "Inkwick ended by a fault of its own last time; a report says where.";
            state.toasts.offer(text, "Show", Action::Files(FilesAction::Reveal(report)));
        }
        let waking = ctx.clone();
        let wake: Wake = Arc::new(move || waking.request_repaint());
        let mut studio = Self {
            state,
            downloads: Downloads::new(services.paths.clone(), wake.clone()),
            token: None,
            textures: Textures::new(ctx),
            engine,
            jobs: Vec::new(),
            store,
            selector,
            tokens: Asker::start("inkwick-tokens", services.count_tokens.clone(), ctx),
            estimates: Asker::start("inkwick-estimates", services.estimate.clone(), ctx),
            completions: completions::start(ctx),
            grids: Asker::start("inkwick-grids", Some(Arc::new(|model| (model.clone(), work_grid(model)))), ctx),
            services,
            saver: SettingsSaver::new(settings),
            dialog_requests: Vec::new(),
            background: Background::start(wake),
            runs: PreparedRuns::default(),
        };
        studio.connect_as_kept();
        studio.share_as_kept();
        studio.look_for_update();
        studio
    }

    /// What was answered by one machine is asked of the other.
    pub(crate) fn ask_again(&mut self) {
        self.tokens.forget();
        self.estimates.forget();
    }

    /// Takes in what happened elsewhere. Also called while the window is hidden.
    pub fn logic(&mut self, ctx: &egui::Context) {
        let mut rescan = false;
        self.jobs.retain(|job| {
            while let Some(event) = job.try_recv() {
                if let Some(event) = live_events::take(&mut self.state, event) {
                    rescan |= engine_events::take(&mut self.state, event) == Aftermath::NewFile;
                }
            }
            !job.is_read()
        });
        if rescan {
            self.store.send(StoreCommand::ScanGallery);
        }
        let known_before = self.saver.current.known_models.len();
        while let Some(event) = self.store.try_recv() {
            self.take_from_store(event);
        }
        while let Some(open) = self.services.arrivals.as_ref().and_then(|arrivals| arrivals.try_recv().ok()) {
            self.services.open.extend(open);
            ctx.send_viewport_cmd(egui::ViewportCommand::Minimized(false));
            ctx.send_viewport_cmd(egui::ViewportCommand::Focus);
        }
        // Not before the canvas of the last run is there: it would take their place.
        if self.state.canvas.is_restored {
            for path in std::mem::take(&mut self.services.open) {
                self.apply(ctx, Action::Files(FilesAction::Dropped(path)));
            }
        }
        if self.saver.current.known_models.len() != known_before {
            self.saver.touch();
            self.list_models();
        }
        self.follow_downloads();
        while let Some(event) = self.selector.try_recv() {
            canvas::select::take(&mut self.state, event);
        }
        self.keep_steps();
        self.keep_view();
        let wanted = self.state.gallery.thumbnails.take_wanted();
        let new = self.state.gallery.words.unknown(wanted.iter().map(PathBuf::as_path));
        if !new.is_empty() {
            self.store.send(StoreCommand::DescribePictures(new));
        }
        for file in wanted {
            self.store.send(StoreCommand::LoadThumbnail(file));
        }
        if let Some(text) = self.state.gallery.search.take_question() {
            self.store.send(StoreCommand::SearchGallery(text));
        }
        while let Some(action) = self.background.try_recv() {
            self.apply(ctx, action);
        }
        self.send_to_trash(false);
        self.follow_queue(ctx);
        self.work_on_canvas();
        self.follow_live(ctx);
        if let Some(tour) = tour::goes_on(&self.state) {
            self.go_on_with_tour(tour);
        }
        self.complete_words();
        self.compute_difference();
        let AppState { prompt, grids, .. } = &mut self.state;
        let is_known = grids.iter().any(|(known, _)| *known == prompt.model);
        if let Some((model, grid)) =
            self.grids.poll(|asked| is_known || *asked == prompt.model, || prompt.model.clone())
        {
            grids.push((model, grid));
        }
        let counted = self.tokens.poll(
            |asked| asked.model == prompt.model && asked.prompt == prompt.prompt,
            || TokenQuestion { model: prompt.model.clone(), prompt: prompt.prompt.clone() },
        );
        prompt.tokens = counted.unwrap_or_else(|| prompt.tokens.take());
        let question = self.state.estimate_question();
        if let Some(estimate) = self.estimates.poll(|asked| *asked == question, || question.clone()) {
            self.state.memory.estimate = estimate;
        }
        if let Some(settings) = self.saver.poll(&self.state, ctx) {
            self.store.send(StoreCommand::SaveSettings(Box::new(settings)));
        }
    }

    /// Draws the window and carries out what was asked for in it.
    pub fn ui(&mut self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        let mut actions = Vec::new();
        self.state.canvas.fit_brushes();
        // What the pointer does on the canvas is there before it is drawn.
        canvas::pointer::actions_of(&ctx, &self.state, &mut actions);
        for action in actions.drain(..) {
            self.apply(&ctx, action);
        }
        if let Some(action) = tour::leave(&ctx, &self.state) {
            self.apply(&ctx, action);
        }
        if let Some(action) = settings::keys::capture(&ctx, &mut self.state.settings, &self.services.keys) {
            self.apply(&ctx, action);
        }
        let completes = std::mem::take(&mut self.state.words.completes);
        if self.state.sheet.is_none() && !completes {
            pressed::leave_field(&ctx);
        }
        self.state.prompt.note_use(&ctx);
        let mut from = 0;
        while let Some(action) = pressed::next(&ctx, &self.state, &mut from) {
            self.apply(&ctx, action);
        }
        let sharp = self.state.canvas.view.zoom.is_some_and(|zoom| zoom >= view::PIXELS_FROM_ZOOM);
        self.textures.layers.update(&ctx, &mut self.state.canvas.document, sharp);
        actions.extend(ctx.input(|input| {
            let dropped = input.raw.dropped_files.iter();
            dropped.map(|file| Action::Files(FilesAction::Dropped(file.path().to_path_buf()))).collect::<Vec<_>>()
        }));
        actions.extend(clipboard::actions_of(&ctx, self.state.sheet.is_some()));
        if ctx.input(|input| input.events.contains(&egui::Event::WindowFocused(true))) {
            // Files may have come or gone in the meantime.
            actions.push(Action::Library(LibraryAction::ListModels));
        }
        self.look_for_guests();
        let canvas_rect = self.panels(ui, &mut actions);
        toasts_view::show(&ctx, canvas_rect, &mut self.state.toasts, &mut actions);
        tour::show(&ctx, &self.state, canvas_rect, &mut actions);
        match self.state.sheet {
            Some(Sheet::Library) => library::show(&ctx, &mut self.state, &mut self.textures, &mut actions),
            Some(Sheet::Settings) => {
                let shown = settings::Shown {
                    settings: &self.saver.current,
                    paths: &self.services.paths,
                    keys: &self.services.keys,
                };
                settings::show(&ctx, &mut self.state.settings, &shown, &mut actions);
            }
            Some(Sheet::Palette) => palette::show(&ctx, &mut self.state, &self.saver.current, &mut actions),
            Some(Sheet::Inspection) => library::inspection::show(&ctx, &self.state, &mut actions),
            Some(sheet @ (Sheet::Export | Sheet::Labels)) => {
                gallery::sheets::show(&ctx, sheet, &mut self.state, &mut actions);
            }
            Some(sheet) => sheets::show(&ctx, sheet, &mut self.state, &mut actions),
            None => {}
        }
        for action in actions {
            self.apply(&ctx, action);
        }
        pressed::note_focus(&ctx);
        self.keep_steps();
        if self.state.gallery.thumbnails.has_wanted() {
            // `logic` asks the store for them before the next frame.
            ctx.request_repaint();
        }
    }

    /// Returns where the canvas lies.
    fn panels(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) -> egui::Rect {
        let Self { state, textures, .. } = self;
        let layout = Layout::for_window(ui.ctx().content_rect().size(), state.panels);
        let tokens = theme::tokens(ui);
        let plain = |fill| Frame::NONE.fill(fill);

        Panel::top("menu")
            .exact_size(layout::MENU_HEIGHT)
            .frame(plain(tokens.panel).inner_margin(egui::Margin { left: 8, right: 8, top: 2, bottom: 2 }))
            .show_separator_line(false)
            .show(ui, |ui| menu::show(ui, state, actions));
        Panel::bottom("status")
            .exact_size(layout::STATUS_HEIGHT)
            .frame(plain(tokens.panel).inner_margin(egui::Margin { left: 16, right: 8, top: 0, bottom: 0 }))
            .show_separator_line(false)
            .show(ui, |ui| status_bar::show(ui, state, layout, actions));
        state.gallery.refresh();
        if state.gallery.view.is_open && !state.compare.is_open() {
            return gallery::view::show(ui, state, textures, layout, actions);
        }
        let full =
            layout.prompt == PanelForm::Full || (layout.prompt == PanelForm::Rail && state.panels.prompt.over_canvas);
        if full {
            // Where the window is narrow, it has a width and a memory of its own.
            let panel = if layout.narrow {
                Panel::left("narrow prompt").exact_size(layout.prompt_width)
            } else {
                let widths = layout::PROMPT_WIDTH_NARROW..=layout::PROMPT_WIDTH_WIDEST;
                Panel::left("prompt").resizable(true).default_size(layout.prompt_width).size_range(widths)
            };
            let panel = panel.frame(plain(tokens.panel)).show_separator_line(false);
            let drawn = panel.show(ui, |ui| prompt::panel::show(ui, state, textures, layout, actions));
            if !layout.narrow {
                state.panels.prompt_width = drawn.response.rect.width();
            }
        } else if layout.prompt == PanelForm::Rail {
            Panel::left("prompt rail")
                .exact_size(layout::RAIL_WIDTH)
                .frame(plain(tokens.panel))
                .show_separator_line(false)
                .show(ui, |ui| prompt::panel::show_rail(ui, actions));
        }
        if queue::panel::takes_the_gallerys_place(state, layout) {
            queue::panel::show(ui, state, textures, actions);
        } else {
            gallery::panel::show(ui, state, textures, layout, actions);
        }
        let between = ui.available_rect_before_wrap();
        CentralPanel::default().frame(plain(tokens.surround)).show(ui, |ui| {
            app::middle::show(ui, state, textures, layout, actions);
        });
        seams::show(ui, between, tokens.edge);
        if state.queue.open && !queue::panel::takes_the_gallerys_place(state, layout) {
            queue::panel::show_over(ui, between, state, textures, actions);
        }
        between
    }

    /// Dialogs that shall open now; only the window's owner can.
    pub fn take_dialog_requests(&mut self) -> Vec<DialogRequest> {
        std::mem::take(&mut self.dialog_requests)
    }

    /// Where a dialog's answer goes.
    #[must_use]
    pub fn answers(&self) -> &Sender<Action> {
        self.background.answers()
    }
}

/// "Pictures / Inkwick": enough to find it, short enough to read.
pub(super) fn folder_text(folder: &std::path::Path) -> String {
    let names: Vec<_> = folder.iter().map(|name| name.to_string_lossy()).collect();
    names[names.len().saturating_sub(2)..].join(" / ")
}
