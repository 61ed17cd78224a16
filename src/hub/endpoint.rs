//! Which hub models are fetched from, and who asks.

use std::path::PathBuf;
use std::time::Duration;

use crate::store::hub_cache;

const PUBLIC_HUB: &str = "https://huggingface.co";

/// Where models are fetched from, and who asks.
#[derive(Clone)]
#[cfg_attr(not(feature = "hub"), expect(dead_code, reason = "only the network reads them"))]
pub struct Hub {
    pub(super) endpoint: String,
    pub(super) token: Option<String>,
    pub(super) uses_xet: bool,
    /// The first wait after a failure; it doubles with each.
    pub first_wait: Duration,
}

impl Hub {
    /// A hub of one's own choice. The token is sent to it and nowhere else.
    #[must_use]
    pub fn new(endpoint: &str, token: Option<String>) -> Self {
        Self {
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            token: token.filter(|token| !token.trim().is_empty()),
            uses_xet: true,
            first_wait: Duration::from_secs(1),
        }
    }

    /// As the hub's own tools are set up: `HF_ENDPOINT`, `HF_TOKEN`, `HF_HUB_DISABLE_XET`, and the token's file.
    #[must_use]
    pub fn of_this_machine() -> Self {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let is_on =
            |name: &str| set(name).is_some_and(|value| ["1", "true", "yes", "on"].contains(&&*value.to_lowercase()));
        let file = || {
            let user = directories::BaseDirs::new();
            let home = hub_cache::home(
                |name| set(name).map(PathBuf::from),
                user.as_ref().map(directories::BaseDirs::home_dir),
            );
            set("HF_TOKEN_PATH").map(PathBuf::from).or_else(|| home.map(|home| home.join("token")))
        };
        let stored = || std::fs::read_to_string(file()?).ok().map(|token| token.trim().to_owned());
        let token = if is_on("HF_HUB_DISABLE_IMPLICIT_TOKEN") { None } else { set("HF_TOKEN").or_else(stored) };
        let uses_xet = !is_on("HF_HUB_DISABLE_XET");
        Self { uses_xet, ..Self::new(&set("HF_ENDPOINT").unwrap_or_else(|| PUBLIC_HUB.to_owned()), token) }
    }

    /// The same hub, asked with this token.
    #[must_use]
    pub fn with_token(self, token: Option<String>) -> Self {
        Self { token: token.or(self.token), ..self }
    }
}
