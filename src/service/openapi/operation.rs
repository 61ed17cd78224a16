//! One address and method of the document, in a few words.

use serde_json::{Map, Value, json};

use super::schema::{of, text};

/// Whose words a group of addresses speaks: what its refusals look like.
#[derive(Clone, Copy)]
pub(super) enum Dialect {
    Own,
    A1111,
    OpenAi,
}

impl Dialect {
    fn tag(self) -> &'static str {
        match self {
            Self::Own => "Inkwick",
            Self::A1111 => "AUTOMATIC1111",
            Self::OpenAi => "OpenAI",
        }
    }

    fn refusal(self) -> Value {
        of(match self {
            Self::Own => "Refusal",
            Self::A1111 => "RefusalOfA1111",
            Self::OpenAi => "RefusalOfOpenAi",
        })
    }
}

pub(super) const JSON: &str = "application/json";
pub(super) const EVENTS: &str = "text/event-stream";

/// A row of the document.
pub(super) struct Operation {
    pub path: &'static str,
    /// In small letters.
    pub method: &'static str,
    dialect: Dialect,
    summary: &'static str,
    parameters: Vec<Value>,
    body: Option<Value>,
    answers: Map<String, Value>,
    is_open: bool,
}

impl Operation {
    pub(super) fn get(dialect: Dialect, path: &'static str, summary: &'static str) -> Self {
        Self::new(dialect, "get", path, summary)
    }

    pub(super) fn post(dialect: Dialect, path: &'static str, summary: &'static str) -> Self {
        Self::new(dialect, "post", path, summary)
    }

    pub(super) fn new(dialect: Dialect, method: &'static str, path: &'static str, summary: &'static str) -> Self {
        let (parameters, answers) = (Vec::new(), Map::new());
        let operation = Self { path, method, dialect, summary, parameters, body: None, answers, is_open: false };
        // The guard's, which looks at everyone.
        let operation =
            [400, 401, 403].into_iter().fold(operation, |operation, status| operation.says(status, Dialect::Own));
        if !path.contains('{') {
            return operation;
        }
        let name = path.split(['{', '}']).nth(1).unwrap_or_default();
        let operation = operation.parameter(json!({"name": name, "in": "path", "required": true, "schema": text()}));
        let operation = operation.refuses([404]);
        // A job may be another node's, in a queue that does not answer.
        if path.starts_with("/v1/jobs/") { operation.refuses([503]) } else { operation }
    }

    /// A header or a part of the query.
    pub(super) fn asks(self, place: &str, name: &str, sentence: &str, shape: Value) -> Self {
        let mut parameter = json!({"name": name, "in": place, "description": sentence});
        parameter["schema"] = shape;
        self.parameter(parameter)
    }

    fn parameter(mut self, parameter: Value) -> Self {
        self.parameters.push(parameter);
        self
    }

    /// A body, with what can be wrong about any: that it is too large, or does not come whole.
    pub(super) fn takes(self, kind: &str, shape: impl Into<Value>) -> Self {
        let body = json!({"required": true, "content": {kind: {"schema": shape.into()}}});
        Self { body: Some(body), ..self }.refuses([400, 408, 413])
    }

    pub(super) fn gives(mut self, status: u16, sentence: &str, kind: &str, shape: impl Into<Value>) -> Self {
        let answer = self.answers.entry(status.to_string()).or_insert_with(|| json!({"content": {}}));
        answer["description"] = sentence.into();
        answer["content"][kind] = json!({"schema": shape.into()});
        self
    }

    pub(super) fn gives_nothing(mut self, status: u16, sentence: &str) -> Self {
        self.answers.insert(status.to_string(), json!({"description": sentence}));
        self
    }

    pub(super) fn refuses<const N: usize>(self, statuses: [u16; N]) -> Self {
        let dialect = self.dialect;
        statuses.into_iter().fold(self, |operation, status| operation.says(status, dialect))
    }

    /// As [`Self::gives`]: whoever refuses last has the say about the body's shape.
    fn says(self, status: u16, dialect: Dialect) -> Self {
        self.gives(status, meaning(status), JSON, dialect.refusal())
    }

    /// Nobody is asked for a token.
    pub(super) fn open(self) -> Self {
        Self { is_open: true, ..self }
    }

    pub(super) fn described(self) -> Value {
        let id = format!("{} {}", self.method, self.path);
        let id: String = id.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
        let mut described = json!({
            "operationId": id,
            "tags": [self.dialect.tag()],
            "summary": self.summary,
            "responses": self.answers,
        });
        if !self.parameters.is_empty() {
            described["parameters"] = self.parameters.into();
        }
        if let Some(body) = self.body {
            described["requestBody"] = body;
        }
        if self.is_open {
            described["security"] = json!([{}]);
        }
        described
    }
}

/// Why a request is refused with a status, wherever it is.
fn meaning(status: u16) -> &'static str {
    match status {
        400 => "A field, or the whole body, is wrong; the message says which and what is allowed.",
        401 => "The server needs its token.",
        403 => "Asked by a name, or from a page, that is not allowed.",
        404 => "There is nothing of that name.",
        406 => "Both application/json and text/event-stream must be accepted.",
        408 => "The body took too long to come.",
        409 => "Not in this state of the job.",
        410 => "The job was cancelled.",
        413 => "The body is too large.",
        415 => "The body must be application/json.",
        422 => "This model, this size or this picture cannot be done here.",
        429 => "The queue is full; Retry-After says when there may be room.",
        503 => "The server is shutting down.",
        507 => "The server's disk is full.",
        _ => "Something broke inside; it can be tried again.",
    }
}
