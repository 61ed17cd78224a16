//! Refusals in OpenAI's shape.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::service::answer::{Refusal, json_of};

/// `{"error": {"message", "type", "param", "code"}}`.
pub(super) struct Refused(Refusal);

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl Refused {
    /// One field is wrong.
    pub(super) fn field(field: &str, message: impl Into<String>) -> Self {
        let refusal = Refusal::new(StatusCode::BAD_REQUEST, "invalid_value", message);
        Self(Refusal { field: Some(field.to_owned()), ..refusal })
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Refusal { status, kind, message, field, retry_after } = self.0;
        let class = match status {
            StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
            status if status.is_server_error() => "server_error",
            _ => "invalid_request_error",
        };
        let error = json!({"message": message, "type": class, "param": field, "code": kind});
        let mut response = json_of(status, &json!({ "error": error }));
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
