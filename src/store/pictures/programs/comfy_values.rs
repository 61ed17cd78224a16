//! Values of `ComfyUI`'s nodes, followed through primitives, reroutes and nodes that join texts.

use serde_json::Value;

use crate::store::pictures::programs::comfy_graph::{Graph, Input, Node};
use crate::store::pictures::programs::loose;

/// Longer chains than anybody draws, and a bound for circles.
const DEEPEST: usize = 200;

/// Names under which nodes keep their one value.
const SINGLE: [&str; 22] = [
    "value",
    "seed",
    "noise_seed",
    "string",
    "String",
    "text",
    "Text",
    "prompt",
    "int",
    "float",
    "number",
    "Value",
    "input",
    "anything",
    "any",
    "text1",
    "string_a",
    "populated_text",
    "wildcard_text",
    "positive",
    "multiline_text",
    "widget 0",
];

impl Graph {
    /// The node behind a node's input, reroutes passed by.
    pub(crate) fn behind<'a>(&'a self, node: &'a Node, input: &str) -> Option<(&'a str, &'a Node, usize)> {
        let Input::Link(id, slot) = node.inputs.get(input)? else { return None };
        self.origin(id, *slot)
    }

    /// The node that makes an output, reroutes passed by.
    pub(crate) fn origin<'a>(&'a self, id: &'a str, slot: usize) -> Option<(&'a str, &'a Node, usize)> {
        let (mut id, mut slot) = (id, slot);
        for _ in 0..DEEPEST {
            let node = self.node(id)?;
            if !node.kind.contains("Reroute") {
                return Some((id, node, slot));
            }
            // One that was passed by may have several inputs; what it gives out came in at the same place, if at all.
            let nth = node.links().nth(slot).or_else(|| node.links().next())?;
            (id, slot) = nth;
        }
        None
    }

    /// An input's value: as it stands there, or as another node gives it.
    pub(crate) fn value<'a>(&'a self, node: &'a Node, name: &str) -> Option<&'a Value> {
        let mut input = node.inputs.get(name)?;
        for _ in 0..DEEPEST {
            match input {
                Input::Value(value) => return Some(value),
                Input::Link(id, slot) => {
                    let (_, from, _) = self.origin(id, *slot)?;
                    input = SINGLE.iter().find_map(|name| from.inputs.get(*name))?;
                }
            }
        }
        None
    }

    /// The first of these inputs that has a value.
    pub(crate) fn any_value<'a>(&'a self, node: &'a Node, names: &[&str]) -> Option<&'a Value> {
        names.iter().find_map(|name| self.value(node, name))
    }

    /// A text, joined where nodes join texts.
    pub(crate) fn text(&self, node: &Node, name: &str) -> Option<String> {
        self.text_within(node, name, &mut 0)
    }

    fn text_within(&self, node: &Node, name: &str, seen: &mut usize) -> Option<String> {
        *seen += 1;
        if *seen > DEEPEST {
            return None;
        }
        let (id, slot) = match node.inputs.get(name)? {
            Input::Value(value) => return loose::text(value),
            Input::Link(id, slot) => (id, *slot),
        };
        let (_, from, _) = self.origin(id, slot)?;
        let kind = from.kind.to_lowercase();
        if kind.contains("concat") || kind.contains("join") || kind.contains("combine") {
            return self.joined(from, seen);
        }
        SINGLE.iter().find_map(|name| self.text_within(from, name, seen))
    }

    fn joined(&self, node: &Node, seen: &mut usize) -> Option<String> {
        /// A hostile graph could join one long text with itself.
        const LONGEST: usize = 1 << 20;
        let between = ["delimiter", "separator", "sep"].iter().find_map(|name| match node.inputs.get(*name) {
            Some(Input::Value(Value::String(text))) => Some(text.as_str()),
            _ => None,
        });
        let names = node.inputs.keys().filter(|name| {
            let name = name.to_lowercase();
            (name.starts_with("text") || name.starts_with("string") || name.starts_with("prompt"))
                && !name.contains("count")
        });
        let mut room = LONGEST;
        let fits = |part: &String| {
            let is_room = part.len() <= room;
            room = room.saturating_sub(part.len());
            is_room
        };
        let parts: Vec<String> = names
            .filter_map(|name| self.text_within(node, name, seen))
            .filter(|part| !part.is_empty())
            .take_while(fits)
            .collect();
        (!parts.is_empty()).then(|| parts.join(between.unwrap_or(" ")))
    }
}
