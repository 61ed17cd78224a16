//! `ComfyUI`'s graph of nodes, from either of its two texts: `prompt`, which was run, and `workflow`, which was drawn.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::store::pictures::programs::comfy_widgets::widgets_of;
use crate::store::pictures::programs::loose;

/// More nodes than any workflow has; what follows is not looked at.
const MOST_NODES: usize = 20_000;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Input {
    /// An output, by its number, of another node.
    Link(String, usize),
    Value(Value),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Node {
    /// `KSampler`, `CLIPTextEncode`.
    pub kind: String,
    pub inputs: BTreeMap<String, Input>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Graph {
    pub nodes: BTreeMap<String, Node>,
}

impl Node {
    /// Its links, in the order of their names.
    pub(crate) fn links(&self) -> impl Iterator<Item = (&str, usize)> {
        self.inputs.values().filter_map(|input| match input {
            Input::Link(node, slot) => Some((node.as_str(), *slot)),
            Input::Value(_) => None,
        })
    }
}

impl Graph {
    /// From `prompt`: `{"3": {"class_type": …, "inputs": …}}`. `None` when that is something else.
    pub(crate) fn of_prompt(map: &Map<String, Value>) -> Option<Self> {
        let nodes = map.iter().take(MOST_NODES).filter_map(|(id, node)| {
            let kind = node.get("class_type")?.as_str()?.to_owned();
            let inputs = node.get("inputs").and_then(Value::as_object);
            let inputs = inputs.into_iter().flatten().map(|(name, value)| (name.clone(), input_of(value))).collect();
            Some((id.clone(), Node { kind, inputs }))
        });
        let nodes: BTreeMap<_, _> = nodes.collect();
        (!nodes.is_empty()).then_some(Self { nodes })
    }

    /// From `workflow`: nodes with positions, links in a list, and values without names.
    pub(crate) fn of_workflow(map: &Map<String, Value>) -> Option<Self> {
        let drawn = map.get("nodes")?.as_array()?;
        let links = map.get("links").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let links: BTreeMap<u64, (String, usize)> = links.iter().filter_map(link_of).collect();
        let mut nodes = BTreeMap::new();
        for node in drawn.iter().take(MOST_NODES) {
            let (Some(id), Some(kind)) =
                (node.get("id").and_then(loose::text), node.get("type").and_then(Value::as_str))
            else {
                continue;
            };
            let mut inputs = named_values(kind, node.get("widgets_values"));
            for input in node.get("inputs").and_then(Value::as_array).into_iter().flatten() {
                let name = input.get("name").and_then(Value::as_str);
                let link = input.get("link").and_then(loose::whole).and_then(|link| links.get(&link));
                if let (Some(name), Some((from, slot))) = (name, link) {
                    inputs.insert(name.to_owned(), Input::Link(from.clone(), *slot));
                }
            }
            // Switched off (2) or passed by (4): what goes in comes out.
            let is_off = matches!(node.get("mode").and_then(loose::whole), Some(2 | 4));
            let kind = if is_off { PASSED_BY } else { kind }.to_owned();
            nodes.insert(id, Node { kind, inputs });
        }
        (!nodes.is_empty()).then_some(Self { nodes })
    }

    pub(crate) fn node(&self, id: &str) -> Option<&Node> {
        self.nodes.get(id)
    }
}

/// The kind of nodes that do nothing.
pub(crate) const PASSED_BY: &str = "Reroute";

fn input_of(value: &Value) -> Input {
    if let Value::Array(pair) = value
        && let [node, slot] = pair.as_slice()
        && let (Some(node), Some(slot)) = (loose::text(node).filter(|_| !node.is_f64()), slot.as_u64())
        && (node.len() < 64)
    {
        return Input::Link(node, slot as usize);
    }
    Input::Value(value.clone())
}

/// `[id, from node, from slot, to node, to slot, type]`, or an object of newer versions.
fn link_of(link: &Value) -> Option<(u64, (String, usize))> {
    let (id, from, slot) = match link {
        Value::Array(parts) => (parts.first()?, parts.get(1)?, parts.get(2)?),
        other => (other.get("id")?, other.get("origin_id")?, other.get("origin_slot")?),
    };
    Some((loose::whole(id)?, (loose::text(from)?, usize::try_from(loose::whole(slot)?).ok()?)))
}

/// Values by the names that the node's kind gives them.
fn named_values(kind: &str, values: Option<&Value>) -> BTreeMap<String, Input> {
    match values {
        Some(Value::Object(map)) => {
            map.iter().map(|(name, value)| (name.clone(), Input::Value(value.clone()))).collect()
        }
        Some(Value::Array(values)) => {
            let mut named = BTreeMap::new();
            for (index, value) in values.iter().enumerate() {
                let name =
                    widgets_of(kind).get(index).map_or_else(|| format!("widget {index}"), |name| (*name).to_owned());
                named.insert(name, Input::Value(value.clone()));
            }
            named
        }
        _ => BTreeMap::new(),
    }
}
