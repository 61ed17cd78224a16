//! One task on another machine: handed over, followed to its outcome, through lost connections and restarts.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::Response;
use serde_json::Value;

use super::connection::{Connection, kind_called};
use super::events::{Block, Blocks};
use crate::engine::BackendError;
use crate::job::{CancelToken, Drawn, ErrorKind, JobError, ModelPart, Notice, Progress, Request, Task};
use crate::raster::Picture;
use crate::service::names::without_paths;
use crate::store::pictures::metadata::parameters::request_of_json;
use crate::store::pictures::picture_file;

/// How often a cancel is looked for.
const LOOK: Duration = Duration::from_millis(25);
/// Between two tries to reach it again.
const PAUSE: Duration = Duration::from_millis(500);
/// A machine that was there and is not for so long is given up.
const PATIENCE: Duration = Duration::from_mins(3);

/// What came of one connection.
#[allow(clippy::large_enum_variant)] // Returned once for each connection.
enum Followed {
    Ended(Box<Result<Drawn, BackendError>>),
    /// The connection broke; the job may go on.
    Lost,
    /// The machine does not know the job any more, or has handed it back.
    Gone,
}

impl Followed {
    fn ended(outcome: Result<Drawn, BackendError>) -> Self {
        Self::Ended(Box::new(outcome))
    }
}

struct Run<'a> {
    connection: &'a Connection,
    asked: &'a Request,
    cancel: &'a CancelToken,
    progress: &'a mut dyn FnMut(Progress),
    /// The last event that was read.
    after: u64,
    /// A step whose preview may follow.
    step: Option<(u32, u32, f64)>,
}

pub(super) async fn run(
    connection: &Connection,
    task: &Task,
    cancel: &CancelToken,
    progress: &mut dyn FnMut(Progress),
) -> Result<Drawn, BackendError> {
    let Task::Generate(asked) = task else {
        let sentence = format!("{} draws pictures and enlarges none; compute on this machine", connection.address());
        return Err(JobError::new(ErrorKind::Unsupported, sentence).into());
    };
    let named = Task::from(without_paths((**asked).clone()));
    let bytes = named.to_bytes().map_err(|error| JobError::caused(ErrorKind::Internal, error))?;
    let mut run = Run { connection, asked, cancel, progress, after: 0, step: None };
    let mut id = run.submitted(&bytes, true).await?;
    let mut newest = (0, Instant::now());
    loop {
        let followed = run.followed(&id).await;
        if run.after != newest.0 {
            newest = (run.after, Instant::now());
        } else if newest.1.elapsed() > PATIENCE {
            let sentence = format!("{} breaks off again and again; compute on this machine", connection.address());
            return Err(JobError::new(ErrorKind::Stopped, sentence).into());
        }
        match followed {
            Followed::Ended(outcome) => return *outcome,
            Followed::Gone => {
                run.say("was started again and is asked for this picture anew");
                id = run.submitted(&bytes, false).await?;
            }
            Followed::Lost => run.say("was lost on the way; it is tried again"),
        }
        run.pause().await?;
    }
}

impl Run<'_> {
    fn say(&mut self, what: &str) {
        let message = format!("{} {what}", self.connection.address());
        tracing::info!("{message}");
        (self.progress)(Progress::Notice(Notice::from(message)));
    }

    /// Waits for room in its queue, and, once it was reached, for the machine itself.
    async fn submitted(&mut self, task: &[u8], is_first: bool) -> Result<String, BackendError> {
        let begun = Instant::now();
        let mut has_said = false;
        loop {
            let error = tokio::select! {
                answer = self.connection.submit(task.to_vec()) => match answer {
                    Ok(id) => {
                        self.after = 0;
                        return Ok(id);
                    }
                    Err(error) => error,
                },
                () = cancelled(self.cancel) => return Err(BackendError::Cancelled),
            };
            let may_wait = match error.kind {
                ErrorKind::Busy => true,
                ErrorKind::Stopped => !is_first && begun.elapsed() < PATIENCE,
                _ => false,
            };
            if !may_wait {
                return Err(error.into());
            }
            if error.kind == ErrorKind::Busy && !has_said {
                has_said = true;
                self.say("has a full queue; this picture waits for a place");
            }
            self.pause().await?;
        }
    }

    async fn pause(&mut self) -> Result<(), BackendError> {
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => Ok(()),
            () = cancelled(self.cancel) => Err(BackendError::Cancelled),
        }
    }

    /// Reads events until the outcome, or until the connection breaks for good.
    async fn followed(&mut self, id: &str) -> Followed {
        let begun = Instant::now();
        let response = loop {
            let answer = tokio::select! {
                answer = self.connection.stream(id, self.after) => answer,
                () = cancelled(self.cancel) => return self.given_up(id).await,
            };
            match answer {
                Ok(response) => break response,
                Err(error) if error.kind == ErrorKind::NotFound => return Followed::Gone,
                Err(error) if error.kind == ErrorKind::Stopped && begun.elapsed() < PATIENCE => {
                    if self.pause().await.is_err() {
                        return self.given_up(id).await;
                    }
                }
                Err(error) => return Followed::ended(Err(error.into())),
            }
        };
        self.read(id, response).await
    }

    async fn read(&mut self, id: &str, mut response: Response) -> Followed {
        let mut blocks = Blocks::default();
        loop {
            let chunk = tokio::select! {
                chunk = response.chunk() => chunk,
                () = cancelled(self.cancel) => return self.given_up(id).await,
            };
            let Ok(Some(bytes)) = chunk else { return Followed::Lost };
            if !blocks.push(&bytes) {
                let sentence = format!("{} sends more than a picture can have", self.connection.address());
                return Followed::ended(Err(JobError::new(ErrorKind::Unreadable, sentence).into()));
            }
            while let Some(block) = blocks.pop() {
                self.after = block.id;
                if let Some(followed) = self.take(&block) {
                    return followed;
                }
            }
        }
    }

    async fn given_up(&self, id: &str) -> Followed {
        if let Err(error) = self.connection.cancel(id).await {
            tracing::warn!("the job could not be taken back: {error}");
        }
        Followed::ended(Err(BackendError::Cancelled))
    }

    fn take(&mut self, block: &Block) -> Option<Followed> {
        let data = &block.data;
        let whole = |name: &str| data[name].as_u64().unwrap_or(0) as u32;
        // A preview belongs to the step before it, and follows at once where there is one.
        if block.name != "preview" {
            self.step_without_preview();
        }
        match block.name.as_str() {
            "loading" => {
                let part = serde_json::from_value(data["part"].clone()).unwrap_or(ModelPart::Unet);
                let fraction = data["fraction"].as_f64().unwrap_or(0.0) as f32;
                (self.progress)(Progress::Loading { part, fraction });
            }
            "progress" => {
                let seconds = data["seconds_per_step"].as_f64().unwrap_or(0.0);
                self.step = Some((whole("step"), whole("total"), seconds));
            }
            "preview" => {
                let picture = picture_in(&data["image"]).map(Arc::new);
                if let Some((done, total, seconds)) = self.step.take() {
                    (self.progress)(Progress::Step { done, total, seconds, preview: picture });
                }
            }
            "notice" => {
                let message = data["message"].as_str().unwrap_or_default().to_owned();
                (self.progress)(Progress::Notice(Notice::from(message)));
            }
            "complete" => return Some(Followed::ended(self.drawn(data))),
            "cancelled" => return Some(Followed::ended(Err(BackendError::Cancelled))),
            "error" => {
                let kind = kind_called(data["kind"].as_str().unwrap_or_default());
                if kind == ErrorKind::Stopped {
                    return Some(Followed::Gone);
                }
                let message = data["message"].as_str().unwrap_or("it failed");
                return Some(Followed::ended(Err(JobError::new(kind, message).into())));
            }
            _ => {}
        }
        None
    }

    fn step_without_preview(&mut self) {
        if let Some((done, total, seconds)) = self.step.take() {
            (self.progress)(Progress::Step { done, total, seconds, preview: None });
        }
    }

    /// The picture, and what was really used for it; files are this machine's again.
    fn drawn(&self, data: &Value) -> Result<Drawn, BackendError> {
        let unreadable = || {
            let sentence = format!("the picture of {} cannot be read; make it again", self.connection.address());
            JobError::new(ErrorKind::Unreadable, sentence)
        };
        let picture = picture_in(&data["image"]).ok_or_else(unreadable)?;
        let used = request_of_json(&data["metadata"]["settings"].to_string()).ok_or_else(unreadable)?;
        let Request { model, vae, loras, embeddings, init, mask, .. } = self.asked.clone();
        Ok(Drawn { picture, request: Request { model, vae, loras, embeddings, init, mask, ..used }, latents: None })
    }
}

fn picture_in(base64: &Value) -> Option<Picture> {
    let bytes = BASE64_STANDARD.decode(base64.as_str()?).ok()?;
    picture_file::read_bytes(&bytes, Path::new("picture"), u64::MAX, &mut Vec::new()).ok()
}

async fn cancelled(cancel: &CancelToken) {
    while !cancel.is_cancelled() {
        tokio::time::sleep(LOOK).await;
    }
}
