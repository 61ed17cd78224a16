//! JSON as other programs write it: numbers in strings, `NaN`, text behind the end, one thing for a list of one.

use serde_json::{Map, Value};

/// What a text holds as JSON. Python's `NaN` and `Infinity` are nothing; what follows the first value is passed over.
pub(crate) fn parsed(text: &str) -> Option<Value> {
    let text = text.trim_matches(['\0', ' ', '\n', '\r', '\t', '\u{feff}']);
    if !text.starts_with(['{', '[', '"']) {
        return None;
    }
    let first = |text: &str| serde_json::Deserializer::from_str(text).into_iter::<Value>().next()?.ok();
    first(text).or_else(|| first(&without_nan(text)))
}

/// A JSON object, also one that stands in a string.
pub(crate) fn object(text: &str) -> Option<Map<String, Value>> {
    match parsed(text)? {
        Value::Object(map) => Some(map),
        Value::String(inner) => match parsed(&inner)? {
            Value::Object(map) => Some(map),
            _ => None,
        },
        _ => None,
    }
}

/// Bare `NaN`, `Infinity` and `-Infinity` become `null`; strings stay as they are.
fn without_nan(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let (mut in_string, mut escaped) = (false, false);
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        if !in_string && let Some(word) = ["NaN", "-Infinity", "Infinity"].iter().find(|word| rest.starts_with(**word))
        {
            clean.push_str("null");
            rest = &rest[word.len()..];
            continue;
        }
        match letter {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            _ => {}
        }
        clean.push(letter);
        rest = &rest[letter.len_utf8()..];
    }
    clean
}

/// A number, also in a string.
pub(crate) fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Array(items) if items.len() == 1 => items.first().and_then(number),
        _ => None,
    };
    number.filter(|number| number.is_finite())
}

/// A whole number from 0 on, also in a string or written as `20.0`.
pub(crate) fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) if number.is_u64() => number.as_u64(),
        Value::String(text) => whole_in(text),
        Value::Array(items) if items.len() == 1 => items.first().and_then(whole),
        other => number(other).and_then(whole_of),
    }
}

/// The same from a text.
pub(crate) fn whole_in(text: &str) -> Option<u64> {
    let text = text.trim();
    text.parse().ok().or_else(|| text.parse().ok().and_then(whole_of))
}

fn whole_of(number: f64) -> Option<u64> {
    // Beyond this a float names no single whole number.
    ((0.0..=9_007_199_254_740_992.0).contains(&number) && number.fract() == 0.0).then_some(number as u64)
}

/// A text; numbers count as their digits.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

pub(crate) fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => *flag,
        Value::String(text) => text.eq_ignore_ascii_case("true"),
        other => number(other).is_some_and(|number| number != 0.0),
    }
}

/// Nothing that anybody chose: `null`, `false`, an empty text, list or object, `"None"`.
pub(crate) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => matches!(text.trim().to_lowercase().as_str(), "" | "none" | "null" | "false"),
        Value::Array(items) => items.iter().all(is_nothing),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// A list of texts: an array, or one text with commas.
pub(crate) fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().filter_map(text).collect(),
        Value::String(text) => {
            text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
        }
        _ => Vec::new(),
    }
}

/// Width and height: `512x768`, `512 × 768`, `(512, 768)`, `[512, 768]`.
pub(crate) fn size_in(text: &str) -> Option<(u64, u64)> {
    let mut sides = text.split(|letter: char| !letter.is_ascii_digit()).filter(|digits| !digits.is_empty());
    let size = (sides.next()?.parse().ok()?, sides.next()?.parse().ok()?);
    sides.next().is_none().then_some(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_writes_is_read() {
        let value = parsed(r#"{"a": NaN, "b": [-Infinity, "NaN \" stays"], "c": "20", "d": 30.0} rest"#).unwrap();
        assert_eq!(value["b"], serde_json::json!([null, "NaN \" stays"]));
        assert_eq!((whole(&value["c"]), whole(&value["d"]), number(&value["a"])), (Some(20), Some(30), None));
        assert_eq!(parsed(&"[".repeat(100_000)), None);
        assert_eq!(object("\"{\\\"a\\\": 1}\"").unwrap()["a"], 1);
    }

    #[test]
    fn numbers_that_are_none_are_none() {
        for text in ["-1", "1.5", "1e400", "NaN", "", "0x10"] {
            assert_eq!(whole_in(text), None, "{text}");
        }
        assert_eq!(whole_in("18446744073709551615"), Some(u64::MAX));
        for text in ["512x768", "512 × 768", "(512, 768)", "[512,768]"] {
            assert_eq!(size_in(text), Some((512, 768)), "{text}");
        }
        assert_eq!((size_in("512"), size_in("1x2x3"), size_in("")), (None, None, None));
    }
}
