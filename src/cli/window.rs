//! The window: what is read and started before it opens, and what it is given.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crossbeam_channel::{Receiver, Sender};

use super::backend::backend;
#[cfg(feature = "serve")]
use super::machines;
use super::preprocess::annotators;
#[cfg(feature = "serve")]
use super::share::{Serving, share};
use crate::engine::device::{DeviceChoice, DtypeChoice, Processor, WantedProcessor, cards};
use crate::engine::mobile_sam::{self, FetchWeights};
use crate::engine::{EngineHandle, Estimator, FetchAnnotator, MobileSam, SelectHandle, SmallNetworks, TokenCounter};
use crate::hub::{self, DownloadError, DownloadProgress, Hub};
use crate::job::{ErrorKind, JobError, JobKeeper, Wake};
use crate::store::hub_cache::CachedRepository;
use crate::store::keys::{self, KeyNames};
use crate::store::models::wildcards;
use crate::store::paths::Paths;
use crate::store::pictures::gallery::Gallery;
use crate::store::pictures::saver::PictureSaver;
use crate::store::pictures::saving::SavingRules;
use crate::store::preferences::Preferences;
use crate::store::queue::QueueKeeper;
use crate::store::settings::Settings;
use crate::store::worker::StoreHandle;
#[cfg(target_os = "macos")]
use crate::system::finder;
use crate::system::menu_bar::MenuBar;
use crate::system::{clipboard, note};
use crate::system::{crash, instance, link};
use crate::ui::{
    self, AskForUpdate, Behind, CountTokens, EstimatePicture, LookAtModel, Note, Services, TokenCount, TokenQuestion,
};

/// Built without the server there is nothing to end.
#[cfg(not(feature = "serve"))]
#[derive(Clone, Default)]
struct Serving(());

#[cfg(not(feature = "serve"))]
impl Serving {
    #[allow(clippy::unused_self)] // as the server's
    fn end(&self) {}
}

/// Opens the window with what was named on the command line; returns when it is closed.
pub(super) fn run(open: &[PathBuf], new_window: bool) -> ExitCode {
    let open = whole(open);
    let outcome = Paths::of_this_machine().map_err(|error| error.to_string()).and_then(|paths| {
        let log_file = paths.log_file();
        let names: Vec<String> = open.iter().filter_map(|path| path.to_str().map(str::to_owned)).collect();
        // What has no Unicode name cannot be handed over: that opens a window of its own.
        if !new_window && names.len() == open.len() && instance::hand_over(&log_file, &names) {
            return Ok(());
        }
        crash::watch(&log_file);
        let loaded = Settings::load(&paths.settings_file);
        let (keys, wrong_keys) = keys::load(&keys::file_beside(&paths.settings_file));
        let problem = loaded.problem.map(|error| error.to_string()).or(wrong_keys.map(|error| error.to_string()));
        let preferences = loaded.settings.preferences.clone();
        let arrivals = Arrivals::default();
        #[cfg(target_os = "macos")]
        let _finder = finder::listen(arrivals.taker());
        // Who names a picture knows what it is for.
        let is_first_start = loaded.is_first_start && open.is_empty();
        let named = Named { open, arrivals };
        let serving = Serving::default();
        let served = serving.clone();
        let start = move |wake| start(paths, named, keys, problem, (&preferences, is_first_start), &served, wake);
        let outcome = ui::run(loaded.settings, start);
        serving.end();
        outcome.map_err(|error| format!("{error}; `inkwick generate` works without a window"))
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            tracing::error!("{sentence}");
            ExitCode::FAILURE
        }
    }
}

/// Whole paths, as another instance has another working folder; links as they are.
fn whole(open: &[PathBuf]) -> Vec<PathBuf> {
    let is_link = |path: &PathBuf| path.to_str().is_some_and(link::is_link);
    let whole = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
    open.iter().map(|path| if is_link(path) { path.clone() } else { whole(path) }).collect()
}

/// What is to be opened: at the start, and whenever something comes.
struct Named {
    open: Vec<PathBuf>,
    arrivals: Arrivals,
}

/// What other programs want opened, on its way to the window. It may come before there is one.
struct Arrivals {
    sender: Sender<Vec<PathBuf>>,
    receiver: Receiver<Vec<PathBuf>>,
    wake: Arc<OnceLock<Wake>>,
}

impl Default for Arrivals {
    fn default() -> Self {
        let (sender, receiver) = crossbeam_channel::unbounded();
        Self { sender, receiver, wake: Arc::default() }
    }
}

impl Arrivals {
    /// Takes paths and links.
    fn taker(&self) -> impl Fn(Vec<String>) + Send + 'static {
        let (sender, wake) = (self.sender.clone(), Arc::clone(&self.wake));
        move |open| {
            // A window that is gone opens nothing.
            let _ = sender.send(open.into_iter().map(PathBuf::from).collect());
            if let Some(wake) = wake.get() {
                wake();
            }
        }
    }
}

fn start(
    paths: Paths,
    Named { open, arrivals }: Named,
    keys: KeyNames,
    problem: Option<String>,
    (preferences, is_first_start): (&Preferences, bool),
    serving: &Serving,
    wake: Wake,
) -> Result<Behind, String> {
    let (saving, processor) = (SavingRules::default(), WantedProcessor::default());
    saving.set(preferences.saving.clone());
    processor.set(preferences.processor.clone());
    let saver = Arc::new(PictureSaver::new(Gallery::new(&paths)).by(saving.clone()));
    let (failure_file, wanted) = (paths.device_failure_file.clone(), processor.clone());
    let here =
        move |number| backend(DeviceChoice::Auto, DtypeChoice::Auto, &failure_file).following(wanted.clone(), number);
    let devices = preferences.processor.devices().count();
    let (estimate, count_tokens) = (estimator(processor.clone()), token_counter(&paths));
    #[cfg(feature = "serve")]
    let elsewhere = machines::as_kept(preferences.machine.as_ref(), &paths);
    #[cfg(feature = "serve")]
    let (here, estimate, count_tokens, machines) = (
        machines::routed(&elsewhere, here),
        machines::estimate_by(&elsewhere, estimate),
        machines::count_by(&elsewhere, count_tokens),
        Some(machines::machines(&elsewhere, &paths)),
    );
    #[cfg(not(feature = "serve"))]
    let machines = None;
    let (queue, problem) = match QueueKeeper::open(&paths.queue_folder(), Arc::clone(&wake)) {
        Ok(queue) => (Some(Arc::new(queue)), problem),
        Err(error) => (None, problem.or(Some(error.to_string()))),
    };
    let keeper = queue.clone().map(|queue| queue as Arc<dyn JobKeeper>);
    let engine = EngineHandle::start_several(here, devices, saver, keeper, Arc::clone(&wake));
    let engine = engine.map_err(|error| error.to_string())?;
    #[cfg(feature = "serve")]
    let share = Some(share(serving, &engine, &paths, &processor));
    #[cfg(not(feature = "serve"))]
    let (share, _) = (None, serving);
    let cached = CachedRepository::new(&paths.hub_cache, mobile_sam::REPOSITORY).current_snapshot();
    let cached = cached.map(|snapshot| snapshot.join(mobile_sam::FILE));
    let segmenter = MobileSam::new(&paths.models_folder, cached, fetch_segmenter(&paths));
    let networks = SmallNetworks::new(segmenter, annotators(&paths), &paths.models_folder, fetch_annotator(&paths));
    let selector = SelectHandle::start(networks, Arc::clone(&wake))
        .map_err(|error| format!("the thread that finds things could not be started: {error}"))?;
    let store = StoreHandle::start(&paths, Arc::clone(&wake))
        .map_err(|error| format!("the thread for files could not be started: {error}"))?;
    let menu_bar = menu_bar(&wake);
    // What came before is looked at in the first frame.
    let _ = arrivals.wake.set(wake);
    let listening = instance::listen(&paths.log_file(), arrivals.taker());
    if let Err(error) = &listening {
        tracing::warn!("a later start cannot hand over its files ({error})");
    }
    let crash_report = crash::take_report(&paths.log_file());
    let services = Services {
        count_tokens: Some(count_tokens),
        ask_for_update: ask_for_update(),
        look_at_model: Some(look_at_model(&paths)),
        paths,
        device_text: preferences.processor.label(),
        cards: Arc::new(cards),
        estimate: Some(estimate),
        machines,
        share,
        saving,
        processor,
        keys,
        is_first_start,
        problem,
        queue,
        note: Note { after_seconds: Note::AFTER_SECONDS, show: Arc::new(note::show) },
        copy_files: Arc::new(clipboard::copy_files),
        open,
        arrivals: Some(arrivals.receiver),
        menu_bar,
        listening: listening.ok(),
        crash_report,
    };
    Ok(Behind { engine, store, selector, services })
}

/// A Mac's menus stand above the window.
#[cfg(target_os = "macos")]
fn menu_bar(wake: &Wake) -> Option<MenuBar> {
    let wake = Arc::clone(wake);
    finder::menu_bar(move || wake())
}

#[cfg(not(target_os = "macos"))]
fn menu_bar(_: &Wake) -> Option<MenuBar> {
    None
}

#[cfg(feature = "hub")]
#[expect(clippy::unnecessary_wraps, reason = "without the network there is nobody to ask")]
fn ask_for_update() -> Option<AskForUpdate> {
    Some(Arc::new(|| hub::update::Releases::of_inkwick().newer_than(env!("CARGO_PKG_VERSION"))))
}

#[cfg(not(feature = "hub"))]
fn ask_for_update() -> Option<AskForUpdate> {
    None
}

fn look_at_model(paths: &Paths) -> LookAtModel {
    let paths = paths.clone();
    Arc::new(move |name, token| {
        hub::look(&Hub::of_this_machine().with_token(token), name, &paths).map_err(|error| error.to_string())
    })
}

/// Selecting by a click has its weights from the hub.
fn fetch_segmenter(paths: &Paths) -> FetchWeights {
    let paths = paths.clone();
    let name = format!("{}:{}", mobile_sam::REPOSITORY, mobile_sam::FILE);
    Box::new(move |folder, on_progress, stop| fetch((&name, mobile_sam::FILE), folder, &paths, on_progress, stop))
}

/// And so have the networks that make pictures that steer.
fn fetch_annotator(paths: &Paths) -> FetchAnnotator {
    let paths = paths.clone();
    Box::new(move |source, folder, on_progress, stop| {
        let by_hand = source.by_hand_name();
        fetch((&source.name(), by_hand), folder, &paths, on_progress, stop).map(|_| ())
    })
}

/// Fetches a file by the hub's name for it; where that cannot be reached, it may be put into `folder` by the other name.
fn fetch(
    (name, by_hand): (&str, &str),
    folder: &Path,
    paths: &Paths,
    on_progress: &mut dyn FnMut(f32),
    stop: &AtomicBool,
) -> Result<PathBuf, JobError> {
    let paths = Paths { models_folder: folder.to_owned(), ..paths.clone() };
    let mut follow = |progress: &DownloadProgress| {
        on_progress(progress.bytes_done as f32 / progress.bytes_total.max(1) as f32);
        !stop.load(Ordering::Relaxed)
    };
    match hub::pull(&Hub::of_this_machine(), name, &paths, &mut follow) {
        Ok(path) | Err(DownloadError::Exists { path }) => Ok(path),
        Err(DownloadError::Unreachable(reason)) => {
            let sentence = format!(
                "the hub cannot be reached ({reason}); check the connection and fetch it again, or put {by_hand} by hand into {}",
                folder.display()
            );
            Err(JobError::new(ErrorKind::NotFound, sentence))
        }
        Err(error) => Err(JobError::caused(ErrorKind::NotFound, error)),
    }
}

/// What the next picture will take, on the processor that is wanted then.
fn estimator(wanted: WantedProcessor) -> EstimatePicture {
    let new = |processor: Processor| {
        let estimator = Estimator::new(processor.devices(), processor.dtype);
        (processor, estimator)
    };
    let estimator = Mutex::new(new(wanted.get()));
    Arc::new(move |question| {
        let mut held = estimator.lock().unwrap_or_else(PoisonError::into_inner);
        if held.0 != wanted.get() {
            *held = new(wanted.get());
        }
        held.1.answer(question)
    })
}

/// Counts as the pipeline reads.
fn token_counter(paths: &Paths) -> CountTokens {
    let paths = paths.clone();
    let counter = TokenCounter::default();
    Arc::new(move |TokenQuestion { model, prompt }| {
        let lists = wildcards::lists(&[prompt], &paths);
        counter.count(model, prompt, &lists).map(|(windows, room)| TokenCount { windows, room })
    })
}
