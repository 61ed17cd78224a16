//! Every refusal of the service in one shape, and the one table from kinds of errors to statuses.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::fields::FieldError;
use super::words;
use crate::job::{ErrorKind, JobError};

/// Why a request was not done, as `{"error": {"kind", "field", "message"}}`.
#[derive(Debug)]
pub(super) struct Refusal {
    pub status: StatusCode,
    pub kind: String,
    pub field: Option<String>,
    pub message: String,
    /// Seconds after which it may be tried again.
    pub retry_after: Option<u64>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, kind: &str, message: impl Into<String>) -> Self {
        Self { status, kind: kind.to_owned(), field: None, message: message.into(), retry_after: None }
    }

    pub(super) fn after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds.max(1)), ..self }
    }

    pub(super) fn no_job(id: &str) -> Self {
        let id: String = id.chars().filter(|letter| !letter.is_control()).take(64).collect();
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("there is no job {id}; ended jobs are kept for a while only"),
        )
    }
}

/// What a front with statuses makes of each kind.
#[must_use]
pub(super) fn status_of(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::Request => StatusCode::BAD_REQUEST,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        // Nothing is wrong with the server: this model, this size or this picture cannot be done here.
        ErrorKind::Unreadable | ErrorKind::Unsupported | ErrorKind::Memory => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::Device | ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorKind::Storage => StatusCode::INSUFFICIENT_STORAGE,
        ErrorKind::Busy => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Stopped => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// `not_found`: a kind as a word for programs.
#[must_use]
pub(super) fn name_of(kind: ErrorKind) -> String {
    kind.to_string().replace(' ', "_")
}

impl From<JobError> for Refusal {
    fn from(error: JobError) -> Self {
        let retry_after = matches!(error.kind, ErrorKind::Busy | ErrorKind::Stopped).then_some(5);
        Self {
            status: status_of(error.kind),
            kind: name_of(error.kind),
            field: None,
            message: words::of_error(&error),
            retry_after,
        }
    }
}

impl From<FieldError> for Refusal {
    fn from(error: FieldError) -> Self {
        Self { field: Some(error.field), ..Self::new(StatusCode::BAD_REQUEST, "request", error.message) }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut error = json!({"kind": self.kind, "message": self.message});
        if let Some(field) = self.field {
            error["field"] = field.into();
        }
        let mut response = json_of(self.status, &json!({ "error": error }));
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

#[must_use]
pub(super) fn json_of(status: StatusCode, value: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

#[must_use]
pub(super) fn ok(value: &Value) -> Response {
    json_of(StatusCode::OK, value)
}
