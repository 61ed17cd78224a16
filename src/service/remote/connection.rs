//! Questions to another machine over HTTP, and its refusals as errors of a job.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Method, RequestBuilder, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::address::RemoteAddress;
use super::trust::config_for;
use super::{ESTIMATE, TASK};
use crate::job::{ErrorKind, Estimate, EstimateQuestion, Family, JobError, ModelDefaults, ModelRef, Request};
use crate::prompt::WindowWords;
use crate::sampling::SchedulerName;
use crate::service::answer::name_of;
use crate::service::names::without_paths;
use crate::store::models::entry::ModelEntry;
use crate::store::models::facts::ModelFacts;
use crate::store::models::scan;

/// Whose machine it is sees who asks.
const PROGRAM: &str = concat!("Inkwick/", env!("CARGO_PKG_VERSION"));
const CONNECT: Duration = Duration::from_secs(10);
/// For answers that are short.
const ANSWER: Duration = Duration::from_secs(30);

/// One machine, as a person chose it. Nothing is asked before it is needed.
pub struct Connection {
    address: RemoteAddress,
    client: Client,
    token: Option<String>,
}

/// What a machine says of itself when it is chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Connected {
    /// "desk · CUDA".
    pub label: String,
    /// By their names, which are no files of this machine.
    pub models: Vec<ModelEntry>,
    /// By their names.
    pub loras: Vec<String>,
}

/// What `GET /v1/tokens` says.
#[derive(Deserialize)]
struct Tokens {
    window_room: usize,
    windows: Vec<Window>,
}

#[derive(Deserialize)]
struct Window {
    tokens: usize,
    begins: String,
}

impl Connection {
    /// `fingerprint` is of a certificate that is trusted instead of those that authorities vouch for.
    ///
    /// # Errors
    /// When the system has no TLS to speak.
    pub fn new(address: RemoteAddress, token: Option<String>, fingerprint: Option<&str>) -> Result<Self, JobError> {
        let failed = |error: &dyn std::fmt::Display| JobError::new(ErrorKind::Internal, error.to_string());
        // A machine on the desk is not asked through a proxy; and a runtime may end before its connections do.
        let mut builder =
            Client::builder().user_agent(PROGRAM).connect_timeout(CONNECT).no_proxy().pool_max_idle_per_host(0);
        if let Some(fingerprint) = fingerprint.filter(|_| address.is_secure()) {
            builder = builder.tls_backend_preconfigured(config_for(fingerprint).map_err(|error| failed(&error))?);
        }
        let client = builder.build().map_err(|error| failed(&error))?;
        Ok(Self { address, client, token: token.filter(|token| !token.trim().is_empty()) })
    }

    #[must_use]
    pub fn address(&self) -> &RemoteAddress {
        &self.address
    }

    /// Whether a token would be read by whoever listens in on the network.
    #[must_use]
    pub fn shows_its_token(&self) -> bool {
        self.token.is_some() && !self.address.is_secure() && !self.address.is_this_machine()
    }

    /// Asks whether it is there and lets us in, and what it has.
    ///
    /// # Errors
    /// In one sentence, with what to do.
    pub async fn connect(&self) -> Result<Connected, JobError> {
        let devices = self.json(Method::GET, "/v1/devices", None).await?;
        let used = devices["devices"].as_array().into_iter().flatten().find(|device| device["is_used"] == true);
        let device = used.and_then(|device| device["label"].as_str()).unwrap_or("?");
        let models = self.json(Method::GET, "/v1/models", None).await?;
        let loras = self.json(Method::GET, "/v1/loras", None).await?;
        let list = |list: &Value| list.as_array().cloned().unwrap_or_default();
        Ok(Connected {
            label: format!("{} · {device}", self.address.host()),
            models: list(&models["data"]).iter().filter_map(model_of).collect(),
            loras: list(&loras["loras"]).iter().filter_map(|lora| lora["name"].as_str().map(str::to_owned)).collect(),
        })
    }

    /// # Errors
    /// When it cannot be asked, or cannot tell.
    pub async fn estimate(&self, question: &EstimateQuestion) -> Result<Estimate, JobError> {
        let Request { model, controls, references, .. } = without_paths(Request {
            model: question.model.clone(),
            controls: question.controls.clone(),
            references: question.references.clone(),
            ..Request::default()
        });
        let named = EstimateQuestion { model, controls, references, ..question.clone() };
        let body = serde_json::to_vec(&named).map_err(|error| JobError::caused(ErrorKind::Internal, error))?;
        let request = self.request(Method::POST, "/v1/estimate").header(CONTENT_TYPE, ESTIMATE).body(body);
        self.read(self.send(request.timeout(ANSWER)).await?).await
    }

    /// What each window of a prompt holds, and how much one takes.
    ///
    /// # Errors
    /// When it cannot be asked, or the prompt is too long for any model.
    pub async fn tokens(&self, model: &ModelRef, prompt: &str) -> Result<(Vec<WindowWords>, usize), JobError> {
        let name = match by_name(model) {
            ModelRef::Folder(name) | ModelRef::File(name) => name.display().to_string(),
            built_in => built_in.built_in_id().unwrap_or_default().to_owned(),
        };
        let answer = self.json(Method::POST, "/v1/tokens", Some(json!({"prompt": prompt, "model": name}))).await?;
        let Tokens { window_room, windows } =
            serde_json::from_value(answer).map_err(|error| self.unreadable(&error))?;
        let words = windows.into_iter().map(|Window { tokens, begins }| WindowWords { tokens, begins });
        Ok((words.collect(), window_room))
    }

    /// Hands a task over; the job's id there.
    pub(super) async fn submit(&self, task: Vec<u8>) -> Result<String, JobError> {
        let request = self.request(Method::POST, "/v1/jobs").header(CONTENT_TYPE, TASK).body(task);
        let answer: Value = self.read(self.send(request).await?).await?;
        let id = answer["job_id"].as_str().map(str::to_owned);
        id.ok_or_else(|| self.unreadable(&"it names no job"))
    }

    /// Its events behind number `after`.
    pub(super) async fn stream(&self, id: &str, after: u64) -> Result<Response, JobError> {
        let path = format!("/v1/jobs/{id}/stream");
        let request = self.request(Method::GET, &path).header("last-event-id", after.to_string());
        self.send(request).await
    }

    pub(super) async fn cancel(&self, id: &str) -> Result<(), JobError> {
        let request = self.request(Method::DELETE, &format!("/v1/jobs/{id}"));
        self.send(request.timeout(CONNECT)).await.map(|_| ())
    }

    async fn json(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, JobError> {
        let request = self.request(method, path).timeout(ANSWER);
        let request = match body {
            Some(body) => request.header(CONTENT_TYPE, "application/json").body(body.to_string()),
            None => request,
        };
        self.read(self.send(request).await?).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.address));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, JobError> {
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status().as_u16();
        let body: Value =
            response.bytes().await.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        Err(self.refused(status, &body["error"]))
    }

    async fn read<T: serde::de::DeserializeOwned>(&self, response: Response) -> Result<T, JobError> {
        let bytes = response.bytes().await.map_err(|error| self.unreachable(&error))?;
        serde_json::from_slice(&bytes).map_err(|error| self.unreadable(&error))
    }

    fn refused(&self, status: u16, error: &Value) -> JobError {
        let address = &self.address;
        let said = error["message"].as_str().map(|message| format!("{address}: {message}"));
        if status == 401 {
            let sentence = format!("{address} wants its token, and not the one that it was given; check the token");
            return JobError::new(ErrorKind::Request, sentence);
        }
        // The message names what is missing; a page of something else has none.
        if let Some(said) = said {
            return JobError::new(kind_called(error["kind"].as_str().unwrap_or_default()), said);
        }
        let sentence = format!("what answers at {address} is no Inkwick (status {status}); check the address");
        JobError::new(ErrorKind::NotFound, sentence)
    }

    /// An error of this kind means that the machine may come back.
    pub(super) fn unreachable(&self, error: &reqwest::Error) -> JobError {
        let mut reason: &dyn std::error::Error = error;
        while let Some(deeper) = reason.source() {
            reason = deeper;
        }
        let sentence = format!(
            "{} cannot be reached ({reason}); see whether Inkwick runs there, or compute on this machine",
            self.address
        );
        JobError::new(ErrorKind::Stopped, sentence)
    }

    fn unreadable(&self, error: &dyn std::fmt::Display) -> JobError {
        let sentence =
            format!("the answer of {} is not understood ({error}); both sides want the same version", self.address);
        JobError::new(ErrorKind::Unreadable, sentence)
    }
}

/// An entry of the other machine's list. Its name is all that is needed to draw with it.
fn model_of(entry: &Value) -> Option<ModelEntry> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let name = entry["id"].as_str().filter(|name| !name.is_empty())?.to_owned();
    let own = &entry["defaults"];
    let usual = Family::BuiltIn.defaults();
    let built_in = [ModelEntry::built_in(), ModelEntry::built_in_four_steps()];
    if let Some(own) = built_in.into_iter().find(|own| own.name == name) {
        return Some(own);
    }
    let side = |value: &Value| value.as_u64().and_then(|side| u32::try_from(side).ok());
    Some(ModelEntry {
        reference: ModelRef::File(name.clone().into()),
        kind: text(&entry["description"]),
        defaults: ModelDefaults {
            width: side(&own["width"]).unwrap_or(usual.width),
            height: side(&own["height"]).unwrap_or(usual.height),
            guidance: own["guidance_scale"].as_f64().unwrap_or(usual.guidance),
            steps: side(&own["steps"]).unwrap_or(usual.steps),
            scheduler: own["scheduler"].as_str().and_then(SchedulerName::from_id),
        },
        examples: Vec::new(),
        draws_emoji: false,
        facts: ModelFacts {
            family: text(&entry["family"]),
            bytes: entry["bytes"].as_u64().unwrap_or(0),
            precision: text(&entry["precision"]),
            licence: text(&entry["licence"]),
            thumbnail: None,
        },
        name,
    })
}

fn by_name(model: &ModelRef) -> ModelRef {
    match model {
        ModelRef::Folder(path) => ModelRef::Folder(scan::name_of(path).into()),
        ModelRef::File(path) => ModelRef::File(scan::name_of(path).into()),
        built_in => built_in.clone(),
    }
}

/// The kind of that name, as the service names them.
pub(super) fn kind_called(name: &str) -> ErrorKind {
    use ErrorKind::{Busy, Device, Memory, NotFound, Request, Stopped, Storage, Unreadable, Unsupported};
    let all = [Request, NotFound, Unreadable, Unsupported, Memory, Device, Storage, Busy, Stopped];
    all.into_iter().find(|kind| name_of(*kind) == name).unwrap_or(ErrorKind::Internal)
}
