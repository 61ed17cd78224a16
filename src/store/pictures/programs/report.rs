//! What a picture told, as JSON and in lines for a person.

use serde_json::{Map, Value, json};

use crate::store::pictures::programs::loose;
use crate::store::pictures::programs::told::Told;

impl Told {
    /// `program`, `request` and `notices`. The request has what the picture says and nothing else, by the names of
    /// [`Request`](crate::job::Request)'s own JSON; files are named as the picture names them.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "program": self.program.name(),
            "request": self.fields(),
            "notices": self.notices.iter().map(|notice| notice.message.as_str()).collect::<Vec<_>>(),
        })
    }

    /// The same as `name  value`, a field a line.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let line = |name: &str, value: &str| format!("{name:16} {value}");
        let mut lines = vec![line("program", self.program.name())];
        let fields = self.fields();
        let mut names: Vec<&str> = fields.keys().map(String::as_str).collect();
        // As a person reads it: the words, how it was drawn, the files.
        names.sort_by_key(|name| ORDER.iter().position(|known| known == name).unwrap_or(ORDER.len()));
        for name in names {
            match &fields[name] {
                Value::Array(loras) if name == "loras" => {
                    for lora in loras {
                        let (name, weight) = (lora.get("name").or_else(|| lora.get("file")), lora.get("weight"));
                        let [name, weight] = [name, weight].map(|value| value.map(plain).unwrap_or_default());
                        lines.push(line("lora", &format!("{name}: {weight}")));
                    }
                }
                Value::Object(inside) => {
                    lines.extend(inside.iter().map(|(inner, value)| line(&format!("{name}.{inner}"), &plain(value))));
                }
                value if loose::is_nothing(value) => {}
                value => lines.push(line(name, &plain(value))),
            }
        }
        lines.extend(self.notices.iter().map(|notice| line("note", &one_line(&notice.message))));
        lines
    }

    fn fields(&self) -> Map<String, Value> {
        let Ok(Value::Object(all)) = serde_json::to_value(&self.request) else { return Map::new() };
        let mut fields = if self.is_exact { all } else { self.said_of(&all) };
        let mut add = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                fields.insert(name.to_owned(), value);
            }
        };
        add("strength", self.strength.map(Value::from));
        if !self.is_exact {
            add("sampler", self.sampler.clone().map(Value::from));
            add("model", self.model.clone().map(Value::from));
            add("model_hash", self.model_hash.clone().map(Value::from));
            add("vae", self.vae.clone().map(Value::from));
            let loras: Vec<Value> =
                self.loras.iter().map(|lora| json!({ "name": lora.name, "weight": lora.weight })).collect();
            add("loras", (!loras.is_empty()).then(|| loras.into()));
        }
        fields
    }

    fn said_of(&self, all: &Map<String, Value>) -> Map<String, Value> {
        let mut fields = Map::new();
        for field in &self.said {
            match field.split_once('.') {
                None => {
                    fields.extend(all.get(*field).map(|value| ((*field).to_owned(), value.clone())));
                }
                Some((outer, inner)) => {
                    let place = fields.entry(outer).or_insert_with(|| Map::new().into());
                    if let (Some(value), Value::Object(place)) = (all.get(outer).and_then(|all| all.get(inner)), place)
                    {
                        place.insert(inner.to_owned(), value.clone());
                    }
                }
            }
        }
        fields
    }
}

const ORDER: [&str; 22] = [
    "prompt",
    "negative",
    "prompt_syntax",
    "steps",
    "guidance",
    "image_guidance",
    "guidance_rescale",
    "guidance_until",
    "sampler",
    "scheduler",
    "sigmas",
    "seed",
    "noise",
    "variation",
    "width",
    "height",
    "strength",
    "clip_skip",
    "model",
    "model_hash",
    "vae",
    "loras",
];

fn plain(value: &Value) -> String {
    one_line(&loose::text(value).unwrap_or_else(|| value.to_string()))
}

/// A stranger's words must not write over the screen.
fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
