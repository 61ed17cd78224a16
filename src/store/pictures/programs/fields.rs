//! A JSON object's fields, taken out one after the other: what nobody takes is told at the end.

use serde_json::{Map, Value};

use crate::store::pictures::programs::loose;
use crate::store::pictures::programs::told::Told;

pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    pub(crate) fn new(map: Map<String, Value>) -> Self {
        Self(map)
    }

    /// An object inside, which is taken out; empty where there is none. One that was written as a text is read as well.
    pub(crate) fn inside(&mut self, name: &str) -> Self {
        Self(match self.0.remove(name) {
            Some(Value::Object(map)) => map,
            Some(Value::String(text)) => loose::object(&text).unwrap_or_default(),
            _ => Map::new(),
        })
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !loose::is_nothing(value))
    }

    /// Takes a value out, unless it says nothing.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !loose::is_nothing(value))
    }

    /// The first of these names that is there; the others are taken out with it.
    pub(crate) fn take_any(&mut self, names: &[&str]) -> Option<Value> {
        names.iter().fold(None, |found, name| {
            let value = self.take(name);
            found.or(value)
        })
    }

    /// A text as it stands, empty ones too.
    pub(crate) fn words(&mut self, name: &str) -> Option<String> {
        self.0.remove(name).as_ref().and_then(loose::text)
    }

    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        self.take(name).as_ref().and_then(loose::text)
    }

    pub(crate) fn list(&mut self, name: &str) -> Vec<Value> {
        match self.take(name) {
            Some(Value::Array(items)) => items,
            Some(item) => vec![item],
            None => Vec::new(),
        }
    }

    /// A number for `use_it`; one that is none is told.
    pub(crate) fn number(&mut self, told: &mut Told, name: &str, use_it: impl FnOnce(&mut Told, f64)) {
        self.read(told, name, loose::number, use_it);
    }

    /// The same for whole numbers from 0 on.
    pub(crate) fn whole(&mut self, told: &mut Told, name: &str, use_it: impl FnOnce(&mut Told, u64)) {
        self.read(told, name, loose::whole, use_it);
    }

    fn read<T>(
        &mut self,
        told: &mut Told,
        name: &str,
        read: impl FnOnce(&Value) -> Option<T>,
        use_it: impl FnOnce(&mut Told, T),
    ) {
        let Some(value) = self.take(name) else { return };
        match read(&value) {
            Some(value) => use_it(told, value),
            None => told.unreadable(name, &value.to_string()),
        }
    }

    pub(crate) fn size(&mut self, told: &mut Told, width: &str, height: &str) {
        if let (Some(width), Some(height)) = (self.take(width), self.take(height)) {
            match (loose::whole(&width), loose::whole(&height)) {
                (Some(width), Some(height)) => told.size((width, height)),
                _ => told.unreadable("the size", &format!("{width}×{height}")),
            }
        }
    }

    /// Takes out what says nothing about how the picture looks.
    pub(crate) fn pass_over(&mut self, names: &[&str]) {
        for name in names {
            self.0.remove(*name);
        }
    }

    /// One sentence about all fields whose names begin so.
    pub(crate) fn note_those(&mut self, told: &mut Told, what: &str, begins: &[&str]) {
        let names: Vec<String> =
            self.0.keys().filter(|name| begins.iter().any(|start| name.starts_with(start))).cloned().collect();
        let found: Vec<(String, Value)> =
            names.into_iter().filter_map(|name| self.take(&name).map(|value| (name, value))).collect();
        told.note_unused(what, found.iter().map(|(name, value)| (name.as_str(), plain(value))));
    }

    /// One sentence about all that is left.
    pub(crate) fn note_rest(self, told: &mut Told) {
        let rest = self.0.iter().filter(|(_, value)| !loose::is_nothing(value));
        told.note_unused(
            "the picture says more that Inkwick does not use",
            rest.map(|(name, value)| (name.as_str(), plain(value))),
        );
    }
}

fn plain(value: &Value) -> String {
    loose::text(value).unwrap_or_else(|| value.to_string())
}
