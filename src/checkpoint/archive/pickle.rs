//! Reads a `PyTorch` pickle's description of its tensors, and nothing else: no code is run, no class is made.
//!
//! Values live in one list and refer to each other by number, so that no file can make it recurse or clone without end.

use super::pickle_machine;
use super::pickle_value::{Id, PickledTensor, Value};

/// What came out of a pickle.
pub(crate) struct Pickle {
    values: Vec<Value>,
    top: Id,
}

impl Pickle {
    /// # Errors
    /// A few words for a person when it is cut off or uses what no checkpoint does.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        let (values, top) = pickle_machine::run(bytes)?;
        Ok(Self { values, top })
    }

    /// The tensors of the outermost dictionary, or of its `state_dict`, or, for embeddings, one level further in:
    /// names joined with dots. Tensors alone are named as their key.
    #[must_use]
    pub(crate) fn tensors(&self) -> Vec<(String, PickledTensor)> {
        let mut found = Vec::new();
        let top = self.dict(self.top);
        let inner = top.iter().find(|(key, _)| matches!(self.text(*key), Some("state_dict" | "model")));
        let inner = inner.filter(|(_, value)| matches!(self.values[*value as usize], Value::Dict(_)));
        self.collect(inner.map_or(self.top, |(_, value)| *value), "", 0, &mut found);
        found
    }

    /// A text of the outermost dictionary.
    #[must_use]
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.dict(self.top)
            .iter()
            .find(|(key, _)| self.text(*key) == Some(name))
            .and_then(|(_, value)| self.text(*value))
    }

    /// A whole number of the outermost dictionary.
    #[must_use]
    pub(crate) fn int_of(&self, name: &str) -> Option<i64> {
        let (_, value) = self.dict(self.top).iter().find(|(key, _)| self.text(*key) == Some(name))?;
        if let Value::Int(number) = self.values[*value as usize] { Some(number) } else { None }
    }

    fn dict(&self, id: Id) -> &[(Id, Id)] {
        if let Value::Dict(pairs) = &self.values[id as usize] { pairs } else { &[] }
    }

    fn text(&self, id: Id) -> Option<&str> {
        if let Value::Text(text) = &self.values[id as usize] { Some(text) } else { None }
    }

    fn collect(&self, id: Id, prefix: &str, depth: u32, found: &mut Vec<(String, PickledTensor)>) {
        for (key, value) in self.dict(id) {
            let Some(key) = self.text(*key) else { continue };
            let name = if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") };
            match &self.values[*value as usize] {
                Value::Tensor(tensor) => found.push((name, tensor.clone())),
                Value::Dict(_) if depth == 0 && key.starts_with("string_to_param") => {
                    self.collect(*value, &name, depth + 1, found);
                }
                _ => {}
            }
        }
    }
}
