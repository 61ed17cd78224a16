//! Short ways to say what JSON looks like.

use serde_json::{Map, Value, json};

/// Another part of the document, by its name.
pub(super) fn of(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

pub(super) fn text() -> Value {
    json!({"type": "string"})
}

/// Of a stream: some hold this against its text, some against each event.
pub(super) fn events() -> Value {
    json!({"description": "Server-sent events, one after the other."})
}

pub(super) fn flag() -> Value {
    json!({"type": "boolean"})
}

pub(super) fn number() -> Value {
    json!({"type": "number"})
}

pub(super) fn whole() -> Value {
    json!({"type": "integer"})
}

/// Whatever JSON is.
pub(super) fn anything() -> Value {
    json!({})
}

pub(super) fn or_null(shape: Value) -> Value {
    any_of([shape, json!({"type": "null"})])
}

pub(super) fn any_of<const N: usize>(shapes: [Value; N]) -> Value {
    let shapes: Vec<Value> = shapes.into();
    json!({ "anyOf": shapes })
}

pub(super) fn whole_from(least: impl Into<Value>, most: impl Into<Value>) -> Value {
    json!({"type": "integer", "minimum": least.into(), "maximum": most.into()})
}

pub(super) fn number_from(least: f64, most: f64) -> Value {
    json!({"type": "number", "minimum": least, "maximum": most})
}

pub(super) fn word_of(words: impl IntoIterator<Item = impl Into<Value>>) -> Value {
    json!({"type": "string", "enum": words.into_iter().map(Into::into).collect::<Vec<Value>>()})
}

pub(super) fn pattern(pattern: &str) -> Value {
    json!({"type": "string", "pattern": pattern})
}

pub(super) fn list(of: impl Into<Value>) -> Value {
    json!({"type": "array", "items": of.into()})
}

pub(super) fn list_of(least: usize, most: usize, of: impl Into<Value>) -> Value {
    json!({"type": "array", "items": of.into(), "minItems": least, "maxItems": most})
}

/// The base64 of a picture's file.
pub(super) fn picture() -> Value {
    json!({"type": "string", "contentEncoding": "base64", "contentMediaType": "image/png"})
}

/// A file's bytes.
pub(super) fn file() -> Value {
    json!({"type": "string", "contentMediaType": "application/octet-stream"})
}

/// An object, field by field.
#[derive(Clone)]
pub(super) struct Object {
    properties: Map<String, Value>,
    required: Vec<String>,
    others: bool,
    example: Option<Value>,
}

impl Object {
    /// With these fields always there, and nothing said of others.
    pub(super) fn with<const N: usize>(fields: [(&str, Value); N]) -> Self {
        fields.into_iter().fold(Self::open(), |object, (name, shape)| object.needs(name, shape))
    }

    /// Others are passed over.
    pub(super) fn open() -> Self {
        Self { properties: Map::new(), required: Vec::new(), others: true, example: None }
    }

    /// Others are refused.
    pub(super) fn strict() -> Self {
        Self { others: false, ..Self::open() }
    }

    pub(super) fn may<const N: usize>(mut self, fields: [(&str, Value); N]) -> Self {
        self.properties.extend(fields.map(|(name, shape)| (name.to_owned(), shape)));
        self
    }

    pub(super) fn needs(self, name: &str, shape: Value) -> Self {
        let mut object = self.may([(name, shape)]);
        object.required.push(name.to_owned());
        object
    }

    pub(super) fn example(self, example: Value) -> Self {
        Self { example: Some(example), ..self }
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        let Object { properties, required, others, example } = object;
        let mut shape = json!({"type": "object", "properties": properties});
        if !required.is_empty() {
            shape["required"] = required.into();
        }
        if !others {
            shape["additionalProperties"] = false.into();
        }
        if let Some(example) = example {
            shape["example"] = example;
        }
        shape
    }
}
