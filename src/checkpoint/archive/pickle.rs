//! Reads a `PyTorch` pickle's description of its tensors, and nothing else: no code is run, no class is made.
//!
//! Values live in one list and refer to each other by number, so that no file can make it recurse or clone without end.

use std::collections::BTreeMap;

use super::pickle_machine;
use super::pickle_value::{Id, PickledTensor, Value};

/// Dictionaries that trainers put around the dictionary of tensors, the best first.
const WRAPPERS: [&str; 10] = [
    "state_dict",
    "model_state_dict",
    "model",
    "module",
    "weights",
    "params_ema",
    "params",
    "net",
    "ema_state_dict",
    "ema",
];

/// Dictionaries around each other, and inside of each other.
const MOST_LEVELS: usize = 5;

/// Values that are looked at in all, however often they are named: far more than any checkpoint has tensors.
const MOST_LOOKED_AT: usize = 500_000;

/// What came out of a pickle.
pub(crate) struct Pickle {
    values: Vec<Value>,
    top: Id,
}

/// A tensor, or the name of the function that would make it in a way that is not read.
pub(crate) type Found<'a> = Result<&'a PickledTensor, &'a str>;

impl Pickle {
    /// Gives also what stands behind it.
    ///
    /// # Errors
    /// A few words for a person when it is cut off or uses what no checkpoint does.
    pub(crate) fn read(bytes: &[u8]) -> Result<(Self, &[u8]), String> {
        let (values, top, rest) = pickle_machine::run(bytes)?;
        Ok((Self { values, top }, rest))
    }

    /// The tensors of the dictionary that holds them, whatever stands around it: names joined with dots where there are
    /// dictionaries inside. A name that comes twice counts once, the last.
    #[must_use]
    pub(crate) fn tensors(&self) -> BTreeMap<String, Found<'_>> {
        let mut found = BTreeMap::new();
        let mut budget = MOST_LOOKED_AT;
        self.collect(self.root(), "", MOST_LEVELS, &mut budget, &mut found);
        found
    }

    /// The class of the object that was written instead of a dictionary of tensors.
    #[must_use]
    pub(crate) fn object(&self) -> Option<&str> {
        let inside = self.dict(self.top).iter().map(|(_, value)| *value);
        std::iter::once(self.top).chain(inside).find_map(|id| {
            let Value::Object { class, state } = self.value(id) else { return None };
            let Value::Global(class) = self.value(*class) else { return None };
            let is_network = self.entry(*state, "_modules").is_some() || self.entry(*state, "_parameters").is_some();
            (is_network || id == self.top).then_some(class.as_str())
        })
    }

    /// Of every storage that is named anywhere, what it is called by and its class.
    #[must_use]
    pub(crate) fn storages(&self) -> BTreeMap<&str, &str> {
        let storages = self.values.iter().filter_map(|value| match value {
            Value::Storage { kind, key, .. } => Some((key.as_str(), kind.as_str())),
            _ => None,
        });
        storages.collect()
    }

    /// The texts of a list.
    #[must_use]
    pub(crate) fn texts(&self) -> Vec<&str> {
        if let Value::Sequence(items) = self.value(self.top) {
            items.iter().filter_map(|id| self.text(*id)).collect()
        } else {
            Vec::new()
        }
    }

    /// A text of the outermost dictionary.
    #[must_use]
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.text(self.entry(self.top, name)?)
    }

    /// A whole number of the outermost dictionary.
    #[must_use]
    pub(crate) fn int_of(&self, name: &str) -> Option<i64> {
        if let Value::Int(number) = self.value(self.entry(self.top, name)?) { Some(*number) } else { None }
    }

    fn value(&self, id: Id) -> &Value {
        &self.values[id as usize]
    }

    fn dict(&self, id: Id) -> &[(Id, Id)] {
        if let Value::Dict(pairs) = self.value(id) { pairs } else { &[] }
    }

    fn text(&self, id: Id) -> Option<&str> {
        if let Value::Text(text) = self.value(id) { Some(text) } else { None }
    }

    /// A dictionary's value of that name.
    fn entry(&self, dict: Id, name: &str) -> Option<Id> {
        self.dict(dict).iter().find(|(key, _)| self.text(*key) == Some(name)).map(|(_, value)| *value)
    }

    /// The dictionary of tensors, below what trainers put around it.
    fn root(&self) -> Id {
        let mut at = self.top;
        for _ in 0..MOST_LEVELS {
            let wrapped = WRAPPERS.iter().find_map(|name| {
                let inner = self.entry(at, name)?;
                self.holds_tensors(inner, MOST_LEVELS, &mut MOST_LOOKED_AT.clone()).then_some(inner)
            });
            match wrapped {
                Some(inner) => at = inner,
                None => break,
            }
        }
        at
    }

    fn holds_tensors(&self, dict: Id, levels: usize, budget: &mut usize) -> bool {
        self.dict(dict).iter().any(|(_, value)| {
            *budget = budget.saturating_sub(1);
            match self.value(*value) {
                Value::Tensor(_) | Value::UnreadTensor(_) => true,
                Value::Dict(_) if levels > 0 && *budget > 0 => self.holds_tensors(*value, levels - 1, budget),
                _ => false,
            }
        })
    }

    fn collect<'a>(
        &'a self,
        dict: Id,
        prefix: &str,
        levels: usize,
        budget: &mut usize,
        found: &mut BTreeMap<String, Found<'a>>,
    ) {
        for (key, value) in self.dict(dict) {
            *budget = budget.saturating_sub(1);
            let Some(key) = self.text(*key).filter(|_| *budget > 0) else { continue };
            let name = || if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") };
            match self.value(*value) {
                Value::Tensor(tensor) => drop(found.insert(name(), Ok(tensor))),
                Value::UnreadTensor(maker) => {
                    let maker = if let Value::Global(name) = self.value(*maker) { name } else { "" };
                    found.insert(name(), Err(maker));
                }
                // An embedding's token, which is a number and no part of its vectors.
                Value::Dict(_) if key == "string_to_token" => {}
                Value::Dict(_) if levels > 0 => self.collect(*value, &name(), levels - 1, budget, found),
                // torch.nn.ParameterDict is an object that is filled with a dictionary.
                Value::Object { state, .. } if levels > 0 && key.starts_with("string_to_param") => {
                    if let Some(parameters) = self.entry(*state, "_parameters") {
                        self.collect(parameters, &name(), levels - 1, budget, found);
                    }
                }
                _ => {}
            }
        }
    }
}
