//! What became of a job, as bytes: for the disk, and for other nodes.

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::record::{Ended, Picture, Record};
use crate::job::{ErrorKind, Request};

#[derive(Serialize, Deserialize)]
struct Header {
    created: i64,
    /// Seconds since 1970.
    ended: i64,
    notices: Vec<String>,
    outcome: Outcome,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Complete(Box<Made>),
    Cancelled,
    Failed { kind: ErrorKind, message: String },
}

#[derive(Serialize, Deserialize)]
struct Made {
    width: u32,
    height: u32,
    request: Request,
    parameters: String,
    settings: Value,
    seconds: f64,
    peak_memory_bytes: Option<u64>,
}

/// What was read.
pub(in crate::service) struct Read {
    /// Seconds since 1970.
    pub created: i64,
    /// Since it ended.
    pub age: Duration,
    pub notices: Vec<String>,
    pub ended: Ended,
}

/// All but the picture, and the picture.
///
/// # Errors
/// When a number in it is none.
pub(in crate::service) fn written(record: &Record, ended: &Ended) -> serde_json::Result<(Vec<u8>, Bytes)> {
    let (outcome, picture) = match ended {
        Ended::Cancelled => (Outcome::Cancelled, Bytes::new()),
        Ended::Failed { kind, message } => (Outcome::Failed { kind: *kind, message: message.clone() }, Bytes::new()),
        Ended::Complete(picture) => {
            let made = Made {
                width: picture.width,
                height: picture.height,
                request: picture.request.clone(),
                parameters: picture.parameters.clone(),
                settings: picture.settings.clone(),
                seconds: picture.seconds,
                peak_memory_bytes: picture.peak_memory_bytes,
            };
            (Outcome::Complete(Box::new(made)), picture.png.clone())
        }
    };
    let notices = record.notices().iter().map(ToString::to_string).collect();
    Ok((header(record.created, notices, outcome)?, picture))
}

/// Of a job that no record is about.
///
/// # Errors
/// Never, as it holds texts alone.
#[cfg(feature = "nats")]
pub(in crate::service) fn written_without_picture(failure: Option<(ErrorKind, String)>) -> serde_json::Result<Vec<u8>> {
    let outcome = failure.map_or(Outcome::Cancelled, |(kind, message)| Outcome::Failed { kind, message });
    header(now(), Vec::new(), outcome)
}

fn header(created: i64, notices: Vec<String>, outcome: Outcome) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&Header { created, ended: now(), notices, outcome })
}

fn now() -> i64 {
    chrono::Utc::now().timestamp()
}

/// `None` for bytes of another version.
#[must_use]
pub(in crate::service) fn read(bytes: &[u8], png: Bytes) -> Option<Read> {
    let Header { created, ended: at, notices, outcome } = serde_json::from_slice(bytes).ok()?;
    let age = Duration::from_secs(u64::try_from(now() - at).unwrap_or(0));
    Some(Read { created, age, notices, ended: ended(outcome, png) })
}

fn ended(outcome: Outcome, png: Bytes) -> Ended {
    match outcome {
        Outcome::Cancelled => Ended::Cancelled,
        Outcome::Failed { kind, message } => Ended::Failed { kind, message },
        Outcome::Complete(made) => {
            let Made { width, height, request, parameters, settings, seconds, peak_memory_bytes } = *made;
            Ended::Complete(Box::new(Picture {
                png,
                width,
                height,
                request,
                parameters,
                settings,
                seconds,
                peak_memory_bytes,
            }))
        }
    }
}
