//! What the window is given besides the engine and the store.

use crate::engine::device::WantedProcessor;
use crate::store::keys::KeyNames;
use crate::store::paths::Paths;
use crate::store::pictures::saving::SavingRules;
use crate::ui::prompt::estimate::EstimatePicture;
use crate::ui::prompt::token_count::CountTokens;

/// What the window is given besides the engine and the store.
pub struct Services {
    pub paths: Paths,
    /// "CPU · f32".
    pub device_text: String,
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
    /// Nobody has worked here before.
    pub is_first_start: bool,
    /// A sentence to show at once: what was wrong with the settings file, for one.
    pub problem: Option<String>,
    /// Pictures and model folders named on the command line.
    pub open: Vec<std::path::PathBuf>,
}
