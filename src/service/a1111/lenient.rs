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

    /// A picture's base64, moved out as it is large; a list's only element counts as itself. `Err` where something was
    /// given and it is none.
    pub(super) fn take_picture(&mut self, name: &str) -> Result<Option<String>, ()> {
        let given = self.body.remove(name).unwrap_or_default();
        match only(given) {
            Value::String(text) => Ok(Some(text).filter(|text| !text.trim().is_empty())),
            other if asks(&other) => Err(()),
            _ => Ok(None),
        }
    }

    /// A list, moved out; one text counts as a list of it.
    pub(super) fn take_list(&mut self, name: &str) -> Vec<Value> {
        match self.body.remove(name) {
            Some(Value::Array(items)) => items,
            Some(Value::String(text)) if !text.is_empty() => vec![text.into()],
            _ => Vec::new(),
        }
    }

    /// Empty where nothing, or no text, was given.
    #[must_use]
    pub(super) fn text(&self, name: &str) -> &str {
        self.given(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// The same; a list's only element counts as itself, and what is no text is said.
    pub(super) fn words(&mut self, name: &str) -> String {
        match self.given(name).cloned().map(only) {
            Some(Value::String(text)) => text,
            Some(other) if asks(&other) => {
                self.note(format!("{name} is no text and was passed over"));
                String::new()
            }
            _ => String::new(),
        }
    }

    /// JavaScript, Python and forms each have their own truth.
    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        let value = self.given(name)?;
        let flag = match value {
            Value::Bool(flag) => Some(*flag),
            Value::Number(number) => number.as_f64().map(|number| number != 0.0),
            Value::String(text) => match text.to_lowercase().as_str() {
                "true" | "1" => Some(true),
                "false" | "0" | "" => Some(false),
                _ => None,
            },
            _ => None,
        };
        if flag.is_none() && asks(value) {
            self.note(format!("{name} is neither true nor false and was passed over"));
        }
        flag
    }

    /// Any number, also as text.
    #[must_use]
    pub(super) fn number(&self, name: &str) -> Option<f64> {
        number_of(self.given(name)?)
    }

    /// A number within the range, or the nearest.
    pub(super) fn number_in(&mut self, name: &str, least: f64, most: f64) -> Option<f64> {
        let Some(number) = self.number(name) else {
            if self.given(name).is_some_and(asks) {
                self.note(format!("{name} is no number and was passed over"));
            }
            return None;
        };
        let near = number.clamp(least, most);
        if (near - number).abs() > f64::EPSILON {
            self.note(format!("{name} {} is out of range and was taken as {near}", shown(number)));
        }
        Some(near)
    }

    /// A whole number within the range, or the nearest.
    pub(super) fn whole_in(&mut self, name: &str, least: u32, most: u32) -> Option<u32> {
        let number = self.number_in(name, least.into(), most.into())?;
        let whole = number.round();
        if (whole - number).abs() > f64::EPSILON {
            self.note(format!("{name} {number} is no whole number and was taken as {whole}"));
        }
        Some(whole as u32)
    }

    /// `None` for -1, which asks for a fresh one, and for what is no seed, which is said.
    pub(super) fn seed(&mut self, name: &str) -> Option<u64> {
        let value = self.given(name)?;
        let exact = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok());
        if exact.is_some() {
            return exact;
        }
        let Some(number) = self.number(name) else {
            if asks(value) {
                self.note(format!("{name} is no number; a random one was taken"));
            }
            return None;
        };
        if number < 0.0 {
            if (number + 1.0).abs() > f64::EPSILON {
                self.note(format!("{name} {} is out of range; a random one was taken", shown(number)));
            }
            return None;
        }
        // Saturating; above this no seed is a number of its own.
        let seed = number as u64;
        if number >= u64::MAX as f64 {
            self.note(format!("{name} {} is out of range and was taken as {seed}", shown(number)));
        } else if number.fract() > 0.0 {
            self.note(format!("{name} {number} is no whole number and was taken as {seed}"));
        }
        Some(seed)
    }
}

/// Whether something is asked for: clients send `null`, `false`, 0, -1, empty texts, lists and objects, and "None", all
/// their lives.
#[must_use]
pub(super) fn asks(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => {
            number.as_f64().is_none_or(|number| number.abs() > 1e-9 && (number + 1.0).abs() > 1e-9)
        }
        Value::String(text) => !["", "none"].contains(&text.trim().to_lowercase().as_str()),
        Value::Array(items) => items.iter().any(asks),
        Value::Object(fields) => fields.values().any(asks),
    }
}

/// Any number, also as text.
#[must_use]
pub(super) fn number_of(value: &Value) -> Option<f64> {
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
    number.filter(|number| number.is_finite())
}

/// A list's only element.
fn only(value: Value) -> Value {
    match value {
        Value::Array(mut items) if items.len() == 1 => items.remove(0),
        other => other,
    }
}

/// Not three hundred digits long.
#[must_use]
pub(super) fn shown(number: f64) -> String {
    if number.abs() < 1e15 { number.to_string() } else { format!("{number:e}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lenient(value: &Value) -> Lenient {
        Lenient::new(Map::from_iter([("it".to_owned(), value.clone())]))
    }

    #[test]
    fn a_seed_is_what_was_sent_or_it_is_said() {
        let large = json!(18_446_744_073_709_551_615_u64);
        for (value, seed, word) in [
            (json!(7), Some(7), ""),
            (json!("7"), Some(7), ""),
            (json!(7.0), Some(7), ""),
            (large, Some(u64::MAX), ""),
            (json!(-1), None, ""),
            (json!("-1"), None, ""),
            (json!(null), None, ""),
            (json!(""), None, ""),
            (json!(-5), None, "-5"),
            (json!("abc"), None, "no number"),
            (json!(true), None, "no number"),
            (json!(2.5), Some(2), "2.5"),
            (json!(18_446_744_073_709_551_616.0), Some(u64::MAX), "out of range"),
            (json!(1e30), Some(u64::MAX), "1e30"),
        ] {
            let mut asked = lenient(&value);
            assert_eq!(asked.seed("it"), seed, "{value}");
            assert_eq!(asked.notices.len(), usize::from(!word.is_empty()), "{value}: {:?}", asked.notices);
            assert!(asked.notices.concat().contains(word), "{value}: {:?}", asked.notices);
        }
    }

    #[test]
    fn a_picture_is_taken_out_of_its_list_and_what_is_none_is_no_silence() {
        for (value, wanted) in [
            (json!("YQ=="), Ok(Some("YQ=="))),
            (json!(["YQ=="]), Ok(Some("YQ=="))),
            (json!(""), Ok(None)),
            (json!([]), Ok(None)),
            (json!(null), Ok(None)),
            (json!([null]), Ok(None)),
            (json!(["YQ==", "YQ=="]), Err(())),
            (json!({"image": "YQ=="}), Err(())),
            (json!(5), Err(())),
        ] {
            assert_eq!(
                lenient(&value).take_picture("it").as_ref().map(Option::as_deref),
                wanted.as_ref().copied(),
                "{value}"
            );
        }
    }
}
