//! The Hugging Face Hub over HTTP: what a repository holds, and its files.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use ureq::http::Response;
use ureq::{Agent, Body};

use super::{DownloadError, RemoteFile, choose};

const TRIES: u32 = 5;
/// No server is waited for longer between two tries, whatever it asks for.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// Where models are fetched from, and who asks.
pub struct Hub {
    agent: Agent,
    endpoint: String,
    token: Option<String>,
    /// The first wait after a failure; it doubles with each.
    pub first_wait: Duration,
}

/// A repository at one revision.
pub struct Listing {
    pub revision: String,
    pub files: Vec<RemoteFile>,
}

impl Listing {
    /// The hub's answer to what a repository holds.
    ///
    /// # Errors
    /// When it is no such answer.
    pub fn read(answer: &str) -> Result<Self, DownloadError> {
        let answer: Answer = serde_json::from_str(answer)
            .map_err(|error| DownloadError::Unreachable(format!("its answer is no listing: {error}")))?;
        let revision = answer.sha.filter(|sha| sha.chars().all(|c| c.is_ascii_alphanumeric()) && sha.len() <= 64);
        let file = |sibling: Sibling| {
            let (sha256, large) = sibling.lfs.map_or((None, None), |lfs| (lfs.sha256, lfs.size));
            RemoteFile { name: sibling.rfilename, bytes: large.or(sibling.size).unwrap_or(0), sha256 }
        };
        let files = answer.siblings.into_iter().map(file).collect();
        Ok(Self { revision: revision.unwrap_or_else(|| "main".to_owned()), files })
    }

    /// The files that a model needs: of a diffusers folder, half precision first; or the one checkpoint that there is or
    /// that is `wanted`.
    ///
    /// # Errors
    /// When there is no model, or one of several must be named.
    pub fn needed(&self, repository: &str, wanted: Option<&str>) -> Result<Vec<RemoteFile>, DownloadError> {
        choose::files(repository, &self.files, wanted)
    }
}

#[derive(Deserialize)]
struct Answer {
    sha: Option<String>,
    #[serde(default)]
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
    #[serde(default)]
    size: Option<u64>,
    #[serde(default)]
    lfs: Option<Lfs>,
}

#[derive(Deserialize)]
struct Lfs {
    sha256: Option<String>,
    size: Option<u64>,
}

impl Hub {
    /// A hub of one's own choice. The token is sent to it and nowhere else.
    #[must_use]
    pub fn new(endpoint: &str, token: Option<String>) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(20)))
            .timeout_recv_response(Some(Duration::from_mins(1)))
            .user_agent(concat!("inkwick/", env!("CARGO_PKG_VERSION")));
        Self {
            agent: config.build().into(),
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            token: token.filter(|token| !token.trim().is_empty()),
            first_wait: Duration::from_secs(1),
        }
    }

    /// As the hub's own tools are set up: `HF_ENDPOINT`, `HF_TOKEN`, and the token file under `HF_HOME`.
    #[must_use]
    pub fn of_this_machine() -> Self {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let home = set("HF_HOME").map(PathBuf::from).or_else(|| {
            let user = directories::BaseDirs::new()?;
            Some(user.home_dir().join(".cache").join("huggingface"))
        });
        let stored = || std::fs::read_to_string(home?.join("token")).ok().map(|token| token.trim().to_owned());
        let token = set("HF_TOKEN").or_else(stored);
        Self::new(&set("HF_ENDPOINT").unwrap_or_else(|| "https://huggingface.co".to_owned()), token)
    }

    /// The same hub, asked with this token.
    #[must_use]
    pub fn with_token(self, token: Option<String>) -> Self {
        Self { token: token.or(self.token), ..self }
    }

    /// What a repository holds now.
    ///
    /// # Errors
    /// When there is none, it is gated, or the hub cannot be reached.
    pub fn list(&self, repository: &str) -> Result<Listing, DownloadError> {
        let url = format!("{}/api/models/{repository}?blobs=true", self.endpoint);
        let mut response = self.get(&url, repository, 0)?;
        let text = response.body_mut().with_config().limit(32 << 20).read_to_string();
        let text = text.map_err(|error| DownloadError::Unreachable(error.to_string()))?;
        Listing::read(&text)
    }

    /// A file from the byte `from` on. A server that cannot do that answers with the whole file (status 200).
    ///
    /// # Errors
    /// As for the listing.
    pub fn open(
        &self,
        repository: &str,
        revision: &str,
        file: &str,
        from: u64,
    ) -> Result<Response<Body>, DownloadError> {
        let url = format!("{}/{repository}/resolve/{revision}/{}", self.endpoint, percent_encoded(file));
        self.get(&url, repository, from)
    }

    /// Tries again, later and later, while the hub is busy or the connection breaks.
    fn get(&self, url: &str, repository: &str, from: u64) -> Result<Response<Body>, DownloadError> {
        let mut problem = String::new();
        for attempt in 0..TRIES {
            let mut request = self.agent.get(url);
            if let Some(token) = &self.token {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            if from > 0 {
                request = request.header("range", format!("bytes={from}-"));
            }
            let mut wait = self.first_wait * 2u32.pow(attempt);
            match request.call() {
                Err(error) => problem = error.to_string(),
                Ok(response) => match response.status().as_u16() {
                    200 | 206 => return Ok(response),
                    401 | 403 => return Err(DownloadError::Gated(repository.to_owned())),
                    404 => return Err(DownloadError::NoRepository(repository.to_owned())),
                    busy @ (408 | 425 | 429 | 500..=599) => {
                        let asked =
                            response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
                        wait = asked.map_or(wait, Duration::from_secs);
                        problem = format!("it answers with status {busy}");
                    }
                    other => return Err(DownloadError::Unreachable(format!("it answers with status {other}"))),
                },
            }
            if attempt + 1 < TRIES {
                std::thread::sleep(wait.min(MAX_WAIT));
            }
        }
        Err(DownloadError::Unreachable(problem))
    }

    /// Waits before the `attempt`th try of one file.
    pub fn wait(&self, attempt: u32) {
        std::thread::sleep((self.first_wait * 2u32.pow(attempt.min(5))).min(MAX_WAIT));
    }
}

fn percent_encoded(path: &str) -> String {
    use std::fmt::Write;
    path.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}
