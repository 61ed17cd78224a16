//! The strict reader of JSON objects: each field once, with what is allowed in the error, and none that nobody knows.

use serde_json::{Map, Value, json};

/// One field that is wrong, and what it may be.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(super) struct FieldError {
    pub field: String,
    pub message: String,
}

impl FieldError {
    pub(super) fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }

    /// As a client knows it that calls our fields otherwise: `names` are pairs of ours and theirs.
    pub(super) fn called(self, names: &[(&str, &str)]) -> Self {
        Self { field: renamed(&self.field, names), message: renamed(&self.message, names) }
    }
}

/// A text with our fields' names replaced by a client's: `names` are pairs of ours and theirs.
pub(super) fn renamed(text: &str, names: &[(&str, &str)]) -> String {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        let length = rest[start..].find(|letter| !is_part(letter)).unwrap_or(rest.len() - start);
        let word = &rest[start..start + length];
        made.push_str(&rest[..start]);
        made.push_str(names.iter().find(|(ours, _)| *ours == word).map_or(word, |(_, theirs)| theirs));
        rest = &rest[start + length..];
    }
    made + rest
}

/// What a field may hold: `/openapi.json` says it as the reader reads it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Any,
    Text,
    Flag,
    Whole {
        least: i64,
        most: u64,
    },
    Number {
        least: f64,
        most: f64,
    },
    OneOf(Vec<String>),
    List {
        most: usize,
    },
    /// Objects, each with these fields.
    Objects {
        most: usize,
        fields: Vec<(&'static str, Kind)>,
    },
}

/// What is left of an object. `null` counts as not given.
pub(super) struct Fields {
    left: Map<String, Value>,
    known: Vec<(&'static str, Kind)>,
    /// What stands before each name in errors: `loras[0].`.
    place: String,
}

impl Fields {
    /// # Errors
    /// When `value` is no object.
    pub(super) fn of(value: Value, place: &str) -> Result<Self, FieldError> {
        match value {
            Value::Object(left) => Ok(Self { left, known: Vec::new(), place: place.to_owned() }),
            other => {
                let name = if place.is_empty() { "body" } else { place.trim_end_matches('.') };
                Err(FieldError::new(name, format!("{name} must be an object with fields, found {}", shown(&other))))
            }
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.left.get(name).is_some_and(|value| !value.is_null())
    }

    /// All that was asked for so far, whether or not it was given.
    pub(super) fn known(&self) -> &[(&'static str, Kind)] {
        &self.known
    }

    pub(super) fn value(&mut self, name: &'static str) -> Option<Value> {
        self.take(name, Kind::Any)
    }

    fn take(&mut self, name: &'static str, kind: Kind) -> Option<Value> {
        self.known.push((name, kind));
        self.left.remove(name).filter(|value| !value.is_null())
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) fn text(&mut self, name: &'static str) -> Result<Option<String>, FieldError> {
        match self.take(name, Kind::Text) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(name, "a text", &other)),
        }
    }

    pub(super) fn flag(&mut self, name: &'static str) -> Result<Option<bool>, FieldError> {
        match self.take(name, Kind::Flag) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(other) => Err(self.wrong(name, "true or false", &other)),
        }
    }

    /// A whole number from `least` to `most`.
    pub(super) fn whole(&mut self, name: &'static str, least: u64, most: u64) -> Result<Option<u64>, FieldError> {
        let kind = Kind::Whole { least: least.cast_signed(), most };
        let Some(value) = self.take(name, kind) else { return Ok(None) };
        let found = value.as_u64().filter(|number| (least..=most).contains(number));
        found.map(Some).ok_or_else(|| self.wrong(name, &format!("a whole number from {least} to {most}"), &value))
    }

    pub(super) fn small(&mut self, name: &'static str, least: u32, most: u32) -> Result<Option<u32>, FieldError> {
        Ok(self.whole(name, least.into(), most.into())?.map(|number| number as u32))
    }

    /// A whole number from `-most` to `most`.
    pub(super) fn signed(&mut self, name: &'static str, most: u32) -> Result<Option<i32>, FieldError> {
        let kind = Kind::Whole { least: -i64::from(most), most: most.into() };
        let Some(value) = self.take(name, kind) else { return Ok(None) };
        let found = value.as_i64().filter(|number| number.unsigned_abs() <= u64::from(most));
        let found = found.map(|number| Some(number as i32));
        found.ok_or_else(|| self.wrong(name, &format!("a whole number from -{most} to {most}"), &value))
    }

    pub(super) fn number(&mut self, name: &'static str, least: f64, most: f64) -> Result<Option<f64>, FieldError> {
        let Some(value) = self.take(name, Kind::Number { least, most }) else { return Ok(None) };
        let found = value.as_f64().filter(|number| (least..=most).contains(number));
        found.map(Some).ok_or_else(|| self.wrong(name, &format!("a number from {least} to {most}"), &value))
    }

    /// One of `ids`.
    pub(super) fn one_of<T>(
        &mut self,
        name: &'static str,
        ids: &[&str],
        from_id: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, FieldError> {
        let kind = Kind::OneOf(ids.iter().map(|id| (*id).to_owned()).collect());
        let Some(value) = self.take(name, kind) else { return Ok(None) };
        let found = value.as_str().and_then(from_id);
        found.map(Some).ok_or_else(|| self.wrong(name, &format!("one of {}", ids.join(", ")), &value))
    }

    pub(super) fn list(&mut self, name: &'static str, most: usize) -> Result<Vec<Value>, FieldError> {
        let given = self.take(name, Kind::List { most });
        self.items(name, most, given)
    }

    fn items(&self, name: &str, most: usize, given: Option<Value>) -> Result<Vec<Value>, FieldError> {
        match given {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) if items.len() <= most => Ok(items),
            Some(other) => Err(self.wrong(name, &format!("a list of up to {most}"), &other)),
        }
    }

    /// A list of objects, each read by `read` under its own place: `controls[0].`, which stands beside what came of it.
    /// `read` takes every field by itself, so that none need be given.
    pub(super) fn objects<T>(
        &mut self,
        name: &'static str,
        most: usize,
        read: impl Fn(&mut Self) -> Result<T, FieldError>,
    ) -> Result<Vec<(String, T)>, FieldError> {
        let mut none = Self::of(json!({}), "")?;
        read(&mut none)?;
        let given = self.take(name, Kind::Objects { most, fields: none.known });
        let mut all = Vec::new();
        for (index, item) in self.items(name, most, given)?.into_iter().enumerate() {
            let place = format!("{}{name}[{index}].", self.place);
            let mut fields = Self::of(item, &place)?;
            let object = read(&mut fields)?;
            fields.finish()?;
            all.push((place, object));
        }
        Ok(all)
    }

    /// # Errors
    /// Names the first field that nobody asked for.
    pub(super) fn finish(mut self) -> Result<(), FieldError> {
        let Some(name) = self.left.keys().next() else { return Ok(()) };
        self.known.sort_unstable_by_key(|(name, _)| *name);
        let shown: String = name.chars().filter(|letter| !letter.is_control()).take(64).collect();
        let allowed = self.known.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let message = format!("there is no field {}{shown}; allowed are {allowed}", self.place);
        Err(FieldError::new(format!("{}{shown}", self.place), message))
    }

    pub(super) fn wrong(&self, name: &str, wanted: &str, found: &Value) -> FieldError {
        let place = &self.place;
        FieldError::new(format!("{place}{name}"), format!("{place}{name} must be {wanted}, found {}", shown(found)))
    }
}

/// A value that was sent, short enough to be sent back.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "an object".to_owned(),
        Value::String(text) if text.chars().count() > 40 => format!("a text of {} characters", text.chars().count()),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_reads_its_own_names_of_fields() {
        let names = [("init_image", "image"), ("mask_image", "mask")];
        let error = FieldError::new("mask_image", "mask_image must be as large as init_image, not init_images: é")
            .called(&names);
        assert_eq!((&*error.field, &*error.message), ("mask", "mask must be as large as image, not init_images: é"));
    }
}
