//! YAML as plain values. The grammar is `saphyr-parser`'s; what becomes of aliases is ours, so that a small file cannot
//! become a large tree.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

/// Far more than a config has, its aliases written out.
const MOST_VALUES: usize = 20_000;

/// Lists and maps inside of each other.
const MOST_LEVELS: usize = 64;

/// The text's first document; `null` where it has none.
///
/// # Errors
/// A few words for a person: the text is no YAML, or larger or deeper than any config.
pub(crate) fn parse(text: &str) -> Result<Value, String> {
    let mut tree = Tree::default();
    for event in Parser::new_from_str(text) {
        let (event, _) = event.map_err(|error| format!("it is no YAML: {error}"))?;
        match event {
            Event::Scalar(text, style, anchor, _) => tree.take(scalar(&text, style), anchor)?,
            Event::Alias(anchor) => {
                let value = tree.anchors.get(&anchor).cloned().ok_or("an alias stands inside of what it names")?;
                tree.take(value, 0)?;
            }
            Event::SequenceStart(anchor, _) => tree.open(Value::Array(Vec::new()), anchor)?,
            Event::MappingStart(anchor, _) => tree.open(Value::Object(Map::new()), anchor)?,
            Event::SequenceEnd | Event::MappingEnd => tree.close()?,
            Event::DocumentEnd => break,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => {}
        }
    }
    Ok(tree.root)
}

/// Unquoted, a number is a number; everything else is text.
fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return text.into();
    }
    let float = || text.parse::<f64>().ok().and_then(serde_json::Number::from_f64).map(Value::Number);
    text.parse::<i64>().map(Value::from).ok().or_else(float).unwrap_or_else(|| match text {
        "" | "~" | "null" => Value::Null,
        "true" | "false" => (text == "true").into(),
        _ => text.into(),
    })
}

/// A list or map that is not closed yet.
struct Branch {
    value: Value,
    /// Of a map, the key whose value comes next.
    key: Option<String>,
    anchor: usize,
}

#[derive(Default)]
struct Tree {
    root: Value,
    open: Vec<Branch>,
    anchors: HashMap<usize, Value>,
    values: usize,
}

impl Tree {
    fn open(&mut self, value: Value, anchor: usize) -> Result<(), String> {
        if self.open.len() >= MOST_LEVELS {
            return Err("it is deeper than any config".to_owned());
        }
        self.open.push(Branch { value, key: None, anchor });
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        let Some(branch) = self.open.pop() else { return Ok(()) };
        self.take(branch.value, branch.anchor)
    }

    /// Puts a whole value into the list or map that is open. `anchor` is 0 where it has none.
    fn take(&mut self, value: Value, anchor: usize) -> Result<(), String> {
        self.values += count(&value);
        if self.values > MOST_VALUES {
            return Err("it is larger than any config".to_owned());
        }
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
        let Some(branch) = self.open.last_mut() else {
            self.root = value;
            return Ok(());
        };
        match &mut branch.value {
            Value::Array(list) => list.push(value),
            Value::Object(map) => match branch.key.take() {
                None => branch.key = Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
                Some(key) if key == "<<" => merge(map, value),
                Some(key) => drop(map.insert(key, value)),
            },
            _ => {}
        }
        Ok(())
    }
}

/// What `<<` stands for: the keys of a map, or of several, that the map does not have itself.
fn merge(map: &mut Map<String, Value>, from: Value) {
    match from {
        Value::Object(from) => {
            for (key, value) in from {
                map.entry(key).or_insert(value);
            }
        }
        Value::Array(list) => list.into_iter().for_each(|from| merge(map, from)),
        _ => {}
    }
}

fn count(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(count).sum::<usize>(),
        Value::Object(map) => 1 + map.values().map(count).sum::<usize>(),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_maps_quotes_comments_and_anchors() {
        let text = "a: {b: [1, -2.5e-3, x], c: \"1\"} # comment\nd: &d\n  - yes\n  - 'it''s'\ne: *d\nf: |\n  two\n  lines\n\
                    g: ~\nbase: &base {k: 1, l: 2}\nh: {<<: *base, l: 3}\n";
        let wanted = json!({
            "a": {"b": [1, -0.0025, "x"], "c": "1"}, "d": ["yes", "it's"], "e": ["yes", "it's"], "f": "two\nlines\n",
            "g": null, "base": {"k": 1, "l": 2}, "h": {"k": 1, "l": 3},
        });
        assert_eq!(parse(text).unwrap(), wanted);
        assert_eq!(parse("").unwrap(), Value::Null);
    }

    #[test]
    fn aliases_that_repeat_each_other_are_refused_and_not_carried_out() {
        let mut lines = vec!["a0: &a0 [x, x, x, x, x, x, x, x, x, x]".to_owned()];
        for level in 1..12 {
            let alias = format!("*a{}", level - 1);
            lines.push(format!("a{level}: &a{level} [{}]", vec![alias; 10].join(", ")));
        }
        assert!(parse(&lines.join("\n")).unwrap_err().contains("larger"));
        assert!(parse("a: &a [*a]").is_err());
    }

    #[test]
    fn what_is_deep_or_no_yaml_is_an_error() {
        assert!(parse(&"[".repeat(100_000)).is_err());
        assert!(parse(&"a: {".repeat(100)).is_err());
        assert!(parse(&"- ".repeat(100_000)).is_err());
        assert!(parse("a: [1, 2\nb: 3").is_err());
        assert!(parse("a: \"1").is_err());
    }
}
