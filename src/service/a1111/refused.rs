//! Refusals as AUTOMATIC1111's clients read them.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::service::answer::{Refusal, json_of};

/// A refusal with the keys that AUTOMATIC1111's have.
pub(super) struct Refused(Refusal);

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Refusal { status, kind, message, retry_after, .. } = self.0;
        let mut response = json_of(status, &json!({"error": kind, "detail": message, "body": "", "errors": message}));
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
