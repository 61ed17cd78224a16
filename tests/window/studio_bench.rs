//! A studio in a harness: its own home folder, a scripted backend, and words for what a person does.
// Only tests and measurements use it: a failure here is a failed test.
#![allow(clippy::unwrap_used)]

#[path = "fake_machines.rs"]
mod fake_machines;
#[path = "scripted.rs"]
pub(crate) mod scripted;

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use egui::{Event, Modifiers, PointerButton, Pos2, pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use inkwick::engine::device::WantedProcessor;
use inkwick::engine::{Backend, EngineHandle, FakeBackend, FakeScript, SelectHandle};
use inkwick::job::{JobId, JobKeeper, Request, Wake};
use inkwick::prompt::WindowWords;
use inkwick::raster::Picture;
use inkwick::store::keys;
use inkwick::store::paths::Paths;
use inkwick::store::pictures::gallery::Gallery;
use inkwick::store::pictures::saver::PictureSaver;
use inkwick::store::pictures::saving::SavingRules;
use inkwick::store::queue::QueueKeeper;
use inkwick::store::settings::{Settings, Theme};
use inkwick::store::worker::StoreHandle;
use inkwick::system::{crash, instance};
use inkwick::ui::action::{Action, FilesAction, LookingAt};
use inkwick::ui::results::candidate::{Candidate, Kind, Made, Progress, Stage};
use inkwick::ui::{Note, Services, Studio, TokenCount, TokenQuestion};
use scripted::{SquareFinder, estimated};

/// A file by this name in the home makes it somebody's first start.
const FIRST_START: &str = "first-start";
/// What the page of releases calls the newest version, where a file says so.
pub(crate) const NEWEST: &str = "newest";
/// What the program is started with, a line each.
pub(crate) const ARGUMENTS: &str = "arguments";

type Slot = Rc<RefCell<Option<Studio>>>;

pub(crate) struct Bench {
    pub window: Harness<'static, Slot>,
    pub paths: Paths,
    /// What `logic` and `ui` took in each frame.
    pub spent: Rc<RefCell<Vec<Duration>>>,
    /// What the desktop would have shown.
    pub notes: Arc<Mutex<Vec<String>>>,
    /// How often the page of releases was asked.
    pub asked: Arc<AtomicUsize>,
    home: tempfile::TempDir,
}

impl Bench {
    pub(crate) fn new(script: FakeScript) -> Self {
        Self::sized(script, [1440.0, 900.0], 1.0, Theme::Dark)
    }

    pub(crate) fn sized(script: FakeScript, size: [f32; 2], scale: f32, theme: Theme) -> Self {
        let home = tempfile::tempdir().unwrap();
        Self::open(home, move || FakeBackend::new(script), size, scale, Some(theme), Duration::ZERO)
    }

    /// At somebody's very first start.
    pub(crate) fn first(script: FakeScript, size: [f32; 2]) -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join(FIRST_START), "").unwrap();
        let mark = home.path().join(FIRST_START);
        let bench = Self::open(home, move || FakeBackend::new(script), size, 1.0, Some(Theme::Dark), Duration::ZERO);
        std::fs::remove_file(mark).unwrap();
        bench
    }

    pub(crate) fn reopen(home: tempfile::TempDir, script: FakeScript) -> Self {
        Self::open(home, move || FakeBackend::new(script), [1440.0, 900.0], 1.0, None, Duration::ZERO)
    }

    /// What lies in `home` is there already.
    pub(crate) fn reopen_sized(home: tempfile::TempDir, script: FakeScript, size: [f32; 2], theme: Theme) -> Self {
        Self::open(home, move || FakeBackend::new(script), size, 1.0, Some(theme), Duration::ZERO)
    }

    /// On a disk that takes so much longer for everything.
    pub(crate) fn slow(home: tempfile::TempDir, disk_delay: Duration) -> Self {
        // Slow enough that what was asked for is still seen.
        let script = FakeScript { step_duration: Duration::from_millis(20), ..FakeScript::default() };
        let make_backend = move || FakeBackend::new(script);
        Self::open(home, make_backend, [1440.0, 900.0], 1.0, Some(Theme::Dark), disk_delay)
    }

    /// With another backend than the scripted one.
    #[allow(dead_code, reason = "not every program that has this bench does")]
    pub(crate) fn drawn_by<B: Backend>(make_backend: impl Fn() -> B + Send + Sync + 'static) -> Self {
        Self::open(tempfile::tempdir().unwrap(), make_backend, [1440.0, 900.0], 1.0, Some(Theme::Dark), Duration::ZERO)
    }

    fn open<B: Backend>(
        home: tempfile::TempDir,
        make_backend: impl Fn() -> B + Send + Sync + 'static,
        size: [f32; 2],
        scale: f32,
        theme: Option<Theme>,
        disk_delay: Duration,
    ) -> Self {
        let for_setup_first = home.path().join(FIRST_START).exists();
        let arguments = std::fs::read_to_string(home.path().join(ARGUMENTS)).unwrap_or_default();
        let (asked, newest) = (Arc::<AtomicUsize>::default(), home.path().join(NEWEST));
        let for_asked = Arc::clone(&asked);
        let paths = Paths::under(&home.path().join("Inkwick"));
        let slot = Slot::default();
        let notes = Arc::<Mutex<Vec<String>>>::default();
        let (for_notes, for_copies) = (Arc::clone(&notes), Arc::clone(&notes));
        let (for_setup, setup_paths) = (Rc::clone(&slot), paths.clone());
        let setup = move |ctx: &egui::Context| {
            let mut settings = Settings::load(&setup_paths.settings_file).settings;
            settings.theme = theme.unwrap_or(settings.theme);
            let keys_file = keys::file_beside(&setup_paths.settings_file);
            let wake_ctx = ctx.clone();
            let wake: Wake = Arc::new(move || wake_ctx.request_repaint());
            let saving = SavingRules::default();
            let saver = Arc::new(PictureSaver::new(Gallery::new(&setup_paths)).by(saving.clone()));
            let queue = Arc::new(QueueKeeper::open(&setup_paths.queue_folder(), Arc::clone(&wake)).unwrap());
            let keeper = Some(queue.clone() as Arc<dyn JobKeeper>);
            let engine =
                EngineHandle::start_several(move |_| make_backend(), 1, saver, keeper, Arc::clone(&wake)).unwrap();
            let selector =
                SelectHandle::start(SquareFinder { is_there: setup_paths.models_folder.exists() }, Arc::clone(&wake))
                    .unwrap();
            let (sender, arrivals) = crossbeam_channel::unbounded();
            let hand_on =
                move |open: Vec<String>| drop(sender.send(open.into_iter().map(PathBuf::from).collect::<Vec<_>>()));
            let store = StoreHandle::start_slow(&setup_paths, wake, disk_delay).unwrap();
            let services = Services {
                arrivals: Some(arrivals),
                listening: instance::listen(&setup_paths.log_file(), hand_on).ok(),
                crash_report: crash::take_report(&setup_paths.log_file()),
                paths: setup_paths,
                device_text: "CPU · f32".into(),
                estimate: Some(Arc::new(|question| Some(estimated(question)))),
                count_tokens: Some(Arc::new(|question: &TokenQuestion| {
                    let words: Vec<&str> = question.prompt.split_whitespace().collect();
                    let window = |words: &[&str]| WindowWords { tokens: words.len(), begins: words[0].to_owned() };
                    Some(TokenCount { windows: words.chunks(75).map(window).collect(), room: 75 })
                })),
                keys: keys::load(&keys_file).0,
                saving,
                // As a settings' file would have it; `Bench::first` starts without one.
                is_first_start: for_setup_first,
                processor: WantedProcessor::default(),
                machines: Some(fake_machines::machines()),
                cards: Arc::new(fake_machines::cards),
                share: Some(fake_machines::share()),
                problem: None,
                queue: Some(queue),
                menu_bar: scripted::menu_bar(),
                note: Note {
                    after_seconds: 0.0,
                    show: Arc::new(move |title: &str, words: &str| {
                        for_notes.lock().unwrap().push(format!("{title}: {words}"));
                    }),
                },
                copy_files: scripted::copies(Arc::clone(&for_copies)),
                look_at_model: Some(Arc::new(|name, _| scripted::offer(name))),
                open: arguments.lines().map(PathBuf::from).collect(),
                ask_for_update: Some(Arc::new(move || {
                    for_asked.fetch_add(1, Ordering::Relaxed);
                    std::fs::read_to_string(&newest).ok()
                })),
            };
            *for_setup.borrow_mut() = Some(Studio::new(ctx, engine, store, selector, settings, services));
        };
        let spent = Rc::<RefCell<Vec<Duration>>>::default();
        let for_frames = Rc::clone(&spent);
        let window = Harness::builder()
            .with_size(size)
            .with_pixels_per_point(scale)
            .with_os(egui::os::OperatingSystem::Nix)
            .with_theme(if theme == Some(Theme::Light) { egui::Theme::Light } else { egui::Theme::Dark })
            .with_context_setup(setup)
            .build_ui_state(
                move |ui, slot: &mut Slot| {
                    let started = Instant::now();
                    if let Some(studio) = slot.borrow_mut().as_mut() {
                        studio.logic(ui.ctx());
                        // Without the harness's own margin.
                        let whole = ui.ctx().content_rect();
                        ui.scope_builder(egui::UiBuilder::new().max_rect(whole), |ui| {
                            ui.set_clip_rect(whole);
                            studio.ui(ui);
                        });
                    }
                    for_frames.borrow_mut().push(started.elapsed());
                },
                slot,
            );
        Self { window, paths, spent, notes, asked, home }
    }

    pub(crate) fn studio<R>(&self, look: impl FnOnce(&Studio) -> R) -> R {
        look(self.window.state().borrow().as_ref().unwrap())
    }

    pub(crate) fn with<R>(&mut self, change: impl FnOnce(&mut Studio) -> R) -> R {
        change(self.window.state().borrow_mut().as_mut().unwrap())
    }

    /// So many frames, and those in which a step on the whole canvas is being worked out.
    pub(crate) fn frames(&mut self, count: usize) {
        self.window.run_steps(count);
        let started = Instant::now();
        while self.studio(|studio| studio.state.canvas.work.is_busy()) && started.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(1));
            self.window.step();
        }
    }

    /// Until nothing is on its way any more.
    pub(crate) fn settle(&mut self) {
        for _ in 0..12 {
            self.window.step();
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn wait(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let started = Instant::now();
        while !holds(self) {
            assert!(started.elapsed() < Duration::from_secs(10), "waited in vain until {what}");
            self.window.step();
            std::thread::sleep(Duration::from_millis(4));
        }
        self.window.step();
    }

    pub(crate) fn type_prompt(&mut self, words: &str) {
        let prompt = self.window.get_by_role_and_label(egui::Role::MultilineTextInput, "Prompt");
        prompt.focus();
        self.frames(2);
        self.window.get_by_role_and_label(egui::Role::MultilineTextInput, "Prompt").type_text(words);
        self.frames(2);
    }

    pub(crate) fn clear_prompt(&mut self) {
        self.with(|studio| studio.state.prompt.prompt.clear());
        self.frames(1);
    }

    pub(crate) fn leave_fields(&mut self) {
        self.frames(2);
        self.window.ctx.memory_mut(|memory| {
            if let Some(focused) = memory.focused() {
                memory.surrender_focus(focused);
            }
        });
        self.frames(1);
    }

    pub(crate) fn click(&mut self, label: &str) {
        self.frames(1);
        self.window.get_by_label(label).click();
        self.frames(1);
    }

    /// As a button or a menu would ask for it.
    pub(crate) fn act(&mut self, action: Action) {
        self.with(|studio| studio.answers().send(action).unwrap());
        self.frames(2);
    }

    pub(crate) fn drop_file(&mut self, path: PathBuf) {
        self.act(Action::Files(FilesAction::Dropped(path)));
    }

    /// A picture that was not made here.
    pub(crate) fn photo(&self, name: &str, width: u32, height: u32) -> PathBuf {
        let path = self.home.path().join(name);
        let pixels = image::RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 90]));
        pixels.save(&path).unwrap();
        path
    }

    /// With a photo of this size on the canvas.
    pub(crate) fn with_photo(width: u32, height: u32) -> Self {
        let mut bench = Self::new(FakeScript::default());
        bench.lay(width, height);
        bench
    }

    pub(crate) fn lay(&mut self, width: u32, height: u32) {
        let photo = self.photo("photo.png", width, height);
        self.drop_file(photo);
        self.wait("it lies on the canvas", |bench| bench.studio(|studio| studio.state.canvas.has_picture()));
        self.leave_fields();
        self.frames(2);
    }

    /// Where a place of the picture is on the screen.
    pub(crate) fn on_screen(&self, x: f32, y: f32) -> Pos2 {
        self.studio(|studio| studio.state.canvas.placed.unwrap().screen_from_image(pos2(x, y)))
    }

    pub(crate) fn button(&mut self, pos: Pos2, button: PointerButton, pressed: bool, modifiers: Modifiers) {
        self.window.event(Event::PointerButton { pos, button, pressed, modifiers });
    }

    /// Press, go, lift: places in picture pixels.
    pub(crate) fn drag(&mut self, way: &[(f32, f32)], modifiers: Modifiers) {
        let places: Vec<Pos2> = way.iter().map(|(x, y)| self.on_screen(*x, *y)).collect();
        self.window.event(Event::PointerMoved(places[0]));
        self.frames(2);
        self.window.event(Event::ModifiersChanged(modifiers));
        self.button(places[0], PointerButton::Primary, true, modifiers);
        self.frames(1);
        // Several events in one frame: none may be passed over.
        for place in &places[1..] {
            self.window.event(Event::PointerMoved(*place));
        }
        self.frames(1);
        self.button(*places.last().unwrap(), PointerButton::Primary, false, modifiers);
        self.window.event(Event::ModifiersChanged(Modifiers::NONE));
        self.frames(2);
    }

    pub(crate) fn has_label_starting(&self, start: &str) -> bool {
        let starts = |text: Option<String>| text.is_some_and(|text| text.starts_with(start));
        self.window.query_all_by(|node| starts(node.label()) || starts(node.value())).next().is_some()
    }

    pub(crate) fn done(&self) -> Vec<Candidate> {
        self.studio(|studio| studio.state.candidates.list.iter().filter(|c| c.made().is_some()).cloned().collect())
    }

    pub(crate) fn toasts(&self) -> Vec<String> {
        self.studio(|studio| studio.state.toasts.list.iter().map(|toast| toast.text.clone()).collect())
    }

    /// The picture files on disk.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let days = std::fs::read_dir(&self.paths.pictures_folder).into_iter().flatten().flatten();
        let files = days.flat_map(|day| std::fs::read_dir(day.path()).into_iter().flatten().flatten());
        files
            .map(|file| file.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "png"))
            .collect()
    }

    /// Ends the program, threads and all, and gives its home for the next one.
    pub(crate) fn close(self) -> tempfile::TempDir {
        let Self { window, home, .. } = self;
        let slot = window.into_state();
        drop(slot.borrow_mut().take());
        home
    }

    /// Two finished pictures and one on its way, with no thread behind them.
    pub(crate) fn scripted_run(studio: &mut Studio) {
        let state = &mut studio.state;
        state.prompt.prompt = "a fox wearing a crown in a forest".into();
        let base = Request { width: Some(256), height: Some(256), ..Request::default() };
        let request = |prompt: &str| Request { prompt: prompt.into(), ..base.clone() };
        let candidate = |number: u64, prompt: &str, stage| {
            let (kind, request) = (Kind::Drawn, request(prompt));
            Candidate { job: JobId(number), press: number, kind, request, frame: None, estimated_seconds: None, stage }
        };
        for (number, prompt) in [(901, "a forest"), (902, "a cute puppy on grass")] {
            let picture = Arc::new(gradient(256, number));
            let made = Made { picture, file: format!("/pictures/{number}.png").into(), seconds: 6.0 };
            state.candidates.list.push(candidate(number, prompt, Stage::Done(made)));
        }
        let progress =
            Progress { done: 12, total: 20, seconds_per_step: 0.31, preview: Some(Arc::new(gradient(32, 7))) };
        let words = state.prompt.prompt.clone();
        state.candidates.list.push(candidate(903, &words, Stage::Running(progress)));
        state.canvas.looking_at = LookingAt::Candidate(JobId(903));
    }
}

/// Something to look at that is the same on every machine.
pub(crate) fn gradient(side_px: u32, seed: u64) -> Picture {
    let tint = (seed % 7 * 30) as u8;
    let pixels = (0..side_px * side_px).flat_map(|index| {
        let (x, y) = (index % side_px * 255 / side_px, index / side_px * 255 / side_px);
        [x as u8, y as u8, tint, 255]
    });
    Picture::from_rgba(side_px, side_px, pixels.collect()).unwrap()
}
