//! The forgiving reader: a value of the wrong kind counts as not given, one out of range as the nearest, and both are
//! said.

use serde_json::{Map, Value};

/// What a client sent, and what of it is not done as asked.
pub(super) struct Lenient {
    body: Map<String, Value>,
    pub notices: Vec<String>,
}

impl Lenient {
    #[must_use]
    pub(super) fn new(body: Map<String, Value>) -> Self {
        Self { body, notices: Vec::new() }
    }

    pub(super) fn note(&mut self, notice: impl Into<String>) {
        self.notices.push(notice.into());
    }

    /// What was given; `null` is nothing.
    #[must_use]
    pub(super) fn given(&self, name: &str) -> Option<&Value> {
        self.body.get(name).filter(|value| !value.is_null())
    }

    /// The text is moved out: a picture is large.
    pub(super) fn take_text(&mut self, name: &str) -> Option<String> {
        match self.body.remove(name) {
            Some(Value::String(text)) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    pub(super) fn take_list(&mut self, name: &str) -> Vec<Value> {
        match self.body.remove(name) {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        }
    }

    /// Empty where nothing, or no text, was given.
    #[must_use]
    pub(super) fn text(&self, name: &str) -> &str {
        self.given(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// JavaScript, Python and forms each have their own truth.
    #[must_use]
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        match self.given(name)? {
            Value::Bool(flag) => Some(*flag),
            Value::Number(number) => number.as_f64().map(|number| number != 0.0),
            Value::String(text) => match text.to_lowercase().as_str() {
                "true" | "1" => Some(true),
                "false" | "0" | "" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// Any number, also as text.
    #[must_use]
    pub(super) fn number(&self, name: &str) -> Option<f64> {
        let value = self.given(name)?;
        let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
        number.filter(|number| number.is_finite())
    }

    /// A number within the range, or the nearest.
    pub(super) fn number_in(&mut self, name: &str, least: f64, most: f64) -> Option<f64> {
        let Some(number) = self.number(name) else {
            if self.given(name).is_some_and(|value| value.as_str() != Some("")) {
                self.note(format!("{name} is no number and was passed over"));
            }
            return None;
        };
        let near = number.clamp(least, most);
        if (near - number).abs() > f64::EPSILON {
            self.note(format!("{name} {number} is out of range and was taken as {near}"));
        }
        Some(near)
    }

    pub(super) fn whole_in(&mut self, name: &str, least: u32, most: u32) -> Option<u32> {
        self.number_in(name, least.into(), most.into()).map(|number| number.round() as u32)
    }

    /// `None` for -1 and all else that asks for a fresh one.
    #[must_use]
    pub(super) fn seed(&self, name: &str) -> Option<u64> {
        let value = self.given(name)?;
        let exact = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok());
        exact.or_else(|| self.number(name).filter(|number| *number >= 0.0).map(|number| number as u64))
    }
}
