//! What the window is given besides the engine and the store.

use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::Receiver;

use crate::engine::device::{Card, WantedProcessor};
use crate::hub::Offer;
use crate::store::keys::KeyNames;
use crate::store::paths::Paths;
use crate::store::pictures::saving::SavingRules;
use crate::store::queue::QueueKeeper;
use crate::system::instance::Listening;
use crate::system::menu_bar::MenuBar;
use crate::ui::machine::Machines;
use crate::ui::prompt::estimate::EstimatePicture;
use crate::ui::prompt::token_count::CountTokens;
use crate::ui::share::Share;

/// Is given a title and a sentence. Returns at once.
pub type ShowNote = Arc<dyn Fn(&str, &str) + Send + Sync>;

/// Asks which cards pictures can be computed on. May take a moment.
pub type FindCards = Arc<dyn Fn() -> Vec<Card> + Send + Sync>;

/// Gives the newest version where that is newer than this one, `None` where it is not or nobody answers. May take its time.
pub type AskForUpdate = Arc<dyn Fn() -> Option<String> + Send + Sync>;

/// What fetching a model would take, by its name and with a token for the hub; else why that is not known, in a sentence.
pub type LookAtModel = Arc<dyn Fn(&str, Option<String>) -> Result<Offer, String> + Send + Sync>;

/// How the desktop shows a note, and for what.
#[derive(Clone)]
pub struct Note {
    /// What takes less has been waited for.
    pub after_seconds: f64,
    pub show: ShowNote,
}

impl Note {
    pub const AFTER_SECONDS: f64 = 20.0;
}

/// Puts files on the system's clipboard, or says why not. May wait for the desktop.
pub type CopyFiles = Arc<dyn Fn(&[PathBuf]) -> Result<(), String> + Send + Sync>;

/// Services, folders, and what is to be opened.
pub struct Services {
    pub paths: Paths,
    /// "CPU · f32".
    pub device_text: String,
    pub cards: FindCards,
    /// Without one, no count is shown.
    pub count_tokens: Option<CountTokens>,
    /// Without one, there is no estimate.
    pub estimate: Option<EstimatePicture>,
    /// The keys that a person wants otherwise.
    pub keys: KeyNames,
    /// Shared with who keeps pictures.
    pub saving: SavingRules,
    /// Shared with who computes.
    pub processor: WantedProcessor,
    /// Without them, this machine alone computes.
    pub machines: Option<Machines>,
    /// Asked about a model that a link names.
    pub look_at_model: Option<LookAtModel>,
    /// Without it, this machine serves its own window alone.
    pub share: Option<Share>,
    /// Asked where a person wants that; without it this build asks nobody.
    pub ask_for_update: Option<AskForUpdate>,
    /// Nobody has worked here before.
    pub is_first_start: bool,
    /// A sentence to show at once: what was wrong with the settings file, for one.
    pub problem: Option<String>,
    /// Keeps what waits for the next start; without it the queue is over with the window.
    pub queue: Option<Arc<QueueKeeper>>,
    /// Says something to a person who looks elsewhere.
    pub note: Note,
    pub copy_files: CopyFiles,
    /// Pictures, model folders and links named on the command line.
    pub open: Vec<PathBuf>,
    /// What later starts of the program were to open; each brings the window to the front.
    pub arrivals: Option<Receiver<Vec<PathBuf>>>,
    /// Without one, the menus are in the window.
    pub menu_bar: Option<MenuBar>,
    /// While it lives, later starts find this window.
    pub listening: Option<Listening>,
    /// What an earlier run left when it ended in a panic.
    pub crash_report: Option<PathBuf>,
}
