//! Files beside a checkpoint that hold what its tensors cannot show: heads, groups, tokenizer, what it predicts.
//!
//! `"vae": "FILE"` takes the VAE from another file, as AUTOMATIC1111 does with a `NAME.vae.safetensors` (or `.pt`), and
//! `"text_encoder": "FILE"` the text encoder, and `"base": "FILE"` takes whatever is missing (a UNet alone wants text encoders and a VAE).
//!
//! Looked for, the first wins: `NAME.json` (`{"unet": {"attention_head_dim": 4}, "tokenizer": "folder"}`: each key a
//! folder of diffusers' layout, each value fields for its config), AUTOMATIC1111's `NAME.yaml`, a folder `NAME` in
//! diffusers' layout without weights, and the folder that the file is in, when that is in diffusers' layout. A VAE alone
//! may have its own config beside it, as `config.json` or `NAME.json`.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::names::Parts;
use super::{companions, original_config};
use crate::checkpoint::CheckpointError;
use crate::checkpoint::transformer_names::TRANSFORMER;

/// The folders whose configs can be overridden.
const SECTIONS: [(&str, &str); 7] = [
    ("transformer", "transformer/config.json"),
    ("unet", "unet/config.json"),
    ("vae", "vae/config.json"),
    ("text_encoder", "text_encoder/config.json"),
    ("text_encoder_2", "text_encoder_2/config.json"),
    ("scheduler", "scheduler/scheduler_config.json"),
    ("model_index", "model_index.json"),
];

/// A hundred times what the original configs have.
const MOST_YAML_BYTES: u64 = 1 << 20;

#[derive(Debug, Default)]
pub(crate) struct Sidecar {
    /// By the name of the config file: fields that win over the derived ones.
    fields: Vec<(&'static str, Map<String, Value>)>,
    /// By tokenizer folder, where its files are.
    tokenizers: Vec<(String, PathBuf)>,
    /// Folders in diffusers' layout that may describe this file.
    pub folders: Vec<PathBuf>,
    /// Decodes instead of the file's own.
    pub vae: Option<PathBuf>,
    /// Reads the prompt where the file has no encoder of its own.
    pub text_encoder: Option<PathBuf>,
    /// Has the networks that the file lacks.
    pub base: Option<PathBuf>,
}

impl Sidecar {
    /// # Errors
    /// When a `NAME.json` or `NAME.yaml` is there and cannot be understood.
    pub(crate) fn beside(path: &Path) -> Result<Self, CheckpointError> {
        let mut sidecar = Self::default();
        let folder = path.parent().unwrap_or(Path::new("."));
        for stem in [path.with_extension(""), path.to_owned()] {
            let json = with_ending(&stem, "json");
            if let Some(Value::Object(map)) = read_json(&json)? {
                if is_vae_config(&map) {
                    sidecar.fields.push(("vae/config.json", map));
                } else {
                    sidecar.take(map, folder);
                }
            }
            let yaml = with_ending(&stem, "yaml");
            let mut text = String::new();
            // One byte more than is understood, so that a longer text is not taken for a whole one.
            let file = File::open(&yaml).and_then(|file| file.take(MOST_YAML_BYTES + 1).read_to_string(&mut text));
            if file.is_ok_and(|length| length as u64 > MOST_YAML_BYTES) {
                return Err(CheckpointError::Unreadable {
                    reason: "it is larger than any config".to_owned(),
                    path: yaml,
                });
            }
            if !text.is_empty() {
                let fields = original_config::fields(&text);
                sidecar.fields.extend(fields.map_err(|reason| CheckpointError::Unreadable { reason, path: yaml })?);
            }
        }
        let named = path.with_extension("");
        let vaes = ["vae.safetensors", "vae.pt", "vae.ckpt"].map(|ending| with_ending(&named, ending));
        sidecar.vae = sidecar.vae.or_else(|| vaes.into_iter().find(|vae| vae.is_file()));
        sidecar.folders.extend([named, folder.to_owned()].into_iter().filter(|f| f.join("model_index.json").is_file()));
        Ok(sidecar)
    }

    /// Finds what a transformer in a file of its own is drawn with, unless it was named.
    pub(crate) fn find_companions(&mut self, path: &Path, parts: &Parts) {
        if !parts.networks.contains_key(TRANSFORMER) {
            return;
        }
        for (network, place) in [("text_encoder", &mut self.text_encoder), ("vae", &mut self.vae)] {
            if place.is_none() && self.base.is_none() && !parts.networks.contains_key(network) {
                *place = companions::beside(path, parts, network);
            }
        }
        let places = companions::tokenizer_places(path, self.text_encoder.as_deref());
        self.tokenizers.extend(places.into_iter().map(|place| ("tokenizer".to_owned(), place)));
    }

    fn take(&mut self, map: Map<String, Value>, folder: &Path) {
        for (key, value) in map {
            if let Some((_, file)) = SECTIONS.iter().find(|(section, _)| *section == key)
                && let Value::Object(fields) = value
            {
                self.fields.push((file, fields));
            } else if let ("vae", Some(file)) = (key.as_str(), value.as_str()) {
                self.vae = Some(folder.join(file));
            } else if let ("text_encoder", Some(file)) = (key.as_str(), value.as_str()) {
                self.text_encoder = Some(folder.join(file));
            } else if let ("base", Some(file)) = (key.as_str(), value.as_str()) {
                self.base = Some(folder.join(file));
            } else if let ("tokenizer" | "tokenizer_2", Some(place)) = (key.as_str(), value.as_str()) {
                self.tokenizers.push((key, folder.join(place)));
            }
        }
    }

    /// Takes the config that lies in the same folder as a VAE alone, where it is one of such a VAE: `derived` is what the
    /// tensors show. What was given by name wins over it.
    ///
    /// # Errors
    /// When it is no JSON.
    pub(crate) fn take_vae_config(&mut self, path: &Path, derived: &Value) -> Result<(), CheckpointError> {
        if let Some(Value::Object(map)) = read_json(&path.with_file_name("config.json"))?
            && is_vae_config(&map)
            && ["block_out_channels", "latent_channels"].iter().all(|field| map.get(*field) == derived.get(field))
        {
            self.fields.insert(0, ("vae/config.json", map));
        }
        Ok(())
    }

    /// Whether a file beside the checkpoint says what this field of a config is.
    #[must_use]
    pub(crate) fn states(&self, name: &str, field: &str) -> bool {
        self.fields.iter().any(|(file, fields)| *file == name && fields.contains_key(field))
    }

    /// Overrides the config with the fields given here.
    pub(crate) fn apply(&self, name: &str, config: &mut Value) {
        let Value::Object(config) = config else { return };
        for (_, fields) in self.fields.iter().filter(|(file, _)| *file == name) {
            for (key, value) in fields {
                config.insert(key.clone(), value.clone());
            }
        }
    }

    /// A file of a tokenizer folder, from the folder given here.
    #[must_use]
    pub(crate) fn tokenizer_file(&self, folder: &str, name: &str) -> Option<PathBuf> {
        let given = self.tokenizers.iter().filter(|(tokenizer, _)| tokenizer == folder).map(|(_, place)| place.clone());
        given
            .chain(self.folders.iter().map(|place| place.join(folder)))
            .find(|place| place.join("tokenizer.json").is_file() || place.join("vocab.json").is_file())
            .map(|place| place.join(name))
    }
}

/// A JSON file, or `None` when there is none.
pub(crate) fn read_json(path: &Path) -> Result<Option<Value>, CheckpointError> {
    let Ok(bytes) = std::fs::read(path) else { return Ok(None) };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| CheckpointError::Unreadable { reason: error.to_string(), path: path.to_owned() })
}

/// Whether it is `vae/config.json` of diffusers' layout, wherever it lies.
fn is_vae_config(map: &Map<String, Value>) -> bool {
    map.get("_class_name").and_then(Value::as_str) == Some("AutoencoderKL")
}

fn with_ending(stem: &Path, ending: &str) -> PathBuf {
    let mut name = stem.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}
