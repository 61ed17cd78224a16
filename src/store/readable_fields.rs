//! What of a RON file can still be read where something in it cannot: field by field, so that one costs no other.

use std::fmt;

use ron::value::RawValue;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, de};

/// Reads the fields of `text` that a `T` can take, and names those that it cannot, with dots before fields of fields.
/// `None` where there is none that can be read.
pub(super) fn readable_fields<T: DeserializeOwned>(text: &str) -> Option<(T, Vec<String>)> {
    let mut lost = Vec::new();
    let readable = readable::<T>(text, "", &str::to_owned, &mut lost)?;
    ron::from_str(&readable).ok().map(|value| (value, lost))
}

/// The part of `text` that can be read where `whole` puts it.
fn readable<T: DeserializeOwned>(
    text: &str,
    name: &str,
    whole: &dyn Fn(&str) -> String,
    lost: &mut Vec<String>,
) -> Option<String> {
    let can_be_read = |part: &str| ron::from_str::<T>(&whole(part)).is_ok();
    if can_be_read(text) {
        return Some(text.to_owned());
    }
    let before = lost.len();
    let mut parts: Vec<String> = Vec::new();
    let (fields, is_broken_off) = fields(text);
    for (field, value) in &fields {
        let path = if name.is_empty() { field.clone() } else { format!("{name}.{field}") };
        let inside = |part: &str| whole(&format!("({field}: {part})"));
        parts.extend(readable::<T>(value, &path, &inside, lost).map(|part| format!("{field}: {part}")));
    }
    if let (true, Some((last, _))) = (is_broken_off, fields.last()) {
        let before = if name.is_empty() { String::new() } else { format!("{name}.") };
        lost.push(format!("what comes after {before}{last}"));
    }
    let kept = format!("({})", parts.join(", "));
    if !parts.is_empty() && can_be_read(&kept) {
        return Some(kept);
    }
    lost.truncate(before);
    lost.push(name.to_owned());
    None
}

/// The fields of a structure with their text, each once; and whether it could not be read to its end.
fn fields(text: &str) -> (Vec<(String, String)>, bool) {
    let mut found = Vec::new();
    let is_read = ron::Deserializer::from_str(text)
        .is_ok_and(|mut deserializer| deserializer.deserialize_any(Fields(&mut found)).is_ok());
    (found, !is_read)
}

struct Fields<'a>(&'a mut Vec<(String, String)>);

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a structure")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(FieldName(name)) = map.next_key()? {
            let value: Box<RawValue> = map.next_value()?;
            if self.0.iter().all(|(known, _)| *known != name) {
                self.0.push((name, value.get_ron().trim().to_owned()));
            }
        }
        Ok(())
    }
}

struct FieldName(String);

impl<'de> Deserialize<'de> for FieldName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;

        impl Visitor<'_> for Name {
            type Value = FieldName;

            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("a field's name")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<FieldName, E> {
                Ok(FieldName(name.to_owned()))
            }
        }

        deserializer.deserialize_identifier(Name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    enum Kind {
        #[default]
        Plain,
        Other(String),
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Inner {
        kind: Kind,
        size: Option<[u32; 2]>,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Outer {
        name: String,
        count: u32,
        inner: Inner,
    }

    #[test]
    fn each_field_that_can_be_read_is() {
        let other = || Kind::Other("a (b: c)".into());
        for (text, wanted, names) in [
            ("(name: \"a\", count: -1)", Outer { name: "a".into(), ..Outer::default() }, "count"),
            (
                "(inner: (kind: Other(\"a (b: c)\"), size: Some([1])), count: 3)",
                Outer { count: 3, inner: Inner { kind: other(), size: None }, ..Outer::default() },
                "inner.size",
            ),
            (
                "Outer(count: 3, inner: (kind: Missing, size: Some((1, 2, 3))), unknown: 1)",
                Outer { count: 3, ..Outer::default() },
                "inner",
            ),
            ("(count: 3, name: \"brok", Outer { count: 3, ..Outer::default() }, "what comes after count"),
            ("(count: 3, count: 4)", Outer { count: 3, ..Outer::default() }, ""),
        ] {
            let (found, lost) = readable_fields::<Outer>(text).unwrap();
            assert_eq!((found, lost.join(" ").as_str()), (wanted, names), "{text}");
        }
        for text in ["", "(", "(count: x", "(count: -1)", "[1]", "count", "\"text\"", "{\"count\": 1}"] {
            assert_eq!(readable_fields::<Outer>(text), None, "{text}");
        }
    }
}
