//! The Hugging Face Hub through its own library, `hf-hub`: what a repository holds, and its files as streams.
//!
//! Two things it lacks in 1.0 are done here as its main branch does them: the metadata of large files (its
//! `get_file_metadata` follows the redirect to the CDN, whose answer has none of the hub's headers: hf-hub#212), and
//! streams over Xet (its `download_file_stream` loses the Xet hash in the same way: hf-hub#208).

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use futures_util::TryStreamExt;
use hf_hub::repository::RepoTreeEntry;
use hf_hub::{HFClient, HFError, HFRepository, RepoTypeModel};
use reqwest::header::{AUTHORIZATION, ETAG, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;

use super::http::{client, stay_on_host};
use super::name::Wanted;
use super::stream::{ByteStream, reason_of};
use super::xet::Xet;
use super::{DownloadError, Hub, Listing, RemoteFile};

/// How often a request is tried while the hub is busy or cannot be reached.
const TRIES: usize = 5;
/// No server is waited for longer between two tries, whatever it asks for.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// What names a file's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileIdentity {
    /// SHA-256 of a large file; git's checksum of a small one.
    pub checksum: String,
    pub xet_hash: Option<String>,
}

/// A stream, and the byte of the file that it begins at.
pub(super) struct Source {
    pub from: u64,
    pub stream: ByteStream,
}

pub(super) struct Connection {
    hub: HFClient,
    model: HFRepository<RepoTypeModel>,
    /// Stops where a redirect leads to another host.
    head: reqwest::Client,
    authorization: HeaderMap,
    xet: Option<Xet>,
    repository: String,
    first_wait: Duration,
}

impl Connection {
    /// Nothing is asked for yet. `scratch` is a folder for Xet's own notes.
    pub(crate) fn open(hub: &Hub, wanted: &Wanted, scratch: &Path) -> Result<Self, DownloadError> {
        let token = hub.token.clone();
        let mut authorization = HeaderMap::new();
        if let Some(token) = &token
            && let Ok(mut value) = HeaderValue::from_str(&format!("Bearer {token}"))
        {
            value.set_sensitive(true);
            authorization.insert(AUTHORIZATION, value);
        }
        let failed = |error: reqwest::Error| DownloadError::Unreachable(reason_of(&error));
        let mut builder = HFClient::builder()
            .endpoint(&hub.endpoint)
            .client(client().build().map_err(failed)?)
            .retry_max_attempts(TRIES - 1)
            .retry_base_delay(hub.first_wait / 2);
        if let Some(token) = token {
            builder = builder.token(token);
        }
        let hub_client = builder.build().map_err(|error| DownloadError::Unreachable(reason_of(&error)))?;
        let repository = wanted.repository();
        let xet = hub.uses_xet.then(|| {
            let url = format!("{}/api/models/{repository}/xet-read-token/", hub_client.endpoint());
            Xet::new(url, authorization.clone(), hub.first_wait, scratch.to_path_buf())
        });
        Ok(Self {
            model: hub_client.model(wanted.owner, wanted.name),
            hub: hub_client,
            head: client().redirect(Policy::custom(stay_on_host)).build().map_err(failed)?,
            authorization,
            xet,
            repository,
            first_wait: hub.first_wait,
        })
    }

    /// What the repository holds now.
    ///
    /// # Errors
    /// When there is none, it is gated, or the hub cannot be reached.
    pub(crate) async fn list(&self) -> Result<Listing, DownloadError> {
        let asked = vec!["sha".to_owned(), "cardData".to_owned()];
        let info = self.patiently(async || self.model.info().expand(asked.clone()).send().await).await?;
        let is_hash =
            |sha: &String| !sha.is_empty() && sha.len() <= 64 && sha.chars().all(|c| c.is_ascii_alphanumeric());
        let licence = info.card_data.as_ref().and_then(licence_in);
        let revision = info.sha.filter(is_hash).unwrap_or_else(|| "main".to_owned());
        let entries = self.patiently(async || {
            let entries = self.model.list_tree().revision(revision.as_str()).recursive(true).send()?;
            entries.try_collect::<Vec<_>>().await
        });
        let file = |entry| match entry {
            RepoTreeEntry::File { path, size, .. } => Some(RemoteFile { name: path, bytes: size }),
            RepoTreeEntry::Directory { .. } => None,
        };
        let files = entries.await?.into_iter().filter_map(file).collect();
        Ok(Listing { revision, licence, files })
    }

    /// What names the bytes of a file.
    ///
    /// # Errors
    /// As for the listing, or when its answer names none.
    pub(crate) async fn identify(&self, revision: &str, file: &str) -> Result<FileIdentity, DownloadError> {
        let url = format!("{}/{}/resolve/{revision}/{}", self.hub.endpoint(), self.repository, percent_encoded(file));
        let mut problem = String::new();
        for attempt in 0..TRIES {
            let response = match self.head.head(&url).headers(self.authorization.clone()).send().await {
                Ok(response) => response,
                Err(error) => {
                    problem = reason_of(&error);
                    self.wait(attempt, None).await;
                    continue;
                }
            };
            match response.status().as_u16() {
                200..=399 => return identity(response.headers()),
                busy @ (408 | 425 | 429 | 500..=599) => problem = format!("it answers with status {busy}"),
                other => return Err(self.refused(other)),
            }
            let asked = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
            self.wait(attempt, asked.map(Duration::from_secs)).await;
        }
        Err(DownloadError::Unreachable(problem))
    }

    /// A file from a byte on; over Xet where both can, several connections at a time.
    ///
    /// # Errors
    /// As for the listing.
    pub(crate) async fn stream(
        &self,
        revision: &str,
        file: &RemoteFile,
        xet_hash: Option<&str>,
        range: Range<u64>,
    ) -> Result<Source, DownloadError> {
        if let (Some(xet), Some(hash)) = (&self.xet, xet_hash) {
            let stream = xet.stream(revision, hash, file.bytes, range.clone()).await;
            return match stream {
                Ok(stream) => Ok(Source { from: range.start, stream }),
                Err(reason) => Err(DownloadError::Unreachable(reason)),
            };
        }
        let from = range.start;
        let stream = self.model.download_file_stream().filename(file.name.as_str()).revision(revision).range(range);
        let (length, stream) = stream.send().await.map_err(|error| self.error(&error))?;
        // A server that knows no ranges sends all of the file.
        let is_whole = from > 0 && length == Some(file.bytes);
        Ok(Source { from: if is_whole { 0 } else { from }, stream })
    }

    /// Waits before the next try.
    pub(crate) async fn wait(&self, attempt: usize, asked: Option<Duration>) {
        let wait = asked.unwrap_or_else(|| self.first_wait * 2u32.pow(attempt.min(5) as u32));
        tokio::time::sleep(wait.min(MAX_WAIT)).await;
    }

    /// `hf-hub` tries again by itself, but not after the time that a busy hub asks for.
    async fn patiently<T>(&self, ask: impl AsyncFn() -> Result<T, HFError>) -> Result<T, DownloadError> {
        let mut attempt = 0;
        loop {
            match ask().await {
                Ok(answer) => return Ok(answer),
                Err(HFError::RateLimited { retry_after, .. }) if attempt + 1 < TRIES => {
                    self.wait(attempt, retry_after).await;
                    attempt += 1;
                }
                Err(error) => return Err(self.error(&error)),
            }
        }
    }

    fn error(&self, error: &HFError) -> DownloadError {
        match error {
            HFError::AuthRequired { .. } | HFError::Forbidden { .. } => self.refused(403),
            HFError::RepoNotFound { .. } | HFError::RevisionNotFound { .. } | HFError::EntryNotFound { .. } => {
                self.refused(404)
            }
            HFError::Http { context } => self.refused(context.status.as_u16()),
            HFError::RateLimited { .. } => self.refused(429),
            other => DownloadError::Unreachable(reason_of(other)),
        }
    }

    fn refused(&self, status: u16) -> DownloadError {
        match status {
            401 | 403 => DownloadError::Gated(self.repository.clone()),
            404 => DownloadError::NoRepository(self.repository.clone()),
            other => DownloadError::Unreachable(format!("it answers with status {other}")),
        }
    }
}

/// `license_name` is the real one where `license` says "other".
fn licence_in(card: &serde_json::Value) -> Option<String> {
    let text = |name: &str| card[name].as_str();
    let licence = text("license").filter(|licence| *licence != "other").or_else(|| text("license_name"))?;
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || "-_.+ ".contains(letter);
    (licence.len() <= 64 && licence.chars().all(is_name)).then(|| licence.to_owned())
}

fn identity(headers: &HeaderMap) -> Result<FileIdentity, DownloadError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let tag = text("x-linked-etag").or_else(|| text(ETAG.as_str())).unwrap_or_default();
    let checksum = tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"').to_ascii_lowercase();
    // It becomes the name of a file.
    if checksum.is_empty() || checksum.len() > 128 || !checksum.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return Err(DownloadError::Unreachable("its answer names no checksum".to_owned()));
    }
    let is_hash = |hash: &&str| hash.len() == 64 && hash.chars().all(|c| c.is_ascii_hexdigit());
    Ok(FileIdentity { checksum, xet_hash: text("x-xet-hash").filter(is_hash).map(str::to_owned) })
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
