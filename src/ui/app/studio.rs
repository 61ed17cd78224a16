//! The studio: `logic` takes in what the engine and the store report, `ui` draws and applies what was asked for.
//!
//! Knows no eframe, so that a test drives the same code as the window does.

use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::Sender;
use egui::Ui;

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
use crate::ui::chrome::system_menus::SystemMenus;
use crate::ui::chrome::toasts::Toasts;
use crate::ui::chrome::{sheets, toasts_view};
use crate::ui::compare::state::CompareState;
use crate::ui::input::{escape, keymap, pressed};
use crate::ui::library::state::LibraryState;
use crate::ui::live::state::LiveState;
use crate::ui::project::ProjectState;
use crate::ui::prompt::token_count::{TokenCount, TokenQuestion};
use crate::ui::queue::state::QueueState;
use crate::ui::results::candidate::Candidates;
use crate::ui::settings::state::SettingsWindow;
use crate::ui::state::AppState;
use crate::ui::textures::Textures;
use crate::ui::theme::fonts;
use crate::ui::tour::state::{Step, Tour};
use crate::ui::{branch, canvas, gallery, grid, library, palette, prompt, settings, share, theme, tour};

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
    /// Where the menus are kept outside of the window.
    pub(crate) system_menus: Option<SystemMenus>,
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
        mut services: Services,
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
            grid: grid::state::GridState::default(),
            branch: branch::state::BranchState::default(),
            decode: None,
            canvas: app::settings::canvas_of(&settings),
            candidates: Candidates { coming: settings.results.clone(), ..Candidates::default() },
            queue: QueueState::default(),
            gallery: gallery::state::GalleryState::default(),
            layers: app::settings::layers_of(&settings),
            live: LiveState::default(),
            project: ProjectState::of(&settings.project, &settings.recent_projects),
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
        state.gallery.folder_text = gallery_start::folder_text(folder);
        state.gallery.starred.clone_from(&settings.starred);
        state.gallery.watched.clone_from(&settings.gallery_folders);
        let (keymap, wrong_keys) = keymap::Keymap::new(&services.keys);
        keymap::install(ctx, keymap);
        escape::install(ctx);
        for problem in services.problem.iter().chain(&wrong_keys) {
            state.toasts.error(problem.clone(), None);
        }
        if let Some(report) = services.crash_report.clone() {
            let text = "Inkwick ended by a fault of its own last time; a report says where.";
            state.toasts.offer(text, "Show", Action::Files(FilesAction::Reveal(report)));
        }
        engine.keep_steps(branch::state::BranchState::MOST_BYTES);
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
            system_menus: services.menu_bar.take().map(SystemMenus::new),
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
            self.take_from_selector(event);
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
        self.follow_layers(ctx);
        self.work_on_canvas();
        self.follow_live(ctx);
        if let Some(tour) = tour::goes_on(&self.state) {
            self.go_on_with_tour(tour);
        }
        self.complete_words();
        self.compute_difference();
        self.finish_grids();
        self.state.leave_branch();
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
        self.follow_project(ctx);
    }

    /// Draws the window and carries out what was asked for in it.
    pub fn ui(&mut self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        let mut actions = self.system_menus.as_ref().map(|menus| menus.take(&ctx)).unwrap_or_default();
        for action in actions.drain(..) {
            self.apply(&ctx, action);
        }
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
            let files = input.raw.dropped_files.iter();
            let on_layers = input
                .pointer
                .latest_pos()
                .is_some_and(|at| self.state.layers.rect.is_some_and(|list| list.contains(at)));
            files.map(|file| dropped(file.path(), on_layers)).collect::<Vec<_>>()
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
        if let Some(menus) = &mut self.system_menus {
            menus.follow(&ctx, &self.state);
        }
        pressed::note_focus(&ctx);
        self.keep_steps();
        if self.state.gallery.thumbnails.has_wanted() {
            // `logic` asks the store for them before the next frame.
            ctx.request_repaint();
        }
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

/// A file that was dropped on the list of layers becomes one.
fn dropped(file: &std::path::Path, on_layers: bool) -> Action {
    let file = file.to_path_buf();
    Action::Files(if on_layers { FilesAction::DroppedOnLayers(file) } else { FilesAction::Dropped(file) })
}
