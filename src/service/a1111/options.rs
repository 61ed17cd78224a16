//! `/sdapi/v1/options`: the few settings that choose how a picture is made, kept while the server runs.

use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value, json};

/// A text that a client may leave here.
const MOST_LETTERS: usize = 512;

/// What clients read and send back whole. Keys that are not among these are passed over.
pub(in crate::service) struct Options {
    values: Mutex<Map<String, Value>>,
}

impl Default for Options {
    fn default() -> Self {
        let values = json!({
            "sd_model_checkpoint": "Built-in",
            "sd_checkpoint_hash": "",
            "sd_vae": "Automatic",
            "CLIP_stop_at_last_layers": 1,
            "randn_source": "CPU",
            "samples_format": "png",
            "samples_save": false,
            "show_progress_every_n_steps": 1,
            "live_previews_enable": true,
            "show_progress_type": "Approx cheap",
            "eta_noise_seed_delta": 0,
            "enable_emphasis": true,
            "interrogate_keep_models_in_memory": false,
            "face_restoration": false,
            "forge_additional_modules": [],
        });
        let Value::Object(values) = values else { return Self { values: Mutex::default() } };
        Self { values: Mutex::new(values) }
    }
}

impl Options {
    #[must_use]
    pub(super) fn all(&self) -> Value {
        Value::Object(self.values().clone())
    }

    #[must_use]
    pub(super) fn get(&self, name: &str) -> Value {
        self.values().get(name).cloned().unwrap_or_default()
    }

    /// Takes what is known and of the same kind.
    pub(super) fn set(&self, given: Map<String, Value>) {
        let mut values = self.values();
        for (name, value) in given {
            let is_short = value.as_str().is_none_or(|text| text.len() <= MOST_LETTERS);
            if let Some(old) = values.get_mut(&name)
                && std::mem::discriminant(old) == std::mem::discriminant(&value)
                && !value.is_array()
                && is_short
            {
                *old = value;
            }
        }
    }

    fn values(&self) -> std::sync::MutexGuard<'_, Map<String, Value>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
