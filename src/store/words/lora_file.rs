//! A LoRA as it is chosen: its name, the picture beside it, and the words that it was trained with.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::checkpoint::inspect_file;
use crate::job::LoraRef;
use crate::store::models::facts::picture_beside;

/// More words than anyone reads.
const MOST_WORDS: usize = 24;
/// A tag that stands in fewer of the pictures was not trained for.
const LEAST_SHARE: f64 = 0.2;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoraFile {
    pub path: PathBuf,
    /// A small picture beside it, as other programs keep them.
    pub thumbnail: Option<PathBuf>,
}

impl LoraFile {
    #[must_use]
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { thumbnail: picture_beside(&path), path }
    }

    /// Without its ending.
    #[must_use]
    pub fn name(&self) -> String {
        name_of(&self.path)
    }

    /// How a prompt's tag names it: its folder before it, where another one has the same name.
    #[must_use]
    pub(crate) fn tag_name(&self, all: &[Self]) -> String {
        let name = self.name();
        let is_alone = all.iter().filter(|other| other.name().eq_ignore_ascii_case(&name)).count() < 2;
        let folder = self.path.parent().and_then(Path::file_name).filter(|_| !is_alone);
        folder.map_or(name.clone(), |folder| format!("{}/{name}", folder.to_string_lossy()))
    }
}

/// A LoRA on the shelf.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptLora {
    pub file: PathBuf,
    /// 1 is as trained; of the UNet, where the text encoders have another.
    pub weight: f64,
    /// Of the text encoders alone.
    #[serde(default)]
    pub text_weight: Option<f64>,
    pub on: bool,
}

impl KeptLora {
    #[must_use]
    pub fn new(file: PathBuf, weight: f64) -> Self {
        Self { file, weight, text_weight: None, on: true }
    }

    #[must_use]
    pub fn of(lora: &LoraRef) -> Self {
        Self { file: lora.file.clone(), weight: lora.weight, text_weight: lora.text_weight, on: true }
    }

    #[must_use]
    pub fn lora(&self) -> LoraRef {
        LoraRef { file: self.file.clone(), weight: self.weight, text_weight: self.text_weight }
    }
}

/// A LoRA's file without its ending.
#[must_use]
pub fn name_of(file: &Path) -> String {
    file.file_stem().unwrap_or(file.as_os_str()).to_string_lossy().into_owned()
}

/// The words that bring out what a LoRA was trained for, the most telling first: those that its maker names, else the
/// tags of its training's pictures by how many have them. Empty where the file says nothing.
#[must_use]
pub(crate) fn trigger_words(file: &Path) -> Vec<String> {
    let Ok(report) = inspect_file(file) else { return Vec::new() };
    let metadata = &report.metadata;
    let named =
        ["modelspec.trigger_phrase", "modelspec.trigger_words", "trigger_words", "ss_trigger_words", "trained_words"];
    let named = named.into_iter().filter_map(|key| metadata.get(key)).flat_map(|text| listed(text));
    let mut words: Vec<String> = report.lora.into_iter().flat_map(|facts| facts.words).chain(named).collect();
    words.extend(metadata.get("ss_tag_frequency").map(|text| frequent(text)).unwrap_or_default());
    let mut seen = Vec::new();
    words.retain(|word| {
        let key = word.to_lowercase();
        let is_new = !seen.contains(&key);
        seen.push(key);
        is_new
    });
    words.truncate(MOST_WORDS);
    words
}

/// `a, b`, or the same as JSON.
fn listed(text: &str) -> Vec<String> {
    let parts: Vec<String> = match serde_json::from_str(text) {
        Ok(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => vec![text.to_owned()],
    };
    parts.iter().flat_map(|part| part.split(',')).filter_map(word).collect()
}

/// `{"10_folder": {"tag": 12, …}, …}`: the tags that stand in many pictures, the most frequent first.
fn frequent(text: &str) -> Vec<String> {
    let Ok(Value::Object(folders)) = serde_json::from_str(text) else { return Vec::new() };
    let mut counts: HashMap<String, f64> = HashMap::new();
    // Some trainers write the tags at once, without folders.
    let is_flat = folders.values().all(Value::is_number);
    let tables = if is_flat { vec![&folders] } else { folders.values().filter_map(Value::as_object).collect() };
    for (tag, count) in tables.into_iter().flatten() {
        if let (Some(tag), Some(count)) = (word(tag), count.as_f64().filter(|count| *count > 0.0)) {
            *counts.entry(tag).or_default() += count;
        }
    }
    let most = counts.values().copied().fold(0.0, f64::max);
    let mut tags: Vec<(String, f64)> = counts.into_iter().filter(|(_, count)| *count >= most * LEAST_SHARE).collect();
    tags.sort_by(|(a_tag, a), (b_tag, b)| b.total_cmp(a).then_with(|| a_tag.cmp(b_tag)));
    tags.into_iter().map(|(tag, _)| tag).collect()
}

/// One of a file's words, as it can stand in a prompt.
fn word(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|sign| !sign.is_control()).take(80).collect();
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A LoRA of one layer with this metadata.
    fn lora(folder: &Path, metadata: &[(&str, &str)]) -> PathBuf {
        let metadata: serde_json::Map<String, Value> =
            metadata.iter().map(|(key, text)| ((*key).to_owned(), Value::from(*text))).collect();
        let tensor = |start: usize| serde_json::json!({"dtype": "F32", "shape": [1, 320], "data_offsets": [start, start + 1280]});
        let mut up = tensor(1280);
        up["shape"] = serde_json::json!([320, 1]);
        let layer = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q";
        let mut header = serde_json::Map::new();
        header.insert("__metadata__".into(), Value::Object(metadata));
        header.insert(format!("{layer}.lora_down.weight"), tensor(0));
        header.insert(format!("{layer}.lora_up.weight"), up);
        let header = serde_json::to_vec(&header).unwrap();
        let bytes = [&(header.len() as u64).to_le_bytes()[..], &header, &[0; 2560]].concat();
        let file = folder.join("ink.safetensors");
        std::fs::write(&file, bytes).unwrap();
        file
    }

    #[test]
    fn the_makers_words_come_before_the_frequent_ones() {
        let home = tempfile::tempdir().unwrap();
        let frequency =
            r#"{"5_a": {"ink wash": 40, "1girl": 10, "rare": 1}, "2_b": {"1girl": 25, " ": 9, "Inkstyle": 30}}"#;
        let file =
            lora(home.path(), &[("modelspec.trigger_phrase", "inkstyle, ink "), ("ss_tag_frequency", frequency)]);
        assert_eq!(trigger_words(&file), ["inkstyle", "ink", "ink wash", "1girl"]);
        let flat = lora(home.path(), &[("ss_tag_frequency", r#"{"b": 2, "a": 2}"#)]);
        assert_eq!(trigger_words(&flat), ["a", "b"]);
        let list = lora(home.path(), &[("trained_words", r#"["one", "two, three"]"#)]);
        assert_eq!(trigger_words(&list), ["one", "two", "three"]);
    }

    #[test]
    fn a_file_that_says_nothing_has_no_words() {
        let home = tempfile::tempdir().unwrap();
        for text in ["", "null", "{}", "{\"a\": 5, \"b\": {}}", "[1"] {
            assert_eq!(trigger_words(&lora(home.path(), &[("ss_tag_frequency", text)])), [""; 0], "{text}");
        }
        assert_eq!(trigger_words(Path::new("/no/such/file.safetensors")), [""; 0]);
    }

    #[test]
    fn a_name_that_two_files_have_is_told_apart_by_its_folder() {
        let all: Vec<LoraFile> =
            ["/l/ink.safetensors", "/l/xl/Ink.pt", "/l/paint.pt"].map(|p| LoraFile::new(p.into())).into();
        let names: Vec<String> = all.iter().map(|lora| lora.tag_name(&all)).collect();
        assert_eq!(names, ["l/ink", "xl/Ink", "paint"]);
    }
}
